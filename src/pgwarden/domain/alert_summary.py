"""What a message shows of an alert, in the form that every channel takes."""

from __future__ import annotations

from pgwarden.domain.anomaly import Alert
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.request import Urgency
from pgwarden.domain.ticket import TicketStatus
from pgwarden.domain.ticket_summary import TicketSummary

REQUESTER = "pgwarden"


def alert_summary(alert: Alert, urgency: Urgency) -> TicketSummary:
    """The alert as it stands; what only tickets have is empty."""
    return TicketSummary(
        ticket="",
        revision=0,
        seal="",
        status=TicketStatus.CANCELLED,
        database=alert.database,
        operation="",
        sql="",
        parameters=0,
        question="",
        requester=REQUESTER,
        requester_kind=IdentityKind.SERVICE,
        behind="",
        reason="",
        urgency=urgency,
        risk="",
        rows=0,
        certain=True,
        tables=(),
        touched=(),
        cascades=(),
        findings=(),
        violations=(),
        recovery=(),
        irreversible=(),
        opened_at=alert.opened_at,
        ends_at=alert.closed_at,
        factors=(),
        levels=(),
        latest="",
        alert_id=alert.id,
        alert=alert.title,
    )
