"""What happened to a ticket after somebody looked at it, as far as it could change their mind."""

from __future__ import annotations

from collections.abc import Mapping

from pgwarden.domain.errors import TicketDecided
from pgwarden.domain.ticket import Ticket
from pgwarden.domain.ticket_events import (
    ApprovalGiven,
    CommentAdded,
    Event,
    OverrideInvoked,
    TicketDelegated,
    TicketEscalated,
    TicketRevised,
)

WORDS: Mapping[type[Event], str] = {
    TicketRevised: "it asks for something else now",
    ApprovalGiven: "{} approved it",
    CommentAdded: "{} said something",
    TicketEscalated: "{} had a higher level decide",
    TicketDelegated: "{} handed it over",
    OverrideInvoked: "{} invoked an emergency override",
}
"""By the kind of what matters to a decision. Reminders do not; what ends a ticket is refused for that already."""


def news(ticket: Ticket, seen: int, reader: str) -> tuple[str, ...]:
    """What others did since the ticket had ``seen`` events, in words, oldest first."""
    since = [event for event in ticket.events[seen:] if event.actor != reader and type(event) in WORDS]
    return tuple(WORDS[type(event)].format(event.actor) for event in since)


def require_no_news(ticket: Ticket, seen: int, reader: str) -> None:
    """Raises TicketDecided where the reader would decide on less than the ticket tells; ``seen`` 0: nobody counted."""
    told = news(ticket, seen, reader) if seen else ()
    if told:
        raise TicketDecided(
            f"The ticket {ticket.id} is not as you saw it.",
            why="Since then " + ", ".join(dict.fromkeys(told)) + ".",
            not_done="Nothing was decided.",
            next_step="Read what is new on the ticket, and decide then.",
        )
