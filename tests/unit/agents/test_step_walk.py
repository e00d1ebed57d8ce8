"""Steps are told as they go; what fails for a moment is tried again, and nothing else is."""

from __future__ import annotations

import pytest

from pgwarden.agents.step_walk import BACK_OFF, StepWalk
from pgwarden.domain.errors import ControlDatabaseUnavailable, PgwardenError, RightMissing
from pgwarden.domain.step_event import StepEvent, StepState


class Walked:
    """A walk on a clock that only sleeping moves, and a step that fails with these errors before it succeeds."""

    def __init__(self, *errors: PgwardenError) -> None:
        self.events: list[StepEvent] = []
        self.slept: list[float] = []
        self._now, self._errors = 0.0, list(errors)

    async def run(self) -> str:
        walk = StepWalk(self.events.append, sleep=self._sleep, clock=lambda: self._now)
        return await walk.run("execution", "running the query", self._work)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds

    async def _work(self) -> str:
        if self._errors:
            raise self._errors.pop(0)
        return "rows"

    @property
    def states(self) -> list[StepState]:
        return [event.state for event in self.events]


GONE = ControlDatabaseUnavailable("The control database does not answer.")


async def test_a_step_starts_and_finishes() -> None:
    walked = Walked()
    assert await walked.run() == "rows"
    assert walked.states == [StepState.STARTED, StepState.FINISHED]
    assert walked.slept == []


async def test_a_transient_failure_is_tried_again_and_told_with_its_time() -> None:
    walked = Walked(GONE)
    assert await walked.run() == "rows"
    assert walked.states == [StepState.STARTED, StepState.RETRIED, StepState.FINISHED]
    assert walked.events[1].words == GONE.what
    assert walked.events[-1].to_dict() == {
        "step": "execution",
        "state": "finished",
        "words": "running the query",
        "milliseconds": 100.0,
    }


async def test_trying_again_is_bounded() -> None:
    walked = Walked(*[GONE] * (len(BACK_OFF) + 1))
    with pytest.raises(ControlDatabaseUnavailable):
        await walked.run()
    assert walked.slept == list(BACK_OFF)
    assert walked.states == [StepState.STARTED, StepState.RETRIED, StepState.RETRIED, StepState.FAILED]


async def test_a_missing_right_is_not_tried_again() -> None:
    walked = Walked(RightMissing("ada may not read payments."))
    with pytest.raises(RightMissing):
        await walked.run()
    assert walked.slept == []
    assert walked.states == [StepState.STARTED, StepState.FAILED]


def test_a_running_step_tells_what_it_is_at() -> None:
    told: list[StepEvent] = []
    StepWalk(told.append).note("query_building", "asking groq:small")
    assert [event.to_dict() for event in told] == [
        {"step": "query_building", "state": "running", "words": "asking groq:small", "milliseconds": 0.0}
    ]
