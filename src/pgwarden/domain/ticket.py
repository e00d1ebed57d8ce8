"""A ticket: a request that waits for people, and everything that happened to it, as events. It has no other state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pgwarden.domain.request import Request, Terms
from pgwarden.domain.ticket_events import Event, ExecutionClaimed, TicketOpened, TicketRevised


class TicketStatus(StrEnum):
    """Where a ticket stands; docs/states.md draws how it moves."""

    PENDING = "PENDING"
    ESCALATED = "ESCALATED"
    APPROVED = "APPROVED"
    DENIED = "DENIED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    EXECUTING = "EXECUTING"
    EXECUTED = "EXECUTED"
    FAILED = "FAILED"
    UNDONE = "UNDONE"


WAITING = frozenset({TicketStatus.PENDING, TicketStatus.ESCALATED})
"""A person still has to decide."""
OPEN = WAITING | {TicketStatus.APPROVED, TicketStatus.EXECUTING}
"""Something may still be run."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """All that is known of one ticket. The first event opened it."""

    id: str
    events: tuple[Event, ...]

    @property
    def request(self) -> Request:
        """The newest revision of what is asked for."""
        return self._newest.request

    @property
    def terms(self) -> Terms:
        return self._newest.terms

    @property
    def revision(self) -> int:
        """1 for the first; every edit, schema change or drift makes the next, and voids what was approved before."""
        return len(self._revisions)

    @property
    def opened_at(self) -> datetime:
        return self.events[0].at

    @property
    def last_at(self) -> datetime:
        return self.events[-1].at

    @property
    def executions(self) -> frozenset[str]:
        """Ids of the executions that were claimed for it."""
        return frozenset(event.execution_id for event in self.events if isinstance(event, ExecutionClaimed))

    def after(self, *events: Event) -> Ticket:
        """The ticket once these events have happened, too."""
        return Ticket(self.id, (*self.events, *events))

    @property
    def _newest(self) -> TicketOpened | TicketRevised:
        return next(event for event in reversed(self.events) if isinstance(event, TicketOpened | TicketRevised))

    @property
    def _revisions(self) -> list[TicketOpened | TicketRevised]:
        return [event for event in self.events if isinstance(event, TicketOpened | TicketRevised)]


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no letters that are taken for digits or for each other."""


def ticket_id(number: int) -> str:
    """A ticket's id from a random number of at least 40 bits, short enough to be said on the telephone."""
    return "T-" + "".join(ALPHABET[(number >> (5 * place)) & 31] for place in range(8))
