"""The distribution of a table's columns, and what is odd about its data."""

from __future__ import annotations

import math
from typing import Any

from psycopg import AsyncConnection, sql

from pgwarden.adapters.postgres.looking import Looker, drawn_from, fetch, known_rows, pages_now, readable
from pgwarden.domain.catalog import Catalog, Column, InferredJoin, Relation
from pgwarden.domain.profile import Bucket, ColumnProfile, Finding, TableProfile, TopValue
from pgwarden.domain.quality import ColumnFacts, findings, orphan_finding
from pgwarden.domain.sensitive import SensitiveKind, kind_of_values, mask, sensitivity

WANTED_PAGES = 2_000
"""16 MB; a bigger table is profiled by so many random pages of it."""
MOST_ROWS = 50_000
TOP = 10
BUCKETS = 10
CELL = 200
NUMBERS = frozenset({20, 21, 23, 700, 701, 1700})
DATES = frozenset({1082, 1114, 1184})
TEXTS = frozenset({25, 1042, 1043})


async def profile(looker: Looker, catalog: Catalog, relation: Relation) -> TableProfile:
    """Looks at all rows, or at a random part of a big table. Values of sensitive columns come masked.

    Raises TableUnreadable as `sample` does.
    """
    columns = [column for column in relation.columns if column.selectable]
    async with readable(relation), looker.look(milliseconds=30_000) as connection:
        pages = await pages_now(connection, relation)
        source = drawn_from(relation, pages, WANTED_PAGES)
        drawn = sql.SQL("drawn as materialized (select {} from {} limit {})").format(
            sql.SQL(", ").join(sql.Identifier("s", column.name) for column in columns) if columns else sql.SQL("1"),
            source,
            sql.Literal(MOST_ROWS),
        )
        looks = [_ColumnLook(at, column, _base_oid(catalog, column.type_oid)) for at, column in enumerate(columns)]
        rows = await _aggregate(connection, drawn, looks)
        tops = await _tops(connection, drawn, looks) if looks else {}
        orphans = [await _orphans(connection, catalog, source, join) for join in _joins_of(catalog, relation)]
    facts = tuple(_facts(relation, look, rows, *tops.get(look.place, ((), ()))) for look in looks)
    return TableProfile(
        table=str(relation.name),
        rows_looked_at=rows.count,
        estimated_rows=known_rows(relation, catalog),
        complete=pages <= WANTED_PAGES and rows.count < MOST_ROWS,
        columns=tuple(_shown(relation, look, fact, rows) for look, fact in zip(looks, facts, strict=True)),
        findings=findings(relation, facts) + tuple(finding for finding in orphans if finding),
    )


class _ColumnLook:
    """What can be asked of a column, by its type."""

    def __init__(self, place: int, column: Column, base_oid: int) -> None:
        self.place = place
        self.column = column
        self.is_number = base_oid in NUMBERS
        self.is_date = base_oid in DATES
        self.is_text = base_oid in TEXTS
        self.is_ordered = self.is_number or self.is_date or self.is_text
        self.name = sql.Identifier(column.name)

    def expressions(self) -> list[sql.Composable]:
        """Nine aggregates over ``drawn``; null where the type has no such thing."""
        forms = [
            "count({c})",
            "count(distinct left({c}::text, 200))",
            "min({c})::text" if self.is_ordered else "null::text",
            "max({c})::text" if self.is_ordered else "null::text",
            "avg({c}) filter (where {c}::text not in ('NaN', 'Infinity', '-Infinity'))::float8"
            if self.is_number
            else "null::float8",
            "percentile_disc({b}::float8[]) within group (order by {c})::text[]"
            if self.is_number or self.is_date
            else "null::text[]",
            "count(*) filter (where {c} > current_timestamp + interval '1 day' and isfinite({c}))"
            if self.is_date
            else "count(*) filter (where trim({c}) = '')"
            if self.is_text
            else "0",
            "count(*) filter (where {c} < '1900-01-01')"
            if self.is_date
            else "count(*) filter (where {c} <> trim({c}) and trim({c}) <> '')"
            if self.is_text
            else "count(*) filter (where {c} < 0)"
            if self.is_number
            else "0",
            "count(distinct lower(trim(left({c}, 200))))" if self.is_text else "0",
        ]
        steps = [step / BUCKETS for step in range(BUCKETS + 1)]
        return [sql.SQL(form).format(c=self.name, b=sql.Literal(steps)) for form in forms]


class _Rows:
    """The one row of aggregates."""

    WIDTH = 9

    def __init__(self, row: tuple[Any, ...]) -> None:
        self.count = int(row[0])
        self._row = row

    def of(self, place: int) -> tuple[Any, ...]:
        return self._row[1 + place * self.WIDTH : 1 + (place + 1) * self.WIDTH]


async def _aggregate(connection: AsyncConnection[Any], drawn: sql.Composable, looks: list[_ColumnLook]) -> _Rows:
    """One scan per 150 columns: a select list ends at 1,664 entries."""
    row: tuple[Any, ...] = ()
    for start in range(0, len(looks) or 1, 150):
        expressions = [e for look in looks[start : start + 150] for e in look.expressions()]
        query = sql.SQL("with {} select {} from drawn").format(
            drawn, sql.SQL(", ").join([sql.SQL("count(*)"), *expressions])
        )
        (found,) = await fetch(connection, query)
        row = (*row, *found[1:]) if row else found
    return _Rows(row)


async def _tops(
    connection: AsyncConnection[Any], drawn: sql.Composable, looks: list[_ColumnLook]
) -> dict[int, tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]]:
    """Most common values, and for texts the most common shapes, by the column's place."""
    value = sql.SQL(
        "(select {p} as place, false as shape, left({c}::text, {n}) as value, count(*) from drawn where {c} is not null"
        " group by 3 order by 4 desc, 3 limit {top})"
    )
    shape = sql.SQL(
        "(select {p}, true,"
        " regexp_replace(regexp_replace(left({c}, 40), '[0-9]+', '9', 'g'), '[[:alpha:]]+', 'a', 'g'),"
        " count(*) from drawn where {c} is not null group by 3 order by 4 desc, 3 limit 5)"
    )
    parts = []
    for look in looks:
        names = {"p": sql.Literal(look.place), "c": look.name, "n": sql.Literal(CELL), "top": sql.Literal(TOP)}
        parts += [value.format(**names)] + ([shape.format(**names)] if look.is_text else [])
    found: dict[int, tuple[list[tuple[str, int]], list[tuple[str, int]]]] = {}
    query = sql.SQL("with {} {}").format(drawn, sql.SQL(" union all ").join(parts))
    for place, is_shape, text, count in await fetch(connection, query):
        found.setdefault(place, ([], []))[is_shape].append((text, count))
    return {place: (tuple(values), tuple(shapes)) for place, (values, shapes) in found.items()}


def _facts(
    relation: Relation,
    look: _ColumnLook,
    rows: _Rows,
    top: tuple[tuple[str, int], ...],
    shapes: tuple[tuple[str, int], ...],
) -> ColumnFacts:
    filled, distinct, minimum, maximum, _, _, first, second, folded = rows.of(look.place)
    return ColumnFacts(
        column=look.column,
        rows=rows.count,
        nulls=rows.count - filled,
        distinct=distinct,
        minimum=minimum,
        maximum=maximum,
        top=tuple(TopValue(value, count / rows.count) for value, count in top),
        is_number=look.is_number,
        future=first if look.is_date else 0,
        ancient=second if look.is_date else 0,
        negative=second if look.is_number else 0,
        empty=first if look.is_text else 0,
        padded=second if look.is_text else 0,
        folded=folded,
        shapes=shapes,
        sensitive=_kind(relation, look.column, top) is not None,
    )


def _kind(relation: Relation, column: Column, top: tuple[tuple[str, int], ...]) -> SensitiveKind | None:
    found = sensitivity(relation, column)
    return found.kind if found else kind_of_values(value for value, _ in top)


def _shown(relation: Relation, look: _ColumnLook, fact: ColumnFacts, rows: _Rows) -> ColumnProfile:
    kind = _kind(relation, look.column, tuple((top.value, 0) for top in fact.top))
    mean, steps = rows.of(look.place)[4:6]

    def told(value: str | None) -> str | None:
        cut = value[:CELL] if value else value
        return cut if kind is None or cut is None else str(mask(cut, kind))

    buckets = zip(steps or (), (steps or ())[1:], strict=False)
    return ColumnProfile(
        name=look.column.name,
        type_name=look.column.type_name,
        null_share=fact.nulls / fact.rows if fact.rows else 0.0,
        distinct=fact.distinct,
        minimum=told(fact.minimum),
        maximum=told(fact.maximum),
        top=tuple(TopValue(told(top.value) or "", top.share) for top in fact.top),
        histogram=tuple(Bucket(told(low) or "", told(high) or "", 1 / BUCKETS) for low, high in buckets),
        mean=None if kind or mean is None or not math.isfinite(mean) else mean,
        sensitive=str(kind) if kind else "",
    )


def _base_oid(catalog: Catalog, oid: int) -> int:
    type_ = catalog.types.get(oid)
    return _base_oid(catalog, type_.base_oid) if type_ is not None and type_.kind == "d" else oid


def _joins_of(catalog: Catalog, relation: Relation) -> list[InferredJoin]:
    return [join for join in catalog.inferred_joins if join.relation_oid == relation.oid]


async def _orphans(
    connection: AsyncConnection[Any], catalog: Catalog, source: sql.Composable, join: InferredJoin
) -> Finding | None:
    relation, target = catalog.relations[join.relation_oid], catalog.relations.get(join.foreign_oid)
    column = relation.column_at(join.column)
    key = target.column_at(join.foreign_column) if target else None
    if target is None or column is None or key is None or not key.selectable or not column.selectable:
        return None
    query = sql.SQL(
        "select count(*) filter (where not exists (select from {target} as t where t.{key} = v.value)), count(*)"
        " from (select s.{column} as value from {source} where s.{column} is not null limit {most}) as v"
    ).format(
        target=sql.Identifier(*target.name),
        key=sql.Identifier(key.name),
        column=sql.Identifier(column.name),
        source=source,
        most=sql.Literal(MOST_ROWS),
    )
    ((orphans, looked_at),) = await fetch(connection, query)
    return orphan_finding(column.name, str(target.name), orphans, looked_at)
