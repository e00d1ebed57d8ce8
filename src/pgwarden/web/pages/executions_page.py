"""What ran, its proof, and taking it back."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.execution import Execution
from pgwarden.domain.ticket import TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.web.api import executions as api
from pgwarden.web.api.databases import list_databases
from pgwarden.web.api.running import list_running
from pgwarden.web.api.tickets import ticket_line
from pgwarden.web.problems import problem, status_of
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

PAGE = 25
"""Executions on one page."""
ROW = "row."
"""Before the id of a row in the way, in the name of the field with its choice."""

Text = Annotated[str, Form(max_length=4000)]


class Filters(BaseModel):
    """What narrows the page down; '' does not."""

    database: str = Field(default="", max_length=200)
    state: Literal["", "running", "in force", "undone", "undo", "failed"] = ""
    who: str = Field(default="", max_length=200)
    since: str = Field(default="", max_length=10)
    older: str = Field(default="", max_length=200)

    def ended(self) -> api.Filters:
        """What the ledger of the database is asked for."""
        given = self.model_dump(include={"state", "who", "since", "older"})
        return api.Filters.model_validate(given)

    def tickets(self, status: TicketStatus, database: str) -> TicketFilter:
        """Tickets in a state that no ledger has: there, nothing is committed."""
        since = api.day(self.since)
        return TicketFilter(frozenset({status}), database=database, requester=self.who, since=since)


@router.get("/executions")
async def listed(request: Request, visitor: Inside, filters: Annotated[Filters, Query()]) -> Response:
    """What runs on a database, and what ran there, newest first."""
    databases = await list_databases(visitor)
    first = next((each.name for each in databases if each.allow_writes), "")
    chosen = await visitor.database(filters.database) if filters.database else first
    state, find = filters.state, visitor.app.approval.find
    running = await list_running(visitor, chosen) if chosen and state in ("", "running") and not filters.older else []
    failed = await find(filters.tickets(TicketStatus.FAILED, chosen)) if chosen and state == "failed" else ()
    found: tuple[Execution, ...] = ()
    if chosen and state not in ("running", "failed"):
        found = await visitor.app.execution.find(chosen, filters.ended().wanted(PAGE + 1))
    given = filters.model_dump(exclude_defaults=True) | {"database": chosen}
    given.pop("older", None)
    return visitor.door.templates.page(
        request,
        "pages/executions.html",
        visitor=visitor,
        databases=databases,
        database=chosen,
        filters=filters,
        narrowed=bool(filters.state or filters.who or filters.since),
        running=[each for each in running if filters.who in ("", each.requester, each.by)],
        failed=[ticket_line(view) for view in failed],
        executions=found[:PAGE],
        newest=urlencode(given),
        older=urlencode(given | {"older": found[PAGE - 1].id}) if len(found) > PAGE else "",
    )


@router.get("/executions/{database}/{execution}")
async def one(request: Request, visitor: Inside, database: str, execution: str) -> Response:
    """One execution, row by row."""
    name = await visitor.database(database)
    report = await visitor.app.execution.report(name, execution, identity=visitor.identity, rows=50)
    proof = await visitor.app.execution.proof(name, report.execution.id)
    return visitor.door.templates.page(
        request,
        "pages/execution.html",
        visitor=visitor,
        database=name,
        report=report,
        proof=proof,
    )


@router.get("/executions/{database}/{execution}/undo")
async def plan(request: Request, visitor: Inside, database: str, execution: str) -> Response:
    """What taking it back would meet now. Nothing is changed."""
    return await _planned(request, visitor, database, execution, api.Undo())


@router.post("/executions/{database}/{execution}/undo")
async def undo(
    request: Request,
    visitor: Inside,
    database: str,
    execution: str,
    reason: Text = "",
    on_conflict: Text = "refuse",
) -> Response:
    """Take it back, or have people decide on that; rows in the way as was chosen for each of them."""
    form = await request.form()
    rows = {name[len(ROW) :]: choice for name, choice in form.items() if name.startswith(ROW) and choice}
    given = {"reason": reason or "taking it back", "on_conflict": on_conflict, "rows": rows}
    wanted = api.Undo.model_validate(given)
    try:
        ticket = await api.undo(database, execution, wanted, visitor)
    except PgwardenError as error:
        return await _planned(request, visitor, database, execution, wanted, reason, error)
    ran = ticket["execution_id"] if ticket["status"] == TicketStatus.EXECUTED else ""
    return RedirectResponse(f"/executions/{quote(database)}/{ran}" if ran else f"/tickets/{ticket['id']}", 303)


async def _planned(
    request: Request,
    visitor: Visitor,
    database: str,
    execution: str,
    wanted: api.Undo,
    reason: str = "",
    error: PgwardenError | None = None,
) -> Response:
    """The rows in the way as they are now, with what was chosen, and with what stood against it."""
    name = await visitor.database(database)
    return visitor.door.templates.page(
        request,
        "pages/undo.html",
        status=status_of(error) if error else 200,
        visitor=visitor,
        database=name,
        report=await visitor.app.execution.undo_plan(name, execution, identity=visitor.identity),
        on_conflict=wanted.on_conflict,
        choices=wanted.rows,
        reason=reason,
        problem=problem(error) if error else None,
    )
