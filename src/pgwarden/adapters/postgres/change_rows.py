"""Rows as an INSERT or UPDATE would leave them, tested against the table's constraints before they exist."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

import psycopg

from pgwarden.adapters.postgres.session import Session
from pgwarden.domain.catalog import Catalog, Column, Constraint, Relation, quote_identifier
from pgwarden.domain.impact import Violation
from pgwarden.domain.statement import StatementKind
from pgwarden.sql.conditions import AT, TABLE, Change
from pgwarden.undo.closure import names_of

Count = Callable[[str], Awaitable[int]]


class RowChecks:
    """The rows of one branch of a statement, typed like the table's columns."""

    def __init__(self, session: Session, catalog: Catalog, target: Relation, change: Change, count: Count) -> None:
        self._session = session
        self._catalog = catalog
        self._target = target
        self._change = change
        self._count = count
        self._supplied: tuple[str, ...] = ()

    async def insert_counts(self) -> tuple[int, int, list[str]]:
        """(inserted, updated, doubts) of an INSERT with all that ON CONFLICT makes of it."""
        source = await self._source()
        total = await self._count(f"select count(*) from ({source}) s")
        arbiter = self._change.arbiter
        doubts: list[str] = []
        if arbiter is None:
            return total, 0, doubts
        keys = [key for key in self._arbiter_keys() if set(key) <= set(self._supplied)]
        if not arbiter.exact:
            doubts.append("ON CONFLICT is decided by expressions or a partial index, which counting does not follow")
        if not keys:
            return total, 0, doubts
        name = self._target.name
        conflict = " or ".join(f"exists (select from {name} t where {_equal(key, 't', 's')})" for key in keys)
        meeting = await self._count(f"select count(*) from ({source}) s where {conflict}")
        fresh = total - meeting
        if len(keys) == 1:
            listed = ", ".join(f"s.{quote_identifier(c)}" for c in keys[0])
            filled = " and ".join(f"s.{quote_identifier(c)} is not null" for c in keys[0])
            fresh = await self._count(
                f"select count(distinct ({listed})) filter (where {filled}) + count(*) filter (where not ({filled}))"
                f" from ({source}) s where not ({conflict})"
            )
        elif fresh > 1:
            doubts.append("several unique keys decide which rows of the INSERT meet each other")
        if not arbiter.updates:
            return fresh, 0, doubts
        if not arbiter.where:
            return fresh, meeting, doubts
        updated = await self._count(
            f"select count(*) from ({await self._excluded(source)}) excluded join {name}"
            f" on {_equal(keys[0], quote_identifier(name.name), 'excluded')} where {arbiter.where}"
        )
        return fresh, updated, doubts

    async def violations(self) -> list[Violation]:
        """NOT NULL, CHECK, unique and foreign keys that some of the rows would break."""
        if self._target.kind not in "rp":
            return []
        try:
            rows = await self._after()
        except psycopg.Error:
            return []
        found = []
        for name, message, query in self._tests(rows):
            try:
                broken = await self._count(query)
            except psycopg.Error:
                continue  # a test that reads what is not supplied says nothing; the server decides
            if broken:
                text = f"{broken} row(s) of {self._target.name} {message}"
                found.append(Violation(name, str(self._target.name), broken, text, self._sure(name)))
        return found

    def _sure(self, name: str) -> bool:
        """BEFORE triggers may still change rows; ON CONFLICT takes care of unique keys."""
        del name
        return not any(t.timing == "BEFORE" and t.per_row and t.enabled in "OA" for t in self._target.triggers)

    async def _source(self) -> str:
        """The source rows of an INSERT, under the names and types of the columns they go to."""
        columns = self._columns()
        rows = f"{self._change.ctes} {self._change.rows}".strip()
        width = await self._width(rows)
        if width == 0:
            self._supplied = ()
            return "select 1"
        taken = columns[:width]
        self._supplied = tuple(column.name for column in taken)
        aliases = ", ".join(f"_pgw_c{number}" for number in range(width))
        cells = ", ".join(
            f"cast(_pgw_c{number} as {column.type_name}) as {quote_identifier(column.name)}"
            for number, column in enumerate(taken)
        )
        return f"select {cells} from ({rows}) _pgw_source ({aliases})"

    async def _width(self, rows: str) -> int:
        if rows == "select":
            return 0
        if self._change.columns:
            return len(self._change.columns)
        cursor = psycopg.AsyncRawCursor(self._session.connection)
        await self._session.script("savepoint describing")
        try:
            await cursor.execute(f"select * from ({rows}) s limit 0".encode())
        except psycopg.Error:
            await self._session.script("rollback to savepoint describing")
            raise
        return len(cursor.description or ())

    def _columns(self) -> Sequence[Column]:
        if self._change.columns:
            by_name = {column.name: column for column in self._target.columns}
            return [by_name[name] for name in self._change.columns if name in by_name]
        return self._target.columns

    async def _excluded(self, source: str) -> str:
        missing = "".join(
            f", null::{column.type_name} as {quote_identifier(column.name)}"
            for column in self._target.columns
            if column.name not in self._supplied
        )
        return f"select s.*{missing} from ({source}) s"

    async def _after(self) -> str:
        """All columns of the rows as they would be, ``_pgw_table`` and ``_pgw_at`` of the row they replace."""
        if self._change.kind is StatementKind.INSERT:
            source = await self._source()
            defaults = "".join(
                f", cast({column.default or 'null'} as {column.type_name}) as {quote_identifier(column.name)}"
                for column in self._target.columns
                if column.name not in self._supplied and not column.generated and _quiet(column)
            )
            return f"select null::oid as {TABLE}, null::tid as {AT}, s.*{defaults} from ({source}) s"
        values = dict(zip(self._change.columns, range(len(self._change.columns)), strict=True))
        unknown = {c for c, v in zip(self._change.columns, self._change.values, strict=True) if not v}
        cells = "".join(
            f", cast(s._pgw_new_{values[column.name]} as {column.type_name}) as {quote_identifier(column.name)}"
            if column.name in values
            else f", s.{quote_identifier(column.name)}"
            for column in self._target.columns
            if column.name not in unknown and not column.generated
        )
        self._supplied = tuple(name for name in values if name not in unknown)
        return f"select s.{TABLE}, s.{AT}{cells} from ({self._change.ctes} {self._change.rows}) s"

    def _tests(self, rows: str) -> Iterator[tuple[str, str, str]]:
        """(constraint, what is wrong, query that counts the rows at fault) for what the change can break."""
        target, touched = self._target, set(self._supplied)
        inserting = self._change.kind is StatementKind.INSERT
        for column in target.columns:
            if column.not_null and not column.generated and (column.name in touched or (inserting and _quiet(column))):
                if column.identity and column.name not in touched:
                    continue
                text = f"would be null in {column.name}"
                yield (
                    f"{column.name} NOT NULL",
                    text,
                    f"select count(*) from ({rows}) a where a.{quote_identifier(column.name)} is null",
                )
        for constraint in target.constraints:
            columns = names_of(target, constraint.columns)
            if not (inserting or touched & set(columns)):
                continue
            if constraint.kind == "c" and constraint.definition:
                expression = (
                    constraint.definition.removeprefix("CHECK ").removesuffix(" NOT VALID").removesuffix(" NO INHERIT")
                )
                yield constraint.name, "would break a check", f"select count(*) from ({rows}) a where not {expression}"
            elif constraint.kind == "f" and not constraint.parent_oid:
                yield constraint.name, "would reference nothing", self._dangling(rows, constraint, columns)
            elif constraint.kind in "pu" and not (self._change.arbiter and constraint.name):
                yield constraint.name, "would have a key that is taken", self._taken(rows, columns)

    def _dangling(self, rows: str, constraint: Constraint, columns: tuple[str, ...]) -> str:
        parent = self._catalog.relations[constraint.foreign_oid]
        foreign = names_of(parent, constraint.foreign_columns)
        filled = " and ".join(f"a.{quote_identifier(c)} is not null" for c in columns)
        match = _paired(columns, foreign, "a", "p")
        itself = f" and not exists (select from ({rows}) p where {match})" if parent.oid == self._target.oid else ""
        return (
            f"select count(*) from ({rows}) a where {filled}"
            f" and not exists (select from {parent.name} p where {match}){itself}"
        )

    def _taken(self, rows: str, columns: tuple[str, ...]) -> str:
        """Keys that a row which stays holds, or that several new rows share."""
        match = _equal(columns, "t", "a")
        filled = " and ".join(f"a.{quote_identifier(c)} is not null" for c in columns)
        listed = ", ".join(f"a.{quote_identifier(c)}" for c in columns)
        stays = (
            ""
            if self._change.kind is StatementKind.INSERT
            else f" and not exists (select from ({rows}) o where o.{TABLE} = t.tableoid and o.{AT} = t.ctid)"
        )
        held = f"exists (select from {self._target.name} t where {match}{stays})"
        return (
            f"select (select count(*) from ({rows}) a where {held})"
            f" + (select coalesce(sum(n - 1), 0) from (select count(*) as n from ({rows}) a"
            f" where {filled} group by {listed} having count(*) > 1) d)"
        )

    def _arbiter_keys(self) -> list[tuple[str, ...]]:
        arbiter = self._change.arbiter
        assert arbiter is not None
        if arbiter.columns:
            return [arbiter.columns]
        keys: Mapping[str, tuple[str, ...]] = {
            index.name: names_of(self._target, index.columns)
            for index in self._target.indexes
            if index.unique and index.valid and index.predicate is None and 0 not in index.columns
        }
        return [keys[arbiter.constraint]] if arbiter.constraint in keys else list(keys.values())


def _quiet(column: Column) -> bool:
    """Whether the default can be evaluated without effect: a constant, or nothing."""
    return not column.identity and (column.default is None or "(" not in column.default)


def _equal(columns: Sequence[str], left: str, right: str) -> str:
    return _paired(columns, columns, left, right)


def _paired(columns: Sequence[str], others: Sequence[str], left: str, right: str) -> str:
    pairs = zip(columns, others, strict=True)
    return " and ".join(f"{left}.{quote_identifier(c)} = {right}.{quote_identifier(o)}" for c, o in pairs)
