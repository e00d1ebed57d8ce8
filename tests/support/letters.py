"""Letters made by hand, for tests of what is told and how."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.notification import (
    Audience,
    Channel,
    Delivery,
    DeliveryStatus,
    Letter,
    Notification,
    NotificationKind,
)
from pgwarden.domain.person import Person, Role
from pgwarden.domain.request import Urgency
from pgwarden.domain.ticket import TicketStatus
from pgwarden.domain.ticket_summary import CascadeLine, FindingLine, TableLine, TicketSummary

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SQL = "delete from orders where note = '<b>&\"x\"</b>' -- ```"
ANA = Person(
    "ana",
    full_name="Ana Approver",
    roles=frozenset({Role.REQUESTER, Role.APPROVER}),
    level=2,
    email="ana@example.org",
    phone="+15550100",
    slack="U0ANA",
    zone="Europe/Berlin",
)

SUMMARY = TicketSummary(
    ticket="T-1",
    revision=1,
    seal="5ea1",
    status=TicketStatus.PENDING,
    database="shop",
    operation="DELETE",
    sql=SQL,
    parameters=2,
    question="delete old orders",
    requester="rob",
    requester_kind=IdentityKind.PERSON,
    behind="",
    reason="they are <old> & done",
    urgency=Urgency.NORMAL,
    risk="HIGH",
    rows=1204,
    certain=True,
    tables=(TableLine("public.orders", 0, 0, 204, True), TableLine("public.order_items", 0, 0, 1000, True)),
    touched=("public.orders", "public.order_items"),
    cascades=(CascadeLine(1, "public.orders", "public.order_items", "CASCADE", 1000),),
    findings=(FindingLine("HIGH", "Deletes reach other tables.", "Look at the cascade."),),
    violations=("3 rows in public.refunds refer to them.",),
    recovery=("Put back public.orders, then public.order_items.",),
    irreversible=("The sequence moves on.",),
    opened_at=NOON,
    ends_at=NOON + timedelta(hours=8),
    factors=("HIGH below 10,000 rows: level 2.",),
    levels=(2,),
    latest="",
)


def summary(**changes: Any) -> TicketSummary:
    return replace(SUMMARY, **changes)


def notification(
    kind: NotificationKind = NotificationKind.APPROVAL_REQUESTED,
    urgency: Urgency = Urgency.NORMAL,
    *,
    at: datetime = NOON,
    number: int = 1,
    **changes: Any,
) -> Notification:
    return Notification.of(kind, urgency, at, summary(**changes), number=number)


def letter(
    channel: Channel = Channel.EMAIL,
    told: Notification | None = None,
    *,
    person: str = "ana",
    audience: Audience = Audience.INVOLVED,
    held_for: str = "",
) -> Letter:
    told = told or notification()
    delivery = Delivery(
        f"{told.id[:8]}{person}{channel.value}",
        told.id,
        person,
        channel,
        told.at,
        DeliveryStatus.HELD if held_for else DeliveryStatus.PENDING,
        audience,
        held_for,
    )
    return Letter(delivery, told)
