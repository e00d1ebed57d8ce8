"""What the control database knows of an installation, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class VerbFact:
    """How often a verb of the agents ended in one way, within the period."""

    action: str
    outcome: str
    error: str
    """The code, '' without one."""
    count: int


@dataclass(frozen=True, slots=True)
class JobFact:
    """Jobs of one task in one state, now."""

    task: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Counts of a period, and what stands now. No statement, value, or name of a person or table."""

    since: datetime
    until: datetime
    verbs: tuple[VerbFact, ...]
    reads: int
    """Reads that gave rows out in the period."""
    reads_cached: int
    read_rows: int
    read_ms: float
    executions: int
    """Committed in the period; undoing is one, too."""
    rows_written: int
    execution_ms: float
    tickets: Mapping[str, int]
    """Now, by status."""
    jobs: tuple[JobFact, ...]
    oldest_due_seconds: float
    """How long the job that is due the longest has waited; 0 where none does."""
    deliveries: Mapping[str, int]
    """Messages by status."""
    alerts: int
    """Open now."""

    def to_dict(self) -> dict[str, object]:
        return {
            "since": self.since,
            "until": self.until,
            "verbs": [
                {"action": v.action, "outcome": v.outcome, "error": v.error, "count": v.count} for v in self.verbs
            ],
            "reads": {
                "count": self.reads,
                "cached": self.reads_cached,
                "rows": self.read_rows,
                "milliseconds": round(self.read_ms, 1),
            },
            "executions": {
                "count": self.executions,
                "rows": self.rows_written,
                "milliseconds": round(self.execution_ms, 1),
            },
            "tickets": dict(self.tickets),
            "jobs": [{"task": j.task, "state": j.state, "count": j.count} for j in self.jobs],
            "oldest_due_seconds": round(self.oldest_due_seconds, 1),
            "deliveries": dict(self.deliveries),
            "alerts": self.alerts,
        }
