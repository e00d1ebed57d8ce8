"""Reads one database's structure by a handful of bulk queries on the system catalogs."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor, pq

from pgwarden.adapters.postgres.catalog_build import IN_ARRAYS, Builtins, Gathering, Session, assemble, build_builtins
from pgwarden.adapters.postgres.catalog_objects import Row
from pgwarden.adapters.postgres.looking import Connect
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.adapters.postgres.traced import TracedCursor
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import CatalogUnreadable, UnsupportedServer

FIRST_USER_OID = 16384
LAST_OID = 2**32 - 1
BUILTIN_QUERIES = ("types", "functions", "aggregates", "operators", "casts", "views")
"""Queries asked for objects of the server and of users apart."""
USER_QUERIES = (
    "namespaces",
    "roles",
    "relations",
    "columns",
    "defaults",
    "comments",
    "indexes",
    "column_types",
    "constraints",
    "constraint_definitions",
    "index_definitions",
    "versions",
    "ranges",
    "enums",
    "domain_checks",
    "opclass_support",
    "statistics_expressions",
    "types",
    "extension_members",
    "aggregates",
    "functions",
    "operators",
    "casts",
    "views",
    "triggers",
    "rules",
    "policies",
    "inheritance",
    "foreign_tables",
    "publications",
)
"""In the order that `Gathering.take` needs. The server works on one while Python builds from the one before."""
AHEAD = 3
"""Queries that are with the server while Python waits for one. ``column_types`` and ``index_definitions`` ask for what
``columns`` and ``indexes`` named, and stand so far behind these that they are sent after them."""
ATTEMPTS = 3
"""Reads in a row that may meet objects dropped half-way (pg_get_* look past the snapshot) before giving up."""
VANISHED = (
    psycopg.errors.InternalError,  # "cache lookup failed for …"
    psycopg.errors.UndefinedObject,
    psycopg.errors.UndefinedTable,
)

_builtins: dict[tuple[object, ...], Builtins] = {}
"""What came with a server, by version, role and digest: 3,300 functions that are the same in most databases."""


class PostgresCatalogReader:
    """Reads the catalog of the database behind a connection, or behind a factory that lends connections.

    The connection must be outside a transaction; it is left outside one.
    """

    def __init__(self, connection: AsyncConnection[Any] | Connect) -> None:
        self._connection = connection

    async def read(self) -> Catalog:
        """The whole structure, from one snapshot.

        Raises CatalogUnreadable when objects keep vanishing while they are read, UnsupportedServer below
        PostgreSQL 14, and psycopg's errors when the connection fails.
        """
        async with self._lend() as connection:
            cause: psycopg.Error | None = None
            for _ in range(ATTEMPTS):
                try:
                    with _without_garbage_collection():
                        async with connection.transaction():
                            return await _read(connection)
                except VANISHED as error:
                    cause = error
        raise CatalogUnreadable(
            "The structure of the database could not be read.",
            why="Objects were dropped while they were being read, several times in a row.",
            not_done="Nothing was run.",
            next_step="Try again when the migration that runs now is over.",
        ) from cause

    async def fingerprint(self) -> str:
        """A hash over the versions of all catalog rows that matter: 'may have changed' (never a proof)."""
        async with self._lend() as connection:
            queries = named_queries("catalog.sql", _major(connection))
            cursor = await connection.execute(queries["fingerprint"], prepare=False)
            row = await cursor.fetchone()
            assert row is not None
            return f"{row[0]}.{row[1]}"

    def _lend(self) -> AbstractAsyncContextManager[AsyncConnection[Any]]:
        if isinstance(self._connection, AsyncConnection):
            return nullcontext(self._connection)
        return self._connection()


def read_catalog(conninfo: str) -> Catalog:
    """The catalog behind a connection string, for tests, scripts and benchmarks; not to be called in an event loop."""

    async def read() -> Catalog:
        async with await AsyncConnection.connect(conninfo, autocommit=True, cursor_factory=TracedCursor) as connection:
            return await PostgresCatalogReader(connection).read()

    return asyncio.run(read())


async def _read(connection: AsyncConnection[Any]) -> Catalog:
    await connection.execute("set transaction isolation level repeatable read, read only", prepare=False)
    async with _asking(connection, ("session", "settle", "builtin_key"), {}) as cursors:
        ((database, database_oid, role, search_path, superuser),) = await cursors["session"].fetchall()
        (builtin_key,) = await cursors["builtin_key"].fetchall()
    version = connection.info.server_version
    key = (version, role, superuser, *builtin_key)
    builtins = _builtins.get(key)
    if builtins is None:
        below = {"superuser": superuser, "first": 0, "last": FIRST_USER_OID - 1}
        async with _asking(connection, (*BUILTIN_QUERIES, "namespaces", "roles", "ranges"), below) as cursors:
            builtins = _builtins[key] = build_builtins({n: await _rows(n, cursor) for n, cursor in cursors.items()})
    above = {"superuser": superuser, "first": FIRST_USER_OID, "last": LAST_OID}
    parts = Gathering()
    sent: dict[str, AsyncCursor[Row]] = {}
    async with connection.pipeline():
        for place, name in enumerate(USER_QUERIES):
            due = USER_QUERIES[len(sent) : place + 1 + AHEAD]
            sent |= await _ask(connection, due, above | parts.asked_for)
            parts.take(name, await _rows(name, sent[name]))
    session = Session(database, database_oid, version, role, tuple(search_path))
    return assemble(session, parts, builtins)


@asynccontextmanager
async def _asking(
    connection: AsyncConnection[Any], names: Sequence[str], parameters: Mapping[str, object]
) -> AsyncIterator[dict[str, AsyncCursor[Row]]]:
    """Cursors of named queries that were sent in one go: the server works on the next while Python takes the last."""
    async with connection.pipeline():
        yield await _ask(connection, names, parameters)


async def _ask(
    connection: AsyncConnection[Any], names: Sequence[str], parameters: Mapping[str, object]
) -> dict[str, AsyncCursor[Row]]:
    queries = named_queries("catalog.sql", _major(connection))
    cursors = {}
    for name in names:
        query = queries[name]
        wanted = {key: value for key, value in parameters.items() if f"%({key})s".encode() in query}
        cursors[name] = await connection.cursor(binary=True).execute(query, wanted or None, prepare=False)
    return cursors


async def _rows(name: str, cursor: AsyncCursor[Row]) -> list[Any]:
    """The rows of a result, or its columns where it travels in arrays."""
    rows = await cursor.fetchall()
    if name not in IN_ARRAYS:
        return rows
    (arrays,) = rows
    return [array or [] for array in arrays]


def _major(connection: AsyncConnection[Any]) -> int:
    version = connection.info.server_version
    if connection.pgconn.status != pq.ConnStatus.OK or version < 140000:
        raise UnsupportedServer(
            f"The server reports version {version}.",
            why="pgwarden knows the catalogs of PostgreSQL 14 and later.",
            not_done="The structure was not read.",
            next_step="Upgrade the server to a supported version.",
        )
    return version // 10000


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Hundreds of thousands of new tuples hold no cycle; looking for one again and again costs a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():  # by nobody else
                gc.freeze()
                gc.unfreeze()  # all that is new counts as old now: no look through it before the next full one
            gc.enable()
