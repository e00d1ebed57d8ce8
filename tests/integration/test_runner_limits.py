"""Reads that want too much: too many rows, too wide values, too long, or nobody waits for them any more."""

from __future__ import annotations

import asyncio
import resource
import time

import psycopg
import pytest
from tests.support.reading import FETCHING, allowed, pool_on, prepare, runner_on, running, until
from tests.support.round_trips import round_trips

from pgwarden.adapters.postgres.runner import PostgresReadRunner
from pgwarden.domain.errors import ConnectionFailed, ExecutionCancelled, ExecutionFailed, ExecutionTimeout
from pgwarden.domain.result import ReadLimits, Result

MEGABYTE = 1024 * 1024


async def read(runner: PostgresReadRunner, sql: str, **limits: float) -> Result:
    return await runner.run(allowed(sql), limits=ReadLimits(**limits))  # type: ignore[arg-type]  # names are fields


async def test_more_rows_than_allowed(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        exactly = await read(runner, "select generate_series(1, 10)", rows=10)
        assert (exactly.statistics.rows, exactly.truncated) == (10, False)
        more = await read(runner, "select generate_series(1, 11)", rows=10)
        assert (more.statistics.rows, more.statistics.truncated_rows, more.rows[-1]) == (10, True, (10,))
        many = await read(runner, "select n, 'x' from generate_series(1, 5000000) as n", rows=1000)
        assert (many.statistics.rows, many.truncated) == (1000, True)


async def test_a_huge_cell_is_cut_on_the_server(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        huge = await read(runner, "select repeat('ä', 50000000), 1", cell_bytes=1001)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert huge.rows == (("ä" * 500 + "…", 1),)
        assert huge.statistics.truncated_cells == 1
        assert huge.truncated
        assert after - before < 50 * 1024  # kB


@pytest.mark.parametrize(
    ("expression", "shown", "cut"),
    [
        ("repeat('x', 101)", "x" * 100 + "…", True),
        ("repeat('x', 100)", "x" * 100, False),
        ("repeat('x', 101)::varchar", "x" * 100 + "…", True),
        ("repeat('x', 99)::varchar(200)", "x" * 99, False),
        ("repeat('x', 200)::char(200)", "x" * 100 + "…", True),
        ("repeat('x', 101)::bytea", b"x" * 100, True),
        ("repeat('x', 100)::bytea", b"x" * 100, False),
        ("to_jsonb(repeat('x', 200))", '"' + "x" * 99 + "…", True),
        ("array_fill(7, array[200])", "{" + "7," * 49 + "7" + "…", True),
        ("repeat('9', 200)::numeric", "9" * 100 + "…", True),
        ("('{\"a\":\"' || repeat('x', 200) || '\"}')::json", '{"a":"' + "x" * 94 + "…", True),
        ("row(repeat('x', 200))", "(" + "x" * 99 + "…", True),
        ("repeat('1', 200)::varbit", "1" * 100 + "…", True),
    ],
)
async def test_every_wide_type_is_cut_at_the_same_size(
    pg18_url: str, expression: str, shown: object, cut: bool
) -> None:
    async with runner_on(pg18_url) as runner:
        result = await read(runner, f"select 1, {expression} from generate_series(1, 2)", cell_bytes=100)
        assert [row[1] for row in result.rows] == [shown, shown]
        assert result.statistics.truncated_cells == (2 if cut else 0)


async def test_the_byte_cap_holds(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        sql = "select n, repeat('x', 50000) from generate_series(1, 1000) as n"
        result = await read(runner, sql, rows=1000, total_bytes=MEGABYTE)
        assert result.statistics.truncated_bytes
        assert MEGABYTE * 0.9 < result.statistics.bytes <= MEGABYTE
        assert sum(len(str(row[1])) for row in result.rows) <= MEGABYTE
        assert await read(runner, "select 1")
        columns = ", ".join(f"repeat('x', 20000) as c{i}" for i in range(100))
        wide = await read(runner, f"select {columns} from generate_series(1, 20)", total_bytes=MEGABYTE)
        assert wide.statistics.bytes <= MEGABYTE
        assert wide.statistics.rows >= 1


async def test_many_narrow_rows_come_whole(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        result = await read(runner, "select n from generate_series(1, 200000) as n", rows=200_000)
        assert (len(result.rows), result.rows[-1], result.truncated) == (200_000, (200_000,), False)
        wide = await read(runner, "select n::text, n::text, n::text from generate_series(1, 20000) as n", rows=20_000)
        assert (len(wide.rows), wide.rows[-1][2], wide.truncated) == (20_000, "20000", False)


async def test_the_time_limit_holds_on_the_server(database: str) -> None:
    async with runner_on(database) as runner:
        started = time.monotonic()
        with pytest.raises(ExecutionTimeout, match=r"0\.2 seconds"):
            await read(runner, "select count(*) from generate_series(1, 1e9)", seconds=0.2)
        assert time.monotonic() - started < 5
        assert running(database) == 0
        assert (await read(runner, "select 1")).rows == ((1,),)


async def test_a_lock_is_not_waited_for_long(database: str) -> None:
    prepare(database, "create table held (id int)")
    with psycopg.connect(database) as other:
        other.execute("lock table held")
        async with runner_on(database) as runner:
            with pytest.raises(ExecutionTimeout, match="lock"):
                await read(runner, "select * from held", lock_seconds=0.05)


async def test_a_cancelled_question_ends_on_the_server(database: str) -> None:
    async with pool_on(database) as pool:
        runner = PostgresReadRunner(pool)
        task = asyncio.create_task(read(runner, "select 'cancelled', pg_sleep(60)"))
        await until(lambda: running(database) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: running(database) == 0)
        assert pool.busy == 0
        assert (await read(runner, "select 1")).rows == ((1,),)


async def test_a_lost_client_ends_on_the_server(database: str) -> None:
    async with round_trips(database) as proxy, runner_on(proxy.url) as runner:
        task = asyncio.create_task(read(runner, "select pg_sleep(60)"))
        await until(lambda: running(database) == 1)
        proxy.cut()
        with pytest.raises(ConnectionFailed):
            await task
        await until(lambda: running(database) == 0)


async def test_an_administrators_cancel_is_told(database: str) -> None:
    async with runner_on(database) as runner:
        task = asyncio.create_task(read(runner, "select 'stopped', pg_sleep(60)"))
        await until(lambda: running(database) == 1)
        with psycopg.connect(database) as connection:
            connection.execute(f"select pg_cancel_backend(pid) from pg_stat_activity where {FETCHING}".encode())
        with pytest.raises(ExecutionCancelled):
            await task


async def test_all_reads_of_a_pool_can_be_cancelled_while_none_is_free(database: str) -> None:
    async with pool_on(database, size=3) as pool:
        runner = PostgresReadRunner(pool)
        tasks = [asyncio.create_task(read(runner, "select 'crowd', pg_sleep(60)")) for _ in range(2)]
        await until(lambda: running(database) == 2)
        for task in tasks:
            task.cancel()
        assert all(isinstance(e, asyncio.CancelledError) for e in await asyncio.gather(*tasks, return_exceptions=True))
        await until(lambda: running(database) == 0)


async def test_limits_of_administrators_are_not_widened(database: str) -> None:
    prepare(database, "drop role if exists runner_slow", "create role runner_slow login password 'x'")
    prepare(
        database,
        "alter role runner_slow set statement_timeout = '150ms'",
        "alter role runner_slow set work_mem = '1MB'",
    )
    try:
        conninfo = psycopg.conninfo.make_conninfo(database, user="runner_slow", password="x")
        async with runner_on(conninfo) as runner:
            names = ("statement_timeout", "work_mem", "lock_timeout")
            sql = "select " + ", ".join(f"current_setting('{name}')" for name in names)
            assert (await read(runner, sql)).rows == (("150ms", "1MB", "2s"),)
            with pytest.raises((ExecutionTimeout, ExecutionCancelled)):
                await read(runner, "select pg_sleep(60)")
    finally:
        prepare(database, "drop role runner_slow")


async def test_disk_for_sorting_is_bounded_where_the_role_may_say_so(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        with pytest.raises(ExecutionFailed, match="could not run") as caught:
            await read(
                runner, "select n from generate_series(1, 1000000) n order by -n", temp_file_kb=1024, work_mem_kb=64
            )
        assert "temp" in caught.value.why


async def test_endless_notices_do_not_fill_memory(database: str) -> None:
    prepare(
        database,
        "create function loud() returns int language plpgsql as"
        " $$ begin for i in 1..2000 loop raise notice 'n %', repeat('x', 1000); end loop; return 1; end $$",
    )
    async with runner_on(database) as runner:
        result = await read(runner, "select loud()")
        assert (len(result.notices), max(map(len, result.notices))) == (20, 500)


async def test_a_read_stopped_half_way_leaves_its_connection_clean_and_in_use(database: str) -> None:
    async with pool_on(database) as pool:
        runner = PostgresReadRunner(pool)
        sql = "select repeat('x', 60000) from generate_series(1, 5000)"
        stopped = await runner.run(
            allowed(sql), limits=ReadLimits(rows=5000, total_bytes=MEGABYTE, cell_bytes=60_000), expected={}
        )
        assert stopped.statistics.truncated_bytes
        async with pool.connection() as connection:
            cursor = await connection.execute(
                "select (select count(*) from pg_cursors), (select count(*) from pg_prepared_statements) > 0,"
                " current_setting('transaction_read_only')",
                prepare=False,
            )
            assert await cursor.fetchone() == (0, True, "off")
