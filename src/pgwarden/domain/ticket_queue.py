"""The queue of tickets: what is urgent stands first, and what one looks for is found by risk and words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pgwarden.domain.person import Person
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.request import Urgency
from pgwarden.domain.ticket import Ticket

_URGENCIES, _RISKS = tuple(Urgency), tuple(RiskLevel)


def urgent_first(ticket: Ticket) -> tuple[int, int, datetime]:
    """A key to sort by: the most urgent first, of these the riskiest, of these the one that waits longest."""
    request = ticket.request
    return -_URGENCIES.index(request.urgency), -_RISKS.index(request.risk), ticket.opened_at


def team_of(person: Person, people: Iterable[Person]) -> frozenset[str]:
    """The names of everybody who shares a group with a person, and the person's own."""
    return frozenset({person.name, *(each.name for each in people if each.groups & person.groups)})


def says(ticket: Ticket, text: str) -> bool:
    """Whether every word of the text stands in what the ticket tells of itself, in any order and either case."""
    request = ticket.request
    told = (ticket.id, request.reason, request.requester, request.question, request.sql, *request.tables)
    whole = "\n".join(told).casefold()
    return all(word in whole for word in text.casefold().split())
