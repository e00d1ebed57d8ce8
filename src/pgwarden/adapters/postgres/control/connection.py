"""How the stores reach the control database: one transaction a call, and its failures in pgwarden's words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.errors import ControlDatabaseUnavailable

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
        kwargs={"prepare_threshold": None, "application_name": "pgwarden", "connect_timeout": 10},
        check=AsyncConnectionPool.check_connection,
    )


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction that commits at the end of the block. Raises ``ControlDatabaseUnavailable``."""
    try:
        async with pool.connection() as connection, connection.transaction():
            yield connection
    except psycopg.OperationalError as error:  # the pool's own timeout is one, too
        raise unavailable(error) from error
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
