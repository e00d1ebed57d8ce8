"""Opening the control database: reached, brought up to date, ready for the stores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict

from pgwarden.adapters.postgres.control.connection import Pool, control_pool, unavailable
from pgwarden.adapters.postgres.control.migrate import migrate
from pgwarden.domain.errors import SettingsError


@asynccontextmanager
async def control_database(conninfo: str, *, size: int = 4) -> AsyncIterator[Pool]:
    """The stores' pool for the time of the block, on a migrated database.

    Raises ``SettingsError`` (malformed address), ``ControlDatabaseUnavailable``, ``ControlDatabaseOutdated``.
    """
    _require_well_formed(conninfo)
    await _require_answer(conninfo)
    async with control_pool(conninfo, size=size) as pool:
        await migrate(pool)
        yield pool


def _require_well_formed(conninfo: str) -> None:
    try:
        conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        # libpq quotes the part it stumbled over, which may be a piece of a password: its words are not passed on.
        raise SettingsError(
            "The address of the control database is malformed.",
            why="libpq cannot read it as a URL or as key=value pairs.",
            not_done="Nothing was started.",
            next_step="Correct PGWARDEN_CONTROL_URL; characters such as @, / and % in a URL are written %40, %2F, %25.",
        ) from None


async def _require_answer(conninfo: str) -> None:
    """One plain connection first: a pool would keep trying, and in the end know only that it took too long."""
    try:
        connection = await AsyncConnection.connect(conninfo, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise unavailable(error) from error
    await connection.close()
