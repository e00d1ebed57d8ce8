"""TicketTimers: what time does to a ticket that nobody decides on. Handlers of jobs that may come late, early or twice.

Each job tells the revision that it was made for; when the ticket has moved on, nothing happens. Nothing is ever
approved by silence, and a ticket expires by its events and the clock alone, whether or not a worker runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from pgwarden.agents.ticket_desk import Step, TicketDesk
from pgwarden.domain.errors import UnknownTicket
from pgwarden.domain.ticket import WAITING, Ticket, TicketStatus
from pgwarden.domain.ticket_decision import Staff
from pgwarden.domain.ticket_events import ApproverReminded, EscalationCause, Event, TicketEscalated, TicketExpired
from pgwarden.domain.ticket_status import Standing, standing_of

SYSTEM = "system"
SOURCE = "worker"

Due = Callable[[Ticket, Standing, datetime], Iterable[Event]]


class TicketTimers:
    """``ports.JobHandler``s for the jobs that domain/ticket_jobs.py makes."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def remind(self, args: Mapping[str, Any]) -> None:
        """``remind_ticket``: tell those who are asked once more."""

        def due(_ticket: Ticket, standing: Standing, at: datetime) -> Iterable[Event]:
            if standing.status in WAITING and standing.reminders < args["number"]:
                yield ApproverReminded(actor=SYSTEM, at=at, level=standing.asked, number=args["number"])

        await self._when_due(args, due)

    async def escalate(self, args: Mapping[str, Any]) -> None:
        """``escalate_ticket``: ask the next level, too."""

        def due(_ticket: Ticket, standing: Standing, at: datetime) -> Iterable[Event]:
            if standing.status in WAITING and standing.asked < args["level"]:
                yield TicketEscalated(actor=SYSTEM, at=at, level=args["level"], cause=EscalationCause.SILENCE)

        await self._when_due(args, due)

    async def expire(self, args: Mapping[str, Any]) -> None:
        """``expire_ticket``: write down that it is over, if it is."""

        def due(ticket: Ticket, standing: Standing, at: datetime) -> Iterable[Event]:
            recorded = any(isinstance(event, TicketExpired) for event in ticket.events)
            if standing.status is TicketStatus.EXPIRED and not recorded:
                yield TicketExpired(actor=SYSTEM, at=at)

        await self._when_due(args, due)

    async def _when_due(self, args: Mapping[str, Any], due: Due) -> None:
        step = _for_revision(args["revision"], due)
        try:
            await self._desk.change(args["ticket"], step, source=SOURCE)
        except UnknownTicket:  # a control database restored from before the ticket: nothing to be late for
            return


def _for_revision(revision: int, due: Due) -> Step:
    def step(ticket: Ticket, _staff: Staff, at: datetime) -> Iterable[Event]:
        standing = standing_of(ticket, at)
        return due(ticket, standing, at) if standing.revision == revision else ()

    return step
