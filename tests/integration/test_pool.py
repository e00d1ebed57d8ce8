"""The pool: bounded, patient for a while, and clean whatever was done to a session."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from tests.support.reading import allowed, pool_on, prepare
from tests.support.round_trips import round_trips

from pgwarden.adapters.postgres.connect import target
from pgwarden.adapters.postgres.pool import Pools, TargetPool
from pgwarden.adapters.postgres.runner import PostgresReadRunner
from pgwarden.domain.errors import ConnectionFailed, PoolExhausted
from pgwarden.domain.result import ReadLimits


async def backend(pool: TargetPool) -> int:
    async with pool.connection() as connection:
        return connection.info.backend_pid


def connections(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'pgwarden'"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_nothing_is_opened_before_the_first_use_and_one_place_is_kept(database: str) -> None:
    async with pool_on(database, size=3, wait_seconds=0.05) as pool:
        assert connections(database) == 0
        async with pool.connection(), pool.connection():
            with pytest.raises(PoolExhausted, match="tested"):
                await backend(pool)
            async with pool.monitor() as monitor:
                await monitor.execute("select 1")
            assert connections(database) == 3
        assert await backend(pool)
    assert connections(database) == 0


async def test_those_who_wait_get_their_turn(database: str) -> None:
    async with pool_on(database, size=4) as pool:
        runner = PostgresReadRunner(pool)
        reads = [runner.run(allowed(f"select {n}, pg_sleep(0.01)"), limits=ReadLimits()) for n in range(30)]
        assert [result.rows[0][0] for result in await asyncio.gather(*reads)] == list(range(30))
        assert connections(database) == 3


async def test_nothing_that_was_done_to_a_session_survives(database: str) -> None:
    async with pool_on(database, size=2) as pool:
        async with pool.connection() as connection:
            first = connection.info.backend_pid
            for statement in (
                "set work_mem = '77kB'",
                "create temp table left_over (id int)",
                "select pg_advisory_lock(7)",
                "prepare left_over as select 1",
                "listen left_over",
                "begin",
                "declare kept cursor with hold for select 1",
                "select set_config('search_path', 'pg_temp', false)",
            ):
                await connection.execute(statement.encode())
        async with pool.connection() as connection:
            assert connection.info.backend_pid == first
            cursor = await connection.execute(
                "select current_setting('work_mem'), to_regclass('left_over'),"
                " (select count(*) from pg_prepared_statements), (select count(*) from pg_listening_channels()),"
                " (select count(*) from pg_cursors),"
                " (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),"
                " current_setting('search_path')"
            )
            assert await cursor.fetchone() == ("4MB", None, 0, 0, 0, 0, '"$user", public')


async def test_what_a_read_does_to_its_session_does_not_survive_either(database: str) -> None:
    prepare(
        database,
        "create function sneaky() returns int language plpgsql as $$ begin"
        " perform pg_advisory_lock(8); execute 'prepare sneaked as select 1';"
        " perform set_config('work_mem', '77kB', false); return 1; end $$",
    )
    async with pool_on(database, size=2) as pool:
        runner = PostgresReadRunner(pool)
        looking = """select current_setting('work_mem') = '77kB',
            (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
            (select count(*) from pg_prepared_statements where name = 'sneaked'), pg_backend_pid()"""
        before = (await runner.run(allowed(looking), limits=ReadLimits())).rows
        await runner.run(allowed("select sneaky()"), limits=ReadLimits())
        assert (
            (await runner.run(allowed(looking), limits=ReadLimits())).rows == before == ((False, 0, 0, before[0][3]),)
        )


async def test_a_killed_idle_connection_is_not_lent(database: str) -> None:
    async with pool_on(database) as pool:
        first = await backend(pool)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("select pg_terminate_backend(%s, 5000)", (first,))
        second = await backend(pool)
        assert second != first


async def test_a_broken_connection_gives_its_place_back(pg18_url: str) -> None:
    async with round_trips(pg18_url) as proxy, pool_on(proxy.url, size=2) as pool:
        async with pool.connection() as connection:
            proxy.cut()
            with pytest.raises(psycopg.OperationalError):
                await connection.execute("select 1")
        assert await backend(pool)


async def test_an_unreachable_database_is_told_at_once_and_without_secrets(pg18_url: str) -> None:
    wrong = psycopg.conninfo.make_conninfo(pg18_url, password="not-the-password")
    closed = "postgresql://someone:not-the-password@127.0.0.1:1/nowhere"
    for conninfo in (wrong, closed):
        async with pool_on(conninfo, size=2) as pool:
            for _ in range(3):
                with pytest.raises(ConnectionFailed) as caught:
                    await backend(pool)
                assert "not-the-password" not in str(caught.value.to_dict())


async def test_a_changed_registration_gets_a_new_pool(pg18_url: str) -> None:
    pools = Pools(size=3)
    first = pools.of(target("shop", pg18_url))
    assert pools.of(target("shop", pg18_url)) is first
    await backend(first)
    second = pools.of(target("shop", pg18_url, notes="moved"))
    assert second is not first
    assert await backend(second)
    await pools.close()
    with pytest.raises(PoolExhausted):
        await backend(second)
