"""What changed in a database's structure since when, as far as somebody may know of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pgwarden.agents.schema_context import SchemaContextAgent
from pgwarden.agents.sight import Sight
from pgwarden.domain.catalog import Catalog, Name
from pgwarden.domain.identity import Access, DataRights, Identity
from pgwarden.domain.schema_diff import SchemaDiff
from pgwarden.domain.schema_history import SchemaVersion

PART = re.compile(r'"(?:[^"]|"")*"|[^."]+')
APART = frozenset({"function", "type", "schema"})
"""Kinds of objects that data rights say nothing of."""


class SchemaNews:
    """The history of a structure without what is withheld from its reader."""

    def __init__(self, schema: SchemaContextAgent, sight: Sight) -> None:
        self._schema, self._sight = schema, sight

    async def since(
        self, database: str, moment: datetime | None, *, identity: Identity, limit: int = 100
    ) -> tuple[SchemaVersion, ...]:
        """The versions that were first seen since a moment (None: all), newest first; the very first has no changes.

        A version whose every change is withheld is left out.
        """
        may_know = await self._sieve(database, identity)
        found = []
        for version in await self._schema.history(database, limit=limit):
            if moment is not None and version.at < moment:
                break
            told = version.diff.get("changes", [])
            changes = told if isinstance(told, list) else []
            shown = [each for each in changes if may_know(each)]
            if shown or not changes:
                found.append(replace(version, diff={"changes": shown} if shown else {}))
        return tuple(found)

    async def told(self, database: str, diff: SchemaDiff, *, identity: Identity) -> tuple[str, ...]:
        """A diff that ends at the structure as it is, one sentence a change."""
        may_know = await self._sieve(database, identity)
        return tuple(str(change) for change in diff.changes if may_know(change.to_dict()))

    async def _sieve(self, database: str, identity: Identity) -> Callable[[Mapping[str, Any]], bool]:
        whole = await self._schema.catalog(database)
        visible = await self._sight.visible(database, identity=identity)
        rights = await self._sight.rights_of(identity)
        return lambda change: _may_know(change, database, whole, visible, rights)


def _may_know(change: Mapping[str, Any], database: str, whole: Catalog, visible: Catalog, rights: DataRights) -> bool:
    """By the catalog where the object is still there, by the patterns of the data rights where it is gone."""
    if change["kind"] in APART:
        return True
    parts = [_unquoted(part) for part in PART.findall(str(change["object"]))]
    schema, table, column = parts[0], parts[1] if len(parts) > 1 else "", parts[2] if len(parts) > 2 else ""
    there = _columns(whole, schema, table)
    if there is not None:
        seen = _columns(visible, schema, table)
        if seen is None or (column in there and column not in seen):
            return False
    return rights.on(database, schema, table, column, sensitive=False) is not Access.DENY


def _columns(catalog: Catalog, schema: str, table: str) -> frozenset[str] | None:
    """The names of a table's columns; None where there is no such table."""
    relation = catalog.by_name.get(Name(schema, table))
    return frozenset(column.name for column in relation.columns) if relation is not None else None


def _unquoted(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part
