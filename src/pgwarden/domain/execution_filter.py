"""Which executions of a target are looked for, and how a page of them is followed by the next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pgwarden.domain.execution import Execution, ExecutionKind


class ExecutionState(StrEnum):
    """What became of an execution that ended."""

    IN_FORCE = "in force"
    UNDONE = "undone"
    UNDO = "undo"
    """It is one that takes another back."""


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Everything given must hold; nothing given means all."""

    state: ExecutionState | None = None
    who: str = ""
    """Asked for it or approved it."""
    since: datetime | None = None
    """Began then or later."""
    older_than: str = ""
    """The id of an execution: only those that began before it, for the next page."""
    limit: int = 50
    """At most so many, the newest first."""

    def matches(self, execution: Execution) -> bool:
        """Whether the execution is wanted; page and limit aside."""
        given = (
            (self.state is ExecutionState.IN_FORCE, not execution.undone),
            (self.state is ExecutionState.UNDONE, execution.undone),
            (self.state is ExecutionState.UNDO, execution.kind is ExecutionKind.UNDO),
            (bool(self.who), self.who in {execution.requested_by, *_names(execution.approved_by)}),
            (self.since is not None, self.since is not None and execution.started_at >= self.since),
        )
        return all(holds for asked, holds in given if asked)


def place(execution: Execution) -> tuple[datetime, str]:
    """Where an execution stands in the order of time."""
    return execution.started_at, execution.id


def _names(approved_by: str) -> list[str]:
    """``max, dora for lee (override)`` as its words: the ledger keeps it as people read it."""
    return re.split(r"[ ,()]+", approved_by)
