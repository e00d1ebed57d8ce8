"""What the server knows better than the catalog about the tables of a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pgwarden.adapters.postgres.session import Query, Session
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.impact import SideEffect, SideEffectKind
from pgwarden.sql.change import Change


async def applying(session: Session, catalog: Catalog, effects: Sequence[SideEffect]) -> list[SideEffect]:
    """Without row-level security that does not hold for this role: it owns the table, or bypasses it."""
    named = {effect.table for effect in effects if effect.kind is SideEffectKind.ROW_SECURITY}
    active = set[str]()
    for relation in catalog.relations.values():
        if relation.row_security and str(relation.name) in named:
            query = "select pg_catalog.row_security_active($1::int8::oid)"
            if await session.value(query, [relation.oid]):
                active.add(str(relation.name))
    return [e for e in effects if e.kind is not SideEffectKind.ROW_SECURITY or e.table in active]


def without_locks(effect: SideEffect) -> SideEffect:
    """The lock that a change takes whose capture needs none of its own."""
    if effect.kind is not SideEffectKind.LOCK:
        return effect
    message = f"other writers to {effect.table} go on, unless they want the same rows; readers do, too"
    return replace(effect, name="ROW EXCLUSIVE", message=message)


def slots_of(session: Session) -> Query:
    """The query of this database's logical replication slots, for ``slots``."""
    return named_queries("impact.sql", session.major)["slots"], {}


def slots(rows: Iterable[Mapping[str, Any]]) -> list[SideEffect]:
    """Consumers of logical replication slots of this database."""
    return [
        SideEffect(
            SideEffectKind.PUBLICATION,
            "",
            row["name"],
            f"replication slot {row['name']} ({'active' if row['active'] else 'nobody reads it now'})"
            f" sends changes of this database on, through {row['plugin']}",
        )
        for row in rows
    ]


async def checked(session: Session, views: Sequence[int]) -> bool:
    """Whether one of these views has a check option."""
    queries = named_queries("impact.sql", session.major)
    cursor = await session.connection.execute(queries["check_options"], {"oids": list(views)})
    return bool(await cursor.fetchall())


def views_named(changes: Iterable[Change]) -> list[SideEffect]:
    """The views that the statement names, and the tables that it changes through them."""
    views = {change.view.view: change.view.base.name for change in changes if change.view}
    return [
        SideEffect(SideEffectKind.VIEW, str(base), str(name), f"{name} is a view: what changes is {base}")
        for name, base in views.items()
    ]
