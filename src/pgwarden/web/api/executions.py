"""What ran: its proof, its rows before and after, and taking it back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from pgwarden.agents.ticket_object import ticket_object
from pgwarden.domain.approval import OnConflict
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.execution import Execution
from pgwarden.domain.execution_filter import ExecutionFilter, ExecutionState
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


class Filters(BaseModel):
    """What narrows a list of executions down; '' does not."""

    state: Literal["", "in force", "undone", "undo"] = Field(
        default="", description="undo: those that take another execution back."
    )
    who: str = Field(default="", max_length=200, description="Who asked for it, or approved it.")
    since: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="A day (UTC): that one and later.")
    older: str = Field(default="", max_length=200, description="The id of the last one of the page before.")

    def wanted(self, rows: int) -> ExecutionFilter:
        """What the ledger is asked for. Raises InputInvalid for a day that no calendar has."""
        state = ExecutionState(self.state) if self.state else None
        return ExecutionFilter(state, self.who, day(self.since), self.older, rows)


def day(text: str) -> datetime | None:
    """When a day begins; None for ''. Raises InputInvalid for one that no calendar has."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        raise InputInvalid(f"No calendar has the day {text}.", next_step="Write YYYY-MM-DD.") from None


class Undo(BaseModel):
    """How an execution is to be taken back."""

    reason: str = Field(default="taking it back", min_length=1, max_length=LONGEST_REASON)
    on_conflict: Literal["refuse", "skip", "overwrite"] = Field(
        default="refuse", description="What becomes of rows that others changed since; all but refuse asks people."
    )
    rows: dict[str, Literal["skip", "overwrite"]] = Field(
        default={},
        max_length=10_000,
        description="What becomes of single rows, by their ids in the undo plan; `on_conflict` is for all others.",
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
async def list_executions(
    database: DatabaseName, visitor: Inside, filters: Annotated[Filters, Query()], rows: Rows = 50
) -> list[dict[str, Any]]:
    """What ran on a database, newest first."""
    name = await visitor.database(database)
    return [_object(each) for each in await visitor.app.execution.find(name, filters.wanted(rows))]


@router.get("/databases/{database}/executions/{execution}")
async def read_execution(
    database: DatabaseName, execution: ExecutionId, visitor: Inside, rows: Rows = 20
) -> dict[str, Any]:
    """One execution with its net changes, rows masked by your rights."""
    name = await visitor.database(database)
    return _object(await visitor.app.execution.report(name, execution, identity=visitor.identity, rows=rows))


@router.get("/databases/{database}/executions/{execution}/proof")
async def read_proof(database: DatabaseName, execution: ExecutionId, visitor: Inside) -> dict[str, Any]:
    """What was predicted, approved, counted and captured, table by table; images are counted anew.

    Of an undo also whether it mirrors what it took back, and how many of these rows others changed since.
    """
    found = await visitor.app.execution.proof(await visitor.database(database), execution)
    return _object(found) | {"agrees": found.agrees}


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
        choices={row: ON_CONFLICT[choice] for row, choice in wanted.rows.items()},
    )
    view = await app.approval.check_approval_status(ticket.id)
    if view.standing.status is TicketStatus.APPROVED:
        await app.execution.execute(ticket.id, identity=visitor.identity, source=visitor.source)
        view = await app.approval.check_approval_status(ticket.id)
    return ticket_object(view)


def _object(value: object) -> dict[str, Any]:
    found: dict[str, Any] = plain(value)
    return found
