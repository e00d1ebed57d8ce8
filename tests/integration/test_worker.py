"""Jobs and their workers on real servers: due in time, run by whoever lives, with one effect."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.support import parts
from tests.support.change import owned
from tests.support.databases import MakeDatabase
from tests.support.job_victim import QUICK, note
from tests.support.pgbouncer import transaction_pooler

from pgwarden.adapters import jobs as room
from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.jobs import schema
from pgwarden.adapters.jobs.queue import PostgresJobs, defer
from pgwarden.adapters.jobs.worker import Worker
from pgwarden.adapters.postgres.control.connection import Pool, control_pool, transaction
from pgwarden.adapters.postgres.control.migrate import migrate
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.errors import ControlDatabaseUnavailable
from pgwarden.domain.job import Job, JobState

PATIENCE = 60.0
"""Seconds after which waiting is a failure; nothing here takes more than two on a quiet machine."""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def control_url(database: str) -> str:
    """A control database that a plain owner migrated, with the tables that the jobs of these tests write."""
    return asyncio.run(prepared(owned(database)))


async def prepared(conninfo: str) -> str:
    async with control_pool(conninfo) as pool:
        await migrate(pool)
        async with pool.connection() as connection:
            await connection.execute("create table effect (number integer primary key)")
            await connection.execute("create table run (number integer)")
    return conninfo


@pytest.fixture
async def control(control_url: str) -> AsyncIterator[Pool]:
    async with control_pool(control_url) as pool:
        yield pool


class Seen:
    """A handler that remembers what it got, and lets a test wait for it."""

    def __init__(self, then: Callable[[int], Awaitable[None]] | None = None) -> None:
        self.numbers: list[int] = []
        self._then = then
        self._news = asyncio.Condition()

    async def __call__(self, args: Mapping[str, Any]) -> None:
        if self._then:
            await self._then(args["number"])
        async with self._news:
            self.numbers.append(args["number"])
            self._news.notify_all()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: len(self.numbers) >= count)


@asynccontextmanager
async def running(*workers: Worker) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*tasks)


@contextmanager
def victim(conninfo: str, behaviour: str, task: str = "work") -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.support.job_victim", conninfo, task, behaviour]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def numbered(count: int, **more: Any) -> list[Job]:
    return [Job("work", {"number": number}, **more) for number in range(count)]


async def states(pool: Pool) -> list[JobState]:
    return [record.state for record in await PostgresJobs(pool).find()]


async def count(pool: Pool, table: str) -> int:
    async with transaction(pool) as connection:
        row = await (await connection.execute(f"select count(*) from {table}".encode())).fetchone()
        assert row
        return int(row[0])


async def test_a_job_exists_when_its_cause_commits_and_not_before(control: Pool, control_url: str) -> None:
    with pytest.raises(RuntimeError):
        await defer_and_fail(control)
    seen = Seen()
    assert await Worker(control_url, {"work": seen}, pace=QUICK).drain() == 0
    async with transaction(control) as connection:
        await defer(connection, numbered(1))
        row = await (await connection.execute("select current_setting('search_path')")).fetchone()
        assert row is not None
        assert "pgwarden_jobs" not in row[0]  # nothing of the queue's is left to the caller's next statements
        assert await Worker(control_url, {"work": seen}, pace=QUICK).drain() == 0
    assert await Worker(control_url, {"work": seen}, pace=QUICK).drain() == 1
    assert await states(control) == [JobState.DONE]


async def defer_and_fail(control: Pool) -> None:
    async with transaction(control) as connection:
        await defer(connection, numbered(1))
        raise RuntimeError


async def test_draining_runs_what_the_jobs_themselves_defer(control: Pool, control_url: str) -> None:
    jobs = PostgresJobs(control)

    async def countdown(args: Mapping[str, Any]) -> None:
        if args["left"]:
            await jobs.defer(Job("countdown", {"left": args["left"] - 1}))
            await jobs.defer(Job("countdown", {"left": 9}, at=datetime.now(UTC) + timedelta(days=1)))

    await jobs.defer(Job("countdown", {"left": 3}))
    assert await Worker(control_url, {"countdown": countdown}, pace=QUICK).drain() == 4
    assert (await states(control)).count(JobState.WAITING) == 3


async def test_three_workers_run_each_job_once(control: Pool, control_url: str) -> None:
    seen = Seen(lambda number: note(control_url, number))
    await PostgresJobs(control).defer(*numbered(40))
    async with running(*(Worker(control_url, {"work": seen}, concurrency=2, pace=QUICK) for _ in range(3))):
        await seen.until(40)
    assert sorted(seen.numbers) == list(range(40))
    assert await count(control, "run") == await count(control, "effect") == 40
    assert set(await states(control)) == {JobState.DONE}


async def test_a_running_worker_is_told_of_a_new_job_and_waits_for_a_later_one(control: Pool, control_url: str) -> None:
    seen = Seen()
    async with running(Worker(control_url, {"work": seen}, pace=QUICK)):
        due = datetime.now(UTC) + timedelta(seconds=0.6)
        await PostgresJobs(control).defer(Job("work", {"number": 2}, at=due), Job("work", {"number": 1}))
        await seen.until(1)
        assert seen.numbers == [1]
        await seen.until(2)
    assert datetime.now(UTC) >= due


async def test_a_job_of_tomorrow_does_not_hold_back_one_of_today_with_the_same_lock(
    control: Pool, control_url: str
) -> None:
    later = Job("work", {"number": 1}, at=datetime.now(UTC) + timedelta(days=1), lock="ticket")
    await PostgresJobs(control).defer(later, Job("work", {"number": 2}, lock="ticket"))
    seen = Seen()
    assert await Worker(control_url, {"work": seen}, pace=QUICK).drain() == 1
    assert seen.numbers == [2]


async def test_jobs_of_one_lock_run_one_after_the_other_in_their_order(control: Pool, control_url: str) -> None:
    at_once = most = 0

    async def alone(number: int) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await note(control_url, number)
        at_once -= 1

    seen = Seen(alone)
    await PostgresJobs(control).defer(*numbered(12, lock="ticket"))
    async with running(*(Worker(control_url, {"work": seen}, concurrency=3, pace=QUICK) for _ in range(2))):
        await seen.until(12)
    assert most == 1
    assert seen.numbers == list(range(12))


async def test_a_waiting_job_keeps_others_of_its_name_out(control: Pool, control_url: str) -> None:
    jobs = PostgresJobs(control)
    await asyncio.gather(*(jobs.defer(*numbered(3, queueing_lock="digest")) for _ in range(4)))
    seen = Seen()
    assert await Worker(control_url, {"work": seen}, pace=QUICK).drain() == 1
    await jobs.defer(*numbered(1, queueing_lock="digest"))
    assert await Worker(control_url, {"work": seen}, pace=QUICK).drain() == 1


async def test_a_failing_job_is_tried_again_and_rests_in_the_end(control: Pool, control_url: str) -> None:
    tries: list[int] = []

    async def fail(number: int) -> None:
        tries.append(number)
        if number == 0 or len([n for n in tries if n == 1]) < 3:
            raise OSError("nobody answers")

    seen = Seen(fail)
    jobs = PostgresJobs(control)
    await jobs.defer(*numbered(2))
    worker = Worker(control_url, {"work": seen}, pace=replace(QUICK, attempts=4, delays=(0.05,)))
    async with running(worker):
        await seen.until(1)
        async with asyncio.timeout(PATIENCE):
            while len(tries) < 7:  # noqa: ASYNC110 - the last tries leave no other sign
                await asyncio.sleep(0.02)
    assert seen.numbers == [1]
    assert tries.count(0) == 4
    (failed,) = await jobs.find(JobState.FAILED)
    assert failed.args == {"number": 0}
    assert await jobs.retry(failed.id)
    assert not await jobs.retry(failed.id)
    assert (await jobs.find(JobState.WAITING))[0].id == failed.id


async def test_a_job_that_nobody_here_can_run_waits_for_a_worker_that_can(control: Pool, control_url: str) -> None:
    await PostgresJobs(control).defer(Job("of_a_newer_version"))
    assert await Worker(control_url, {"work": Seen()}, pace=QUICK).drain() == 0
    assert await states(control) == [JobState.WAITING]


async def test_another_worker_finishes_what_a_killed_one_began(control: Pool, control_url: str) -> None:
    await PostgresJobs(control).defer(*numbered(2))
    with victim(control_url, "hang") as process:
        for _ in range(2):
            assert await said(process) == "started"
        seen = Seen(lambda number: note(control_url, number))
        async with running(*(Worker(control_url, {"work": seen}, pace=QUICK) for _ in range(2))):
            process.send_signal(signal.SIGKILL)
            await seen.until(2)
    assert sorted(seen.numbers) == [0, 1]
    assert await count(control, "effect") == 2
    assert await states(control) == [JobState.DONE, JobState.DONE]


async def test_a_job_that_two_workers_ran_has_one_effect(control: Pool, control_url: str) -> None:
    """A worker that is stopped for so long that others take its job, and then goes on with it."""
    await PostgresJobs(control).defer(*numbered(1))
    with victim(control_url, "note") as process:
        assert await said(process) == "started"
        process.send_signal(signal.SIGSTOP)
        seen = Seen(lambda number: note(control_url, number))
        async with running(Worker(control_url, {"work": seen}, pace=QUICK)), asyncio.timeout(PATIENCE):
            while await states(control) != [JobState.DONE]:  # noqa: ASYNC110 - by whichever of the two it was
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGCONT)
        process.terminate()
        await asyncio.wait_for(asyncio.to_thread(process.wait), PATIENCE)
    assert await count(control, "effect") == 1


async def test_a_stop_lets_the_running_job_end(control: Pool, control_url: str) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def slow(_args: Mapping[str, Any]) -> None:
        started.set()
        await may_end.wait()

    await PostgresJobs(control).defer(*numbered(2, lock="one"))
    worker = Worker(control_url, {"work": slow}, pace=QUICK)
    task = asyncio.create_task(worker.run())
    async with asyncio.timeout(PATIENCE):
        await started.wait()
        worker.stop()
        may_end.set()
        await task
    assert sorted(await states(control)) == [JobState.DONE, JobState.WAITING]


async def test_a_job_that_outlasts_the_grace_goes_back_to_the_queue(control: Pool, control_url: str) -> None:
    started = asyncio.Event()

    async def endless(_args: Mapping[str, Any]) -> None:
        started.set()
        await asyncio.Event().wait()

    await PostgresJobs(control).defer(*numbered(1))
    worker = Worker(control_url, {"work": endless}, pace=replace(QUICK, grace=0.1))
    task = asyncio.create_task(worker.run())
    async with asyncio.timeout(PATIENCE):
        await started.wait()
        worker.stop()
        await task
    assert await states(control) == [JobState.WAITING]


async def test_draining_can_be_stopped(control: Pool, control_url: str) -> None:
    async def stop(_args: Mapping[str, Any]) -> None:
        worker.stop()

    await PostgresJobs(control).defer(*numbered(30, lock="one"))
    worker = Worker(control_url, {"work": stop}, pace=QUICK)
    async with asyncio.timeout(PATIENCE):
        assert await worker.drain() < 30
    assert JobState.RUNNING not in await states(control)


async def test_draining_without_a_control_database_says_so(unused_tcp_port: int) -> None:
    worker = Worker(f"postgresql://nobody@127.0.0.1:{unused_tcp_port}/none", {}, pace=replace(QUICK, patience=0.3))
    with pytest.raises(ControlDatabaseUnavailable):
        await worker.drain()


async def test_periodic_work_is_done_once_in_its_period_by_any_number_of_workers(
    control: Pool, control_url: str
) -> None:
    hourly, often = Seen(), Seen()
    handlers = {"hourly": lambda _: hourly({"number": 1}), "often": lambda _: often({"number": 1})}
    periodic = {"hourly": 3600.0, "often": 0.05}
    workers = [Worker(control_url, handlers, periodic=periodic, pace=QUICK) for _ in range(3)]
    async with running(*workers):
        await often.until(5)
    assert hourly.numbers == [1]


async def test_periodic_work_that_was_just_queued_and_taken_up_is_not_queued_again(
    control: Pool, control_url: str
) -> None:
    """Another worker's sweep is under way: whoever comes second looks once it is done, not at what was before it."""
    seen = Seen()
    handlers = {"hourly": lambda _: seen({"number": 1})}
    worker = Worker(control_url, handlers, periodic={"hourly": 3600.0}, pace=QUICK)
    async with transaction(control) as first:
        await first.execute(schema.query("lock_periodic_jobs"))
        await first.execute(schema.query("defer_periodic_job"), {"task": "hourly", "seconds": 3600.0})
        second = asyncio.create_task(worker.drain())
        async with asyncio.timeout(30), control.connection() as watching:
            while not await waits(watching):
                pass
        await first.execute("update pgwarden_jobs.procrastinate_jobs set status = 'doing'")
        await first.execute("update pgwarden_jobs.procrastinate_jobs set status = 'succeeded'")
    await second
    async with transaction(control) as after:
        found = await (await after.execute("select count(*) from pgwarden_jobs.procrastinate_jobs")).fetchone()
    assert found == (1,)
    assert seen.numbers == []


async def waits(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether a session on this database waits for another one's lock."""
    found = await connection.execute(
        "select from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0"
    )
    return found.rowcount > 0


async def test_a_worker_outlives_a_restart_of_the_control_database(run_directory: Path) -> None:
    root = run_directory / f"restarted-{os.getpid()}"
    seen = Seen()
    with EmbeddedServer(root, options=ServerOptions(durable=False)) as server:
        server.create_role("keeper")
        server.create_database("control", owner="keeper")
        url = await prepared(server.conninfo("control", role="keeper"))
        worker = Worker(url, {"work": seen}, pace=QUICK)
        async with running(worker):
            await one_job(url, 1)
            await seen.until(1)
            server.stop()
            server.start()
            await one_job(url, 2)
            await seen.until(2)
    assert seen.numbers == [1, 2]


async def one_job(url: str, number: int) -> None:
    async with control_pool(url) as pool:
        await PostgresJobs(pool).defer(Job("work", {"number": number}))


async def test_through_a_transaction_pooler_the_queue_works_without_announcements(
    control_url: str, run_directory: Path
) -> None:
    parts.need("pgbouncer")
    seen = Seen()
    with transaction_pooler(control_url, run_directory / f"jobs-{os.getpid()}") as pooled:
        async with running(Worker(pooled, {"work": seen}, pace=QUICK)):
            async with control_pool(pooled) as pool:
                await PostgresJobs(pool).defer(*numbered(5, lock="one"))
            await seen.until(5)
    assert seen.numbers == list(range(5))


@pytest.mark.parametrize("version", [16, 18])
async def test_the_schema_is_made_once_and_lets_nobody_else_in(make_database: MakeDatabase, version: int) -> None:
    async with control_pool(owned(make_database(version=version))) as pool:
        await migrate(pool)
        async with transaction(pool) as connection:
            assert await schema.is_current(connection)
            cursor = await connection.execute(
                "select has_schema_privilege('public', 'pgwarden_jobs', 'usage'),"
                " bool_and(proconfig = array['search_path=pgwarden_jobs, pg_temp']) from pg_proc"
                " where pronamespace = 'pgwarden_jobs'::regnamespace"
            )
            assert await cursor.fetchone() == (False, True)


async def test_a_newer_library_brings_its_schema_with_it(control: Pool, control_url: str) -> None:
    """As if a pgwarden with an older library had been here, and its jobs were waiting."""
    *_, before = older = [name for name in schema.library_migrations() if name < "03.03"]
    async with await psycopg.AsyncConnection.connect(control_url, autocommit=True) as connection:
        await connection.execute("drop schema pgwarden_jobs cascade")
        await connection.execute("create schema pgwarden_jobs")
        await connection.execute("set search_path = pgwarden_jobs")
        for name in older:
            await connection.execute(schema.library_file(f"migrations/{name}"))
        await connection.execute("insert into procrastinate_jobs (queue_name, task_name) values ('work', 'work')")
        await connection.execute(schema.query("record_job_schema"), {"library": "3.2", "last": before})
    await migrate(control)
    async with transaction(control) as connection:
        assert await schema.is_current(connection)
    (waiting,) = await PostgresJobs(control).find(JobState.WAITING)
    assert waiting.task == "work"
    await PostgresJobs(control).defer(*numbered(1))

    async def done(_args: Mapping[str, Any]) -> None: ...

    assert await Worker(control_url, {"work": done}, pace=QUICK).drain() == 2


async def test_a_backup_without_the_queue_gets_a_new_one(control: Pool, control_url: str) -> None:
    async with transaction(control) as connection:
        await connection.execute("drop schema pgwarden_jobs cascade")
    await migrate(control)
    await PostgresJobs(control).defer(*numbered(1))
    assert await states(control) == [JobState.WAITING]


def test_every_query_of_the_file_is_sent() -> None:
    code = "\n".join(path.read_text() for path in Path(next(iter(room.__path__))).glob("*.py"))
    assert set(re.findall(r'(?:query|_value|_decide)\((?:connection, )?"(\w+)"', code)) == set(
        named_queries("jobs.sql", 14)
    )


async def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), PATIENCE)
    return line.partition(" ")[0].strip()
