"""The queue, and one ticket with everything that whoever decides on it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from pgwarden.agents.approval_workflow import TicketView
from pgwarden.agents.ticket_object import event_text
from pgwarden.domain.admission import TOKEN
from pgwarden.domain.approval import OnConflict
from pgwarden.domain.cascade_tree import cascade_tree
from pgwarden.domain.errors import InputInvalid, PgwardenError
from pgwarden.domain.execution import Progress
from pgwarden.domain.login import PROVED_FROM
from pgwarden.domain.plain import plain
from pgwarden.domain.proposed_decision import standing_proposals
from pgwarden.domain.recovery_code import LONGEST
from pgwarden.domain.request import Urgency
from pgwarden.domain.ticket import WAITING, TicketStatus
from pgwarden.domain.ticket_events import Decision
from pgwarden.domain.ticket_summary import summarise
from pgwarden.domain.undo_choice import RowInTheWay
from pgwarden.web.api import queue as bulk
from pgwarden.web.api import running
from pgwarden.web.api import tickets as api
from pgwarden.web.api.executions import executed
from pgwarden.web.api.queue import Filters
from pgwarden.web.events import EventStream, Tell
from pgwarden.web.problems import Problem, problem, status_of
from pgwarden.web.proof import Proof
from pgwarden.web.rule_pages import rule_pages
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

KINDS = ("inserted", "updated", "deleted")
"""Of rows; a column for each that there are any of, so that a phone shows the numbers."""

Text = Annotated[str, Form(max_length=4000)]
Secret = Annotated[str, Form(max_length=1024)]


@router.get("/tickets")
async def queue(request: Request, visitor: Inside, filters: Annotated[Filters, Query()]) -> Response:
    """Tickets, urgent ones first, as the address filters them."""
    return await _queue(request, visitor, filters)


@router.get("/tickets/decisions")
async def back_to_queue(request: Request) -> Response:
    """Where a browser comes back to after it was asked to log in."""
    return RedirectResponse(f"/tickets?{request.url.query}", 303)


@router.post("/tickets/decisions")
async def decide_several(
    request: Request,
    visitor: Inside,
    filters: Annotated[Filters, Query()],
    decision: Text,
    tickets: Annotated[list[str], Form(max_length=100)] = [],  # noqa: B006 - FastAPI copies it
    comment: Text = "",
    password: Secret = "",
    code: Secret = "",
) -> Response:
    """The same word on several tickets, with what became of each above the queue."""
    try:
        chosen = [bulk.Chosen(id=id_, seal=seal) for id_, _, seal in (each.partition(" ") for each in tickets)]
        if not chosen:
            raise InputInvalid("No ticket is chosen.", not_done="Nothing was decided.", next_step="Tick some of them.")
        proof = _proof(password, code)
        word = bulk.WordOnSeveral(tickets=chosen, decision=Decision(decision), comment=comment, proof=proof)
        outcomes = await bulk.decide_several(word, visitor)
    except PgwardenError as error:
        return await _queue(request, visitor, filters, error=error)
    return await _queue(request, visitor, filters, outcomes=outcomes)


async def _queue(
    request: Request,
    visitor: Visitor,
    filters: Filters,
    *,
    outcomes: Sequence[bulk.Outcome] = (),
    error: PgwardenError | None = None,
) -> Response:
    found = await bulk.read_queue(visitor, filters)
    given = filters.model_dump(exclude_defaults=True)
    asked = [each for each in found.tickets if visitor.person.name in each.asked]
    risky = any(each.risk in PROVED_FROM for each in asked) and visitor.admission.source != TOKEN
    return visitor.door.templates.page(
        request,
        "pages/tickets.html",
        status=status_of(error) if error else 200,
        visitor=visitor,
        queue=found,
        filters=filters,
        query=urlencode(given),
        tabs=[
            (text, urlencode(given | {"whose": whose}), whose == filters.whose, count)
            for whose, text, count in (
                ("", "All", found.counts.all),
                ("me", "Waiting for me", found.counts.me),
                ("mine", "Asked by me", found.counts.mine),
                ("team", "My team's", found.counts.team),
            )
        ],
        deciding=bool(asked),
        proof=await visitor.app.front_desk.proof_of(visitor.admission) if risky else "",
        outcomes=outcomes,
        problem=problem(error) if error else None,
        frozen=await visitor.app.approval.writes(),
    )


@router.post("/tickets")
async def open_one(visitor: Inside, sql: Text, reason: Text, database: Text = "", urgency: Text = "normal") -> Response:
    """A change that was asked for becomes a ticket."""
    wanted = api.Wanted(sql=sql, database=database or None, reason=reason, urgency=Urgency(urgency))
    view = await api.opened(wanted, visitor)
    return RedirectResponse(f"/tickets/{view.ticket.id}", 303)


@router.get("/tickets/{ticket}")
async def one(request: Request, visitor: Inside, ticket: str) -> Response:
    """One ticket."""
    return await _shown(request, visitor, ticket)


@router.post("/tickets/{ticket}/decision")
async def decide(
    request: Request,
    visitor: Inside,
    ticket: str,
    decision: Text,
    comment: Text = "",
    seal: Text = "",
    seen: Annotated[int, Form(ge=0, le=1_000_000)] = 0,
    password: Secret = "",
    code: Secret = "",
) -> Response:
    """Yes or no to exactly what was shown."""
    proof = _proof(password, code)
    word = api.Word(decision=Decision(decision), comment=comment, seal=seal, seen=seen, proof=proof)
    return await _after(request, visitor, ticket, api.decide(ticket, word, visitor))


@router.post("/tickets/{ticket}/proposals/{number}/{answer}")
async def answer_proposal(
    request: Request,
    visitor: Inside,
    ticket: str,
    number: int,
    answer: Literal["confirmation", "discard"],
    comment: Text = "",
    password: Secret = "",
    code: Secret = "",
) -> Response:
    """One's word on what an agent passed on."""
    if answer == "discard":
        work = api.discard(ticket, number, api.Withdrawal(reason=comment), visitor)
    else:
        proof = _proof(password, code)
        work = api.confirm(ticket, number, api.Confirmation(comment=comment, proof=proof), visitor)
    return await _after(request, visitor, ticket, work)


@router.post("/tickets/{ticket}/comments")
async def comment(request: Request, visitor: Inside, ticket: str, text: Text = "") -> Response:
    """Words for everyone involved."""
    return await _after(request, visitor, ticket, api.comment(ticket, api.Said(text=text or " "), visitor))


@router.post("/tickets/{ticket}/escalation")
async def escalate(request: Request, visitor: Inside, ticket: str, reason: Text = "") -> Response:
    """A higher level decides."""
    return await _after(request, visitor, ticket, api.escalate(ticket, api.Escalation(reason=reason or " "), visitor))


@router.post("/tickets/{ticket}/delegation")
async def delegate(request: Request, visitor: Inside, ticket: str, to: Text, reason: Text = "") -> Response:
    """Another approver decides."""
    return await _after(request, visitor, ticket, api.delegate(ticket, api.Handover(to=to, reason=reason), visitor))


@router.post("/tickets/{ticket}/cancellation")
async def cancel(request: Request, visitor: Inside, ticket: str, reason: Text = "") -> Response:
    """Taken back."""
    return await _after(request, visitor, ticket, api.cancel(ticket, api.Withdrawal(reason=reason), visitor))


@router.post("/tickets/{ticket}/override")
async def override(
    request: Request, visitor: Inside, ticket: str, reason: Text = "", password: Secret = "", code: Secret = ""
) -> Response:
    """One senior's part of an emergency override."""
    proof = _proof(password, code)
    wanted = api.Override(reason=reason or " ", proof=proof)
    return await _after(request, visitor, ticket, api.override(ticket, wanted, visitor))


@router.post("/tickets/{ticket}/execution")
async def execute(request: Request, visitor: Inside, ticket: str) -> Response:
    """Run what was approved, and go to its proof."""
    try:
        ran = await executed(ticket, visitor)
    except PgwardenError as error:
        return await _shown(request, visitor, ticket, error)
    view = await api.seen(ticket, visitor)
    return RedirectResponse(f"/executions/{view.ticket.request.database}/{ran.id}", 303)


@router.post("/tickets/{ticket}/execution/cancellation")
async def stop(request: Request, visitor: Inside, ticket: str) -> Response:
    """Stop a running execution, which rolls it back."""
    return await _after(request, visitor, ticket, running.cancel(ticket, visitor))


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What an undo takes back, and the rows in its way."""

    execution: str
    statement: str
    on_conflict: OnConflict
    rows: tuple[RowInTheWay, ...]
    choices: Mapping[str, OnConflict | None]
    """By the row's id; None where it changed after somebody chose for it."""


class Shown(BaseModel):
    """A look at a running execution, as a piece of the page."""

    words: str
    html: str


class Over(running.Ended):
    """How it came out, and where to see that."""

    next: str


@router.get("/tickets/{ticket}/running")
async def watch(visitor: Inside, ticket: str) -> Response:
    """A running execution, look by look, as pieces of the page."""
    view = await api.seen(ticket, visitor)
    expected, templates = view.ticket.request.rows, visitor.door.templates

    async def work(tell: Tell) -> None:
        async for found, progress in running.followed(ticket, visitor):
            if isinstance(found, running.Ended):
                place = f"/executions/{quote(found.database)}/{found.execution}" if found.execution else ""
                tell("ended", Over(**found.model_dump(), next=place or f"/tickets/{ticket}"))
            else:
                html = templates.part("components/look.html", found=found, progress=progress, expected=expected)
                tell("look", Shown(words=found.words, html=html))

    return EventStream(work)


def _proof(password: str, code: str) -> Proof | None:
    """What somebody typed to prove who they are; None for empty fields."""
    return Proof(password=password, code=code[:LONGEST]) if password or code else None


async def _after(request: Request, visitor: Visitor, ticket: str, work: Awaitable[Any]) -> Response:
    """The ticket as it is after something was done, or with what stood in the way."""
    try:
        await work
    except PgwardenError as error:
        return await _shown(request, visitor, ticket, error)
    return RedirectResponse(f"/tickets/{ticket}", 303)


async def _shown(request: Request, visitor: Visitor, ticket: str, error: PgwardenError | None = None) -> Response:
    view = await api.seen(ticket, visitor)
    standing, person = view.standing, visitor.person
    summary = summarise(view.ticket, datetime.now(UTC))
    risky = view.ticket.request.risk in PROVED_FROM and visitor.admission.source != TOKEN
    stood_in_the_way: Problem | None = problem(error) if error else None
    executing = standing.status is TicketStatus.EXECUTING
    progress = await _progress(visitor, ticket) if executing else None
    return visitor.door.templates.page(
        request,
        "pages/ticket.html",
        status=status_of(error) if error else 200,
        visitor=visitor,
        ticket=view.ticket,
        standing=standing,
        asked=view.asked,
        approved_by=[vote.by for vote in (*standing.votes, *standing.seniors)],
        sample=plain(await api.preview(view, visitor)),
        summary=summary,
        kinds=[kind for kind in KINDS if any(getattr(line, kind) for line in summary.tables)],
        tree=cascade_tree(summary.cascades),
        explained=rule_pages(),
        events=[(event.at, event_text(event)) for event in view.ticket.events],
        proposals=standing_proposals(view.ticket, standing.status),
        waiting=standing.status in WAITING,
        deciding=view.decidable_by(person.name),
        undo=await _taken_back(visitor, view),
        executing=executing,
        look=running.look(view, progress),
        progress=progress,
        runnable=standing.status is TicketStatus.APPROVED,
        own=person.name in view.ticket.request.own,
        proof=await visitor.app.front_desk.proof_of(visitor.admission) if risky else "",
        problem=stood_in_the_way,
    )


async def _progress(visitor: Visitor, ticket: str) -> Progress | None:
    """How far it is; None where that cannot be told now: the page is shown all the same."""
    with suppress(PgwardenError):
        return await visitor.app.execution.changes.progress(ticket)
    return None


async def _taken_back(visitor: Visitor, view: TicketView) -> TakenBack | None:
    """What an undo is about: the rows in its way as they are now, with what would become of each; None of a change."""
    request = view.ticket.request
    if request.undo is None:
        return None
    rows: tuple[RowInTheWay, ...] = ()
    if view.standing.status in WAITING | {TicketStatus.APPROVED} and request.undo.conflicts:
        with suppress(PgwardenError):  # the database does not answer: the counts are shown all the same
            found = await visitor.app.execution.undo_plan(
                request.database, request.undo.execution_id, identity=visitor.identity
            )
            rows = found.rows
    each = {choice.row: choice.choice for choice in request.undo.choices}
    whole = request.undo.on_conflict
    choices = {row.id: each.get(row.id) if each else whole for row in rows}
    return TakenBack(request.undo.execution_id, request.original, whole, rows, choices)
