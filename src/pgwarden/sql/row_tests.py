"""Queries that count which rows of a change a table's constraints would refuse, before the rows exist.

They read the rows as they would be (``after``: ``_pgw_table`` and ``_pgw_at`` of the row replaced, null for a new
one, and the columns under their names) and the table as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pgwarden.domain.catalog import Catalog, Column, Constraint, Index, Relation, quote_identifier
from pgwarden.sql.index_keys import IndexKeys, exclusion_keys, index_keys
from pgwarden.sql.views import AT, TABLE

_CHECK = re.compile(r"CHECK (?P<expression>.*?)(?: NO INHERIT)?(?: NOT VALID)?(?P<asleep> NOT ENFORCED)?", re.DOTALL)
_LENGTH = re.compile(r"character(?: varying)?\((\d+)\)")


@dataclass(frozen=True, slots=True)
class RowTest:
    """One way in which rows can be refused, and the query that counts them."""

    constraint: str
    message: str
    """What is wrong with them; follows the number of rows and the table."""
    query: str
    depends: bool = False
    """Whether it also depends on the order in which rows are changed, so that the statement may go through."""


@dataclass(frozen=True, slots=True)
class AfterRows:
    """Rows of one branch as they would be."""

    relation: Relation
    query: str
    given: frozenset[str]
    """Columns that the query has; the others are known only to PostgreSQL."""
    touched: frozenset[str]
    """Columns that may differ from before: all of a new row."""
    replaced: tuple[str, ...] = ()
    """Queries of (``_pgw_table``, ``_pgw_at``) of every row of the table that the statement changes or removes."""
    lengths: str = ""
    """The rows of the source before they are cut to the columns' lengths, under the columns' names; '' if unknown."""
    handled: frozenset[str] | None = frozenset()
    """Indexes whose conflicts ON CONFLICT takes care of; None: all of them."""
    partitions: tuple[str, ...] = ()
    """Conditions of the partitions, of which one must take each row; none where it is no matter."""
    rejoin: str = ""
    """A condition on ``a`` that is true for rows which really are written; '' for all."""


def row_tests(after: AfterRows, catalog: Catalog) -> Iterator[RowTest]:
    """The tests that a change of these rows can fail, the cheapest first."""
    yield from _values(after)
    yield from _nulls(after)
    yield from _checks(after)
    yield from _lengths(after)
    yield from _references(after, catalog)
    yield from _unique(after)
    yield from _exclusions(after)


def _values(after: AfterRows) -> Iterator[RowTest]:
    """Computes every value, which the other tests need not: what does not fit its type fails here."""
    new = ", ".join(f"a.{quote_identifier(column)}" for column in sorted(after.given & after.touched))
    if new:
        query = f"select count(*) from ({after.query}) a where pg_catalog.num_nonnulls({new}) < 0"
        yield RowTest("type", "would not fit their types", query)
    if after.partitions:
        none = " and ".join(f"({condition}) is not true" for condition in after.partitions)
        query = f"select count(*) from ({after.query}) a where {none}"
        yield RowTest(f"partitions of {after.relation.name.name}", "would fit into no partition", query)


def _nulls(after: AfterRows) -> Iterator[RowTest]:
    for column in after.relation.columns:
        if column.not_null and not column.generated and column.name in after.given & after.touched:
            yield RowTest(
                f"{column.name} NOT NULL",
                f"would be null in {column.name}",
                f"select count(*) from ({after.query}) a where a.{quote_identifier(column.name)} is null",
            )


def _checks(after: AfterRows) -> Iterator[RowTest]:
    for constraint in after.relation.constraints:
        found = _CHECK.fullmatch(constraint.definition or "") if constraint.kind == "c" else None
        if found and not found["asleep"] and (not constraint.columns or _touches(after, constraint)):
            query = f"select count(*) from ({after.query}) a where not {found['expression']}"
            yield RowTest(constraint.name, "would break a check", query)


def _lengths(after: AfterRows) -> Iterator[RowTest]:
    """An explicit cast cuts a text, an assignment refuses it unless only blanks would go."""
    for column in after.relation.columns:
        limit = _LENGTH.fullmatch(column.type_name)
        if limit and after.lengths and column.name in after.given & after.touched:
            cell = f"pg_catalog.rtrim(a.{quote_identifier(column.name)}::pg_catalog.text)"
            query = f"select count(*) from ({after.lengths}) a where pg_catalog.char_length({cell}) > {limit[1]}"
            yield RowTest(f"{column.name} {column.type_name}", f"would be too long for {column.name}", query)


def _references(after: AfterRows, catalog: Catalog) -> Iterator[RowTest]:
    for constraint in after.relation.constraints:
        touches = _touches(after, constraint)
        own = constraint.kind == "f" and constraint.enforced and not constraint.parent_oid
        if not own or not (touches or _moves(after)):
            continue
        parent = catalog.relations.get(constraint.foreign_oid)
        if parent is None or not set(_names(after.relation, constraint.columns)) <= after.given:
            continue
        text = "would reference nothing" if touches else "would reference nothing when they move between partitions"
        yield RowTest(constraint.name, text, _dangling(after, constraint, parent), depends=not touches)


def _dangling(after: AfterRows, constraint: Constraint, parent: Relation) -> str:
    columns = _names(after.relation, constraint.columns)
    foreign = _names(parent, constraint.foreign_columns)
    if constraint.temporal:
        return _uncovered(after, columns, foreign, parent)
    match = _paired(columns, foreign, "a", "p")
    filled = " and ".join(f"a.{quote_identifier(c)} is not null" for c in columns)
    there = f"exists (select from {parent.name} p where {match}{_stays(after, 'p') if _own(after, parent) else ''})"
    if _own(after, parent) and set(foreign) <= after.given:
        there += f" or exists (select from ({after.query}) p where {match})"
    mixed = ""
    if constraint.match == "f":
        mixed = f" or (not ({filled}) and ({' or '.join(f'a.{quote_identifier(c)} is not null' for c in columns)}))"
    where = f"(({filled}) and not ({there})){mixed}"
    return f"select count(*) from ({after.query}) a where ({where}){_written(after)}{_of_its_own(after)}"


def _uncovered(after: AfterRows, columns: Sequence[str], foreign: Sequence[str], parent: Relation) -> str:
    """Rows whose time is not covered by the times of the rows that they reference, taken together."""
    match = _paired(columns[:-1], foreign[:-1], "a", "p")
    time, theirs = f"a.{quote_identifier(columns[-1])}", f"p.{quote_identifier(foreign[-1])}"
    times = [f"select {theirs} from {parent.name} p where {match}{_stays(after, 'p') if _own(after, parent) else ''}"]
    if _own(after, parent) and set(foreign) <= after.given:
        times.append(f"select {theirs} from ({after.query}) p where {match}")
    covered = f"(select pg_catalog.range_agg(t.at) from ({' union all '.join(times)}) t (at))"
    filled = " and ".join(f"a.{quote_identifier(c)} is not null" for c in columns)
    where = f"{filled} and ({time} operator(pg_catalog.<@) {covered}) is not true"
    return f"select count(*) from ({after.query}) a where {where}{_written(after)}{_of_its_own(after)}"


def _moves(after: AfterRows) -> bool:
    """Whether rows may go to another partition, where all their references are checked again."""
    return bool(after.replaced) and after.relation.partitioned_by(after.touched)


def _own(after: AfterRows, parent: Relation) -> bool:
    return parent.oid in (after.relation.oid, after.relation.partition_of)


def _unique(after: AfterRows) -> Iterator[RowTest]:
    late = {c.index_oid for c in after.relation.constraints if c.kind in "pu" and c.deferrable}
    temporal = {c.index_oid for c in after.relation.constraints if c.temporal}
    for index in after.relation.indexes:
        if not index.unique or not index.valid or after.handled is None or index.name in after.handled:
            continue
        if index.oid in temporal:  # tested with the exclusion constraints
            continue
        keys = index_keys(index.definition)
        plain = set(_names(after.relation, [n for n in index.columns if n]))
        whole = keys is not None and 0 not in index.columns and not keys.predicate
        if keys is None or (whole and not plain & after.touched) or not plain <= after.given:
            continue
        text = "would have a key that is taken"
        yield RowTest(index.name, text, _taken(after, index, keys))
        if after.replaced and index.oid not in late:
            passing = "would have a key that another changing row has until it is changed, too"
            yield RowTest(index.name, passing, _taken_for_now(after, index, keys), depends=True)


def _keyed(rows: str, keys: IndexKeys, identity: str) -> str:
    """(identity, ``_pgw_k0`` …) of the rows that are in the index."""
    listed = ", ".join(f"{text} as _pgw_k{number}" for number, text in enumerate(keys.expressions))
    where = f" where {keys.predicate}" if keys.predicate else ""
    return f"select {identity}, {listed} from {rows}{where}"


def _standing(after: AfterRows, keys: IndexKeys) -> str:
    """The keys of the table's rows as they are. Uniqueness is a matter of one table, or of one partition tree."""
    only = "" if after.relation.kind == "p" else "only "
    return _keyed(f"{only}{after.relation.name} t", keys, f"t.tableoid as {TABLE}, t.ctid as {AT}")


def _coming(after: AfterRows, keys: IndexKeys) -> str:
    where = f"true{_written(after)}{_of_its_own(after)}"
    return _keyed(f"(select a.* from ({after.query}) a where {where}) a", keys, f"{TABLE}, {AT}")


def _taken(after: AfterRows, index: Index, keys: IndexKeys) -> str:
    """Keys of rows that stay as they are, and keys that several of the new rows share."""
    numbers = range(len(keys.expressions))
    match = _same(numbers, index.nulls_not_distinct)
    filled = " and ".join(f"_pgw_k{n} is not null" for n in numbers)
    where = "" if index.nulls_not_distinct else f" where {filled}"
    listed = ", ".join(f"_pgw_k{n}" for n in numbers)
    coming = _coming(after, keys)
    held = f"exists (select from ({_standing(after, keys)}) t where {match}{_stays(after, 't', marked=True)})"
    return (
        f"select (select count(*) from ({coming}) a where {held}) + (select coalesce(sum(n - 1), 0) from"
        f" (select count(*) as n from ({coming}) a{where} group by {listed} having count(*) > 1) d)"
    )


def _taken_for_now(after: AfterRows, index: Index, keys: IndexKeys) -> str:
    """Keys of other rows that the statement changes too: it goes through only where those are changed first."""
    match = _same(range(len(keys.expressions)), index.nulls_not_distinct)
    other = f" and (t.{TABLE}, t.{AT}) is distinct from (a.{TABLE}, a.{AT})"
    changing = " or ".join(
        f"exists (select from ({rows}) r where r.{TABLE} = t.{TABLE} and r.{AT} = t.{AT})" for rows in after.replaced
    )
    return (
        f"select count(*) from ({_coming(after, keys)}) a where exists (select from ({_standing(after, keys)}) t"
        f" where {match}{other} and ({changing}))"
    )


def _exclusions(after: AfterRows) -> Iterator[RowTest]:
    for constraint in after.relation.constraints:
        if constraint.parent_oid or after.handled is None:
            continue
        keys = _excluding(after.relation, constraint)
        plain = set(_names(after.relation, [n for n in constraint.columns if n > 0]))
        if keys is None or not _touches(after, constraint) or not plain <= after.given:
            continue
        match = " and ".join(f"t._pgw_k{n} {op} a._pgw_k{n}" for n, op in enumerate(keys.operators))
        coming = _coming(after, keys)
        held = f"exists (select from ({_standing(after, keys)}) t where {match}{_stays(after, 't', marked=True)})"
        numbered = f"select row_number() over () as _pgw_row, x.* from ({coming}) x"
        among = (
            f"with _pgw_new as materialized ({numbered}) select count(*) from _pgw_new a"
            f" where exists (select from _pgw_new t where t._pgw_row < a._pgw_row and {match})"
        )
        query = f"select (select count(*) from ({coming}) a where {held}) + ({among})"
        yield RowTest(constraint.name, "would conflict with another row", query)


def _excluding(relation: Relation, constraint: Constraint) -> IndexKeys | None:
    """What no two rows may have in common; None for a constraint of another kind."""
    if constraint.kind == "x":
        return exclusion_keys(constraint.definition or "")
    if constraint.kind not in "pu" or not constraint.temporal:
        return None
    found = next((index for index in relation.indexes if index.oid == constraint.index_oid), None)
    keys = index_keys(found.definition) if found else None
    equal = ["operator(pg_catalog.=)"] * (len(constraint.columns) - 1)
    return replace(keys, operators=(*equal, "operator(pg_catalog.&&)")) if keys else None


def _stays(after: AfterRows, alias: str, *, marked: bool = False) -> str:
    """That a standing row is not among those that the statement changes or removes."""
    table, at = (f"{alias}.{TABLE}", f"{alias}.{AT}") if marked else (f"{alias}.tableoid", f"{alias}.ctid")
    return "".join(
        f" and not exists (select from ({rows}) r where r.{TABLE} = {table} and r.{AT} = {at})"
        for rows in after.replaced
    )


def _written(after: AfterRows) -> str:
    return f" and ({after.rejoin})" if after.rejoin else ""


def _of_its_own(after: AfterRows) -> str:
    """Keys bind the rows of one table or partition tree; rows of tables that inherit from it have keys of their own."""
    if after.relation.kind == "p" or not after.replaced:
        return ""
    return f" and (a.{TABLE} is null or a.{TABLE} = {after.relation.oid})"


def _touches(after: AfterRows, constraint: Constraint) -> bool:
    columns = _names(after.relation, [number for number in constraint.columns if number > 0])
    return bool(set(columns) & after.touched) or 0 in constraint.columns


def _same(numbers: Sequence[int] | range, nulls_equal: bool) -> str:
    operator = "is not distinct from" if nulls_equal else "="
    return " and ".join(f"t._pgw_k{n} {operator} a._pgw_k{n}" for n in numbers)


def _paired(columns: Sequence[str], others: Sequence[str], left: str, right: str) -> str:
    pairs = zip(columns, others, strict=True)
    return " and ".join(f"{left}.{quote_identifier(c)} = {right}.{quote_identifier(o)}" for c, o in pairs)


def _names(relation: Relation, numbers: Sequence[int]) -> tuple[str, ...]:
    by_number: dict[int, Column] = {column.number: column for column in relation.columns}
    return tuple(by_number[number].name for number in numbers)


def sequence_test(relation: Relation, column: Column, source: str, sequence: str) -> str:
    """Counts the rows that stand where a column's sequence goes next, for as many numbers as rows are inserted.

    ``sequence`` is its quoted name. Reading it, unlike ``nextval``, moves nothing.
    """
    name = quote_identifier(column.name)
    return (
        "with _pgw_q as (select s.last_value + case when s.is_called then q.seqincrement else 0 end as first,"
        f" q.seqincrement as step from {sequence} s join pg_catalog.pg_sequence q on q.seqrelid = s.tableoid)"
        f" select count(*) from {relation.name} t, _pgw_q q, (select count(*) as n from ({source}) s) s"
        f" where t.{name} between q.first and q.first + q.step * (s.n - 1) and (t.{name} - q.first) % q.step = 0"
    )
