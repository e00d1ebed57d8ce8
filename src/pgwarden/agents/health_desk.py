"""How an installation is doing, looked at now: the audit, the queue, and every target."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from pgwarden.domain.admission import Admission
from pgwarden.domain.database import CheckFinding, Database, DatabaseCheck, Grade
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.health import Health
from pgwarden.domain.job import QueueState
from pgwarden.domain.login import Scope
from pgwarden.domain.person import Role
from pgwarden.ports import AuditLog, Jobs, TargetRegistry

AT_ONCE = 4
"""Targets that are looked at at the same time."""
LATE = timedelta(minutes=5)
"""A due job that waits longer tells that nobody works."""


class HealthDesk:
    """For administrators (LoginNeeded, RightMissing): it tells where databases are and what is wrong with them."""

    def __init__(
        self,
        targets: TargetRegistry,
        look: Callable[[Database], Awaitable[DatabaseCheck]],
        jobs: Jobs,
        log: AuditLog,
        now: Callable[[], datetime],
    ) -> None:
        self._targets, self._look, self._jobs, self._log, self._now = targets, look, jobs, log, now

    async def look(self, *, by: Admission) -> Health:
        """The findings. A target that does not answer is one."""
        by.require(Scope.ADMIN, Role.ADMIN)
        head, kept = await self._log.head(), await self._log.checkpoints(limit=1)
        signed = f"signed up to {kept[0].checkpoint.number:,}" if kept else "no checkpoint yet"
        audit = CheckFinding("audit", Grade.GOOD, f"audit: {head.number:,} entries, {signed}")
        slots = asyncio.Semaphore(AT_ONCE)

        async def target(database: Database) -> CheckFinding:
            async with slots:
                return await self._target(database)

        found = await asyncio.gather(*(target(each) for each in await self._targets.all()))
        queue = _queue(await self._jobs.state(), self._now())
        return Health((CheckFinding("control", Grade.GOOD, "control database: answers"), audit, queue, *found))

    async def _target(self, database: Database) -> CheckFinding:
        name = database.name
        try:
            found = await self._look(database)
        except PgwardenError as error:
            return CheckFinding(error.code, Grade.DANGER, f"{name}: {error.what}", error.why, error.next_step)
        worst = [each for grade in (Grade.DANGER, Grade.WARNING) for each in found.findings if each.grade is grade]
        if worst:
            more = f" (and {len(worst) - 1} more)" if len(worst) > 1 else ""
            return CheckFinding(worst[0].code, worst[0].grade, f"{name}: {worst[0].what}{more}", worst[0].why)
        return CheckFinding("target", Grade.GOOD, f"{name}: PostgreSQL {found.server_version // 10000}, all is well")


def _queue(state: QueueState, now: datetime) -> CheckFinding:
    told = f"jobs: {state.waiting:,} wait, {state.running:,} run, {state.failed:,} failed; {state.workers:,} workers"
    if state.due_since is not None and now - state.due_since > LATE:
        why = f"The oldest job that is due has waited since {state.due_since:%Y-%m-%d %H:%M} UTC."
        return CheckFinding("jobs", Grade.DANGER, told, why, "Start a worker: pgwarden worker, or pgwarden serve.")
    if state.failed:
        return CheckFinding("jobs", Grade.WARNING, told, "Failed jobs rest until a person decides.", "Look at Jobs.")
    return CheckFinding("jobs", Grade.GOOD, told)
