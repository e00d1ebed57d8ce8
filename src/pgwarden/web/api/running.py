"""Executions that run now: how far each is, who waits for whom, and stopping one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pgwarden.agents.approval_workflow import TicketView
from pgwarden.agents.ticket_object import event_text
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.execution import Progress
from pgwarden.domain.login import Scope
from pgwarden.domain.plain import plain
from pgwarden.domain.quantity import counted, duration
from pgwarden.domain.ticket import TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.web.api.tickets import TicketId, seen
from pgwarden.web.events import EventStream, Tell, streamed
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter(tags=["executions"])

LOOK_SECONDS = 0.5
"""Between two looks at a running execution."""
BEGIN_SECONDS = 30.0
"""How long somebody who watches an approved ticket is kept for its run to begin."""


class Running(BaseModel):
    """One execution that runs now."""

    ticket: str
    database: str
    statement: str
    requester: str
    by: str = Field(description="Who runs it.")
    began_at: str
    rows_expected: int


class Look(BaseModel):
    """A running execution at one moment."""

    ticket: str
    words: str = Field(description="How it stands, in a sentence.")
    rows_expected: int
    progress: dict[str, Any] | None = Field(
        description="As `GET /tickets/{ticket}/progress` gives it; null while the database has no session of it."
    )


class Ended(BaseModel):
    """How it came out."""

    ticket: str
    status: str = Field(description="The ticket's: EXECUTED, or APPROVED and FAILED, where nothing was changed.")
    words: str
    database: str
    execution: str = Field(description="Of what is in force now; '' where nothing was changed.")


class Stopped(BaseModel):
    """What came of cancelling."""

    stopped: bool = Field(description="False: it ended by itself first.")
    status: str = Field(description="The ticket's, afterwards.")


@router.get("/executions/running")
async def list_running(
    visitor: Inside, database: Annotated[str, Query(max_length=200, description="'': on all of them.")] = ""
) -> list[Running]:
    """What runs now on the databases that you may use, the latest first."""
    visitor.require(Scope.ASK)
    wanted = TicketFilter(frozenset({TicketStatus.EXECUTING}), database=database)
    usable = visitor.admission.databases
    found = await visitor.app.approval.find(wanted)
    return [_running(view) for view in found if {"*", view.ticket.request.database} & usable]


@router.get(
    "/tickets/{ticket}/execution/stream",
    status_code=200,
    response_class=EventStream,
    responses=streamed("Events `progress`, at last `ended`"),
)
async def watch(ticket: TicketId, visitor: Inside) -> EventStream:
    """Follow a running execution as server-sent events: `progress` twice a second, at last `ended`."""
    await seen(ticket, visitor)

    async def work(tell: Tell) -> None:
        async for found, _ in followed(ticket, visitor):
            tell("progress" if isinstance(found, Look) else "ended", found)

    return EventStream(work)


@router.post("/tickets/{ticket}/execution/cancellation")
async def cancel(ticket: TicketId, visitor: Inside) -> Stopped:
    """Stop a running execution on the server, which rolls it back. Whoever may run the ticket may stop it."""
    view = await seen(ticket, visitor, Scope.EXECUTE)
    stopped = await visitor.app.execution.cancel(
        ticket, identity=visitor.identity, database=view.ticket.request.database
    )
    after = await visitor.app.approval.check_approval_status(ticket, history=False)
    return Stopped(stopped=stopped, status=after.standing.status.value)


async def followed(ticket: str, visitor: Visitor) -> AsyncIterator[tuple[Look | Ended, Progress | None]]:
    """A running execution, look by look, until it has ended; of an approved ticket, once somebody runs it.

    Each look comes with what it was told from. One that fails is left out: it costs a look, not the watching.
    """
    patience = round(BEGIN_SECONDS / LOOK_SECONDS)
    while True:
        view = await visitor.app.approval.check_approval_status(ticket, history=False)
        if view.standing.status is TicketStatus.EXECUTING:
            patience = 0
            with suppress(PgwardenError):
                progress = await visitor.app.execution.changes.progress(ticket)
                yield look(view, progress), progress
        elif view.standing.status is TicketStatus.APPROVED and patience:
            patience -= 1
        else:
            yield ended(view), None
            return
        await asyncio.sleep(LOOK_SECONDS)


def look(view: TicketView, progress: Progress | None) -> Look:
    """What is told of an execution at one moment."""
    expected = view.ticket.request.rows
    words = told(progress, expected) if progress else "It begins, or ends."
    return Look(ticket=view.ticket.id, words=words, rows_expected=expected, progress=plain(progress))


def ended(view: TicketView) -> Ended:
    """How it came out, as the ticket has it."""
    done = view.standing.status is TicketStatus.EXECUTED
    return Ended(
        ticket=view.ticket.id,
        status=view.standing.status.value,
        words=event_text(view.ticket.events[-1]),
        database=view.ticket.request.database,
        execution=view.standing.execution_id if done else "",
    )


def told(progress: Progress, expected: int) -> str:
    """How it stands, in a sentence: what it waits for before how far it is."""
    if progress.blocked_by:
        return f"It waits for {counted(len(progress.blocked_by), 'other session')} to let go of a lock."
    parts = [f"{progress.rows_done:,} of {counted(expected, 'row')}" if progress.rows_done else "It runs"]
    if progress.rows_per_second:
        parts.append(f"{progress.rows_per_second:,.0f} rows a second")
    if progress.seconds_left is not None:
        parts.append(f"about {duration(progress.seconds_left)} left")
    if progress.waiters:
        parts.append(f"{counted(len(progress.waiters), 'session')} wait{'s' * (len(progress.waiters) == 1)} for it")
    return ", ".join(parts) + "."


def _running(view: TicketView) -> Running:
    request, standing = view.ticket.request, view.standing
    began = standing.claimed_at or view.ticket.last_at
    return Running(
        ticket=view.ticket.id,
        database=request.database,
        statement=request.sql or request.original,
        requester=request.requester,
        by=view.ticket.events[-1].actor,
        began_at=began.isoformat(),
        rows_expected=request.rows,
    )
