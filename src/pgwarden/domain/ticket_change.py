"""What a store is asked to keep of a ticket in one transaction, and what it is asked to find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import ChangedMeanwhile, UnknownTicket, WritesFrozen
from pgwarden.domain.job import Job
from pgwarden.domain.request import RequestKind, Urgency
from pgwarden.domain.storable import require_storable
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_events import Event, ExecutionClaimed
from pgwarden.domain.ticket_status import status_of


@dataclass(frozen=True, slots=True)
class Appended:
    """Events for one more ticket of the same transaction, ``expected`` being how many it has."""

    events: tuple[Event, ...]
    expected: int


@dataclass(frozen=True, slots=True)
class Change:
    """Events, the jobs that they cause and their audit entries: all are kept, or none."""

    events: tuple[Event, ...]
    jobs: tuple[Job, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    others: Mapping[str, Appended] = field(default_factory=dict)
    """By ticket id."""


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets are meant. Everything given must hold; nothing given means all."""

    statuses: frozenset[TicketStatus] = frozenset()
    database: str = ""
    requester: str = ""
    kind: RequestKind | None = None
    urgencies: frozenset[Urgency] = frozenset()
    table: str = ""
    """``schema.table`` that the request changes."""
    operation: str = ""
    execution_id: str = ""
    """The ticket that claimed this execution."""
    since: datetime | None = None
    """Opened at or after."""
    until: datetime | None = None
    """Opened before."""
    limit: int = 100
    """At most so many, the newest first."""

    def __post_init__(self) -> None:
        for what in ("database", "requester", "table", "operation", "execution_id"):
            require_storable(f"{what.replace('_', ' ')} of the tickets looked for", getattr(self, what), most=1000)

    def matches(self, ticket: Ticket, at: datetime) -> bool:
        """Whether the ticket is wanted, its status being that at the given moment; the limit aside."""
        request = ticket.request
        given = (
            (bool(self.statuses), status_of(ticket, at) in self.statuses),
            (bool(self.database), request.database == self.database),
            (bool(self.requester), request.requester == self.requester),
            (self.kind is not None, request.kind is self.kind),
            (bool(self.urgencies), request.urgency in self.urgencies),
            (bool(self.table), self.table in request.tables),
            (bool(self.operation), request.operation == self.operation),
            (bool(self.execution_id), self.execution_id in ticket.executions),
            (self.since is not None, self.since is not None and ticket.opened_at >= self.since),
            (self.until is not None, self.until is not None and ticket.opened_at < self.until),
        )
        return all(holds for asked, holds in given if asked)


@dataclass(frozen=True, slots=True)
class WriteSwitch:
    """Whether writes are allowed at all, who said so, why and when."""

    frozen: bool
    actor: str = ""
    reason: str = ""
    at: datetime | None = None


def claims_write(ticket: Ticket, events: Sequence[Event]) -> bool:
    """Whether one of the events lets a change begin; a read of sensitive values is none."""
    return ticket.request.kind is not RequestKind.READ and any(isinstance(e, ExecutionClaimed) for e in events)


def frozen_writes(switch: WriteSwitch) -> WritesFrozen:
    """The error for a write while the switch is on."""
    return WritesFrozen(
        "All writes are frozen.",
        why=f"{switch.actor} froze them: {switch.reason}",
        not_done="Nothing was run.",
        next_step="Wait, or have them lifted: pgwarden unfreeze",
    )


def unknown_ticket(ticket_id: str) -> UnknownTicket:
    """The error for an id that no ticket has."""
    return UnknownTicket(
        f"There is no ticket {ticket_id}.", not_done="Nothing was done.", next_step="`pgwarden tickets` lists them."
    )


def changed_meanwhile(ticket_id: str) -> ChangedMeanwhile:
    """The error for a ticket to which something else happened first."""
    return ChangedMeanwhile(
        f"Something else happened to the ticket {ticket_id} at the same moment.",
        not_done="Nothing was done with it.",
        next_step=f"Look at it again: pgwarden ticket show {ticket_id}",
    )
