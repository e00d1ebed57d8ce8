"""Requests, terms and events for tests of tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pgwarden.domain.approval import DatabaseIdentity, Expectation
from pgwarden.domain.execution import Parameter, RowCounts
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.request import Request, RequestKind, Seat, Terms
from pgwarden.domain.ticket import Ticket
from pgwarden.domain.ticket_events import ApprovalGiven, Event, TicketOpened

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def later(minutes: float = 1) -> datetime:
    return NOON + timedelta(minutes=minutes)


def request(**changes: Any) -> Request:
    """A DELETE of two rows that ana asks for."""
    plan = {"captured": [], "rows": 2, "bytes": 10, "steps": ["insert them"], "seconds": 0.1, "irreversible": []}
    made = Request(
        kind=RequestKind.CHANGE,
        database="shop",
        target=DatabaseIdentity("7000000000000000001", 16384, "shop"),
        role="owner",
        sql="delete from note where id = $1",
        parameters=(Parameter(23, "1"),),
        requester="ana",
        requester_kind=IdentityKind.PERSON,
        reason="a customer asked for it",
        operation="DELETE",
        risk=RiskLevel.HIGH,
        rows=2,
        tables=("public.note",),
        search_path="public",
        reach=(16400,),
        definitions="d" * 64,
        expectations=(Expectation(16400, "public.note", RowCounts(deleted=2)),),
        assessment={"impact": {"recovery": plan, "rows": 2}, "risk": {"level": "HIGH"}},
    )
    return replace(made, **changes)


def terms(*seats: Seat, **changes: Any) -> Terms:
    return replace(Terms(seats=seats or (Seat(2),), expires_at=later(24 * 60)), **changes)


def opened(asked: Request | None = None, demanded: Terms | None = None) -> TicketOpened:
    made = asked or request()
    return TicketOpened(actor=made.requester, at=NOON, request=made, terms=demanded or terms())


def ticket(*events: Event, asked: Request | None = None, demanded: Terms | None = None) -> Ticket:
    return Ticket("T-1", (opened(asked, demanded), *events))


def approval(by: str = "max", level: int = 2, minutes: float = 1, **changes: Any) -> ApprovalGiven:
    given: dict[str, Any] = {"actor": by, "at": later(minutes), "seal": request().seal, "level": level, **changes}
    return ApprovalGiven(**given)
