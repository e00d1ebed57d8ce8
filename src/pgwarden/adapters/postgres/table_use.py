"""Who uses the tables of a change, as far as this role may see it: locks, last statements, collected statistics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import psycopg

from pgwarden.adapters.postgres.session import Answer, Query, Session
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.catalog import Catalog, Name
from pgwarden.domain.impact import Archiving
from pgwarden.domain.table_use import WRITING, TableUse
from pgwarden.sql.mentions import mentioned, writes

UNSEEN = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)
MOST_STATEMENTS = 500
"""Statements of ``pg_stat_statements`` that are looked at, the most frequent first."""


def archiving_of(session: Session) -> Query:
    """The query of what the server does with its write-ahead log, for ``archiving``."""
    return named_queries("impact.sql", session.major)["server"], {}


def archiving(row: Mapping[str, Any]) -> Archiving:
    """Whether the server's write-ahead log is kept elsewhere."""
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

    def queries(self) -> list[Query]:
        """What to ask for ``found``."""
        members = [(r.oid, root) for root in self._roots for r in self._catalog.partition_tree(root)]
        return [
            (
                self._queries["lock_holders"],
                {"oids": [oid for oid, _ in members], "roots": [top for _, top in members]},
            ),
            (self._queries["recent_statements"], {"words": self._words()}),
            (self._queries["statistics_view"], {}),
        ]

    async def found(self, answers: Sequence[Answer]) -> tuple[TableUse, ...]:
        """Every use that can be seen, sessions before statistics. ``answers`` are those to ``queries``."""
        if not self._roots:
            return ()
        holders, statements, schemas = map(_seen, answers)
        locking = [self._holder(row) for row in holders]
        known = {(use.table, use.application, use.role) for use in locking}
        recent = [u for u in self._recent(statements) if (u.table, u.application, u.role) not in known]
        collected = await self._collected(schemas[0]["schema"]) if schemas else []
        return (*locking, *recent, *self._counted(collected))

    def _named(self) -> dict[Name, str]:
        """Names under which statements reach each table (its partitions and the views on it too), and its own."""
        names: dict[Name, str] = {}
        for oid in self._roots:
            own = str(self._catalog.relations[oid].name)
            members = tuple(self._catalog.partition_tree(oid))
            names |= dict.fromkeys((member.name for member in members), own)
            for member in members:
                for view in self._catalog.views_of.get(member.oid, ()):
                    names.setdefault(view.name, own)
        return names

    def _holder(self, row: Mapping[str, Any]) -> TableUse:
        held = tuple(row["held"] or ())
        return TableUse(
            str(self._catalog.relations[row["root"]].name),
            row["application"],
            row["role"] or "",
            row["sessions"],
            held,
            row["waiting"],
            row["seconds"],
            writes=not WRITING.isdisjoint(held),
        )

    def _recent(self, rows: Iterable[Mapping[str, Any]]) -> list[TableUse]:
        found: dict[tuple[str, str, str], TableUse] = {}
        for row in rows:
            for table in self._tables_in(row["statement"]):
                key = (table, row["application"], row["role"])
                before = found.get(key)
                sessions = row["sessions"] + (before.sessions if before else 0)
                wrote = writes(row["statement"]) or (before.writes if before else False)
                found[key] = TableUse(*key, sessions, writes=wrote)
        return list(found.values())

    def _counted(self, rows: Iterable[Mapping[str, Any]]) -> list[TableUse]:
        """By role, how often a statement was counted that names a table."""
        calls: dict[tuple[str, str], tuple[int, bool]] = {}
        for row in rows:
            for table in self._tables_in(row["statement"]):
                before, wrote = calls.get((table, row["role"]), (0, False))
                calls[table, row["role"]] = (before + row["calls"], wrote or writes(row["statement"]))
        return [TableUse(t, "", role, 0, calls=n, writes=wrote) for (t, role), (n, wrote) in sorted(calls.items())]

    def _tables_in(self, statement: str) -> Iterator[str]:
        return iter(dict.fromkeys(self._names[name] for name in mentioned(statement, self._names)))

    def _words(self) -> list[str]:
        escaped = (n.name.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for n in self._names)
        return [f"%{word}%" for word in dict.fromkeys(escaped)]

    async def _collected(self, schema: str) -> list[dict[str, Any]]:
        (rows,) = await self._session.attempts([(_collected(schema), {"words": self._words()})])
        return _seen(rows)


def _seen(answer: Answer) -> list[dict[str, Any]]:
    """Rows of an answer; none where the server refuses it: what is not seen is not claimed."""
    if isinstance(answer, UNSEEN):
        return []
    if isinstance(answer, psycopg.Error):
        raise answer
    return answer


def _collected(schema: str) -> str:
    """The statements that the extension has counted, where it is installed, loaded and open to this role."""
    return (
        "select coalesce(pg_catalog.pg_get_userbyid(s.userid)::text, '') as role, s.query as statement,"
        f" s.calls::int8 as calls from {schema}.pg_stat_statements s"
        " join pg_catalog.pg_database d on d.oid = s.dbid and d.datname = current_database()"
        " where lower(s.query) like any (%(words)s::text[]) and s.query not like '%%\\_pgw\\_%%'"
        f" order by s.calls desc limit {MOST_STATEMENTS}"
    )
