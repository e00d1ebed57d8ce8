"""Reads through a PgBouncer in transaction mode: the same fences, and nothing left in sessions that others get."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.support.pgbouncer import transaction_pooler
from tests.support.reading import allowed, pool_on, running, until
from tests.support.round_trips import round_trips

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.check import check_database
from pgwarden.adapters.postgres.connect import target
from pgwarden.adapters.postgres.runner import PostgresReadRunner
from pgwarden.domain.errors import ExecutionFailed, ExecutionTimeout
from pgwarden.domain.result import ReadLimits

pytestmark = pytest.mark.requires("pgbouncer")
LIMITS = ReadLimits()


@pytest.fixture
def pooled(database: str, run_directory: Path) -> Iterator[str]:
    with transaction_pooler(database, run_directory / f"pooler-{uuid.uuid4().hex[:8]}") as conninfo:
        yield conninfo


async def test_reads_hold_their_fences_and_leave_sessions_as_they_were(pooled: str) -> None:
    async with pool_on(pooled) as pool:
        runner = PostgresReadRunner(pool)
        looking = "select current_setting('transaction_read_only'), current_setting('statement_timeout'), 'text'"
        for _ in range(3):
            assert (await runner.run(allowed(looking), limits=LIMITS, expected={})).rows == (("on", "30s", "text"),)
            with pytest.raises(ExecutionFailed):
                await runner.run(allowed("select 1 / 0"), limits=LIMITS)
            with pytest.raises(ExecutionFailed):
                await runner.run(allowed("commit"), limits=LIMITS)
    with psycopg.connect(pooled, autocommit=True) as other:
        for _ in range(3):
            cursor = other.execute(
                "select current_setting('transaction_read_only'), current_setting('statement_timeout'),"
                " (select count(*) from pg_prepared_statements),"
                " (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())",
                prepare=False,
            )
            assert cursor.fetchone() == ("off", "0", 0, 0)


async def test_more_readers_than_server_connections(pooled: str) -> None:
    async with pool_on(pooled) as pool:
        runner = PostgresReadRunner(pool)
        reads = [runner.run(allowed(f"select {n}, 'x'"), limits=LIMITS) for n in range(40)]
        assert [result.rows[0][0] for result in await asyncio.gather(*reads)] == list(range(40))


async def test_two_round_trips_here_too(pooled: str) -> None:
    async with round_trips(pooled) as proxy, pool_on(proxy.url) as pool:
        runner = PostgresReadRunner(pool)
        await runner.run(allowed("select 1"), limits=LIMITS)
        before = proxy.count
        await runner.run(allowed("select 1"), limits=LIMITS, expected={})
        assert proxy.count - before == 2


async def test_time_limits_and_byte_caps_work(pooled: str) -> None:
    async with pool_on(pooled) as pool:
        runner = PostgresReadRunner(pool)
        with pytest.raises(ExecutionTimeout):
            await runner.run(allowed("select pg_sleep(60)"), limits=ReadLimits(seconds=0.1))
        sql = "select repeat('x', 10000) from generate_series(1, 10000)"
        result = await runner.run(allowed(sql), limits=ReadLimits(rows=10_000, total_bytes=100_000))
        assert (result.statistics.rows, result.statistics.truncated_bytes) == (10, True)
        assert (await runner.run(allowed("select 1"), limits=LIMITS)).rows == ((1,),)


async def test_a_cancelled_question_ends_on_the_server(pooled: str, database: str) -> None:
    async with pool_on(pooled) as pool:
        runner = PostgresReadRunner(pool)
        task = asyncio.create_task(runner.run(allowed("select pg_sleep(60)"), limits=LIMITS))
        await until(lambda: running(database) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: running(database) == 0)


async def test_the_catalog_is_read_and_the_check_sees_the_pooler(pooled: str) -> None:
    async with pool_on(pooled) as pool:
        catalog = await PostgresCatalogReader(pool.connection).read()
        assert catalog.relations
    found = await check_database(target("t", pooled))
    assert found.pooled
    assert "behind-a-proxy" in {finding.code for finding in found.findings}
