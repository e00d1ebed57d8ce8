"""A decision that came through an agent, and what its person makes of it: confirmed it is theirs, discarded it is gone.

A token inside an agent is no signature. So what it passes on changes nothing until the person whose word it would be
says so at a door that knows them, with the same rules and proofs as if they had decided there by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pgwarden.agents.approval_workflow import TicketView, acting_person, checked_words, decision_event, view_of
from pgwarden.agents.ticket_desk import Step, TicketDesk
from pgwarden.domain.errors import DecisionRefused, InputInvalid, TicketDecided, TooManyTickets
from pgwarden.domain.identity import Identity
from pgwarden.domain.proposed_decision import (
    MOST_PROPOSALS,
    ProposedDecision,
    proposals_for,
    standing_proposals,
)
from pgwarden.domain.ticket import Ticket
from pgwarden.domain.ticket_decision import Staff, require_waiting, say_of
from pgwarden.domain.ticket_events import Decision, DecisionDiscarded, DecisionProposed, Event
from pgwarden.domain.ticket_status import standing_of


class ProposedDecisions:
    """The verbs. ``via`` is the door, with the address where there is one."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def propose(
        self,
        ticket_id: str,
        decision: Decision,
        *,
        approver: str,
        identity: Identity,
        comment: str = "",
        client: str = "",
        via: str,
    ) -> TicketView:
        """Write down what an agent says that somebody decided, and ask that person. What is said twice stands once.

        Raises DecisionRefused where that person may not decide, TicketDecided, and TooManyTickets for too many.
        """
        words = checked_words(comment)

        def step(ticket: Ticket, staff: Staff, at: datetime) -> Iterable[Event]:
            say_of(ticket, approver, staff, at)
            for each in standing_proposals(ticket, standing_of(ticket, at).status):
                if (each.approver, each.by, each.decision, each.comment) == (approver, identity.name, decision, words):
                    return
            if proposals_for(ticket, approver) >= MOST_PROPOSALS:
                raise TooManyTickets(
                    f"{approver} was asked {MOST_PROPOSALS} times already.",
                    not_done="Nothing was written down.",
                    next_step=f"{approver} decides at a door of theirs: the page, Slack or the command line.",
                )
            yield DecisionProposed(
                actor=identity.name,
                at=at,
                decision=decision,
                approver=approver,
                comment=words,
                via=via,
                client=client,
                seal=ticket.request.seal,
            )

        return await self._change(ticket_id, step, via)

    async def confirm(
        self,
        ticket_id: str,
        number: int | None = None,
        *,
        identity: Identity,
        comment: str = "",
        via: str,
        step_up: bool = False,
    ) -> TicketView:
        """Make it one's own decision. ``number``: which proposal; None takes the one in one's name.

        Raises TicketDecided for one that no longer stands, and whatever a decision raises.
        """
        words = checked_words(comment)

        def step(ticket: Ticket, staff: Staff, at: datetime) -> Iterable[Event]:
            found = _own(ticket, number, identity, at)
            said = words or found.comment
            if found.decision is Decision.DENY:
                said = checked_words(said, required="a reason")
            yield decision_event(
                ticket,
                found.decision,
                identity=identity,
                staff=staff,
                at=at,
                words=said,
                via=via,
                step_up=step_up,
                proposal=found.number,
            )

        return await self._change(ticket_id, step, via)

    async def discard(
        self, ticket_id: str, number: int | None = None, *, identity: Identity, comment: str = "", via: str
    ) -> TicketView:
        """Take it off the ticket: it was not one's word. The ticket waits as before."""
        words = checked_words(comment)

        def step(ticket: Ticket, _staff: Staff, at: datetime) -> Iterable[Event]:
            found = _own(ticket, number, identity, at)
            yield DecisionDiscarded(actor=identity.name, at=at, proposal=found.number, comment=words, via=via)

        return await self._change(ticket_id, step, via)

    async def of(self, ticket_id: str, name: str) -> ProposedDecision | None:
        """What stands in somebody's name, if anything."""
        ticket = await self._desk.load(ticket_id)
        found = standing_proposals(ticket, standing_of(ticket, self._desk.now()).status)
        return next((each for each in found if each.approver == name), None)

    async def _change(self, ticket_id: str, step: Step, source: str) -> TicketView:
        ticket = await self._desk.change(ticket_id, step, source=source)
        at = self._desk.now()
        return view_of(ticket, await self._desk.staff(at), at)


def _own(ticket: Ticket, number: int | None, identity: Identity, at: datetime) -> ProposedDecision:
    """The proposal in this person's name. Raises DecisionRefused for another's, TicketDecided for one that is void."""
    name, standing = acting_person(identity), standing_of(ticket, at)
    require_waiting(ticket, standing)
    found = standing_proposals(ticket, standing.status)
    for each in found:
        if each.approver == name and number in (None, each.number):
            return each
    if any(each.number == number for each in found):
        raise DecisionRefused(
            "That decision was passed on in somebody else's name.",
            why="Only the person whose word it would be confirms or discards it.",
            not_done="Nothing was decided.",
            next_step=f"Decide for yourself: pgwarden ticket show {ticket.id}",
        )
    if number is None:
        raise InputInvalid(
            f"No decision on {ticket.id} waits for your word.",
            why="None was passed on in your name, or the request is another one since.",
            not_done="Nothing was decided.",
            next_step=f"Look at it: pgwarden ticket show {ticket.id}",
        )
    raise TicketDecided(
        f"The proposal {number} on {ticket.id} no longer stands.",
        why="It was confirmed, discarded or replaced, or the request was changed since.",
        not_done="Nothing was decided.",
        next_step=f"Look at it again: pgwarden ticket show {ticket.id}",
    )
