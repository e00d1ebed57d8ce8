"""What a question tells while it is answered, and what is left of it when the memory is gone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.support.change import owned, run
from tests.support.mcp_client import settings_of
from tests.support.model_house import answers
from tests.support.model_server import model, proposal
from tests.support.web import web_house

from pgwarden.bootstrap import build
from pgwarden.domain.answer import Answer, AnswerStatus
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import ControlDatabaseUnavailable
from pgwarden.domain.identity import Identity
from pgwarden.domain.question import RiskLevel
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
    planned = [event for event in told if event.step == "planning"]
    assert [(event.step, event.state.value) for event in told if event not in planned] == [
        (step, state) for step in steps for state in ("started", "finished")
    ]
    assert [event.words for event in planned] == [f"SELECT: {', '.join(steps)}"], (
        "the plan itself is told as it is made"
    )
    assert told.index(planned[0]) == 4, "before anything runs"
    assert answer.plan is not None
    assert [step.name for step in answer.plan.steps] == steps


async def test_the_steps_tell_which_model_is_asked_and_how_far_its_answer_is(
    state_home: Path, make_database: MakeDatabase, shop_url: str
) -> None:
    told: list[StepEvent] = []
    with model(answers(proposal("SELECT count(*) FROM customers"))) as (_, spec):
        settings = settings_of(state_home, make_database(), shop_url, llm_primary=f"{spec.name}@{spec.url}")
        async with build(settings) as app:
            answer = await app.orchestrator.ask(
                "how many customers are there?", database="default", identity=ADA, limits=app.limits(),
                progress=told.append,
            )  # fmt: skip
    assert answer.reading.engine == "model (openai:m)"
    running = [event.words for event in told if (event.step, event.state.value) == ("query_building", "running")]
    assert running[0] == "asking openai:m"
    assert running[1].startswith("openai:m is answering: ")
    assert "comparing readings by their rows" in running


async def test_the_page_is_told_so_too(
    state_home: Path, make_database: MakeDatabase, settled_people: str, shop_url: str
) -> None:
    control = make_database(template=settled_people)
    with model(answers(proposal("SELECT count(*) FROM customers"))) as (_, spec):
        async with web_house(state_home, control, shop_url, llm_primary=f"{spec.name}@{spec.url}") as house:
            client = await house.logged_in("ana")
            asked = {"question": "how many customers are there?", "database": "shop"}
            streamed = (await client.post("/api/v1/ask/stream", json=asked)).text
    steps = [json.loads(data)["words"] for data in re.findall(r"event: step\ndata: (.*)\n", streamed)]
    assert "asking openai:m" in steps
    assert any(words.startswith("openai:m is answering: ") for words in steps)


async def test_what_is_not_simple_is_planned_by_the_server_and_looked_at_twice(settings: Settings) -> None:
    told: list[StepEvent] = []
    async with build(settings) as app:

        async def ask(question: str) -> Answer:
            return await app.orchestrator.ask(
                question, database="default", identity=ADA, limits=app.limits(), progress=told.append
            )

        answer = await ask("total revenue by customer city")
        assert answer.plan is not None
        assert [s.name for s in answer.plan.steps] == ["schema_context", "query_building", "validation", "execution"]
        assert ("validation", "finished") in [(event.step, event.state.value) for event in told]
        assert answer.validation is not None
        assert answer.validation.rows
        assert answer.result is not None
        assert (answer.notes, answer.options) == ((), ())
        nothing = await ask("orders of customers from Texas with a total over 100000000")
        assert nothing.result is not None
        assert nothing.result.rows == ()
        assert "No row fits all conditions" in nothing.notes[0]
        (option,) = nothing.options
        assert "100000000" in option.label
        found = await app.execution.read("default", option.sql, identity=ADA, limits=app.limits())
        assert found.rows, "without it there are rows"


async def test_the_plan_is_made_again_when_the_impact_changes_the_risk(
    state_home: Path, make_database: MakeDatabase
) -> None:
    """An INSERT looks MEDIUM by its words; what its trigger sets off cannot be known, which makes it HIGH."""
    target = owned(make_database())
    run(
        target,
        "create table suppliers (id int generated always as identity primary key, name text not null)",
        "create table plain (id int generated always as identity primary key, name text not null)",
        "create function tell() returns trigger language plpgsql as "
        "$$ begin execute 'notify ' || quote_ident(tg_argv[0]); return new; end $$",
        "create trigger told after insert on suppliers for each row execute function tell('new_supplier')",
        "analyze",
    )
    told: list[StepEvent] = []
    async with build(settings_of(state_home, make_database(), target)) as app:

        async def ask(question: str, *, execute: bool = True) -> Answer:
            told.clear()
            return await app.orchestrator.ask(
                question, database="default", identity=ADA, limits=app.limits(), execute=execute, progress=told.append
            )

        first = await ask("Add a supplier named 'Acme'", execute=False)
        answer = await ask("Add a supplier named 'Acme'")
        words = [event.words for event in told if event.step == "planning"]
        (record, *_) = await app.audit.find(AuditFilter(action="question.asked"), limit=1)
        same = await ask("Add a plain named 'Acme'")
        unchanged = [event.words for event in told if event.step == "planning"]
    steps = ["schema_context", "query_building", "impact_analysis", "approval_process", "execution"]
    assert first.plan is not None
    assert (first.plan.risk, first.plan.risk_before) == (RiskLevel.MEDIUM, None)
    assert answer.status is AnswerStatus.AWAITING_APPROVAL
    assert answer.plan is not None
    assert (answer.plan.risk, answer.plan.risk_before) == (RiskLevel.HIGH, RiskLevel.MEDIUM)
    assert [step.name for step in answer.plan.steps] == steps, "nothing runs before its approval"
    assert words == [f"INSERT: {', '.join(steps)}", f"INSERT again, HIGH instead of MEDIUM: {', '.join(steps)}"]
    details = record.entry.details
    assert (details["plan"], details["risk_before"], details["risk"]) == (steps, "MEDIUM", "HIGH")
    assert same.plan is not None
    assert same.plan.risk_before is None
    assert len(unchanged) == 1
