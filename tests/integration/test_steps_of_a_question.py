"""What a question tells while it is answered, and what is left of it when the memory is gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.support.mcp_client import settings_of

from pgwarden.bootstrap import build
from pgwarden.domain.answer import AnswerStatus
from pgwarden.domain.errors import ControlDatabaseUnavailable
from pgwarden.domain.identity import Identity
from pgwarden.domain.session import Session
from pgwarden.domain.step_event import StepEvent
from pgwarden.settings import Settings

ADA = Identity("ada")


@pytest.fixture
def settings(state_home: Path, make_database: MakeDatabase, shop_url: str) -> Settings:
    return settings_of(state_home, make_database(), shop_url)


async def test_steps_are_told_and_a_memory_that_is_gone_costs_a_warning(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[StepEvent] = []
    async with build(settings) as app:

        async def gone(_session: Session) -> None:
            raise ControlDatabaseUnavailable("The control database does not answer.")

        monkeypatch.setattr(app.memory._sessions, "open", gone)
        answer = await app.orchestrator.ask(
            "how many customers are there?",
            database="default",
            identity=ADA,
            limits=app.limits(),
            progress=told.append,
        )
    assert answer.status is AnswerStatus.ANSWERED
    assert answer.result is not None
    assert answer.turn == ""
    assert "not remembered" in answer.warnings[0]
    steps = ["schema_context", "query_building", "execution"]
    assert [(event.step, event.state.value) for event in told] == [
        (step, state) for step in steps for state in ("started", "finished")
    ]
    assert answer.plan is not None
    assert [step.name for step in answer.plan.steps] == steps
