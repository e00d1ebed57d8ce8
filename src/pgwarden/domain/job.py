"""Work that a worker does later, deferred in the same transaction as the event that causes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Handlers run at least once, so each is idempotent."""

    task: str
    """The handler's name: notify, remind_ticket, escalate_ticket, expire_ticket, execute_ticket."""
    args: Mapping[str, Any] = field(default_factory=dict)
    """JSON values."""
    at: datetime | None = None
    """Not before this moment; None: as soon as a worker is free."""
    lock: str = ""
    """Jobs with the same lock run one after the other."""
    queueing_lock: str = ""
    """At most one waiting job has this name; deferring a second one changes nothing."""


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "todo"
    RUNNING = "doing"
    DONE = "succeeded"
    FAILED = "failed"
    """Every attempt failed: it rests until a person retries or discards it."""
    DISCARDED = "cancelled"
    """A person gave it up."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as the queue holds it."""

    id: int
    task: str
    args: Mapping[str, Any]
    state: JobState
    at: datetime | None
    attempts: int
    """How often it was tried before and failed, or was left lying by a worker that died."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """How much there is to do, and who does it."""

    waiting: int
    running: int
    failed: int
    workers: int
    """Those that gave a sign of life within the last minute."""
    due_since: datetime | None
    """Since when the oldest job that is due has waited; None when none is."""
