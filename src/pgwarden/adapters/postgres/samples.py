"""Representative rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection, sql

from pgwarden.adapters.postgres.looking import Looker, drawn_from, fetch, known_rows, pages_now, readable, table
from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.domain.profile import Sample

CELL = 200
"""Characters kept of a value."""
MOST_ROWS = 1000
WANTED_PAGES = 400
"""Pages drawn from a big table, to choose rows from."""
MOST_DRAWN = 20_000


async def sample(looker: Looker, catalog: Catalog, relation: Relation, rows: int) -> Sample:
    """Up to ``rows`` rows: all of a small table; of a big one a random part in which no common kind of row is missing.

    Raises TableUnreadable for what is no table, is protected by row-level security or takes too long.
    """
    limit = max(0, min(rows, MOST_ROWS))
    columns = [column for column in relation.columns if column.selectable]
    async with readable(relation), looker.look() as connection:
        pages = await pages_now(connection, relation)
        whole = len(columns) == len(relation.columns)
        stratum = await _stratum(connection, catalog, relation) if whole else None
        cells = sql.SQL(", ").join(_cell(column.name) for column in columns)
        source = drawn_from(relation, pages, WANTED_PAGES)
        if whole:
            found = await _draw(connection, relation, source, stratum, cells, limit)
        else:
            found = await _draw_columns(connection, source, columns, limit)
        if not found and pages > WANTED_PAGES:  # the drawn pages were empty
            query = sql.SQL("select {} from {} as t limit %s").format(cells, table(relation))
            found = await fetch(connection, query, [limit])
    told = "all rows" if len(found) < limit and pages <= WANTED_PAGES else _method(pages, stratum)
    return Sample(tuple(c.name for c in columns), tuple(found), told, known_rows(relation, catalog))


def _method(pages: int, stratum: str | None) -> str:
    drawn = "random rows" if pages <= WANTED_PAGES else f"random rows of about {WANTED_PAGES} random pages"
    return f"{drawn}, every {stratum} in its share and at least once" if stratum else drawn


async def _draw(
    connection: AsyncConnection[Any],
    relation: Relation,
    source: sql.Composable,
    stratum: str | None,
    cells: sql.Composable,
    limit: int,
) -> list[tuple[Any, ...]]:
    """Rows are chosen by their place first, so that wide values are read for the chosen few only."""
    query = sql.SQL(
        "with drawn as (select s.tableoid as part, s.ctid as place, {stratum} as stratum, random() as lot"
        " from {source} limit {most}),"
        " ranked as (select part, place, lot, row_number() over same as rank, count(*) over (partition by stratum)"
        " as size from drawn window same as (partition by stratum order by lot)),"
        " chosen as materialized (select part, place, rank, size from ranked"
        " order by rank = 1 desc, (rank - 0.5) / size, lot limit %s)"
        " select {cells} from {table} as t join chosen on t.ctid = chosen.place and t.tableoid = chosen.part"
        " order by chosen.rank = 1 desc, (chosen.rank - 0.5) / chosen.size"
    ).format(
        stratum=sql.SQL("s.{}::text").format(sql.Identifier(stratum)) if stratum else sql.SQL("null::text"),
        source=source,
        most=sql.Literal(MOST_DRAWN),
        cells=cells,
        table=table(relation),
    )
    return await fetch(connection, query, [limit])


async def _draw_columns(
    connection: AsyncConnection[Any], source: sql.Composable, columns: Sequence[Column], limit: int
) -> list[tuple[Any, ...]]:
    """Where single columns are granted: rows have no place that the role may know, so all of them are shuffled."""
    cells = sql.SQL(", ").join(_cell(column.name, "s") for column in columns)
    query = sql.SQL("select {cells} from {source} order by random() limit %s").format(cells=cells, source=source)
    return await fetch(connection, query, [limit])


def _cell(name: str, alias: str = "t") -> sql.Composable:
    """A value as text of bounded length; a cut one ends in an ellipsis."""
    column = sql.Identifier(alias, name)
    return sql.SQL("case when length({c}::text) > {n} then left({c}::text, {n}) || '…' else {c}::text end").format(
        c=column, n=sql.Literal(CELL)
    )


async def _stratum(connection: AsyncConnection[Any], catalog: Catalog, relation: Relation) -> str | None:
    """A column that sorts rows into a few kinds: an enum or a short text, by the planner's statistics."""
    query = sql.SQL(
        "select attname::text, avg_width from pg_stats where schemaname = %s and tablename = %s"
        " and n_distinct between 2 and 20 and null_frac < 0.5 and avg_width <= 16 order by avg_width, attname"
    )
    rows = await fetch(connection, query, [relation.name.schema, relation.name.name])
    few = [column for name, _ in rows if (column := relation.column(name)) and column.selectable]
    kinds = {column.name: type_ for column in few if (type_ := catalog.types.get(column.type_oid))}
    enums = [name for name, type_ in kinds.items() if type_.kind == "e"]
    texts = [name for name, type_ in kinds.items() if type_.category == "S"]
    return next(iter([*enums, *texts]), None)
