"""Who uses the tables of a change: sessions with locks on them now, and statements that were seen before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgwarden.domain.quantity import counted, duration

WRITING = frozenset({"RowExclusiveLock"})
AGAINST_US = frozenset(
    {
        "RowExclusiveLock",
        "ShareUpdateExclusiveLock",
        "ShareLock",
        "ShareRowExclusiveLock",
        "ExclusiveLock",
        "AccessExclusiveLock",
    }
)
"""Modes that conflict with SHARE ROW EXCLUSIVE, under which the tables of a change are watched."""


@dataclass(frozen=True, slots=True)
class TableUse:
    """One application (under one role) that uses one table."""

    table: str
    application: str
    """``application_name``; '' where the session gave none."""
    role: str
    sessions: int
    held: tuple[str, ...] = ()
    """Lock modes held on the table now, as ``pg_locks`` names them."""
    waiting: int = 0
    """Sessions that wait for such a lock now."""
    seconds: float | None = None
    """Age of the oldest transaction among them; None where this role may not see it."""
    calls: int = 0
    """Statements on the table that ``pg_stat_statements`` counted, all sessions of the role together."""
    writes: bool = False
    """Whether it was seen to write to the table."""

    @property
    def blocks(self) -> bool:
        """Whether the change would have to wait for it now."""
        return not AGAINST_US.isdisjoint(self.held)

    @property
    def who(self) -> str:
        if not self.application:
            return f"role {self.role}" if self.role else "a session of the server"
        return f"{self.application} ({self.role})" if self.role else self.application

    def __str__(self) -> str:
        if self.calls:
            verb = "read and wrote" if self.writes else "read"
            return f"{self.who} {verb} {self.table} in {counted(self.calls, 'call')} since statistics began"
        told = [f"{self.who}, {counted(self.sessions, 'session')},"]
        if self.blocks:
            told.append(f"has {self.table} locked now{self._since}: the change waits for it")
        elif self.held:
            told.append(f"reads {self.table} now and goes on reading during the change")
        elif self.waiting:
            told.append(f"waits for a lock on {self.table} now")
        else:
            told.append(f"{'wrote to' if self.writes else 'used'} {self.table} in its last statement")
        return " ".join(told)

    @property
    def _since(self) -> str:
        return f" (for {duration(self.seconds)})" if self.seconds is not None else ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "application": self.application,
            "role": self.role,
            "sessions": self.sessions,
            "locks": list(self.held),
            "waiting": self.waiting,
            "blocks": self.blocks,
            "seconds": self.seconds,
            "calls": self.calls,
            "writes": self.writes,
        }
