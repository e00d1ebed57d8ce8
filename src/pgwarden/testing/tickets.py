"""Tickets and their events, in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import AlreadyExists
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_change import (
    Appended,
    Change,
    TicketFilter,
    WriteSwitch,
    changed_meanwhile,
    claims_write,
    frozen_writes,
    unknown_ticket,
)
from pgwarden.domain.ticket_events import Event, event_from_stored, event_to_stored
from pgwarden.domain.ticket_status import status_of
from pgwarden.testing.audit_log import MemoryAuditLog
from pgwarden.testing.jobs import MemoryJobs


class MemoryTicketStore:
    """``ports.TicketStore``. Give it the jobs and the audit that its changes go to."""

    def __init__(self, jobs: MemoryJobs | None = None, audit: MemoryAuditLog | None = None) -> None:
        self.jobs, self.audit = jobs or MemoryJobs(), audit or MemoryAuditLog()
        self._tickets: dict[str, Ticket] = {}
        self._switch = WriteSwitch(frozen=False)

    async def open(self, ticket_id: str, change: Change) -> None:
        if ticket_id in self._tickets:
            raise AlreadyExists(f"A ticket {ticket_id} exists.")
        self._tickets[ticket_id] = Ticket(ticket_id, tuple(map(_event_copy, change.events)))
        await self._cause(change)

    async def load(self, ticket_id: str) -> Ticket:
        if ticket_id not in self._tickets:
            raise unknown_ticket(ticket_id)
        return self._tickets[ticket_id]

    async def append(self, ticket_id: str, change: Change, *, expected: int) -> None:
        appended = {ticket_id: Appended(change.events, expected), **change.others}
        after = {}
        for each, more in appended.items():
            ticket = await self.load(each)
            if len(ticket.events) != more.expected:
                raise changed_meanwhile(each)
            if self._switch.frozen and claims_write(ticket, more.events):
                raise frozen_writes(self._switch)
            after[each] = ticket.after(*map(_event_copy, more.events))
        self._tickets |= after
        await self._cause(change)

    async def find(self, wanted: TicketFilter, *, at: datetime) -> tuple[Ticket, ...]:
        found = (ticket for ticket in reversed(self._tickets.values()) if wanted.matches(ticket, at))
        return tuple(found)[: wanted.limit]

    async def outcomes(self, wanted: TicketFilter, *, at: datetime) -> tuple[tuple[str, TicketStatus], ...]:
        return tuple((ticket.id, status_of(ticket, at)) for ticket in await self.find(wanted, at=at))

    async def mark(self, wanted: TicketFilter, *, at: datetime) -> str:
        return repr([(each.id, len(each.events), status_of(each, at)) for each in await self.find(wanted, at=at)])

    async def writes(self) -> WriteSwitch:
        return self._switch

    async def switch_writes(self, switch: WriteSwitch, audit: Sequence[AuditEntry] = ()) -> None:
        self._switch = switch
        await self.audit.append(*audit)

    async def _cause(self, change: Change) -> None:
        await self.jobs.defer(*change.jobs)
        await self.audit.append(*change.audit)


def _event_copy(event: Event) -> Event:
    """What a store gives back."""
    kind, content = event_to_stored(event)
    return event_from_stored(kind, _json_copy(content))


def _json_copy(values: Mapping[str, object]) -> dict[str, object]:
    """What JSON gives back, so that a test meets here what it would meet in a database."""
    copy: dict[str, object] = json.loads(json.dumps(values, allow_nan=False))
    return copy
