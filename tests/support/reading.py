"""What tests of reads share: a runner on a pool, and verdicts as if the statement had been judged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg

from pgwarden.adapters.postgres.connect import target
from pgwarden.adapters.postgres.pool import TargetPool
from pgwarden.adapters.postgres.runner import PostgresReadRunner
from pgwarden.domain.statement import Decision, OutputColumn, StatementKind, Verdict

FETCHING = "state = 'active' and query like 'fetch%' and datname = current_database()"
"""A read at work, as pg_stat_activity shows it: its statement runs inside FETCH."""


def allowed(sql: str, kind: StatementKind = StatementKind.SELECT, *, outputs: int = 0) -> Verdict:
    """A verdict that lets the statement through, so that the runner's own fences are seen."""
    return Verdict(sql, kind, Decision.ALLOW, outputs=tuple(OutputColumn(f"c{i}", 0) for i in range(outputs)))


@asynccontextmanager
async def pool_on(conninfo: str, *, size: int = 10, wait_seconds: float = 10.0) -> AsyncIterator[TargetPool]:
    pool = TargetPool(target("tested", conninfo), size=size, wait_seconds=wait_seconds)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def runner_on(conninfo: str) -> AsyncIterator[PostgresReadRunner]:
    async with pool_on(conninfo) as pool:
        yield PostgresReadRunner(pool)


def prepare(conninfo: str, *statements: str) -> None:
    """Run statements as the superuser of the test."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


async def until(condition: Callable[[], bool]) -> None:
    """Wait for another process; the test fails by its own means when that takes ten seconds."""
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit, "it did not happen in ten seconds"
        await asyncio.sleep(0.01)


def running(conninfo: str) -> int:
    """How many reads run in a database; the server shows the FETCH that a statement runs in."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(f"select count(*) from pg_stat_activity where {FETCHING}".encode()).fetchone()
    assert row is not None
    return int(row[0])
