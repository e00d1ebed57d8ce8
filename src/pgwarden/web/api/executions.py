"""What ran: its proof, its rows before and after, and taking it back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from pgwarden.agents.ticket_object import ticket_object
from pgwarden.domain.approval import OnConflict
from pgwarden.domain.execution import Execution
from pgwarden.domain.login import Scope
from pgwarden.domain.plain import plain
from pgwarden.domain.proposal import LONGEST_REASON
from pgwarden.domain.ticket import TicketStatus
from pgwarden.web.api.tickets import TicketId, seen
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter(tags=["executions"])

DatabaseName = Annotated[str, Path(max_length=200, description="Registered name.")]
ExecutionId = Annotated[str, Path(max_length=200)]
Rows = Annotated[int, Query(ge=1, le=1000, description="Rows to show at most.")]
ON_CONFLICT = {"refuse": OnConflict.REFUSE, "skip": OnConflict.SKIP, "overwrite": OnConflict.OVERWRITE}


class Undo(BaseModel):
    """How an execution is to be taken back."""

    reason: str = Field(default="taking it back", min_length=1, max_length=LONGEST_REASON)
    on_conflict: Literal["refuse", "skip", "overwrite"] = Field(
        default="refuse", description="What becomes of rows that others changed since; all but refuse asks people."
    )


@router.post("/tickets/{ticket}/execution")
async def execute(ticket: TicketId, visitor: Inside) -> dict[str, Any]:
    """Run what was approved, once, in a watched transaction. What differs rolls back and asks again."""
    return _object(await executed(ticket, visitor))


async def executed(ticket: str, visitor: Visitor) -> Execution:
    """Run an approved ticket."""
    await seen(ticket, visitor, Scope.EXECUTE)
    ran = await visitor.app.execution.execute(ticket, identity=visitor.identity, source=visitor.source)
    return ran.execution


@router.get("/tickets/{ticket}/progress")
async def progress(ticket: TicketId, visitor: Inside) -> dict[str, Any] | None:
    """How far a running execution is, what it uses and who waits for whom; null while none runs."""
    await seen(ticket, visitor)
    found = await visitor.app.execution.changes.progress(ticket)
    return _object(found) if found else None


@router.get("/databases/{database}/executions")
async def list_executions(database: DatabaseName, visitor: Inside, rows: Rows = 50) -> list[dict[str, Any]]:
    """What ran on a database, newest first."""
    found = await visitor.app.execution.executions(await visitor.database(database), rows=rows)
    return [_object(each) for each in found]


@router.get("/databases/{database}/executions/{execution}")
async def read_execution(
    database: DatabaseName, execution: ExecutionId, visitor: Inside, rows: Rows = 20
) -> dict[str, Any]:
    """One execution with its net changes, rows masked by your rights."""
    name = await visitor.database(database)
    return _object(await visitor.app.execution.report(name, execution, identity=visitor.identity, rows=rows))


@router.get("/databases/{database}/executions/{execution}/undo-plan")
async def undo_plan(database: DatabaseName, execution: ExecutionId, visitor: Inside) -> dict[str, Any]:
    """What taking it back would meet now, row by row. Nothing is changed."""
    name = await visitor.database(database)
    return _object(await visitor.app.execution.undo_plan(name, execution, identity=visitor.identity))


@router.post("/databases/{database}/executions/{execution}/undo")
async def undo(database: DatabaseName, execution: ExecutionId, wanted: Undo, visitor: Inside) -> dict[str, Any]:
    """Take an execution back, where its approval covers that; otherwise the ticket that was opened for it waits."""
    name = await visitor.database(database, Scope.EXECUTE)
    app = visitor.app
    ticket = await app.execution.changes.undo(
        name,
        execution,
        identity=visitor.identity,
        source=visitor.source,
        reason=wanted.reason,
        on_conflict=ON_CONFLICT[wanted.on_conflict],
    )
    view = await app.approval.check_approval_status(ticket.id)
    if view.standing.status is TicketStatus.APPROVED:
        await app.execution.execute(ticket.id, identity=visitor.identity, source=visitor.source)
        view = await app.approval.check_approval_status(ticket.id)
    return ticket_object(view)


def _object(value: object) -> dict[str, Any]:
    found: dict[str, Any] = plain(value)
    return found
