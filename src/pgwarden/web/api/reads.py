"""SQL that reads: what pgwarden decides on it, and its rows."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, StrictBool
from starlette.responses import Response

from pgwarden.domain.advice_json import advice_object
from pgwarden.domain.errors import StatementInvalid, StatementTooLarge
from pgwarden.domain.query_plan import estimates
from pgwarden.domain.result import Result
from pgwarden.domain.row_file import RowForm
from pgwarden.domain.statement import Decision, Reason, StatementKind, Verdict
from pgwarden.domain.verdict_json import verdict_object
from pgwarden.web.api.rows import RowsAnswer, rows_answer
from pgwarden.web.events import EventStream, Tell, streamed
from pgwarden.web.visitor import Asking, Inside, Visitor

router = APIRouter(tags=["reads"])

DatabaseName = Annotated[
    str | None, Field(max_length=200, description="Registered name; leave it out when there is only one.")
]
Sql = Annotated[str, Field(min_length=1, max_length=2_000_000, description="One PostgreSQL statement.")]


class Statement(BaseModel):
    """A statement for a database."""

    sql: Sql
    database: DatabaseName = None


class Read(Statement):
    """A statement to run."""

    rows: int = Field(default=1000, strict=True, ge=1, le=100_000, description="Rows to return at most.")
    seconds: float = Field(default=30, strict=True, gt=0, le=3600, description="How long it may run.")
    confirmed: StrictBool = Field(default=False, description="Run it, however large it is expected to be.")
    planner_settings: dict[str, str] = Field(
        default_factory=dict,
        max_length=20,
        description='Settings of the planner for this read alone, e.g. {"enable_nestloop": "off"}.',
    )


class ReasonAnswer(BaseModel):
    """Why a verdict is what it is."""

    code: str
    message: str
    position: int | None = Field(default=None, description="Character in the SQL, from 0.")
    hint: str = ""


class VerdictAnswer(BaseModel):
    """What pgwarden would do with a statement."""

    database: str
    decision: str = Field(description="`allow`, `needs_approval` or `refuse`.")
    kind: str
    reasons: list[ReasonAnswer]
    suggestions: list[ReasonAnswer]
    reads: list[str]
    writes: list[str]
    columns: list[str]
    estimated_cost: float | None = Field(default=None, description="PostgreSQL's own, in its units.")
    estimated_rows: float | None = None
    plan: dict[str, Any] | None = Field(default=None, description="PostgreSQL's plan, of a statement that may run.")


@router.post("/verdicts")
async def judge(statement: Statement, visitor: Inside) -> VerdictAnswer:
    """Judge a statement without running it: its syntax, its names, what it reads and writes, whether it may run."""
    database = await visitor.database(statement.database)
    app, asked = visitor.app, {"statement": statement.sql}
    trail = app.trail.event("statement.checked", identity=visitor.identity, database=database, personal=asked)
    async with trail:
        catalog = await app.orchestrator.visible(database, identity=visitor.identity)
        try:
            verdict = app.query.validate(statement.sql, catalog)
        except (StatementInvalid, StatementTooLarge) as error:
            reason = Reason("syntax", error.why.rstrip(".") or error.what, None, error.next_step)
            verdict = Verdict(statement.sql, StatementKind.UNKNOWN, Decision.REFUSE, (reason,))
        plan = None
        if verdict.allowed:
            plan = await app.execution.explain(database, statement.sql, identity=visitor.identity, limits=app.limits())
        found = verdict_object(verdict, catalog, plan)
    cost, rows = estimates(plan) if plan else (None, None)
    known = {key: found[key] for key in VerdictAnswer.model_fields if key in found}
    return VerdictAnswer(database=database, estimated_cost=cost, estimated_rows=rows, **known)


class AdviceAnswer(BaseModel):
    """How a statement could be written better."""

    sql: str
    estimate: dict[str, Any] = Field(description="Cost in PostgreSQL's units, rows, a rough time.")
    plan: str
    alternatives: list[dict[str, Any]] = Field(description="Forms that give the same rows, with their cost.")
    indexes: list[dict[str, Any]] = Field(description="Indexes that could help; none was made.")
    settings: list[dict[str, Any]] = Field(description="Planner settings that help, with the estimate that shows it.")
    commented: str = Field(description="The statement with comments that explain its parts.")
    notes: list[str]


@router.post("/advice")
async def advise(statement: Statement, visitor: Inside) -> AdviceAnswer:
    """Say how a SELECT could be faster or simpler. It is planned, not run."""
    database, app = await visitor.database(statement.database), visitor.app
    catalog = await app.orchestrator.visible(database, identity=visitor.identity)
    advice = await app.advisor.advise(
        database, statement.sql, catalog, identity=visitor.identity, limits=app.limits(), comments=True
    )
    return AdviceAnswer(**advice_object(advice))


@router.post("/reads")
async def read(statement: Read, visitor: Asking) -> RowsAnswer:
    """Run one SELECT. It cannot change anything; closing the connection does not stop it, its limits do."""
    return rows_answer(await _rows(statement, visitor))


@router.post(
    "/reads/stream",
    status_code=200,
    response_class=EventStream,
    responses=streamed("The event `answer` or `problem`"),
)
async def read_until_closed(statement: Read, visitor: Asking) -> Any:
    """The same as an event. Closing the connection cancels the query on the server."""

    async def work(tell: Tell) -> None:
        liked = await visitor.app.memory.preferences(identity=visitor.identity)
        tell("answer", rows_answer(await _rows(statement, visitor), liked))

    return EventStream(work)


class Download(Read):
    """A statement whose rows are wanted as a file."""

    form: RowForm = RowForm.CSV


@router.post(
    "/reads/file",
    response_class=Response,
    responses={200: {"content": {form.media_type: {} for form in RowForm}, "description": "The file"}},
)
async def download(statement: Download, visitor: Asking) -> Response:
    """The same rows as a file, masked as the rows are; no text in it can become a formula. It is audited."""
    database, app = await visitor.database(statement.database), visitor.app
    asked = {"statement": statement.sql}
    trail = app.trail.event("rows.downloaded", identity=visitor.identity, database=database, personal=asked)
    async with trail as event:
        result = await _rows(statement, visitor)
        content = await asyncio.to_thread(app.row_file, result, statement.form)
        event.details |= {"form": statement.form.value, "rows": len(result.rows), "bytes": len(content)}
    headers = {"Content-Disposition": f'attachment; filename="rows.{statement.form.value}"'}
    return Response(content, media_type=statement.form.media_type, headers=headers)


async def _rows(statement: Read, visitor: Visitor) -> Result:
    database = await visitor.database(statement.database)
    chosen = [f"{name}={value}" for name, value in statement.planner_settings.items()]
    limits = visitor.app.limits(rows=statement.rows, seconds=statement.seconds, planner=chosen)
    limits = await visitor.app.orchestrator.zoned(limits, identity=visitor.identity)
    return await visitor.app.execution.read(
        database, statement.sql, identity=visitor.identity, limits=limits, plan=True, confirmed=statement.confirmed
    )
