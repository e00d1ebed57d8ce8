"""What is known of an installation as a whole, and of what is out of the ordinary in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pgwarden.domain.anomaly import Alert, AlertRules, Reading
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.facts import Facts
from pgwarden.domain.job import Job
from pgwarden.domain.slow_report import SlowLine


class WatchStore(Protocol):
    """Numbers from the durable records, and incidents."""

    async def facts(self, since: datetime, until: datetime, database: str = "") -> Facts:
        """Of one database, or all."""
        ...

    async def oldest_due(self) -> float:
        """How long the job that is due the longest has waited, in seconds; 0 where none does."""
        ...

    async def given_up(self) -> int:
        """Jobs and messages that were given up, and that nobody tried anew or threw away."""
        ...

    async def readings(self, rules: AlertRules, now: datetime, databases: Sequence[str]) -> tuple[Reading, ...]:
        """Each watched measure of each database that has any, and of ``databases``; '' is what belongs to none.

        The history of a measure that is nowhere above its floor is left out: nothing alarms there.
        """
        ...

    async def note_lock_wait(self, database: str, at: datetime, seconds: float, *, keep_days: int) -> None:
        """Keep how long the longest wait for a lock was at a moment; forget what is older than ``keep_days``."""
        ...

    async def open_alert(self, alert: Alert, *, jobs: Sequence[Job], audit: Sequence[AuditEntry]) -> bool:
        """Begin an incident, with its jobs and entries; False, and nothing, while one of its kind is open."""
        ...

    async def raise_alert(self, alert_id: str, value: float) -> bool:
        """Keep a reading of an open incident that is higher than any before."""
        ...

    async def close_alert(
        self, alert_id: str, at: datetime, *, jobs: Sequence[Job], audit: Sequence[AuditEntry]
    ) -> bool:
        """End an incident, with its jobs and entries; False, and nothing, when it has ended."""
        ...

    async def alert(self, alert_id: str) -> Alert | None: ...

    async def alerts(self, *, only_open: bool = False, database: str = "", limit: int = 100) -> tuple[Alert, ...]:
        """The newest first."""
        ...


class StatementStatistics(Protocol):
    """What a target's server counts of everybody's statements."""

    async def slowest(self, *, limit: int) -> tuple[SlowLine, ...] | str:
        """By the time they took in total, or the reason why the server does not tell."""
        ...

    async def lock_wait(self) -> float:
        """Seconds that the session which waits the longest has waited for a lock; 0 where none waits.

        Raises ConnectionFailed.
        """
        ...
