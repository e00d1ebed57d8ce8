"""Requests for changes, and people's word on them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, StrictBool

from pgwarden.agents.approval_workflow import TicketView
from pgwarden.agents.change_preview import ChangePreview, preview_change
from pgwarden.agents.ticket_object import ticket_object
from pgwarden.domain.login import Scope
from pgwarden.domain.proposal import LONGEST_REASON, Proposal
from pgwarden.domain.request import Urgency
from pgwarden.domain.ticket import WAITING, TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.ticket_events import Decision
from pgwarden.web.api.reads import DatabaseName, Sql
from pgwarden.web.proof import Proof, fresh_proof
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter(tags=["tickets"])

TicketId = Annotated[str, Path(max_length=100)]
Number = Annotated[int, Path(ge=1, le=1_000_000, description="Of the proposal, as the ticket lists it.")]
Words = Annotated[str, Field(max_length=LONGEST_REASON)]


class TicketLine(BaseModel):
    """One ticket of a list."""

    id: str
    status: str
    risk: str
    urgency: str
    database: str
    operation: str
    rows: int
    tables: list[str]
    requester: str
    reason: str
    asked: list[str] = Field(description="Who is asked to decide now.")
    opened_at: str
    ends_at: str | None
    seal: str = Field(description="Of the request as it is now: a decision that carries it covers nothing else.")


class Wanted(BaseModel):
    """A change to ask for."""

    sql: Sql = Field(description="The statement, or the change in plain words.")
    database: DatabaseName = None
    reason: Words = Field(min_length=1, description="Why; whoever decides reads it.")
    urgency: Urgency = Urgency.NORMAL
    run_when_approved: StrictBool = Field(default=False, description="A worker runs it as soon as it is approved.")


class Word(BaseModel):
    """A yes or a no."""

    decision: Decision
    comment: Words = Field(default="", description="Required for a no.")
    seal: str = Field(default="", max_length=200, description="Of the request as it was shown: another one is refused.")
    seen: int = Field(
        default=0,
        strict=True,
        ge=0,
        le=1_000_000,
        description="Events of the ticket as it was shown; refused if others did something since. 0: not counted.",
    )
    proof: Proof | None = Field(default=None, description="From HIGH on, where no token decides.")


class Confirmation(BaseModel):
    """One's word on a decision that an agent passed on in one's name."""

    comment: Words = Field(default="", description="Instead of what the agent passed on; a no needs some words.")
    proof: Proof | None = Field(default=None, description="For a yes from HIGH on, where no token decides.")


class Said(BaseModel):
    """Words for everyone involved."""

    text: Words = Field(min_length=1)


class Escalation(BaseModel):
    """Why somebody else should decide."""

    reason: Words = Field(min_length=1)
    level: int | None = Field(default=None, strict=True, ge=1, le=3)


class Handover(BaseModel):
    """Who decides in one's place."""

    to: str = Field(min_length=1, max_length=200)
    reason: Words = ""


class Withdrawal(BaseModel):
    """Why it is taken back."""

    reason: Words = ""


class Override(BaseModel):
    """One senior's part of an emergency override."""

    reason: Words = Field(min_length=1)
    proof: Proof | None = None


@router.get("/tickets")
async def list_tickets(
    visitor: Inside,
    status: Annotated[list[TicketStatus] | None, Query(description="Several are allowed.")] = None,
    mine: Annotated[bool, Query(description="Those that you asked for.")] = False,
    for_me: Annotated[bool, Query(description="Those that you are asked to decide on.")] = False,
    database: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[TicketLine]:
    """Tickets, the newest first."""
    return [
        ticket_line(view)
        for view in await found(visitor, status or [], mine=mine, for_me=for_me, database=database, limit=limit)
    ]


async def found(
    visitor: Visitor, status: list[TicketStatus], *, mine: bool, for_me: bool, database: str, limit: int
) -> list[TicketView]:
    """The tickets of a list, as far as this login or token may see them."""
    visitor.require(Scope.ASK)
    views = await visitor.app.approval.find(TicketFilter(frozenset(status), database=database, limit=limit))
    name, usable = visitor.person.name, visitor.admission.databases
    return [
        view
        for view in views
        if {"*", view.ticket.request.database} & usable
        and (not mine or name in view.ticket.request.own)
        and (not for_me or name in view.asked)
    ]


@router.post("/tickets", status_code=201)
async def open_ticket(wanted: Wanted, visitor: Inside) -> dict[str, Any]:
    """Ask for a change. It is analysed, and waits until the right people have decided; nothing is run."""
    return ticket_object(await opened(wanted, visitor))


async def opened(wanted: Wanted, visitor: Visitor) -> TicketView:
    """A ticket for a change, or for a read that shows sensitive values as they are."""
    app = visitor.app
    database = await visitor.database(wanted.database, Scope.REQUEST)
    sql, question = await app.request_desk.statement_in(database, wanted.sql, identity=visitor.identity)
    proposal = Proposal(
        database,
        sql,
        wanted.reason,
        question=question,
        urgency=wanted.urgency,
        run_when_approved=wanted.run_when_approved,
    )
    return await app.request_desk.open(proposal, identity=visitor.identity, limits=app.limits(), source=visitor.source)


@router.get("/tickets/{ticket}")
async def read_ticket(ticket: TicketId, visitor: Inside, sample: bool = False) -> dict[str, Any]:
    """Everything that whoever decides needs; ``sample``: some rows before and after, masked by your rights."""
    return await shown(await seen(ticket, visitor), visitor, sample=sample)


async def shown(view: TicketView, visitor: Visitor, *, sample: bool) -> dict[str, Any]:
    """A ticket that was looked at, as everybody is shown it."""
    return ticket_object(view, await preview(view, visitor) if sample else None)


async def preview(view: TicketView, visitor: Visitor) -> ChangePreview | None:
    """Some rows before and after, masked by the visitor's rights, while the change has not run."""
    if view.standing.status not in WAITING | {TicketStatus.APPROVED}:
        return None
    app = visitor.app
    return await preview_change(app.execution, view.ticket.request, identity=visitor.identity, limits=app.limits())


async def seen(ticket: str, visitor: Visitor, scope: Scope = Scope.ASK) -> TicketView:
    """A ticket that this login or token may see. UnknownTicket, RightMissing."""
    visitor.require(scope)
    view = await visitor.app.approval.check_approval_status(ticket)
    visitor.admission.require_database(view.ticket.request.database)
    return view


@router.post("/tickets/{ticket}/decision")
async def decide(ticket: TicketId, word: Word, visitor: Inside) -> dict[str, Any]:
    """Say yes or no to exactly what the ticket asks for now."""
    view = await seen(ticket, visitor, Scope.APPROVE)
    visitor.admission.require_approver()
    proved = word.decision is Decision.APPROVE and await fresh_proof(visitor, view.ticket.request.risk, word.proof)
    decided = await visitor.app.approval.audit_approval_decision(
        ticket,
        word.decision,
        identity=visitor.identity,
        comment=word.comment,
        via=visitor.source,
        seal=word.seal,
        step_up=proved,
        seen=word.seen,
    )
    return ticket_object(decided)


@router.post("/tickets/{ticket}/proposals/{number}/confirmation")
async def confirm(ticket: TicketId, number: Number, word: Confirmation, visitor: Inside) -> dict[str, Any]:
    """Make a decision that an agent passed on in your name your own. It counts like one that you made here."""
    view = await seen(ticket, visitor, Scope.APPROVE)
    visitor.admission.require_approver()
    found = await visitor.app.proposals.of(ticket, visitor.person.name)
    yes = found is None or found.decision is Decision.APPROVE
    proved = yes and await fresh_proof(visitor, view.ticket.request.risk, word.proof)
    decided = await visitor.app.proposals.confirm(
        ticket, number, identity=visitor.identity, comment=word.comment, via=visitor.source, step_up=proved
    )
    return ticket_object(decided)


@router.post("/tickets/{ticket}/proposals/{number}/discard")
async def discard(ticket: TicketId, number: Number, wanted: Withdrawal, visitor: Inside) -> dict[str, Any]:
    """Take a decision off the ticket that an agent passed on in your name; the ticket waits as before."""
    await seen(ticket, visitor, Scope.APPROVE)
    visitor.admission.require_approver()
    view = await visitor.app.proposals.discard(
        ticket, number, identity=visitor.identity, comment=wanted.reason, via=visitor.source
    )
    return ticket_object(view)


@router.post("/tickets/{ticket}/comments", status_code=201)
async def comment(ticket: TicketId, said: Said, visitor: Inside) -> dict[str, Any]:
    """Say something that everyone involved can read."""
    await seen(ticket, visitor, Scope.REQUEST)
    return ticket_object(
        await visitor.app.approval.comment(ticket, said.text, identity=visitor.identity, source=visitor.source)
    )


@router.post("/tickets/{ticket}/escalation")
async def escalate(ticket: TicketId, wanted: Escalation, visitor: Inside) -> dict[str, Any]:
    """Have a higher level decide: the next one, or the one named."""
    await seen(ticket, visitor, Scope.REQUEST)
    view = await visitor.app.approval.escalate_approval(
        ticket, identity=visitor.identity, reason=wanted.reason, source=visitor.source, level=wanted.level
    )
    return ticket_object(view)


@router.post("/tickets/{ticket}/delegation")
async def delegate(ticket: TicketId, wanted: Handover, visitor: Inside) -> dict[str, Any]:
    """Let another approver decide in your place."""
    await seen(ticket, visitor, Scope.APPROVE)
    visitor.admission.require_approver()
    view = await visitor.app.approval.delegate(
        ticket, wanted.to, identity=visitor.identity, reason=wanted.reason, source=visitor.source
    )
    return ticket_object(view)


@router.post("/tickets/{ticket}/cancellation")
async def cancel(ticket: TicketId, wanted: Withdrawal, visitor: Inside) -> dict[str, Any]:
    """Take your own request back, or your own yes to one that has not run yet."""
    await seen(ticket, visitor, Scope.REQUEST)
    view = await visitor.app.approval.cancel(
        ticket, identity=visitor.identity, reason=wanted.reason, source=visitor.source
    )
    return ticket_object(view)


@router.post("/tickets/{ticket}/override")
async def override(ticket: TicketId, wanted: Override, visitor: Inside) -> dict[str, Any]:
    """Your part of an emergency override: it takes two seniors, holds shortly, and is reviewed afterwards."""
    view = await seen(ticket, visitor, Scope.APPROVE)
    visitor.admission.require_approver()
    proved = await fresh_proof(visitor, view.ticket.request.risk, wanted.proof)
    done = await visitor.app.approval.override(
        ticket, identity=visitor.identity, reason=wanted.reason, via=visitor.source, step_up=proved
    )
    return ticket_object(done)


def ticket_line(view: TicketView) -> TicketLine:
    """A ticket in one line."""
    request, standing = view.ticket.request, view.standing
    return TicketLine(
        id=view.ticket.id,
        status=standing.status.value,
        risk=request.risk.value,
        urgency=request.urgency.value,
        database=request.database,
        operation=request.operation,
        rows=request.rows,
        tables=list(request.tables),
        requester=request.requester,
        reason=request.reason,
        asked=list(view.asked),
        opened_at=view.ticket.opened_at.isoformat(),
        ends_at=standing.ends_at.isoformat() if standing.ends_at else None,
        seal=request.seal,
    )
