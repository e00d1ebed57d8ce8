"""TicketDesk: the one place where tickets change, each time judged on the newest state and kept with its effects."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import ChangedMeanwhile, TooManyTickets
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.job import Job
from pgwarden.domain.person import Delegation, Person
from pgwarden.domain.ticket import OPEN, Ticket, ticket_id
from pgwarden.domain.ticket_audit import audit_entry
from pgwarden.domain.ticket_change import Appended, Change, TicketFilter
from pgwarden.domain.ticket_decision import Staff
from pgwarden.domain.ticket_events import Event
from pgwarden.domain.ticket_jobs import jobs_of
from pgwarden.ports import TicketStore

ATTEMPTS = 100
"""How often a change is judged again because others changed the same ticket first. Every time, one of them got in."""

OPEN_AT_MOST = {IdentityKind.PERSON: 50, IdentityKind.SERVICE: 25, IdentityKind.AGENT: 10}
"""Open tickets of one requester; approvers are not to be flooded."""


class People(Protocol):
    """The accounts, as far as deciding needs them."""

    async def all(self) -> tuple[Person, ...]: ...

    async def delegations(self, at: datetime | None = None) -> Sequence[Delegation]:
        """Those that hold at that moment."""
        ...


Step = Callable[[Ticket, Staff, datetime], Iterable[Event]]
"""What happens to a ticket as it is now; nothing at all is allowed. It may raise to refuse."""


class TicketDesk:
    """Opens, loads and changes tickets."""

    def __init__(
        self,
        tickets: TicketStore,
        people: People,
        now: Callable[[], datetime],
        new_id: Callable[[], str] | None = None,
    ) -> None:
        self.tickets, self.now = tickets, now
        self._people, self._new_id = people, new_id or new_ticket_id

    async def staff(self, at: datetime | None = None) -> Staff:
        """Who there is, and who stands in for whom."""
        moment = at or self.now()
        return Staff.of(await self._people.all(), await self._people.delegations(moment), moment)

    async def open(self, events: Sequence[Event], *, source: str) -> Ticket:
        """Keep a new ticket, tell whom it concerns, and set its timers."""
        ticket = Ticket(self._new_id(), tuple(events))
        staff = await self.staff(ticket.opened_at)
        await self.tickets.open(ticket.id, _change(ticket, ticket.events, staff, ticket.last_at, source))
        return ticket

    async def load(self, ticket_id: str) -> Ticket:
        """The ticket, or UnknownTicket. Ids are read as people write them: without regard to letter case."""
        return await self.tickets.load(ticket_id.strip().upper())

    async def require_room(self, identity: Identity) -> None:
        """Raises TooManyTickets where this requester has as many open tickets as one may have."""
        most = OPEN_AT_MOST[identity.kind]
        wanted = TicketFilter(statuses=frozenset(OPEN), requester=identity.name, limit=most)
        if len(await self.tickets.find(wanted, at=self.now())) >= most:
            raise TooManyTickets(
                f"{identity.name} has {most} open tickets.",
                why="More at a time would flood the approvers.",
                not_done="No ticket was opened.",
                next_step="Wait until some are decided, or cancel those that are not needed.",
            )

    async def change(self, ticket_id: str, step: Step, *, source: str) -> Ticket:
        """Let something happen to a ticket. When others were faster, it is judged anew on what they left."""
        for attempt in range(1, ATTEMPTS + 1):
            ticket = await self.load(ticket_id)
            at = max(self.now(), ticket.last_at)
            staff = await self.staff(at)
            events = tuple(step(ticket, staff, at))
            if not events:
                return ticket
            try:
                return await self.append(ticket, events, staff, source=source)
            except ChangedMeanwhile:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("at least one attempt is made")

    async def append(
        self,
        ticket: Ticket,
        events: Sequence[Event],
        staff: Staff,
        *,
        source: str,
        others: Sequence[tuple[Ticket, Sequence[Event]]] = (),
    ) -> Ticket:
        """Add events to exactly this state of the ticket, and of ``others`` with it. Raises ChangedMeanwhile."""
        at = events[-1].at
        after = ticket.after(*events)
        change = _change(after, events, staff, at, source)
        jobs, audit, more = list(change.jobs), list(change.audit), {}
        for other, theirs in others:
            effect = _change(other.after(*theirs), theirs, staff, at, source)
            jobs += effect.jobs
            audit += effect.audit
            more[other.id] = Appended(tuple(theirs), len(other.events))
        whole = Change(tuple(events), tuple(jobs), tuple(audit), more)
        await self.tickets.append(ticket.id, whole, expected=len(ticket.events))
        return after


def _change(after: Ticket, events: Sequence[Event], staff: Staff, at: datetime, source: str) -> Change:
    jobs: tuple[Job, ...] = jobs_of(after, events, staff, at)
    audit: tuple[AuditEntry, ...] = tuple(audit_entry(after, event, source) for event in events)
    return Change(tuple(events), jobs, audit)


def new_ticket_id() -> str:
    """A fresh id."""
    return ticket_id(secrets.randbits(40))
