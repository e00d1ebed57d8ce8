"""Reads one database's structure by a handful of bulk queries on the system catalogs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import psycopg
from psycopg import AsyncConnection, pq

from pgwarden.adapters.postgres.catalog_build import Builtins, Rows, build_builtins, build_catalog
from pgwarden.adapters.postgres.catalog_recheck import touched_digests_of_all
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import CatalogUnreadable, UnsupportedServer

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]
"""Lends a connection for the length of a ``with`` block, as ``AsyncConnectionPool.connection`` does."""

FIRST_USER_OID = 16384
LAST_OID = 2**32 - 1
BUILTIN_QUERIES = ("types", "functions", "aggregates", "operators", "casts", "views")
"""Queries asked for objects of the server and of users apart."""
SHARED_QUERIES = (
    "namespaces",
    "roles",
    "relations",
    "sizes",
    "columns",
    "column_types",
    "defaults",
    "column_rights",
    "comments",
    "constraints",
    "indexes",
    "triggers",
    "rules",
    "policies",
    "inheritance",
    "foreign_tables",
    "extension_members",
    "publications",
    "ranges",
    "enums",
    "domain_checks",
    "touched",
)
ATTEMPTS = 3
"""Reads in a row that may meet objects dropped half-way (pg_get_* sees newer rows than the snapshot) before giving up."""
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
                    async with connection.transaction():
                        rows, builtins = await _read_rows(connection)
                except VANISHED as error:
                    cause = error
                    continue
                return build_catalog(rows, builtins)
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
        async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
            return await PostgresCatalogReader(connection).read()

    return asyncio.run(read())


async def _read_rows(connection: AsyncConnection[Any]) -> tuple[Rows, Builtins]:
    await connection.execute("set transaction isolation level repeatable read, read only", prepare=False)
    first = await _ask(connection, ("session", "settle", "builtin_key"), {})
    ((database, database_oid, role, search_path, superuser),) = first["session"]
    version = connection.info.server_version
    key = (version, role, superuser, *first["builtin_key"][0])
    builtins = _builtins.get(key)
    if builtins is None:
        below = {"superuser": superuser, "first": 0, "last": FIRST_USER_OID - 1}
        names = (*BUILTIN_QUERIES, "namespaces", "roles", "ranges")
        builtins = _builtins[key] = build_builtins(await _ask(connection, names, below))
    above = {"superuser": superuser, "first": FIRST_USER_OID, "last": LAST_OID}
    rows = await _ask(connection, BUILTIN_QUERIES + SHARED_QUERIES, above)
    return {**rows, "session": [(database, database_oid, role, search_path, version)]}, builtins


async def _ask(connection: AsyncConnection[Any], names: Sequence[str], parameters: Mapping[str, object]) -> Rows:
    """The rows of named queries, sent in one go: the server works on the next while C decodes the last."""
    queries = named_queries("catalog.sql", _major(connection))
    cursors = {}
    async with connection.pipeline():
        for name in names:
            query = touched_digests_of_all() if name == "touched" else queries[name]
            wanted = {key: value for key, value in parameters.items() if f"%({key})s".encode() in query}
            cursors[name] = await connection.cursor(binary=True).execute(query, wanted or None, prepare=False)
        return {name: await cursor.fetchall() for name, cursor in cursors.items()}


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
