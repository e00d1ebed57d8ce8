"""A queue of jobs, in memory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.job import Job, JobRecord, JobState, QueueState
from pgwarden.testing.audit_log import MemoryAuditLog


class MemoryJobs:
    """``ports.Jobs``. Nothing runs them: ``deferred`` is what a worker would get."""

    def __init__(self, audit: MemoryAuditLog | None = None) -> None:
        self.audit = audit or MemoryAuditLog()
        self.deferred: list[Job] = []
        self._records: dict[int, JobRecord] = {}

    async def defer(self, *jobs: Job) -> None:
        for job in jobs:
            waiting = {other.queueing_lock for other, state in self._with_states() if state is JobState.WAITING}
            if not job.queueing_lock or job.queueing_lock not in waiting:
                self.deferred.append(job)
                number = len(self.deferred)
                self._records[number] = JobRecord(number, job.task, _json_copy(job.args), JobState.WAITING, job.at, 0)

    async def find(self, *states: JobState, limit: int = 100) -> tuple[JobRecord, ...]:
        found = [record for record in self._records.values() if record.state in (states or tuple(JobState))]
        return tuple(found[::-1][:limit])

    async def state(self) -> QueueState:
        counts = Counter(record.state for record in self._records.values())
        return QueueState(counts[JobState.WAITING], counts[JobState.RUNNING], counts[JobState.FAILED], 0, None)

    async def retry(self, job_id: int, *, audit: Sequence[AuditEntry] = ()) -> bool:
        return await self._decide(job_id, JobState.WAITING, audit)

    async def discard(self, job_id: int, *, audit: Sequence[AuditEntry] = ()) -> bool:
        return await self._decide(job_id, JobState.DISCARDED, audit)

    async def _decide(self, job_id: int, state: JobState, audit: Sequence[AuditEntry]) -> bool:
        record = self._records.get(job_id)
        if record is None or record.state is not JobState.FAILED:
            return False
        self._records[job_id] = replace(record, state=state)
        await self.audit.append(*audit)
        return True

    def end(self, job_id: int, state: JobState) -> None:
        """Let a job have ended so."""
        record = self._records[job_id]
        self._records[job_id] = replace(record, state=state, attempts=record.attempts + (state is JobState.FAILED))

    def _with_states(self) -> list[tuple[Job, JobState]]:
        return [(job, self._records[number].state) for number, job in enumerate(self.deferred, start=1)]


def _json_copy(values: Mapping[str, object]) -> dict[str, object]:
    """What JSON gives back, so that a test meets here what it would meet in a database."""
    copy: dict[str, object] = json.loads(json.dumps(values, allow_nan=False))
    return copy
