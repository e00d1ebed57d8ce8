"""A bounded, read-only look into tables: what samples, profiles, joins and values are read through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor, sql

from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.errors import TableUnreadable

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]
"""Lends a connection for the length of a ``with`` block, as ``AsyncConnectionPool.connection`` does."""
Row = tuple[Any, ...]

READABLE_KINDS = {"r": "table", "p": "partitioned table", "m": "materialized view"}
"""What runs no query of its own when it is read. A view or a foreign table may run anything."""
UNREADABLE = (
    psycopg.errors.QueryCanceled,
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.ObjectNotInPrerequisiteState,  # a materialized view that was never filled
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
)
"""Why one table among many cannot be looked into: no rights, locked, too slow, or gone since the catalog was read."""
SEED = 20
"""Of TABLESAMPLE … REPEATABLE: two looks at an unchanged table draw the same rows."""
ROWS_PER_PAGE = 50
"""Assumed where a table was never analyzed."""


class Looker:
    """Lends transactions that can only read, for a limited time, and in which no row-level policy runs."""

    def __init__(self, connection: AsyncConnection[Any] | Connect, *, milliseconds: int = 10_000) -> None:
        self._connection = connection
        self._milliseconds = milliseconds

    def lend(self) -> AbstractAsyncContextManager[AsyncConnection[Any]]:
        """The connection itself, outside a transaction."""
        return nullcontext(self._connection) if isinstance(self._connection, AsyncConnection) else self._connection()

    @asynccontextmanager
    async def look(self, milliseconds: int | None = None) -> AsyncIterator[AsyncConnection[Any]]:
        """A transaction. ``row_security=off``: a protected table fails instead of running its policies' functions."""
        async with self.lend() as connection, connection.transaction(force_rollback=True):
            await connection.execute("set transaction read only", prepare=False)
            await connection.execute(
                "select set_config('statement_timeout', %s, true), set_config('lock_timeout', '1000', true),"
                " set_config('row_security', 'off', true), set_config('search_path', 'pg_catalog', true),"
                " set_config('jit', 'off', true)",
                [str(milliseconds or self._milliseconds)],
                prepare=False,
            )
            yield connection


async def fetch(
    connection: AsyncConnection[Any], query: sql.SQL | sql.Composed, parameters: list[object] | None = None
) -> list[Row]:
    """All rows of one composed query, unprepared, so that it works through a pooler."""
    cursor: AsyncCursor[Row] = await connection.execute(query, parameters, prepare=False)
    return await cursor.fetchall()


@asynccontextmanager
async def readable(relation: Relation) -> AsyncIterator[None]:
    """Refuses what must not be read here, and tells the server's refusals in our words."""
    if relation.kind not in READABLE_KINDS:
        raise TableUnreadable(
            f"{relation.name} cannot be looked into.",
            why="It is no table: reading it would run a query of its own.",
            not_done="Nothing was read.",
            next_step="Ask for its rows with a query, which is judged first.",
        )
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise TableUnreadable(
            f"{relation.name} cannot be looked into.",
            why="The database role lacks the right, or row-level security hides part of the rows from it.",
            not_done="Nothing was read.",
            next_step="Grant SELECT to the role, or ask for the rows with a query.",
        ) from error
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable) as error:
        raise TableUnreadable(
            f"Looking into {relation.name} took too long.",
            why="The time limit of a look was reached, or someone holds a lock on it.",
            not_done="The rest was not read.",
            next_step="Try again when the server is less busy.",
        ) from error
    except psycopg.errors.ObjectNotInPrerequisiteState as error:
        raise TableUnreadable(
            f"{relation.name} cannot be looked into.",
            why="The materialized view has never been filled.",
            not_done="Nothing was read.",
            next_step="Have it refreshed first.",
        ) from error


def table(relation: Relation) -> sql.Identifier:
    return sql.Identifier(relation.name.schema, relation.name.name)


def known_rows(relation: Relation, catalog: Catalog | None = None) -> float:
    """Rows as far as known, partitions added up; a guess from the size where nobody analyzed; -1 when unknown."""
    leaves = [leaf for leaf in _leaves(relation, catalog) if leaf.kind != "p"]
    known = [leaf.estimated_rows if leaf.estimated_rows >= 0 else leaf.pages * ROWS_PER_PAGE for leaf in leaves]
    if all(leaf.estimated_rows < 0 and not leaf.pages for leaf in leaves):
        return -1.0
    return sum(known)


def _leaves(relation: Relation, catalog: Catalog | None) -> list[Relation]:
    if catalog is None or relation.oid not in catalog.relations:
        return [relation]
    return list(catalog.partition_tree(relation.oid))


def drawn_from(relation: Relation, pages: float, wanted_pages: float) -> sql.Composable:
    """``table as s``, or so many of its pages drawn at random."""
    if pages <= wanted_pages:
        return sql.SQL("{} as s").format(table(relation))
    percent = min(100.0, max(0.0001, 100.0 * wanted_pages / pages))
    return sql.SQL("{} as s tablesample system ({}) repeatable ({})").format(
        table(relation), sql.Literal(round(percent, 6)), sql.Literal(SEED)
    )


async def pages_now(connection: AsyncConnection[Any], relation: Relation) -> int:
    """Pages of the table at this moment, partitions included: no statistics needed."""
    rows = await fetch(
        connection,
        sql.SQL(
            "select coalesce(sum(pg_relation_size(relid)) / current_setting('block_size')::int, 0)::bigint"
            " from pg_partition_tree(%s::oid::regclass)"
        ),
        [relation.oid],
    )
    pages = int(rows[0][0])
    if pages or relation.kind == "p":
        return pages
    size = sql.SQL("select pg_relation_size(%s::oid::regclass) / current_setting('block_size')::int")
    return int((await fetch(connection, size, [relation.oid]))[0][0] or 0)
