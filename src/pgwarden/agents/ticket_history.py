"""What past tickets tell: how a requester's requests ended, how long decisions take, how similar ones went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from pgwarden.domain.request import Request
from pgwarden.domain.routing_case import TrackRecord
from pgwarden.domain.ticket import WAITING, Ticket, TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.ticket_status import standing_of
from pgwarden.ports import TicketStore

MEMORY = timedelta(days=180)
LOOKED_AT = 200
"""Tickets at most: the newest tell most."""
FRESH = timedelta(minutes=1)
"""How long a median holds: everybody who looks at a waiting ticket is told it, and it hardly moves."""
DECIDED = frozenset(TicketStatus) - WAITING


@dataclass(frozen=True, slots=True)
class SimilarTickets:
    """How requests of the same operation on the same table ended."""

    table: str
    operation: str
    outcomes: dict[str, int]
    """Number of tickets by status."""
    newest: tuple[str, ...] = ()
    """Ids, the newest first."""


class TicketHistory:
    """Answers from the tickets of the last half year."""

    def __init__(self, tickets: TicketStore, now: Callable[[], datetime]) -> None:
        self._tickets, self._now = tickets, now
        self._medians: dict[int, tuple[datetime, float | None]] = {}

    async def record(self, requester: str) -> TrackRecord:
        """How this requester's tickets ended."""
        counts = Counter(status for _, status in await self._outcomes(TicketFilter(requester=requester)))
        return TrackRecord(
            executed=counts[TicketStatus.EXECUTED],
            denied=counts[TicketStatus.DENIED],
            failed=counts[TicketStatus.FAILED],
            undone=counts[TicketStatus.UNDONE],
        )

    async def approval_seconds(self, level: int) -> float | None:
        """The median time from the request to its approval at this level; None before anything was approved."""
        known, at = self._medians.get(level), self._now()
        if known is not None and known[0] <= at < known[0] + FRESH:
            return known[1]
        self._medians[level] = at, await self._approval_seconds(level)
        return self._medians[level][1]

    async def _approval_seconds(self, level: int) -> float | None:
        found = []
        for ticket in await self._find(TicketFilter(statuses=DECIDED)):
            standing = standing_of(ticket, self._now())
            if standing.approved_at is not None and standing.votes and standing.terms.level == level:
                found.append((standing.approved_at - ticket.opened_at).total_seconds())
        return median(found) if found else None

    async def similar(self, ticket_id: str, request: Request) -> SimilarTickets | None:
        """Other tickets of the same operation on the request's first table; None where it has no table."""
        if not request.tables:
            return None
        table = request.tables[0]
        found = await self._outcomes(TicketFilter(database=request.database, table=table, operation=request.operation))
        others = {id_: status for id_, status in found if id_ != ticket_id}
        counts = Counter(status.value for status in others.values())
        return SimilarTickets(table, request.operation, dict(counts), tuple(others)[:5])

    async def _find(self, wanted: TicketFilter) -> tuple[Ticket, ...]:
        return await self._tickets.find(self._recent(wanted), at=self._now())

    async def _outcomes(self, wanted: TicketFilter) -> tuple[tuple[str, TicketStatus], ...]:
        return await self._tickets.outcomes(self._recent(wanted), at=self._now())

    def _recent(self, wanted: TicketFilter) -> TicketFilter:
        return replace(wanted, since=self._now() - MEMORY, limit=LOOKED_AT)
