"""What a target's server counts of everybody's statements: time by shape, and waits for locks."""

from __future__ import annotations

import asyncio

import psycopg

from pgwarden.adapters.postgres.pool import TargetPool
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.errors import ConnectionFailed, PgwardenError
from pgwarden.domain.slow_report import SERVER, SlowLine
from pgwarden.sql.shape import normalised

SECONDS = 5.0
"""How long the server may take to tell."""
OLDEST_MAJOR = 14
HINT = "run there: create extension pg_stat_statements, with the library in shared_preload_libraries"


class PostgresStatementStatistics:
    """``ports.StatementStatistics`` of one target."""

    def __init__(self, pool: TargetPool) -> None:
        self._pool = pool

    async def slowest(self, *, limit: int) -> tuple[SlowLine, ...] | str:
        name = self._pool.database.name
        try:
            async with asyncio.timeout(SECONDS), self._pool.monitor() as connection:
                schema = await (await connection.execute(_query("statistics_schema"))).fetchone()
                if schema is None:
                    return f"pg_stat_statements is not there; {HINT}"
                text = _query("slowest").replace(b"SCHEMA", str(schema[0]).encode())
                rows = await (await connection.execute(text, {"limit": limit})).fetchall()
        except psycopg.errors.InsufficientPrivilege:
            return "the role may not read pg_stat_statements; grant pg_read_all_stats to it"
        except psycopg.errors.ObjectNotInPrerequisiteState:
            return f"pg_stat_statements is not loaded; {HINT}"
        except (TimeoutError, psycopg.Error, PgwardenError):
            return "the server did not tell in time"
        found = ((normalised(query), rest) for query, *rest in rows)
        return tuple(SlowLine(shape, name, SERVER, *rest) for shape, rest in found if shape)

    async def lock_wait(self) -> float:
        try:
            async with asyncio.timeout(SECONDS), self._pool.monitor() as connection:
                row = await (await connection.execute(_query("lock_wait"))).fetchone()
        except (TimeoutError, psycopg.Error):
            name = self._pool.database.name
            raise ConnectionFailed(f"{name} did not tell who waits for locks.", not_done="Nothing was noted.") from None
        return float(row[0]) if row else 0.0


def _query(name: str) -> bytes:
    return named_queries("target.sql", OLDEST_MAJOR)[name]
