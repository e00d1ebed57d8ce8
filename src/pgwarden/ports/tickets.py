"""Requests that wait for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_change import Change, TicketFilter, WriteSwitch


class TicketStore(Protocol):
    """Tickets as streams of events. Each call is one transaction: events first, then jobs, then audit entries."""

    async def open(self, ticket_id: str, change: Change) -> None:
        """Keep a new ticket. AlreadyExists when the id is taken."""
        ...

    async def load(self, ticket_id: str) -> Ticket:
        """The ticket with all its events, or UnknownTicket."""
        ...

    async def append(self, ticket_id: str, change: Change, *, expected: int) -> None:
        """Add events. ChangedMeanwhile when the ticket (or one of ``change.others``) has another number of events.

        ExecutionClaimed is refused with WritesFrozen while the switch is on: once ``switch_writes`` has returned, no
        new claim gets in.
        """
        ...

    async def find(self, wanted: TicketFilter, *, at: datetime) -> tuple[Ticket, ...]:
        """Tickets whose status at that moment and other traits are wanted, the newest first."""
        ...

    async def outcomes(self, wanted: TicketFilter, *, at: datetime) -> tuple[tuple[str, TicketStatus], ...]:
        """The ids of the same tickets and their status at that moment, the newest first."""
        ...

    async def mark(self, wanted: TicketFilter, *, at: datetime) -> str:
        """A short text that is another one as soon as one of these tickets, or how it stands, is another one."""
        ...

    async def writes(self) -> WriteSwitch:
        """Whether all writes are frozen."""
        ...

    async def switch_writes(self, switch: WriteSwitch, audit: Sequence[AuditEntry] = ()) -> None:
        """Freeze all writes, or let them run again."""
        ...
