"""Many processes append at once: one chain, no gap, no fork, and each one's entries in its own order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import psycopg
import pytest
from tests.support.audit import audit_of, some_entries, words
from tests.support.round_trips import round_trips

from pgwarden.adapters.audit.batching import BatchingAuditLog
from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.adapters.postgres.control.connection import control_pool
from pgwarden.adapters.postgres.control.open import control_database

APPENDER = Path(__file__).parents[1] / "support" / "audit_appender.py"
PROCESSES, BATCHES = 8, 12
SECONDS = 120


async def start(conninfo: str, name: str, count: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(APPENDER), conninfo, name, str(count), stderr=asyncio.subprocess.PIPE, env=os.environ
    )


async def end(processes: list[asyncio.subprocess.Process]) -> None:
    """Kill those that still run."""
    for process in processes:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(process.communicate() for process in processes if process.returncode is None))


async def test_eight_processes_make_one_chain(database: str) -> None:
    async with audit_of(database) as log:
        processes = [await start(database, f"p{number}", BATCHES) for number in range(PROCESSES)]
        try:
            async with asyncio.timeout(SECONDS):
                said = await asyncio.gather(*(process.communicate() for process in processes))
        finally:
            await end(processes)
        assert [process.returncode for process in processes] == [0] * PROCESSES, said[0][1].decode()
        found = await log.verify()
        assert found.intact, words(found)
        written = [record.entry async for record in log.export()]
    each = sum(1 + number % 3 for number in range(BATCHES))
    assert found.last == len(written) == PROCESSES * each
    for number in range(PROCESSES):
        own = [entry.details["n"] for entry in written if entry.actor == f"p{number}"]
        assert own == sorted(own)
        assert len(own) == each


async def test_appenders_that_are_killed_leave_a_whole_chain_and_the_way_free(database: str) -> None:
    async with audit_of(database) as log:
        processes = [await start(database, f"p{number}", 100_000) for number in range(3)]
        try:
            async with asyncio.timeout(SECONDS):
                while (await log.head()).number < 30:
                    pass  # each look is a round trip
        finally:
            await end(processes)
        await log.append(*some_entries(1))
        found = await log.verify()
        assert found.intact, words(found)


async def test_callers_in_one_process_share_commits(database: str) -> None:
    async with audit_of(database) as log:
        batching = BatchingAuditLog(log)
        await asyncio.gather(*(batching.append(entry) for entry in some_entries(200)))
        found = await log.verify()
        assert (found.intact, found.entries) == (True, 200)
    with psycopg.connect(database) as connection:
        row = connection.execute("select count(distinct xmin::text) from pgwarden_control.audit_entry").fetchone()
    assert row is not None
    assert row[0] <= 3, "of 200 callers"


async def test_the_audit_goes_on_after_the_server_dropped_its_connections(database: str) -> None:
    async with audit_of(database) as log:
        await log.append(*some_entries(1))
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
            )
        await log.append(*some_entries(1))
        found = await log.verify()
        assert (found.intact, found.entries) == (True, 2)


async def test_who_appends_alone_needs_one_round_trip(database: str) -> None:
    async with control_database(database), round_trips(database) as proxy, control_pool(proxy.url, size=1) as pool:
        log = PostgresAuditLog(pool)
        trips = []
        for entry in some_entries(5):
            before = proxy.count
            await log.append(entry)
            trips.append(proxy.count - before)
        found = await log.verify()
    assert trips[2:] == [1, 1, 1], "the first two find out that nobody else appends"
    assert (found.intact, found.entries) == (True, 5), words(found)


async def test_whoever_bets_on_an_end_that_moved_chains_behind_the_new_one(database: str) -> None:
    async with audit_of(database) as log, audit_of(database) as other:
        for entry in some_entries(3):
            await log.append(entry)
        for entry in some_entries(3):
            await other.append(entry)
            await log.append(entry)
        found = await log.verify()
        actors = [record.entry.subject async for record in log.export()]
    assert (found.intact, found.entries) == (True, 9), words(found)
    assert actors == ["t1", "t2", "t3", "t1", "t1", "t2", "t2", "t3", "t3"]


@pytest.mark.parametrize("lost", ["question", "answer"])
async def test_a_connection_that_is_lost_in_the_middle_leaves_the_entries_once(database: str, lost: str) -> None:
    async with control_database(database), round_trips(database) as proxy, control_pool(proxy.url) as pool:
        log = PostgresAuditLog(pool)
        entries = some_entries(5)
        for entry in entries[:3]:
            await log.append(entry)
        proxy.lose = lost
        await log.append(*entries[3:])
        assert proxy.lose == "", "nothing was lost"
        found = await log.verify()
        written = [record.entry.subject async for record in log.export()]
    assert found.intact, words(found)
    assert written == ["t1", "t2", "t3", "t4", "t5"]


async def test_outside_a_transaction_nothing_is_appended(database: str) -> None:
    async with control_database(database) as pool, pool.connection() as connection:
        with pytest.raises(AssertionError, match="outside a transaction"):
            await append_entries(connection, some_entries(1))
