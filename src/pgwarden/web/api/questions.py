"""Questions that people keep, share and have sent, and what one asked before."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from pgwarden.domain.saved_question import LONGEST_SQL, MOST_RECIPIENTS, Chart, SavedQuestion, Schedule
from pgwarden.web.api.reads import DatabaseName
from pgwarden.web.api.rows import RowsAnswer, rows_answer
from pgwarden.web.visitor import Asking, Inside, Visitor

router = APIRouter(tags=["questions"])

QuestionId = Annotated[str, Path(max_length=100, description="As the list tells it: q-….")]
Search = Annotated[str, Query(max_length=1000, description="A part of its name, its words or its SQL.")]
Revision = Annotated[
    int, Field(strict=True, ge=1, description="The revision that was shown; another one changes nothing.")
]
Shared = Annotated[
    str, Field(max_length=200, description="'' for yourself, `everybody`, a role such as `approver`, or `group:NAME`.")
]
Confirmed = Annotated[bool, Query(description="Run it, however large it is expected to be.")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Sql = Annotated[str, Field(min_length=1, max_length=LONGEST_SQL, description="One SELECT.")]


class ChartChoice(BaseModel):
    """How rows are drawn; the names are those of columns, '' leaves the choice to the shape of the rows."""

    kind: str = Field(default="auto", max_length=20, description="auto, bars, line, area, points or none.")
    x: str = Field(default="", max_length=200)
    y: str = Field(default="", max_length=200)
    colour: str = Field(default="", max_length=200)

    def chart(self) -> Chart:
        return Chart(self.kind, self.x, self.y, self.colour)


class ScheduleAnswer(BaseModel):
    """When it is sent to whom."""

    cron: str
    zone: str
    recipients: list[str]
    form: str
    next_at: datetime | None = Field(description="null: it has stopped.")
    failures: int = Field(description="In a row.")
    last_at: datetime | None
    last_said: str = Field(description="What became of the last run.")


class QuestionAnswer(BaseModel):
    """A saved question."""

    id: str
    owner: str
    own: bool
    database: str
    name: str
    question: str = Field(description="The words that it came from.")
    sql: str
    shared_with: str
    chart: ChartChoice
    schedule: ScheduleAnswer | None = Field(description="For its owner alone.")
    changed_at: datetime
    revision: int


class NewQuestion(BaseModel):
    """A question to keep."""

    name: Name
    sql: Sql
    question: str = Field(default="", max_length=4000)
    database: DatabaseName = None
    chart: ChartChoice = ChartChoice()
    shared_with: Shared = ""


class QuestionChange(BaseModel):
    """What is to be another; what is left out stays."""

    revision: Revision
    name: Name | None = None
    sql: Sql | None = None
    chart: ChartChoice | None = None
    shared_with: Shared | None = None


class NewSchedule(BaseModel):
    """When it is to be sent to whom."""

    revision: Revision
    cron: str = Field(max_length=200, description="minute hour day month weekday, e.g. `0 8 * * mon-fri`.")
    zone: str = Field(default="", max_length=100, description="IANA time zone; your own without.")
    recipients: list[Annotated[str, Field(max_length=200)]] = Field(max_length=MOST_RECIPIENTS)
    form: str = Field(default="csv", max_length=20, description="csv or xlsx.")


class TurnAnswer(BaseModel):
    """A question that one asked before."""

    turn: str
    at: datetime
    database: str
    question: str
    sql: str | None


@router.get("/questions")
async def list_questions(visitor: Inside, search: Search = "") -> list[QuestionAnswer]:
    """Your own and those shared with you, last changed first; 200 at most."""
    return [_answer(each, visitor) for each in await visitor.app.question_desk.find(visitor.admission, text=search)]


@router.post("/questions", status_code=201)
async def save_question(wanted: NewQuestion, visitor: Inside) -> QuestionAnswer:
    """Keep a question. Its SQL has to be a read that you may run."""
    kept = await visitor.app.question_desk.save(
        visitor.admission,
        name=wanted.name,
        database=await visitor.database(wanted.database),
        sql=wanted.sql,
        question=wanted.question,
        chart=wanted.chart.chart(),
        shared_with=wanted.shared_with,
    )
    return _answer(kept, visitor)


@router.get("/questions/{question}")
async def read_question(question: QuestionId, visitor: Inside) -> QuestionAnswer:
    """One of them."""
    return _answer(await visitor.app.question_desk.get(question, visitor.admission), visitor)


@router.patch("/questions/{question}")
async def change_question(question: QuestionId, wanted: QuestionChange, visitor: Inside) -> QuestionAnswer:
    """Change a question of yours."""
    given = {
        name: getattr(wanted, name) for name in ("name", "sql", "shared_with") if getattr(wanted, name) is not None
    }
    if wanted.chart is not None:
        given["chart"] = wanted.chart.chart()
    changed = await visitor.app.question_desk.change(question, visitor.admission, revision=wanted.revision, **given)
    return _answer(changed, visitor)


@router.delete("/questions/{question}", status_code=204)
async def remove_question(question: QuestionId, visitor: Inside) -> None:
    """Forget a question of yours, with its schedule."""
    await visitor.app.question_desk.remove(question, visitor.admission)


@router.post("/questions/{question}/run")
async def run_question(question: QuestionId, visitor: Asking, confirmed: Confirmed = False) -> RowsAnswer:
    """Its rows, with your own rights and masks, whoever saved it."""
    app = visitor.app
    result = await app.question_desk.run(question, visitor.admission, limits=app.limits(), confirmed=confirmed)
    return rows_answer(result, await app.memory.preferences(identity=visitor.identity))


@router.put("/questions/{question}/schedule")
async def schedule_question(question: QuestionId, wanted: NewSchedule, visitor: Inside) -> QuestionAnswer:
    """Have a question of yours sent by mail, with your rights, to people who may open it."""
    zone = wanted.zone or visitor.person.zone
    schedule = Schedule(wanted.cron, zone, tuple(dict.fromkeys(wanted.recipients)), wanted.form)
    kept = await visitor.app.question_desk.schedule(question, visitor.admission, schedule, revision=wanted.revision)
    return _answer(kept, visitor)


@router.delete("/questions/{question}/schedule")
async def unschedule_question(
    question: QuestionId, revision: Annotated[int, Query(ge=1)], visitor: Inside
) -> QuestionAnswer:
    """Send it no more."""
    kept = await visitor.app.question_desk.unschedule(question, visitor.admission, revision=revision)
    return _answer(kept, visitor)


@router.get("/history")
async def read_history(visitor: Inside, search: Search = "") -> list[TurnAnswer]:
    """What you asked before, newest first; 200 at most. The last 50 questions of each conversation are remembered."""
    found = await visitor.app.question_desk.history(visitor.admission, text=search)
    return [TurnAnswer(turn=t.id, at=t.at, database=t.database, question=t.question, sql=t.sql) for t in found]


def _answer(kept: SavedQuestion, visitor: Visitor) -> QuestionAnswer:
    own, plan, chart = kept.owner == visitor.identity.name, kept.schedule, kept.chart
    return QuestionAnswer(
        id=kept.id,
        owner=kept.owner,
        own=own,
        database=kept.database,
        name=kept.name,
        question=kept.question,
        sql=kept.sql,
        shared_with=kept.shared_with,
        chart=ChartChoice(kind=chart.kind, x=chart.x, y=chart.y, colour=chart.colour),
        schedule=ScheduleAnswer(
            cron=plan.cron,
            zone=plan.zone,
            recipients=list(plan.recipients),
            form=plan.form,
            next_at=plan.next_at,
            failures=plan.failures,
            last_at=plan.last_at,
            last_said=plan.last_said,
        )
        if plan and own
        else None,
        changed_at=kept.changed_at,
        revision=kept.revision,
    )
