"""Samples the values of text columns, for linking the words of a question to them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from psycopg import AsyncConnection, sql

from pgwarden.adapters.postgres.looking import UNREADABLE, Looker, drawn_from, fetch, pages_now
from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.domain.sensitive import is_sensitive, kind_of_values
from pgwarden.domain.value_index import SampledValues

VALUES_PER_COLUMN = 300
LONGEST_VALUE = 100
WANTED_PAGES = 60
MOST_DRAWN = 5_000
MILLISECONDS_EACH = 1_000
Place = tuple[int, int]


async def sampled_values(looker: Looker, catalog: Catalog, *, seconds: float = 4.0) -> SampledValues:
    """Common and sampled values of text and enum columns, at most 300 each; none of sensitive columns.

    The server's statistics come first, in one query; then tables are sampled for at most ``seconds``, the biggest
    last. Tables that cannot be read are left out.
    """
    found: dict[Place, dict[str, None]] = {place: dict.fromkeys(v) for place, v in _labels(catalog)}
    texts = {r.oid: columns for r in _tables(catalog) if (columns := _text_columns(catalog, r))}
    async with looker.look() as connection:
        for place, values in await _common(connection, texts):
            found.setdefault(place, {}).update(dict.fromkeys(values))
    until = time.monotonic() + seconds
    for relation in sorted((catalog.relations[oid] for oid in texts), key=lambda r: r.pages):
        if time.monotonic() > until:
            break
        for place, value in await _sampled(looker, relation, texts[relation.oid]):
            values_of = found.setdefault(place, {})
            if len(values_of) < VALUES_PER_COLUMN:
                values_of[value] = None
    return SampledValues({place: tuple(values) for place, values in found.items() if not kind_of_values(values)})


def _tables(catalog: Catalog) -> Iterable[Relation]:
    return (r for r in catalog.user_relations if r.kind in "rpm" and not r.partition_of and r.selectable)


def _text_columns(catalog: Catalog, relation: Relation) -> tuple[Column, ...]:
    return tuple(
        column
        for column in relation.columns
        if column.selectable and _holds_text(catalog, column.type_oid) and not is_sensitive(relation, column)
    )


def _holds_text(catalog: Catalog, oid: int) -> bool:
    type_ = catalog.types.get(oid)
    if type_ is not None and type_.kind == "d":
        return _holds_text(catalog, type_.base_oid)
    return type_ is not None and type_.kind == "b" and type_.category == "S"


def _labels(catalog: Catalog) -> Iterable[tuple[Place, tuple[str, ...]]]:
    """Enums name their values themselves."""
    for relation in _tables(catalog):
        for column in relation.columns:
            type_ = catalog.types.get(column.type_oid)
            if type_ is not None and type_.labels:
                yield (relation.oid, column.number), type_.labels


async def _common(
    connection: AsyncConnection[Any], texts: dict[int, tuple[Column, ...]]
) -> list[tuple[Place, list[str]]]:
    """Most common values from the statistics that ANALYZE keeps."""
    query = sql.SQL(
        "select c.oid, a.attnum, s.most_common_vals::text::text[]"
        " from pg_stats as s join pg_namespace as n on n.nspname = s.schemaname"
        " join pg_class as c on c.relnamespace = n.oid and c.relname = s.tablename"
        " join pg_attribute as a on a.attrelid = c.oid and a.attname = s.attname"
        " where c.oid = any(%s::oid[]) and s.most_common_vals is not null"
    )
    known = {(oid, column.number) for oid, columns in texts.items() for column in columns}
    rows = await fetch(connection, query, [list(texts)])
    return [
        ((oid, number), [value for value in values if value and len(value) <= LONGEST_VALUE])
        for oid, number, values in rows
        if (oid, number) in known
    ]


async def _sampled(looker: Looker, relation: Relation, columns: tuple[Column, ...]) -> list[tuple[Place, str]]:
    """Distinct values of one table's columns, in one query."""
    try:
        async with looker.look(MILLISECONDS_EACH) as connection:
            source = drawn_from(relation, await pages_now(connection, relation), WANTED_PAGES)
            rows = await fetch(connection, _distinct(source, columns))
    except UNREADABLE:
        return []
    return [((relation.oid, number), value) for number, value in rows]


def _distinct(source: sql.Composable, columns: tuple[Column, ...]) -> sql.Composed:
    drawn = sql.SQL("with drawn as materialized (select {} from {} limit {}) ").format(
        sql.SQL(", ").join(sql.Identifier("s", column.name) for column in columns), source, sql.Literal(MOST_DRAWN)
    )
    part = sql.SQL(
        "(select {number}, {column}::text from drawn where length({column}::text) between 1 and {longest}"
        " group by 2 order by count(*) desc, 2 limit {most})"
    )
    parts = [
        part.format(
            number=sql.Literal(column.number),
            column=sql.Identifier(column.name),
            longest=sql.Literal(LONGEST_VALUE),
            most=sql.Literal(VALUES_PER_COLUMN),
        )
        for column in columns
    ]
    return drawn + sql.SQL(" union all ").join(parts)
