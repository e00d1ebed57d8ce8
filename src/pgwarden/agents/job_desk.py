"""Work that waits, runs or failed, as administrators look after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pgwarden.domain.admission import Admission
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import UnknownNotification
from pgwarden.domain.job import JobRecord, JobState, QueueState
from pgwarden.domain.login import Scope
from pgwarden.domain.person import Role
from pgwarden.ports import Jobs


class JobDesk:
    """Every verb is an administrator's (LoginNeeded, RightMissing); what is changed is written down with it."""

    def __init__(self, jobs: Jobs, now: Callable[[], datetime]) -> None:
        self._jobs, self._now = jobs, now

    async def find(self, *states: JobState, by: Admission, limit: int = 100) -> tuple[JobRecord, ...]:
        """Jobs in these states (any without), newest first."""
        by.require(Scope.ADMIN, Role.ADMIN)
        return await self._jobs.find(*states, limit=limit)

    async def state(self, *, by: Admission) -> QueueState:
        """How much waits, and whether anybody works."""
        by.require(Scope.ADMIN, Role.ADMIN)
        return await self._jobs.state()

    async def retry(self, number: int, *, by: Admission, source: str) -> None:
        """Let a failed job run again. UnknownNotification when there is none of that number."""
        if not await self._jobs.retry(number, audit=(self._entry("job.retried", number, by, source),)):
            raise _unknown(number)

    async def discard(self, number: int, *, by: Admission, source: str) -> None:
        """Give a failed job up for good. UnknownNotification when there is none of that number."""
        if not await self._jobs.discard(number, audit=(self._entry("job.discarded", number, by, source),)):
            raise _unknown(number)

    def _entry(self, action: str, number: int, by: Admission, source: str) -> AuditEntry:
        actor = by.require(Scope.ADMIN, Role.ADMIN).name
        return AuditEntry(action, actor, self._now(), subject=str(number), source=source)


def _unknown(number: int) -> UnknownNotification:
    return UnknownNotification(
        f"No job {number} failed.", not_done="Nothing was changed.", next_step="`pgwarden jobs list` shows them."
    )
