"""Questions in plain words: answered at once, or step by step as the work goes on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StrictBool

from pgwarden.agents.question_reader import LONGEST_QUESTION
from pgwarden.domain.advice_json import choice_object
from pgwarden.domain.answer import Answer
from pgwarden.domain.login import Scope
from pgwarden.domain.plain import plain
from pgwarden.web.api.reads import DatabaseName, ReasonAnswer
from pgwarden.web.api.rows import RowsAnswer, rows_answer
from pgwarden.web.events import EventStream, Tell, streamed
from pgwarden.web.visitor import Asking, Inside, Visitor

router = APIRouter(tags=["ask"])


class Ask(BaseModel):
    """A question."""

    question: str = Field(min_length=1, max_length=LONGEST_QUESTION)
    database: DatabaseName = None
    session: str = Field(default="", max_length=200, description="Name of a conversation, for follow-ups.")
    instructions: str = Field(
        default="", max_length=LONGEST_QUESTION, description="Definitions for this question: revenue = sum of price."
    )
    rows: Annotated[int, Field(strict=True, ge=1, le=100_000, description="Rows to return at most.")] = 1000
    seconds: Annotated[float, Field(strict=True, gt=0, le=3600, description="How long the query may run.")] = 30
    run: StrictBool = Field(default=True, description="False: only the SQL and the plan.")
    confirmed: StrictBool = Field(default=False, description="Run it, however large it is expected to be.")
    alternatives: StrictBool = Field(
        default=False, description="Also other readings, and other ways to write it, with costs."
    )


class OptionAnswer(BaseModel):
    """One way to settle a doubt: ask again with its question, or run its SQL."""

    label: str
    question: str
    sql: str


class ClarificationAnswer(BaseModel):
    """What must be settled before an answer."""

    message: str
    options: list[OptionAnswer]


class StepAnswer(BaseModel):
    """A step of the plan: which agent does what, and why."""

    name: str
    agent: str
    why: str
    inputs: list[str] = Field(description="The steps, or the question, that it works on.")


class PlanAnswer(BaseModel):
    """How the request is worked on."""

    intent_type: str
    complexity: str
    risk: str
    risk_before: str = Field(description="The first plan's, where the impact changed it; else empty.")
    steps: list[StepAnswer]


class AskAnswer(BaseModel):
    """How a question was read, and what came of it."""

    status: str = Field(description="`answered`, `clarify`, `awaiting_approval` or `refused`.")
    database: str
    question: str
    sql: str | None
    explanation: str = Field(description="The reading in plain words.")
    assumptions: list[str]
    confidence: float
    engine: str
    clarification: ClarificationAnswer | None
    plan: PlanAnswer | None
    reasons: list[ReasonAnswer]
    suggestions: list[ReasonAnswer]
    result: RowsAnswer | None
    assessment: dict[str, Any] | None = Field(description="What a change would do: impact, risk, business.")
    intent: dict[str, Any] | None = Field(
        description="intent_type, entities, operations, conditions, complexity, risk."
    )
    validation: dict[str, Any] | None = Field(description="Cost, rows and oddities of the server's plan.")
    notes: list[str] = Field(description="What to know about this answer, and how statements like it went before.")
    options: list[OptionAnswer] = Field(description="Queries that give rows, where this one gave none.")
    undo: dict[str, Any] | None = Field(description="What taking a change back would do, and the ticket for it.")
    alternatives: list[dict[str, Any]] = Field(
        default_factory=list, description="Where asked for: kind, sql, explanation, same_rows, cost, rows, time."
    )
    follow_ups: list[str]
    warnings: list[str] = Field(description="What did not work beside the answer, and what that costs.")
    preferences: dict[str, str] = Field(description="How you like answers; see /preferences.")
    turn: str = Field(description="For feedback.")
    milliseconds: float


class Step(BaseModel):
    """What an agent began, ended, or tries again."""

    step: str
    state: str = Field(description="started, finished, failed or retried.")
    words: str
    milliseconds: float | None


@router.post("/ask")
async def ask(question: Ask, visitor: Asking) -> AskAnswer:
    """Answer a question: how it was read, the SQL, and the rows. A change is assessed and never run."""
    return await answered(question, visitor)


@router.post(
    "/ask/stream",
    status_code=200,
    response_class=EventStream,
    responses=streamed("Events `step`, then `answer` or `problem`"),
)
async def ask_step_by_step(question: Ask, visitor: Asking) -> Any:
    """The same, telling each step as it begins. Closing the connection cancels the query on the server."""

    async def work(tell: Tell) -> None:
        tell("answer", await answered(question, visitor, tell))

    return EventStream(work)


async def answered(question: Ask, visitor: Visitor, tell: Tell = lambda _name, _data: None) -> AskAnswer:
    """The answer to a question; ``tell`` gets an event ``step`` as each begins."""
    database = await visitor.database(question.database)
    answer = await visitor.app.orchestrator.ask(
        question.question,
        database=database,
        identity=visitor.identity,
        session=question.session,
        instructions=question.instructions,
        limits=visitor.app.limits(rows=question.rows, seconds=question.seconds),
        execute=question.run,
        explain=True,
        progress=lambda event: tell("step", Step(**event.to_dict())),
        opens=visitor.source if Scope.REQUEST in visitor.admission.scopes else "",
        confirmed=question.confirmed,
    )
    told = ask_answer(answer)
    if question.alternatives:
        app, limits = visitor.app, visitor.app.limits()
        catalog = await app.orchestrator.visible(database, identity=visitor.identity)
        found = await app.advisor.choices(database, answer.reading, catalog, identity=visitor.identity, limits=limits)
        told.alternatives = [choice_object(one) for one in found]
    return told


class Judgement(BaseModel):
    """What a person says of an answer."""

    right: StrictBool
    sql: str | None = Field(default=None, max_length=2_000_000, description="What it should have been.")


@router.post("/turns/{turn}/feedback", status_code=204)
async def feedback(turn: Annotated[str, Path(max_length=100)], said: Judgement, visitor: Inside) -> None:
    """Whether an answer of yours was right. It changes the next one to the same question."""
    visitor.require(Scope.ASK)
    await visitor.app.orchestrator.feedback(turn, right=said.right, corrected_sql=said.sql, identity=visitor.identity)


def ask_answer(answer: Answer) -> AskAnswer:
    """An answer as JSON, without the engine's inner state."""
    reading, doubt, plan, verdict = answer.reading, answer.reading.clarification, answer.plan, answer.verdict
    return AskAnswer(
        status=answer.status.value,
        database=answer.database,
        question=reading.question,
        sql=reading.sql,
        explanation=reading.explanation,
        assumptions=list(reading.assumptions),
        confidence=round(reading.confidence, 3),
        engine=reading.engine,
        clarification=ClarificationAnswer(
            message=doubt.message,
            options=[OptionAnswer(label=o.label, question=o.question, sql=o.sql) for o in doubt.options],
        )
        if doubt
        else None,
        plan=PlanAnswer(
            intent_type=plan.intent_type,
            complexity=plan.complexity.value,
            risk=plan.risk.value,
            risk_before=plan.risk_before.value if plan.risk_before else "",
            steps=[
                StepAnswer(name=step.name, agent=step.agent, why=step.why, inputs=list(step.inputs))
                for step in plan.steps
            ],
        )
        if plan
        else None,
        reasons=_reasons(verdict.reasons if verdict else ()),
        suggestions=_reasons(verdict.suggestions if verdict else ()),
        result=rows_answer(answer.result, answer.preferences) if answer.result else None,
        assessment=answer.assessment.to_dict() if answer.assessment else None,
        intent=plain(reading.intent),
        validation=plain(answer.validation),
        notes=list(answer.notes),
        options=[OptionAnswer(label=o.label, question=o.question, sql=o.sql) for o in answer.options],
        undo={**plain(answer.undo), "next": answer.undo.next_step} if answer.undo else None,
        follow_ups=list(answer.follow_ups),
        warnings=list(answer.warnings),
        preferences=asdict(answer.preferences),
        turn=answer.turn,
        milliseconds=round(answer.milliseconds, 1),
    )


def _reasons(reasons: Any) -> list[ReasonAnswer]:
    return [ReasonAnswer(code=r.code, message=r.message, position=r.position, hint=r.hint) for r in reasons]
