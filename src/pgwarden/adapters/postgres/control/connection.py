"""How the stores reach the control database: one transaction a call, and its failures in pgwarden's words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from pgwarden.adapters.postgres.connect import ENCODING, iso_dates
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.adapters.postgres.traced import TracedControlCursor
from pgwarden.domain.errors import ControlDatabaseUnavailable, InputInvalid

Connection: TypeAlias = AsyncConnection[tuple[Any, ...]]
Pool: TypeAlias = AsyncConnectionPool[Connection]

OLDEST_MAJOR = 14
"""The oldest PostgreSQL that may hold the control database."""


def query(name: str) -> bytes:
    """One of the stores' queries; they are written to run unchanged on every supported version."""
    return named_queries("control.sql", OLDEST_MAJOR)[name]


def control_pool(conninfo: str, *, size: int = 4, wait_seconds: float = 10.0) -> Pool:
    """A pool for the stores, not opened yet. Assumes no session state, so a PgBouncer may stand in between."""
    return AsyncConnectionPool(
        conninfo,
        min_size=1,
        max_size=size,
        timeout=wait_seconds,
        open=False,
        name="control",
        configure=iso_dates,
        kwargs={
            **ENCODING,
            "autocommit": True,
            "prepare_threshold": None,
            "application_name": "pgwarden",
            "connect_timeout": 10,
            "cursor_factory": TracedControlCursor,
        },
    )


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction that commits at the end of the block. Raises ``ControlDatabaseUnavailable``."""
    with told():
        async with AsyncExitStack() as stack:
            yield await _usable(pool, _begin, stack)


async def rows(pool: Pool, name: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
    """The rows of one named query that only reads. As ``selected``."""
    return await selected(pool, query(name), parameters)


async def selected(pool: Pool, sql: bytes, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
    """The rows of one query that only reads, in one round trip. Raises ``ControlDatabaseUnavailable``."""
    found: list[tuple[Any, ...]] = []

    async def fetch(connection: Connection, _stack: AsyncExitStack) -> None:
        found[:] = await (await connection.execute(sql, parameters)).fetchall()

    with told():
        async with AsyncExitStack() as stack:
            await _usable(pool, fetch, stack)
    return found


@asynccontextmanager
async def connected(pool: Pool, first: Callable[[Connection], Awaitable[None]]) -> AsyncIterator[Connection]:
    """A connection after ``first``, which writes nothing: where a connection had died in the pool, it is run again.

    What the block leaves open is rolled back. Raises ``ControlDatabaseUnavailable``.
    """

    async def step(connection: Connection, _stack: AsyncExitStack) -> None:
        await first(connection)

    with told():
        async with AsyncExitStack() as stack:
            yield await _usable(pool, step, stack)


async def _begin(connection: Connection, stack: AsyncExitStack) -> None:
    await stack.enter_async_context(connection.transaction())


async def _usable(
    pool: Pool, first: Callable[[Connection, AsyncExitStack], Awaitable[None]], stack: AsyncExitStack
) -> Connection:
    """A connection, after its first step, which shows whether it still lives; the stack gives it back.

    Connections that died in the pool are thrown away for others. So none has to be asked beforehand, which would cost
    a round trip every time.
    """
    for attempt in range(pool.max_size + 1):
        connection = await pool.getconn()
        async with AsyncExitStack() as returning:
            returning.push_async_callback(pool.putconn, connection)
            try:
                await first(connection, returning)
            except psycopg.OperationalError:
                if not connection.closed or attempt == pool.max_size:
                    raise
                continue
            stack.push_async_exit(returning.pop_all())
            return connection
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def told() -> Iterator[None]:
    """What psycopg says, in pgwarden's words."""
    try:
        yield
    except psycopg.OperationalError as error:  # the pool's own timeout is one, too
        raise unavailable(error) from error
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise ControlDatabaseUnavailable(
            "A part of the control database is missing.",
            why=_first_line(error),
            not_done="Nothing was changed in it.",
            next_step="Restore it from a backup: pgwarden restore FILE",
        ) from error
    except psycopg.DataError as error:
        if error.sqlstate is not None:
            raise
        raise InputInvalid(  # psycopg's own refusal, before anything was sent
            "A text holds a character that cannot be stored.",
            why=_first_line(error),
            not_done="Nothing was changed.",
            next_step="Remove that character.",
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise ControlDatabaseUnavailable(
            "The control database does not let pgwarden in.",
            why=_first_line(error),
            not_done="Nothing was changed in it.",
            next_step="Use the role that owns the schema pgwarden_control; a new control database needs "
            "grant create on database … to that role.",
        ) from error


def unavailable(error: psycopg.OperationalError) -> ControlDatabaseUnavailable:
    """What to tell when the server does not answer, or not as it should."""
    return ControlDatabaseUnavailable(
        "The control database could not be used.",
        why=_first_line(error),
        not_done="Nothing was changed in it.",
        next_step="Check that it runs and that PGWARDEN_CONTROL_URL points at it.",
    )


def _first_line(error: psycopg.Error) -> str:
    return str(error).partition("\n")[0].strip() + "."
