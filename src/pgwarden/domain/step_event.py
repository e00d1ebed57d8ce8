"""What a step of a plan tells while it runs: the same event for a terminal, the page, and an MCP client."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class StepState(StrEnum):
    """Where a step is. ``RETRIED`` stands between a failed attempt and the next one."""

    STARTED = "started"
    RUNNING = "running"
    """It goes on; the words say with what. Any number of times, also never."""
    FINISHED = "finished"
    FAILED = "failed"
    RETRIED = "retried"


@dataclass(frozen=True, slots=True)
class StepEvent:
    """One moment of one step. A step starts once and either finishes or fails once."""

    step: str
    """``PlanStep.name`` of the step."""
    state: StepState
    words: str
    """What is happening, for a person; of a failure what went wrong, never a value from the database."""
    milliseconds: float = 0.0
    """Since the step started; 0 in ``STARTED`` and ``RUNNING``."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "state": self.state.value,
            "words": self.words,
            "milliseconds": round(self.milliseconds, 1),
        }
