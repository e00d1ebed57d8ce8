"""Executions among others: progress, cancelling, writers, deadlocks and two executions at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import NOW, approve, dump, leftovers, owned, perform, run, take_back

from pgwarden.adapters.postgres.execution import execute
from pgwarden.adapters.postgres.progress import cancel, progress
from pgwarden.domain.errors import ExecutionCancelled, ImpactMismatch, LocksBusy
from pgwarden.domain.execution import Execution, ExecutionLimits, RowCounts
from pgwarden.domain.recovery import RowsChangedSince

ROWS = 30_000
ACCOUNTS = f"""
create table account (id int primary key, amount int);
create function slow(int) returns int language plpgsql volatile as
  $$begin if $1 % 1000 = 0 then perform pg_sleep(0.02); end if; return $1; end$$;
create table guard (id int primary key);
insert into account select i, 0 from generate_series(1, {ROWS}) i;
"""
TOLD = ExecutionLimits(progress_rows=1000)
STUBBORN = ExecutionLimits(lock_seconds=0.2, attempts=8, backoff_seconds=0.05)


@pytest.fixture
def database(make_database: MakeDatabase) -> str:
    owner = owned(make_database())
    run(owner, ACCOUNTS)
    return owner


async def test_progress_is_real_and_cancelling_rolls_back(database: str) -> None:
    before = dump(database)
    sql = "update account set amount = slow(id)"
    approved = await approve(database, sql, {"account": RowCounts(updated=ROWS)})
    running = asyncio.create_task(execute(database, approved, now=NOW, limits=TOLD))
    seen: list[int] = []
    while not running.done():
        now = await progress(database, approved.execution_id, expected_rows=ROWS)
        if now is not None and now.rows_done:
            seen.append(now.rows_done)
            assert now.rows_per_second
            assert now.locks > 0
            assert now.wal_bytes is not None
            assert (now.cpu_seconds is None) == ("cpu_seconds" in now.unknown)
            if len(set(seen)) > 1:
                assert await cancel(database, approved.execution_id)
                break
    with pytest.raises(ExecutionCancelled):
        await running
    assert seen == sorted(seen)
    assert dump(database) == before
    assert leftovers(database) == []
    assert await progress(database, approved.execution_id) is None
    assert not await cancel(database, approved.execution_id)


async def test_a_cancelled_task_leaves_no_transaction(database: str) -> None:
    before = dump(database)
    approved = await approve(database, "update account set amount = slow(id)", {"account": RowCounts(updated=ROWS)})
    running = asyncio.create_task(execute(database, approved, now=NOW, limits=TOLD))
    while not await progress(database, approved.execution_id):
        assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert dump(database) == before
    assert (await execute(database, approved, now=NOW)).counts["public.account"].updated == ROWS


async def test_a_waiting_writer_is_seen_and_neither_update_is_lost(database: str) -> None:
    sql = "update account set amount = amount + slow(id) * 0 + 1"
    approved = await approve(database, sql, {"account": RowCounts(updated=ROWS)})
    running = asyncio.create_task(execute(database, approved, now=NOW, limits=TOLD))
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as writer:
        while (now := await progress(database, approved.execution_id)) is None or not now.rows_done:
            assert not running.done()
        waiting = asyncio.create_task(writer.execute("update account set amount = amount + 10 where id = 7"))
        pid, waited = writer.info.backend_pid, False
        while not running.done() and not waited:
            now = await progress(database, approved.execution_id)
            waited = now is not None and pid in now.waiters
        await running
        await waiting
        assert waited
        (amount,) = await (await writer.execute("select amount from account where id = 7")).fetchone() or (0,)
    assert amount == 11


async def test_readers_go_on_and_see_the_state_before(database: str) -> None:
    approved = await approve(database, "update account set amount = slow(id)", {"account": RowCounts(updated=ROWS)})
    limits = replace(TOLD, lock_free=False)
    running = asyncio.create_task(execute(database, approved, now=NOW, limits=limits))
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as reader:
        while (now := await progress(database, approved.execution_id)) is None or not now.rows_done:
            assert not running.done()
        await reader.execute("set lock_timeout = '1ms'")
        cursor = await reader.execute("select count(*) filter (where amount = 0), count(*) from account")
        seen, done = await cursor.fetchone(), running.done()
        await reader.execute("select id from account where id = 1 for key share")
    await running
    assert done or seen == (ROWS, ROWS)


async def test_two_executions_on_the_same_tables_run_one_after_the_other(database: str) -> None:
    counts = {"account": RowCounts(updated=ROWS)}
    first = await approve(database, "update account set amount = amount + 1", counts)
    second = await approve(database, "update account set amount = amount + 2", counts)
    patient = ExecutionLimits(lock_seconds=20)
    await asyncio.gather(*(execute(database, a, now=NOW, limits=patient) for a in (first, second)))
    with psycopg.connect(database) as connection:
        assert connection.execute("select distinct amount from account").fetchall() == [(3,)]


async def test_the_same_execution_twice_at_once_runs_once(database: str) -> None:
    approved = await approve(database, "update account set amount = amount + 1", {"account": RowCounts(updated=ROWS)})
    patient = ExecutionLimits(lock_seconds=20)
    both = await asyncio.gather(
        *(execute(database, approved, now=NOW, limits=patient) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in both) == ["AlreadyExecuted", "Execution"]
    with psycopg.connect(database) as connection:
        assert connection.execute("select distinct amount from account").fetchall() == [(1,)]


async def test_numbers_that_others_changed_meanwhile_are_noticed(database: str) -> None:
    approved = await approve(
        database, "delete from account where amount = 0 and id <= 3", {"account": RowCounts(deleted=3)}
    )
    run(database, "update account set amount = 1 where id = 2")
    with pytest.raises(ImpactMismatch):
        await execute(database, approved, now=NOW)


async def test_a_deadlock_is_resolved_by_trying_again(database: str) -> None:
    """The writer holds one table and waits for the other, as the execution does the other way round."""
    run(database, "create table second (id int primary key)", "insert into second values (1)")
    sql = "with a as (delete from second where id = 1) update account set amount = 5 where id = 1"
    approved = await approve(database, sql, {"account": RowCounts(updated=1), "second": RowCounts(deleted=1)})
    async with await psycopg.AsyncConnection.connect(database) as writer:
        await writer.execute("update second set id = 1")
        running = asyncio.create_task(execute(database, approved, now=NOW, limits=STUBBORN))
        while (now := await progress(database, approved.execution_id)) is None or not now.blocked_by:
            assert not running.done()
        assert now.blocked_by == (writer.info.backend_pid,)
        assert now.waiting_for.startswith("Lock: ")
        await writer.execute("update account set amount = 6 where id = 2")
        await writer.commit()
    assert isinstance(await running, Execution)


async def test_a_schema_change_cannot_slip_in(database: str) -> None:
    approved = await approve(database, "update account set amount = slow(id)", {"account": RowCounts(updated=ROWS)})
    running = asyncio.create_task(execute(database, approved, now=NOW, limits=TOLD))
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as other:
        while (now := await progress(database, approved.execution_id)) is None or not now.rows_done:
            assert not running.done()
        await other.execute("set lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await other.execute("alter table account add column x int")
    await running


async def test_an_undo_waits_for_writers_and_sees_what_they_did(database: str) -> None:
    execution = await perform(database, "update account set amount = 5 where id < 4", {"account": RowCounts(updated=3)})
    async with await psycopg.AsyncConnection.connect(database) as writer:
        await writer.execute("update account set amount = 9 where id = 1")
        with pytest.raises(LocksBusy):
            await take_back(database, execution)
        await writer.commit()
    with pytest.raises(RowsChangedSince):
        await take_back(database, execution)
    with psycopg.connect(database) as connection:
        assert connection.execute("select amount from account where id < 4 order by id").fetchall() == [
            (9,),
            (5,),
            (5,),
        ]
