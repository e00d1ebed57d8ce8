"""Decisions that came through an agent: each waits for its person's own word, and is void once the request is another.

What stands is computed from the ticket's events, like its status.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pgwarden.domain.ticket import WAITING, Ticket, TicketStatus
from pgwarden.domain.ticket_events import (
    ApprovalGiven,
    Decision,
    DecisionDiscarded,
    DecisionProposed,
    OverrideInvoked,
    TicketDenied,
    TicketRevised,
)

MOST_PROPOSALS = 5
"""For one person and one revision of a ticket: nobody is to be worn down by asking."""


@dataclass(frozen=True, slots=True)
class ProposedDecision:
    """One that still stands."""

    number: int
    """Which proposal of the ticket it is, from 1 on."""
    decision: Decision
    approver: str
    """Whose word it would be; nobody else can confirm it."""
    by: str
    """The account that passed it on."""
    client: str
    """The program behind that account, as far as it is known."""
    via: str
    """The door."""
    at: datetime
    comment: str

    def told(self) -> str:
        """It as a sentence."""
        client = f" through {self.client}" if self.client else ""
        said = f": {self.comment}" if self.comment else ""
        return f"{self.decision.value}, passed on by {self.by}{client} ({self.via}, {self.at:%Y-%m-%d %H:%M} UTC){said}"


def standing_proposals(ticket: Ticket, status: TicketStatus) -> tuple[ProposedDecision, ...]:
    """Those that their people can still confirm, oldest first: a person's newest alone, for what is asked for now."""
    if status not in WAITING:
        return ()
    found: dict[str, ProposedDecision] = {}
    number = 0
    for event in ticket.events:
        match event:
            case TicketRevised():
                found.clear()
            case DecisionProposed():
                number += 1
                found.pop(event.approver, None)
                if event.seal == ticket.request.seal:
                    found[event.approver] = _proposed(number, event)
            case DecisionDiscarded():
                found = {who: each for who, each in found.items() if each.number != event.proposal}
            case ApprovalGiven() | TicketDenied() | OverrideInvoked():
                found.pop(event.actor, None)
    return tuple(found.values())


def proposals_for(ticket: Ticket, approver: str) -> int:
    """How many there were for that person since the request was made or revised."""
    count = 0
    for event in ticket.events:
        if isinstance(event, TicketRevised):
            count = 0
        elif isinstance(event, DecisionProposed) and event.approver == approver:
            count += 1
    return count


def _proposed(number: int, event: DecisionProposed) -> ProposedDecision:
    return ProposedDecision(
        number=number,
        decision=event.decision,
        approver=event.approver,
        by=event.actor,
        client=event.client,
        via=event.via,
        at=event.at,
        comment=event.comment,
    )
