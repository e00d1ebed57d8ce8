"""Limits of an execution hold while it runs, and what it uses can be watched."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import NOW, PATIENT, approve, dump, leftovers, owned, run

from pgwarden.adapters.postgres import progress as progress_module
from pgwarden.adapters.postgres import room
from pgwarden.adapters.postgres.execution import execute
from pgwarden.adapters.postgres.progress import progress
from pgwarden.adapters.postgres.session import open_session
from pgwarden.domain.errors import ExecutionTimeout, LimitReached
from pgwarden.domain.execution import Progress, RowCounts

ROWS = 20_000
TABLES = f"""
create table account (id int primary key, amount int, note text);
create function slow(int) returns int language plpgsql volatile as
  $$begin if $1 % 1000 = 0 then perform pg_sleep(0.05); end if; return $1; end$$;
create function asleep(int) returns int language plpgsql volatile as
  $$begin perform pg_sleep(120); return $1; end$$;
insert into account select i, 0, repeat('x', 40) from generate_series(1, {ROWS}) i;
"""


@pytest.fixture(params=[18, 16])
def superuser(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    return make_database(request.param)


@pytest.fixture
def database(superuser: str) -> str:
    owner = owned(superuser)
    run(owner, TABLES)
    return owner


@pytest.mark.parametrize("lock_free", [True, False])
async def test_a_transaction_ends_at_its_time_limit(database: str, lock_free: bool) -> None:
    before = dump(database)
    approved = await approve(database, "update account set amount = asleep(id)", {"account": RowCounts(updated=ROWS)})
    short = replace(PATIENT, transaction_seconds=0.5, lock_free=lock_free)
    with pytest.raises(ExecutionTimeout, match="transaction"):
        await asyncio.wait_for(execute(database, approved, now=NOW, limits=short), 60)
    assert dump(database) == before
    assert leftovers(database) == []
    assert await progress(database, approved.execution_id) is None


async def test_the_server_ends_a_transaction_that_its_client_forgot(make_database: MakeDatabase) -> None:
    """From PostgreSQL 17 on: even a client that hangs cannot hold locks beyond the limit."""
    database = owned(make_database(18))
    run(database, TABLES)
    approved = await approve(database, "update account set amount = asleep(id)", {"account": RowCounts(updated=ROWS)})
    running = asyncio.create_task(execute(database, approved, now=NOW, limits=replace(PATIENT, transaction_seconds=77)))
    with psycopg.connect(database, autocommit=True) as connection:
        while (now := await progress(database, approved.execution_id)) is None or not now.waiting_for:
            assert not running.done()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        (left,) = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and state <> 'idle'"
            " and pid <> pg_backend_pid() and backend_type = 'client backend'"
        ).fetchone() or (1,)
    assert left == 0


async def test_old_statistics_do_not_make_rows_look_enormous(superuser: str, database: str) -> None:
    """The table was counted when it had one row; its bytes are those of today."""
    run(superuser, "create table grown (id int primary key, note text)", "insert into grown values (0)")
    run(superuser, "vacuum grown", f"insert into grown select i, repeat('x', 400) from generate_series(1, {ROWS}) i")
    approved = await approve(superuser, "update grown set note = '' where id > 0", {"grown": RowCounts(updated=ROWS)})
    async with open_session(superuser) as session:
        room_there = await room.free_bytes(session)
    assert room_there is not None
    tight = replace(PATIENT, free_bytes=room_there - (1 << 30))
    await execute(superuser, approved, now=NOW, limits=tight)
    with psycopg.connect(superuser) as connection:
        assert connection.execute("select count(*) from grown where note = ''").fetchone() == (ROWS,)


async def test_a_full_disk_is_foreseen_where_it_can_be_seen(superuser: str, database: str) -> None:
    """A superuser may know where the data lies; a plain owner may not, and is told so by the progress."""
    greedy = replace(PATIENT, free_bytes=2**62)
    sql, counts = "delete from account where id <= 5", {"account": RowCounts(deleted=5)}
    await execute(database, await approve(database, sql, counts), now=NOW, limits=greedy)
    with pytest.raises(LimitReached, match="disk"):
        await execute(superuser, await approve(superuser, sql, counts), now=NOW, limits=greedy)


@pytest.mark.parametrize("partitions", ["", "partition by hash (i)"])
@pytest.mark.parametrize("statement", ["delete from narrow", "delete from narrow using account where account.id = 1"])
async def test_images_are_bounded_while_they_are_taken(database: str, statement: str, partitions: str) -> None:
    rows = 110_000
    run(database, f"create table narrow (i int) {partitions}")
    for number in range(2 if partitions else 0):
        values = f"with (modulus 2, remainder {number})"
        run(database, f"create table narrow_{number} partition of narrow for values {values}")
    run(database, f"insert into narrow select i from generate_series(1, {rows}) i")
    counts = {"narrow": RowCounts(deleted=rows)}
    limits = replace(PATIENT, undo_bytes=1_000_000, lock_free=False)
    with pytest.raises(LimitReached, match="room"):
        await execute(database, await approve(database, statement, counts), now=NOW, limits=limits)
    with psycopg.connect(database) as connection:
        assert connection.execute("select count(*) from narrow").fetchone() == (rows,)


async def watched(database: str, statement: str, counts: dict[str, RowCounts], *, lock_free: bool) -> list[Progress]:
    limits = replace(PATIENT, progress_rows=1000, lock_free=lock_free)
    approved = await approve(database, statement, counts)
    running = asyncio.create_task(execute(database, approved, now=NOW, limits=limits))
    seen = []
    while not running.done():
        now = await progress(database, approved.execution_id, expected_rows=ROWS)
        if now is not None and now.rows_done:
            seen.append(now)
    await running
    return seen


STATEMENTS = [
    ("update account set amount = slow(id)", RowCounts(updated=ROWS), True),
    ("update account set amount = slow(id)", RowCounts(updated=ROWS), False),
    ("insert into account select -i, slow(i), 'x' from generate_series(1, 20000) i", RowCounts(inserted=ROWS), True),
    ("insert into account select -i, slow(i), 'x' from generate_series(1, 20000) i", RowCounts(inserted=ROWS), False),
    ("delete from account where slow(id) > 0", RowCounts(deleted=ROWS), True),
]


@pytest.mark.parametrize(("statement", "counts", "lock_free"), STATEMENTS)
async def test_progress_moves_with_the_statement(
    database: str, statement: str, counts: RowCounts, lock_free: bool
) -> None:
    seen = await watched(database, statement, {"account": counts}, lock_free=lock_free)
    done = [now.rows_done for now in seen]
    assert done == sorted(done)
    assert len(set(done)) > 2
    assert done[-1] <= ROWS
    last = seen[-1]
    assert last.seconds_left is not None
    assert last.seconds_left < 60
    assert last.wal_bytes is not None
    assert last.wal_bytes > 0
    assert any(now.locks for now in seen)
    assert leftovers(database) == []


async def test_what_cannot_be_known_says_why(superuser: str, database: str) -> None:
    statement, counts = "update account set amount = slow(id)", {"account": RowCounts(updated=ROWS)}
    for who in (database, superuser):
        seen = await watched(who, statement, counts, lock_free=True)
        now = seen[-1]
        for name in ("buffers", "temp_bytes", "cpu_seconds", "memory_bytes", "read_bytes", "disk_free_bytes"):
            assert (getattr(now, name) is None) == (name in now.unknown)
        assert "pg_monitor" in now.unknown["temp_bytes"] if who == database else now.temp_bytes is not None
        assert (now.disk_free_bytes is None) == (who == database)
        assert any(each.cpu_seconds and each.memory_bytes for each in seen), "the server's processes are here"


async def test_a_server_elsewhere_shows_no_processor_and_no_memory(
    make_database: MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for whoever looks from another machine: there is no such process here."""
    database = owned(make_database())
    run(database, TABLES)
    for module in (progress_module, room):
        monkeypatch.setattr(module, "PROC", tmp_path)
    now = (
        await watched(
            database, "update account set amount = slow(id)", {"account": RowCounts(updated=ROWS)}, lock_free=True
        )
    )[-1]
    assert (now.cpu_seconds, now.memory_bytes) == (None, None)
    assert "not visible from this machine" in now.unknown["cpu_seconds"]
    assert "not visible from this machine" in now.unknown["memory_bytes"]
