"""The queue: which tickets wait for whom, and one word on several of them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pgwarden.agents.approval_workflow import TicketView
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.login import PROVED_FROM, Scope
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.ticket import WAITING, TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.ticket_events import Decision
from pgwarden.domain.ticket_queue import says, team_of, urgent_first
from pgwarden.web.api.tickets import TicketLine, Words, seen, ticket_line
from pgwarden.web.problems import Problem, problem
from pgwarden.web.proof import Proof, require_proof
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter(tags=["tickets"])

MOST = 500
"""Tickets that are looked at: the newest of those that the filters leave."""
STATES = {"open": WAITING, "approved": frozenset({TicketStatus.APPROVED}), "all": frozenset[TicketStatus]()}


class Filters(BaseModel):
    """What narrows the queue down; '' does not."""

    show: Literal["open", "approved", "all"] = Field(default="open", description="open: a person still has to decide.")
    whose: Literal["", "mine", "me", "team"] = Field(
        default="",
        description="mine: those that you asked for; me: those that wait for your word; team: those that anybody who "
        "shares a group with you, or you, asked for or is asked to decide.",
    )
    database: str = Field(default="", max_length=200)
    risk: Literal["", "LOW", "MEDIUM", "HIGH", "CRITICAL"] = ""
    requester: str = Field(default="", max_length=200)
    older: Literal["", "1", "24", "72", "168"] = Field(default="", description="Opened before so many hours.")
    text: str = Field(default="", max_length=200, description="Words of the id, reason, question, SQL or tables.")

    def stored(self, at: datetime) -> TicketFilter:
        """What the store looks for."""
        until = at - timedelta(hours=int(self.older)) if self.older else None
        return TicketFilter(
            STATES[self.show], database=self.database, requester=self.requester, until=until, limit=MOST
        )

    def keep(self, view: TicketView) -> bool:
        """Whether a ticket that the store found is one of them."""
        risk = view.ticket.request.risk
        return (not self.risk or risk is RiskLevel(self.risk)) and says(view.ticket, self.text)


class Counts(BaseModel):
    """How many tickets the filters leave, by whose they are."""

    all: int
    mine: int
    me: int = Field(description="Those that wait for your word.")
    team: int = Field(description="Those of people who share a group with you, and your own.")


class Queue(BaseModel):
    """Tickets, urgent ones first."""

    counts: Counts
    mark: str = Field(description="Another one as soon as anything here is: what a follower has seen.")
    tickets: list[TicketLine]
    complete: bool = Field(description=f"False: there are more than the newest {MOST} that were looked at.")


class Chosen(BaseModel):
    """A ticket as it was shown."""

    id: str = Field(min_length=1, max_length=100)
    seal: str = Field(min_length=1, max_length=200, description="Of the request that was shown: another is refused.")


class WordOnSeveral(BaseModel):
    """The same yes or no to several tickets, each judged by itself."""

    tickets: list[Chosen] = Field(min_length=1, max_length=100)
    decision: Decision
    comment: Words = Field(default="", description="Required for a no.")
    proof: Proof | None = Field(default=None, description="Once, for a yes where one of them is HIGH or above.")


class Outcome(BaseModel):
    """What became of one of them."""

    id: str
    decided: bool
    status: str = Field(default="", description="Of the ticket afterwards; '' where nothing was decided.")
    problem: Problem | None = None


@router.get("/queue")
async def read_queue(visitor: Inside, filters: Annotated[Filters, Query()]) -> Queue:
    """The tickets that the filters leave: the most urgent first, then the riskiest, then the oldest."""
    visitor.require(Scope.ASK)
    found = await visitor.app.approval.find(filters.stored(datetime.now(UTC)))
    usable = visitor.admission.databases
    views = [view for view in found if {"*", view.ticket.request.database} & usable and filters.keep(view)]
    name = visitor.person.name
    people = await visitor.app.people.all() if visitor.person.groups else ()
    team = team_of(visitor.person, people)
    parts = {
        "": views,
        "team": [view for view in views if team & (view.ticket.request.own | set(view.asked))],
        "mine": [view for view in views if name in view.ticket.request.own],
        "me": [view for view in views if name in view.asked],
    }
    chosen = sorted(parts[filters.whose], key=lambda view: urgent_first(view.ticket))
    counts = Counts(all=len(views), mine=len(parts["mine"]), me=len(parts["me"]), team=len(parts["team"]))
    return Queue(
        counts=counts,
        mark=_mark(counts, chosen),
        tickets=[ticket_line(view) for view in chosen],
        complete=len(found) < MOST,
    )


def _mark(counts: Counts, shown: list[TicketView]) -> str:
    lines = [(v.ticket.id, v.standing.status.value, v.ticket.request.seal, v.asked) for v in shown]
    return hashlib.sha256(json.dumps([repr(counts), lines]).encode()).hexdigest()[:16]


@router.post("/queue/decisions")
async def decide_several(word: WordOnSeveral, visitor: Inside) -> list[Outcome]:
    """Say yes or no to several tickets. Each is decided by itself: what one is refused for stops no other."""
    visitor.require(Scope.APPROVE)
    visitor.admission.require_approver()
    chosen = list({each.id: each for each in word.tickets}.values())
    proved = word.decision is Decision.APPROVE and await _proved(chosen, word.proof, visitor)
    return [await _decided(each, word, visitor, proved=proved) for each in chosen]


async def _proved(chosen: list[Chosen], proof: Proof | None, visitor: Visitor) -> bool:
    """Whether a fresh proof was given, which the riskiest of them asks for: once, before any of them is decided."""
    for each in chosen:
        try:
            view = await seen(each.id, visitor, Scope.APPROVE)
        except PgwardenError:
            continue  # its own outcome tells it
        if view.ticket.request.risk in PROVED_FROM:
            return await require_proof(visitor, proof)
    return False


async def _decided(each: Chosen, word: WordOnSeveral, visitor: Visitor, *, proved: bool) -> Outcome:
    try:
        view = await seen(each.id, visitor, Scope.APPROVE)
        done = await visitor.app.approval.audit_approval_decision(
            each.id,
            word.decision,
            identity=visitor.identity,
            comment=word.comment,
            via=visitor.source,
            seal=each.seal,
            step_up=proved and view.ticket.request.risk in PROVED_FROM,
        )
    except PgwardenError as error:
        return Outcome(id=each.id, decided=False, problem=problem(error))
    return Outcome(id=each.id, decided=True, status=done.standing.status.value)
