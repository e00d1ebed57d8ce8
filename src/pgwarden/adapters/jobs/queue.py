"""Putting jobs on the queue: inside the transaction of what causes them, so that none is lost and none is early."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pgwarden.adapters.jobs.schema import query
from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.connection import Connection, Pool, transaction
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.job import Job, JobRecord, JobState, QueueState
from pgwarden.tracing import traceparent

TRACE = "traceparent"
"""Beside a job's args: the trace that it goes on with; its handler does not see it."""


async def defer(connection: Connection, jobs: Sequence[Job]) -> None:
    """Queue the jobs in the caller's transaction: they exist when it commits, and not before.

    A job whose queueing lock waits already is left out; the database never takes part in two by the same name.
    """
    if not jobs:
        return
    trace = {TRACE: found} if (found := traceparent()) else {}
    ordered = sorted(jobs, key=lambda job: job.queueing_lock)  # two transactions take the same locks in one order
    await connection.execute(
        query("defer_jobs"),
        {
            "tasks": [job.task for job in ordered],
            "locks": [job.lock for job in ordered],
            "queueing_locks": [job.queueing_lock for job in ordered],
            "args": [json.dumps({**job.args, **trace}, allow_nan=False) for job in ordered],
            "at": [job.at for job in ordered],
        },
    )


class PostgresJobs:
    """``ports.Jobs``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def defer(self, *jobs: Job) -> None:
        async with transaction(self._pool) as connection:
            await defer(connection, jobs)

    async def find(self, *states: JobState, limit: int = 100) -> tuple[JobRecord, ...]:
        chosen = [state.value for state in states or tuple(JobState)]
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(query("jobs"), {"statuses": chosen, "limit": limit})
            return tuple(_record(row) for row in await cursor.fetchall())

    async def state(self) -> QueueState:
        async with transaction(self._pool) as connection:
            row = await (await connection.execute(query("queue_state"))).fetchone()
        assert row is not None, "an aggregate has a row"
        return QueueState(*row)

    async def retry(self, job_id: int, *, audit: Sequence[AuditEntry] = ()) -> bool:
        return await self._decide("retry_failed_job", job_id, audit)

    async def discard(self, job_id: int, *, audit: Sequence[AuditEntry] = ()) -> bool:
        return await self._decide("discard_failed_job", job_id, audit)

    async def _decide(self, name: str, job_id: int, audit: Sequence[AuditEntry]) -> bool:
        async with transaction(self._pool) as connection:
            done = (await connection.execute(query(name), {"id": job_id})).rowcount > 0
            await append_entries(connection, audit if done else ())
        return done


def _record(row: tuple[Any, ...]) -> JobRecord:
    number, task, args, state, at, attempts = row
    when: datetime | None = at
    return JobRecord(number, task, json.loads(args), JobState(state), when, attempts)
