"""Who uses the tables of a change, as far as this role may see it: locks, last statements, collected statistics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg

from pgwarden.adapters.postgres.session import Session
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.catalog import Catalog, Name
from pgwarden.domain.impact import Archiving
from pgwarden.domain.table_use import WRITING, TableUse
from pgwarden.sql.mentions import mentioned, writes

MOST_STATEMENTS = 500
"""Statements of ``pg_stat_statements`` that are looked at, the most frequent first."""


async def archiving(session: Session) -> Archiving:
    """Whether the server's write-ahead log is kept elsewhere."""
    cursor = await session.connection.execute(named_queries("impact.sql", session.major)["server"])
    (row,) = await cursor.fetchall()
    if row["archive_mode"] != "off" and row["wal_level"] != "minimal":
        return Archiving.FAILING if row["archiving_fails"] else Archiving.ON
    return Archiving.STREAMED if row["streamed"] else Archiving.OFF


class TableUsers:
    """Looks for the users of some tables, given by the oids of their roots."""

    def __init__(self, session: Session, catalog: Catalog, tables: Iterable[int]) -> None:
        self._session, self._catalog = session, catalog
        self._roots = [oid for oid in dict.fromkeys(tables) if oid in catalog.relations]
        self._queries = named_queries("impact.sql", session.major)
        self._names = self._named()

    async def found(self) -> tuple[TableUse, ...]:
        """Every use that can be seen, sessions before statistics."""
        if not self._roots:
            return ()
        locking = [use async for use in self._lock_holders()]
        known = {(use.table, use.application, use.role) for use in locking}
        recent = [u for u in await self._recent() if (u.table, u.application, u.role) not in known]
        return (*locking, *recent, *await self._collected())

    def _named(self) -> dict[Name, str]:
        """Names under which statements reach each table (its partitions and the views on it too), and its own."""
        names: dict[Name, str] = {}
        for oid in self._roots:
            own = str(self._catalog.relations[oid].name)
            inside = {relation.oid for relation in self._catalog.partition_tree(oid)}
            names |= dict.fromkeys((self._catalog.relations[member].name for member in inside), own)
            for view in self._catalog.relations.values():
                if view.kind in "vm" and not inside.isdisjoint(view.reads):
                    names.setdefault(view.name, own)
        return names

    async def _lock_holders(self) -> Any:
        members = [(r.oid, root) for root in self._roots for r in self._catalog.partition_tree(root)]
        values = {"oids": [oid for oid, _ in members], "roots": [root for _, root in members]}
        for row in await self._rows("lock_holders", values):
            held = tuple(row["held"] or ())
            yield TableUse(
                str(self._catalog.relations[row["root"]].name),
                row["application"],
                row["role"] or "",
                row["sessions"],
                held,
                row["waiting"],
                row["seconds"],
                writes=not WRITING.isdisjoint(held),
            )

    async def _recent(self) -> list[TableUse]:
        rows = await self._rows("recent_statements", {"words": self._words()})
        found: dict[tuple[str, str, str], TableUse] = {}
        for row in rows:
            for table in self._tables_in(row["statement"]):
                key = (table, row["application"], row["role"])
                before = found.get(key)
                sessions = row["sessions"] + (before.sessions if before else 0)
                wrote = writes(row["statement"]) or (before.writes if before else False)
                found[key] = TableUse(*key, sessions, writes=wrote)
        return list(found.values())

    async def _collected(self) -> list[TableUse]:
        """By role, from the extension's view, where it is installed, loaded and open to this role."""
        schemas = await self._rows("statistics_view", {})
        if not schemas:
            return []
        query = (
            "select coalesce(pg_catalog.pg_get_userbyid(s.userid)::text, '') as role, s.query as statement,"
            f" s.calls::int8 as calls from {schemas[0]['schema']}.pg_stat_statements s"
            " join pg_catalog.pg_database d on d.oid = s.dbid and d.datname = current_database()"
            " where lower(s.query) like any (%(words)s::text[]) and s.query not like '%%\\_pgw\\_%%'"
            f" order by s.calls desc limit {MOST_STATEMENTS}"
        )
        calls: dict[tuple[str, str], tuple[int, bool]] = {}
        for row in await self._rows(query, {"words": self._words()}):
            for table in self._tables_in(row["statement"]):
                before, wrote = calls.get((table, row["role"]), (0, False))
                calls[table, row["role"]] = (before + row["calls"], wrote or writes(row["statement"]))
        return [TableUse(t, "", role, 0, calls=n, writes=wrote) for (t, role), (n, wrote) in sorted(calls.items())]

    def _tables_in(self, statement: str) -> Iterator[str]:
        return iter(dict.fromkeys(self._names[name] for name in mentioned(statement, self._names)))

    def _words(self) -> list[str]:
        escaped = (n.name.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for n in self._names)
        return [f"%{word}%" for word in dict.fromkeys(escaped)]

    async def _rows(self, query: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
        """Rows of a named query or of this text; none where the server refuses it: what is not seen is not claimed."""
        await self._session.script("savepoint users")
        try:
            cursor = await self._session.connection.execute(self._queries.get(query) or query.encode(), values)
            rows = await cursor.fetchall()
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState):
            await self._session.script("rollback to savepoint users")
            return []
        await self._session.script("release savepoint users")
        return rows
