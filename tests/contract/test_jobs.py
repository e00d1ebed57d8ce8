from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.support.job_queue import empty_queue
from tests.support.letters import NOON

from pgwarden.adapters.jobs.queue import PostgresJobs
from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.adapters.postgres.control.connection import Pool, transaction
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.job import Job, JobState
from pgwarden.ports import AuditLog, Jobs
from pgwarden.testing import MemoryJobs


@pytest.fixture
async def with_queue(control: Pool) -> AsyncIterator[Pool]:
    """The control database with an empty queue."""
    await empty_queue(control)
    yield control
    await empty_queue(control)


@pytest.fixture
def jobs(implementation: str, request: pytest.FixtureRequest) -> Jobs:
    return MemoryJobs() if implementation == "memory" else PostgresJobs(request.getfixturevalue("with_queue"))


async def test_a_job_waits_as_it_was_deferred(jobs: Jobs) -> None:
    at = NOON + timedelta(days=1)
    await jobs.defer(Job("notify", {"to": ["ana", "ö'\"\\"], "number": 1}, at=at, lock="ticket"))
    (record,) = await jobs.find()
    assert (record.task, record.args, record.at) == ("notify", {"to": ["ana", "ö'\"\\"], "number": 1}, at)
    assert (record.state, record.attempts) == (JobState.WAITING, 0)


async def test_nothing_deferred_is_nothing(jobs: Jobs) -> None:
    await jobs.defer()
    assert await jobs.find() == ()


async def test_the_newest_come_first_and_states_choose(jobs: Jobs) -> None:
    await jobs.defer(Job("one"), Job("two"))
    await jobs.defer(Job("three"))
    assert [job.task for job in await jobs.find()] == ["three", "two", "one"]
    assert [job.task for job in await jobs.find(limit=1)] == ["three"]
    assert len(await jobs.find(JobState.WAITING, JobState.FAILED)) == 3
    assert await jobs.find(JobState.RUNNING) == ()


async def test_a_waiting_job_keeps_others_of_its_name_out(jobs: Jobs) -> None:
    await jobs.defer(Job("digest", {"n": 1}, queueing_lock="d"), Job("digest", {"n": 2}, queueing_lock="d"))
    await jobs.defer(Job("digest", {"n": 3}, queueing_lock="d"), Job("digest", {"n": 4}, queueing_lock="e"))
    assert [job.args["n"] for job in await jobs.find()] == [4, 1]


async def test_only_a_failed_job_can_be_retried(
    jobs: Jobs, implementation: str, request: pytest.FixtureRequest
) -> None:
    await jobs.defer(Job("one"))
    (record,) = await jobs.find()
    assert not await jobs.retry(record.id)
    assert not await jobs.discard(record.id)
    assert not await jobs.retry(record.id + 1)
    if isinstance(jobs, MemoryJobs):
        jobs.end(record.id, JobState.FAILED)
    else:
        async with transaction(request.getfixturevalue("control")) as connection:
            await connection.execute("update pgwarden_jobs.procrastinate_jobs set status = 'failed'")
    assert await jobs.find(JobState.WAITING) == ()
    assert await jobs.retry(record.id)
    assert [job.id for job in await jobs.find(JobState.WAITING)] == [record.id]


async def test_a_failed_job_is_given_up_with_its_entry(
    jobs: Jobs, implementation: str, request: pytest.FixtureRequest
) -> None:
    await jobs.defer(Job("one"), Job("two"))
    if isinstance(jobs, MemoryJobs):
        jobs.end(1, JobState.FAILED)
        log: AuditLog = jobs.audit
    else:
        control = request.getfixturevalue("control")
        async with transaction(control) as connection:
            await connection.execute(
                "update pgwarden_jobs.procrastinate_jobs set status = 'failed' where task_name = 'one'"
            )
        log = PostgresAuditLog(control)
    (failed,) = await jobs.find(JobState.FAILED)
    state = await jobs.state()
    assert (state.waiting, state.running, state.failed) == (1, 0, 1)
    assert (state.due_since is not None) == (implementation != "memory")
    entry = AuditEntry("job.discarded", "root", NOON, subject=f"{failed.id}")
    assert not await jobs.discard(failed.id + 100, audit=(entry,))
    assert await jobs.discard(failed.id, audit=(entry,))
    assert not await jobs.retry(failed.id)
    assert [job.state for job in await jobs.find()] == [JobState.WAITING, JobState.DISCARDED]
    assert len(await log.find(AuditFilter(action="job.discarded", subject=f"{failed.id}"))) == 1
