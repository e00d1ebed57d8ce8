"""Work for later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.job import Job, JobRecord, JobState, QueueState

JobHandler: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
"""What runs a job of one task: it gets the job's args, may run more than once, and says by raising that it failed."""


class Jobs(Protocol):
    """The queue of work for later. Stores queue jobs in their own transaction; this is for whoever has none."""

    async def defer(self, *jobs: Job) -> None:
        """Queue them, all or none. One whose ``queueing_lock`` waits already is left out."""
        ...

    async def find(self, *states: JobState, limit: int = 100) -> tuple[JobRecord, ...]:
        """Jobs in these states (any without), newest first."""
        ...

    async def state(self) -> QueueState:
        """How much waits, runs and failed, and who works."""
        ...

    async def retry(self, job_id: int, *, audit: Sequence[AuditEntry] = ()) -> bool:
        """Let a failed job run again; False, and no entry, when there is none of that number."""
        ...

    async def discard(self, job_id: int, *, audit: Sequence[AuditEntry] = ()) -> bool:
        """Give a failed job up for good; False, and no entry, when there is none of that number."""
        ...


class JobWorker(Protocol):
    """Runs due jobs."""

    ran: int
    """How many it has run."""

    @property
    def tasks(self) -> frozenset[str]:
        """What it has handlers for."""
        ...

    async def run(self) -> None:
        """Until stopped."""
        ...

    async def drain(self) -> int:
        """What is due, what that makes due included; how many jobs that were."""
        ...

    def stop(self) -> None:
        """Take no new job, and let ``run`` or ``drain`` return when the running ones have ended."""
        ...
