"""Rows as an INSERT or UPDATE would leave them, tested against the table's constraints before they exist."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

import psycopg

from pgwarden.adapters.postgres.session import Session
from pgwarden.domain.catalog import Catalog, Column, Relation, quote_identifier
from pgwarden.domain.impact import Violation
from pgwarden.domain.quantity import counted
from pgwarden.domain.statement import StatementKind
from pgwarden.sql.change import DEFAULT, Change
from pgwarden.sql.effects import refusal
from pgwarden.sql.row_tests import AfterRows, RowTest, row_tests, sequence_test
from pgwarden.sql.views import AT, TABLE, ThroughView
from pgwarden.undo.closure import names_of

MOST_LATE = 2
"""Tests that may take too long before the others are left out."""
MOST_PARTITIONS = 500
"""Leaves of a partition tree up to which it is tested whether one takes each row."""
Count = Callable[[str], Awaitable[int]]
_CALL = re.compile(r"([\w.\"]+)\s*\(")
_WORD = re.compile(r"\w+")
EVALUATION = (psycopg.DataError, psycopg.errors.CheckViolation, psycopg.errors.NotNullViolation)
"""What PostgreSQL says when the values themselves do not fit: conversions, and the constraints of domains."""


class RowChecks:
    """The rows of one branch of a statement, typed like the table's columns."""

    def __init__(
        self,
        session: Session,
        catalog: Catalog,
        target: Relation,
        change: Change,
        count: Count,
        replaced: Sequence[str] = (),
    ) -> None:
        """``replaced``: queries of the rows of this table that the whole statement changes or removes."""
        self._session = session
        self._catalog = catalog
        self._target = target
        self._change = change
        self._count = count
        self._replaced = tuple(replaced)
        self._late = 0
        self._described: int | None = None
        self.doubts: list[str] = []

    # --- how many

    async def insert_counts(self) -> tuple[int, int, list[str]]:
        """(inserted, updated, doubts) of an INSERT with all that ON CONFLICT makes of it."""
        source, supplied = await self._source()
        total = await self._count(f"select count(*) from ({source}) s")
        arbiter = self._change.arbiter
        doubts: list[str] = []
        if arbiter is None:
            return total, 0, doubts
        if self._change.defaulted:
            doubts.append("some values of the INSERT are defaults, which ON CONFLICT may meet")
        keys = [key for key in self._arbiter_keys() if set(key) <= set(supplied)]
        if not arbiter.exact:
            doubts.append("ON CONFLICT is decided by expressions or a partial index, which counting does not follow")
        if not keys:
            return total, 0, doubts
        conflict = self._meets(keys, "s")
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
        return fresh, await self._count(f"select count(*) from ({self._upserted(source, supplied, keys[0])}) u"), doubts

    # --- which are refused

    async def violations(self) -> list[Violation]:
        """What some of the rows would break: NOT NULL, CHECK, lengths, foreign, unique and exclusion keys.

        ``doubts`` then says what could not be tested.
        """
        if self._target.kind not in "rp":
            return []
        found: list[Violation] = []
        try:
            branches = await self._branches()
        except EVALUATION as error:
            return [self._unfit(error)]
        except psycopg.Error as error:
            self.doubts.append(f"the new rows of {self._target.name} cannot be told: {error.diag.message_primary}")
            return []
        for after in branches:
            for test in row_tests(after, self._catalog):
                if self._late >= MOST_LATE:
                    self.doubts.append(
                        f"the other constraints of {self._target.name} were not tested, for lack of time"
                    )
                    break
                found += await self._tried(test)
        return [*dict.fromkeys(found), *await self._twice(), *await self._behind()]

    async def outside(self, view: ThroughView) -> list[Violation]:
        """Rows that the view, which has a check option, would not show."""
        if not view.condition:
            self.doubts.append(f"whether {view.view} takes the new rows is decided by views below it")
            return []
        found = []
        for after in await self._branches():
            query = f"select count(*) from ({after.query}) {view.alias} where ({view.condition}) is not true"
            found += await self._tried(RowTest("CHECK OPTION", f"would not be shown by the view {view.view}", query))
        return found

    async def _tried(self, test: RowTest) -> list[Violation]:
        name = self._target.name
        try:
            broken = await self._count(test.query)
        except psycopg.errors.QueryCanceled:
            self._late += 1
            self.doubts.append(f"whether {test.constraint} of {name} holds could not be tested in time")
            return []
        except EVALUATION as error:
            return [self._unfit(error)]
        except psycopg.Error:
            return []  # a test that reads what is not supplied says nothing; the server decides
        if not broken:
            return []
        text = f"{counted(broken, 'row')} of {name} {test.message}"
        return [Violation(test.constraint, str(name), broken, text, not (self._target.interposed or test.depends))]

    def _unfit(self, error: psycopg.Error) -> Violation:
        """Values that cannot even be computed. PostgreSQL's message may hold a value of a row, so only its kind."""
        kind = re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__).lower()
        name = error.diag.constraint_name or error.diag.datatype_name or "type"
        message = f"some new values do not fit into {self._target.name} ({kind})"
        return Violation(name, str(self._target.name), 1, message, certain=False)

    async def _twice(self) -> list[Violation]:
        """Target rows that MERGE or ON CONFLICT DO UPDATE would change a second time, which PostgreSQL refuses."""
        arbiter = self._change.arbiter
        if self._change.once:
            each = re.sub(r"^select distinct on \([^)]*\) ", "select ", self._change.rows)
            rows, listed, what = f"{self._change.ctes} {each}", f"s.{TABLE}, s.{AT}", "MERGE"
        elif arbiter and arbiter.updates:
            source, supplied = await self._source()
            keys = [key for key in self._arbiter_keys() if set(key) <= set(supplied)]
            if not keys:
                return []
            listed = ", ".join(f"s.{quote_identifier(c)}" for c in keys[0])
            filled = " and ".join(f"s.{quote_identifier(c)} is not null" for c in keys[0])
            rows, what = f"select * from ({source}) s where {filled}", "ON CONFLICT"
        else:
            return []
        query = f"select count(*) from (select from ({rows}) s group by {listed} having count(*) > 1) d"
        test = RowTest(what, f"would be changed twice by one {what}", query)
        return await self._tried(test)

    async def _behind(self) -> list[Violation]:
        """Whether a sequence that numbers the new rows will give out numbers that are taken."""
        if self._change.kind is not StatementKind.INSERT:
            return []
        source, supplied = await self._source()
        handled = self._handled()
        found = []
        for column in self._target.columns:
            numbered = column.identity or (column.default or "").startswith("nextval(")
            index = next((i for i in self._target.indexes if i.unique and i.columns == (column.number,)), None)
            if numbered and index and column.name not in supplied and handled is not None and index.name not in handled:
                named = "select pg_catalog.pg_get_serial_sequence($1, $2)"
                sequence = await self._session.value(named, [str(self._target.name), column.name])
                if sequence is None:
                    continue
                query = sequence_test(self._target, column, source, sequence)
                test = RowTest(
                    index.name, f"with numbers that the sequence of {column.name} gives out next", query, True
                )
                found += await self._tried(test)
        return found

    # --- the rows

    async def _partitions(self, touched: Collection[str]) -> tuple[str, ...]:
        """Conditions of the partitions that rows go to, where they may go to another one than now."""
        tree = list(self._catalog.partition_tree(self._target.oid))
        roots = [self._target, *self._ancestors()]
        leaves = [relation.oid for relation in tree if relation.kind != "p"]
        if (
            not any(relation.partitioned_by(touched) for relation in roots)
            or len(leaves) > MOST_PARTITIONS
            or not (self._target.partition_of or len(tree) > 1)
        ):
            return ()
        query = (
            "select pg_catalog.pg_get_partition_constraintdef(o.oid::oid) as condition"
            " from pg_catalog.unnest($1::int8[]) o (oid)"
        )
        rows = await self._session.rows(query, [leaves])
        conditions = tuple(row["condition"] for row in rows)
        return conditions if all(conditions) else ()

    def _ancestors(self) -> list[Relation]:
        """The partitioned tables above this one."""
        found: list[Relation] = []
        above = self._catalog.relations.get(self._target.partition_of)
        while above is not None:
            found.append(above)
            above = self._catalog.relations.get(above.partition_of)
        return found

    async def _branches(self) -> list[AfterRows]:
        """The rows that would be written, and those that an upsert would change instead."""
        if self._change.kind is not StatementKind.INSERT:
            after = self._updated(self._change, self._replaced)
            return [replace(after, partitions=await self._partitions(after.touched))]
        inserted = await self._inserted()
        arbiter = self._change.arbiter
        if arbiter is None or not arbiter.updates:
            return [inserted]
        source, supplied = await self._source()
        keys = [key for key in self._arbiter_keys() if set(key) <= set(supplied)]
        if not keys:
            return [inserted]
        rows = self._upserted(source, supplied, keys[0])
        change = replace(
            self._change, kind=StatementKind.UPDATE, rows=rows, ctes="", columns=arbiter.assigned, values=arbiter.values
        )
        return [inserted, self._updated(change, [f"select {TABLE}, {AT} from ({rows}) u"])]

    async def _inserted(self) -> AfterRows:
        source, supplied = await self._source()
        raw, _ = await self._source(cut=False)
        quiet = {c.name: text for c in self._target.columns if (text := quiet_default(c)) and c.name not in supplied}
        for column in self._mixed():
            quiet.pop(column, None)
        defaults = "".join(
            f", cast({quiet[c.name]} as {c.type_name}) as {quote_identifier(c.name)}"
            for c in self._target.columns
            if c.name in quiet
        )
        rows = f"select null::oid as {TABLE}, null::tid as {AT}, s.*{defaults} from ({source}) s"
        given = frozenset([*supplied, *quiet])
        keys = [key for key in self._arbiter_keys() if set(key) <= set(supplied)] if self._change.arbiter else []
        rows, given = self._computed(rows, given)
        return AfterRows(
            self._target,
            rows,
            given,
            frozenset(column.name for column in self._target.columns),
            self._replaced,
            raw,
            self._handled(),
            await self._partitions([column.name for column in self._target.columns]),
            f"not ({self._meets(keys, 'a')})" if keys else "",
        )

    def _updated(self, change: Change, replaced: Sequence[str]) -> AfterRows:
        """All columns of the rows as they would be, ``_pgw_table`` and ``_pgw_at`` of the row they replace."""
        values = {c: (n, v) for n, (c, v) in enumerate(zip(change.columns, change.values, strict=True))}
        given, cells, raw = set[str](), "", ""
        for column in self._target.columns:
            name = quote_identifier(column.name)
            number, value = values.get(column.name, (-1, ""))
            text = f"s._pgw_new_{number}" if value != DEFAULT else quiet_default(column)
            if column.generated:
                continue
            if number >= 0 and (not value or text is None):
                self.doubts.append(f"what {self._target.name}.{column.name} becomes is known only at the execution")
                continue
            given.add(column.name)
            cells += f", cast({text} as {column.type_name}) as {name}" if number >= 0 else f", s.{name}"
            raw += f", {text} as {name}" if number >= 0 else ""
        rows = f"({change.ctes} {change.rows}) s"
        after, known = self._computed(f"select s.{TABLE}, s.{AT}{cells} from {rows}", frozenset(given))
        raw_rows = f"select s.{AT}{raw} from {rows}"
        touched = frozenset(values) | {c.name for c in self._target.columns if c.generated}
        return AfterRows(self._target, after, known, touched, tuple(replaced), raw_rows)

    def _computed(self, rows: str, given: frozenset[str]) -> tuple[str, frozenset[str]]:
        """The rows with their generated columns, where these can be computed from what is given."""
        names = {column.name for column in self._target.columns}
        columns = [
            column
            for column in self._target.columns
            if column.generated and column.default and set(_WORD.findall(column.default)) & names <= given
        ]
        if not columns:
            return rows, given
        cells = ", ".join(f"cast({c.default} as {c.type_name}) as {quote_identifier(c.name)}" for c in columns)
        return f"select a.*, {cells} from ({rows}) a", given | {c.name for c in columns}

    async def _source(self, *, cut: bool = True) -> tuple[str, tuple[str, ...]]:
        """The source rows of an INSERT under the names (and, ``cut``, types) of their columns, and those names."""
        columns = self._columns()
        rows = f"{self._change.ctes} {self._change.rows}".strip()
        width = await self._width(rows)
        if width == 0:
            return "select 1", ()
        taken = {n: column for n, column in enumerate(columns[:width]) if n not in self._change.defaulted}
        aliases = ", ".join(f"_pgw_c{number}" for number in range(width))
        cells = ", ".join(
            f"{f'cast(_pgw_c{number} as {column.type_name})' if cut else f'_pgw_c{number}'}"
            f" as {quote_identifier(column.name)}"
            for number, column in taken.items()
        )
        return f"select {cells} from ({rows}) _pgw_source ({aliases})", tuple(c.name for c in taken.values())

    def _mixed(self) -> list[str]:
        """Columns that get their default in some rows and a value in others: no test can tell which is which."""
        columns = self._columns()
        return [columns[n].name for n, always in self._change.defaulted.items() if not always and n < len(columns)]

    async def _width(self, rows: str) -> int:
        if rows == "select":
            return 0
        if self._change.columns:
            return len(self._change.columns)
        if self._described is None:
            self._described = await self._session.width(f"select * from ({rows}) s limit 0")
        return self._described

    def _columns(self) -> Sequence[Column]:
        if self._change.columns:
            by_name = {column.name: column for column in self._target.columns}
            return [by_name[name] for name in self._change.columns if name in by_name]
        return self._target.columns

    # --- ON CONFLICT

    def _upserted(self, source: str, supplied: Sequence[str], key: tuple[str, ...]) -> str:
        """The rows that the source meets by this key and that DO UPDATE changes, with what is assigned to them."""
        arbiter, name = self._change.arbiter, self._target.name
        assert arbiter is not None
        missing = "".join(
            f", null::{column.type_name} as {quote_identifier(column.name)}"
            for column in self._target.columns
            if column.name not in supplied
        )
        excluded = f"select s.*{missing} from ({source}) s"
        alias = arbiter.alias or quote_identifier(name.name)
        shown = ("null" if value in ("", DEFAULT) else value for value in arbiter.values)
        new = "".join(f", {value} as _pgw_new_{number}" for number, value in enumerate(shown))
        where = f" where {arbiter.where}" if arbiter.where else ""
        return (
            f"select {alias}.tableoid as {TABLE}, {alias}.ctid as {AT}{new}, {alias}.* from ({excluded}) excluded"
            f" join {name} as {alias} on {_equal(key, alias, 'excluded')}{where}"
        )

    def _meets(self, keys: Sequence[tuple[str, ...]], alias: str) -> str:
        """Whether a source row meets a row of the table by one of these keys."""
        name = self._target.name
        return " or ".join(f"exists (select from {name} t where {_equal(key, 't', alias)})" for key in keys)

    def _handled(self) -> frozenset[str] | None:
        """Indexes on which a conflict is no error."""
        arbiter = self._change.arbiter
        if arbiter is None:
            return frozenset()
        if not arbiter.columns and not arbiter.constraint:
            return None
        keys = {frozenset(key) for key in self._arbiter_keys()}
        return frozenset(
            index.name
            for index in self._target.indexes
            if index.name == arbiter.constraint
            or frozenset(names_of(self._target, [n for n in index.columns if n])) in keys
        )

    def _arbiter_keys(self) -> list[tuple[str, ...]]:
        arbiter = self._change.arbiter
        assert arbiter is not None
        if arbiter.columns:
            return [arbiter.columns]
        keys = {
            index.name: names_of(self._target, index.columns)
            for index in self._target.indexes
            if index.unique and index.valid and index.predicate is None and 0 not in index.columns
        }
        return [keys[arbiter.constraint]] if arbiter.constraint in keys else list(keys.values())


def quiet_default(column: Column) -> str | None:
    """The default as text where evaluating it has no effect (``null`` where there is none); else None.

    Definitions are read with PostgreSQL's own schema first: a call with a schema is somebody's own function.
    """
    if column.identity or column.generated:
        return None
    text = column.default or "null"
    calls = [call for call in _CALL.findall(text) if call]
    return None if any("." in call or '"' in call or refusal(call, 0) for call in calls) else text


def _equal(columns: Sequence[str], left: str, right: str) -> str:
    return " and ".join(f"{left}.{quote_identifier(c)} = {right}.{quote_identifier(c)}" for c in columns)
