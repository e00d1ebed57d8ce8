"""Walking a plan's steps: each one is told as it goes, and a transient failure is tried again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.failure import FailureKind, failure_kind
from pgwarden.domain.step_event import StepEvent, StepState
from pgwarden.tracing import span

T = TypeVar("T")

BACK_OFF = (0.1, 0.4)
"""Seconds before each further attempt; so many attempts follow the first one."""

Progress = Callable[[StepEvent], None]
"""Told every event of every step, in order."""
Sleep = Callable[[float], Awaitable[None]]


class StepWalk:
    """Runs steps that only read, so that running one twice does no harm."""

    def __init__(
        self, tell: Progress, *, sleep: Sleep = asyncio.sleep, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._tell, self._sleep, self._clock = tell, sleep, clock

    def note(self, step: str, words: str) -> None:
        """Tell what a running step is at."""
        self._tell(StepEvent(step, StepState.RUNNING, words))

    async def run(self, step: str, words: str, work: Callable[[], Awaitable[T]]) -> T:
        """The step's outcome. Its last error is raised when it is not transient or has come too often."""
        started = self._clock()

        def tell(state: StepState, what: str) -> None:
            self._tell(StepEvent(step, state, what, (self._clock() - started) * 1000))

        self._tell(StepEvent(step, StepState.STARTED, words))
        pauses = iter(BACK_OFF)
        with span(f"step {step}") as opened:
            for attempt in count(1):
                opened.note(pgwarden__attempts=attempt)
                try:
                    found = await work()
                except PgwardenError as error:
                    pause = next(pauses, None) if failure_kind(error) is FailureKind.TRANSIENT else None
                    if pause is None:
                        tell(StepState.FAILED, error.what)
                        raise
                    tell(StepState.RETRIED, error.what)
                    await self._sleep(pause)
                else:
                    tell(StepState.FINISHED, words)
                    return found
        raise AssertionError("the last attempt returns or raises")
