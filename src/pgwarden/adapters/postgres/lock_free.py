"""The way of capture that locks no writer out: for a change of exactly one table that sets nothing else off."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgwarden.adapters.postgres.capture import definitions_of, digest_of, shape_of, shapes_of
from pgwarden.adapters.postgres.session import OWN_PATH, Query, Session, searching
from pgwarden.domain.approval import Approved
from pgwarden.domain.catalog import Name, quote_identifier
from pgwarden.domain.errors import StatementInvalid, StatementTooLarge
from pgwarden.domain.shape import TableShape
from pgwarden.domain.single_change import SingleChange
from pgwarden.sql.returning import single_change
from pgwarden.undo.returning import obstacle

SAFEPOINT = "pgwarden_lock_free"


@dataclass(frozen=True, slots=True)
class LockFree:
    """A change that can return all that it does, and the table it changes, held against DDL but not against writers."""

    change: SingleChange
    shape: TableShape
    definitions: str
    """What the definitions of the table hash to, under that lock."""


async def lock_free(session: Session, approved: Approved) -> LockFree | None:
    """Whether the change can go this way; if not, nothing is locked."""
    change = _single_change(approved.sql)
    if change is None or len(approved.reach) != 1 or {e.relation for e in approved.expectations} - {*approved.reach}:
        return None
    found = await session.named("roots", {"oids": [*approved.reach]})
    if [row["oid"] for row in found if row["kind"] == "r"] != [*approved.reach]:
        return None
    name = Name(found[0]["schema"], found[0]["name"])
    _, _, facts, (returnable,), _, (named,), _, *definitions = await session.together(
        (f"savepoint {SAFEPOINT}", ()),
        (f"lock table only {name} in row exclusive mode", ()),
        shapes_of(session, approved.reach),
        session.query("returnable", {"oid": approved.reach[0]}),
        *_resolving(approved.search_path, change.schema, change.table),
        *definitions_of(session, approved.reach),
    )
    (shape,) = map(shape_of, facts)
    # row-level security and missing rights would have RETURNING fail or hide rows; a view would have others
    fit = returnable["returnable"] and named["oid"] == shape.oid and not shape.obstacle
    if fit and not obstacle(change, shape, session.major):
        return LockFree(change, shape, digest_of(definitions))
    await session.script(f"rollback to savepoint {SAFEPOINT}")
    return None


class Outlook:
    """Whether a change of these tables would go this way, as they are now. Only looks."""

    def __init__(self, session: Session, sql: str, reach: Collection[int]) -> None:
        self._session, self._reach = session, reach
        self._change = _single_change(sql) if len(reach) == 1 else None

    def queries(self) -> list[Query]:
        """What to ask for ``goes_lock_free``."""
        if self._change is None:
            return []
        (oid,) = self._reach
        return [shapes_of(self._session, self._reach), self._session.query("returnable", {"oid": oid})]

    def goes_lock_free(self, answers: Sequence[Sequence[Mapping[str, Any]]]) -> bool:
        """From the answers to ``queries``."""
        if self._change is None:
            return False
        ((facts,), (row,)) = answers
        shape = shape_of(facts)
        if shape.oid not in self._reach or shape.obstacle or obstacle(self._change, shape, self._session.major):
            return False
        return bool(row["returnable"])


async def target(session: Session, search_path: str, schema: str | None, table: str) -> int | None:
    """The oid of the table that a statement means by a name."""
    _, (row,), _ = await session.together(*_resolving(search_path, schema, table))
    return None if row["oid"] is None else int(row["oid"])


def _resolving(search_path: str, schema: str | None, table: str) -> tuple[Query, ...]:
    """Three queries, of which the second finds the table that a statement means by a name."""
    name = str(Name(schema, table)) if schema else quote_identifier(table)
    found: Query = ("select pg_catalog.to_regclass($1)::pg_catalog.oid::pg_catalog.int8 as oid", [name])
    return searching(search_path), found, searching(OWN_PATH)


def _single_change(sql: str) -> SingleChange | None:
    try:
        return single_change(sql)
    except (StatementInvalid, StatementTooLarge):  # the server may know more than our parser
        return None
