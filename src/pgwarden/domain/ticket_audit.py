"""What the audit keeps of each event of a ticket. Statements and words of people can be erased; the rest stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.stored import to_stored
from pgwarden.domain.ticket import Ticket
from pgwarden.domain.ticket_events import (
    ApprovalGiven,
    ApproverReminded,
    AutoApproved,
    CommentAdded,
    DecisionDiscarded,
    DecisionProposed,
    Event,
    ExecutionClaimed,
    ExecutionFailed,
    ExecutionReinstated,
    ExecutionSucceeded,
    ExecutionUndone,
    OverrideInvoked,
    OverrideReviewed,
    TicketCancelled,
    TicketDelegated,
    TicketDenied,
    TicketEscalated,
    TicketExpired,
    TicketOpened,
    TicketRevised,
)

ACTIONS: Mapping[type[Event], str] = {
    TicketOpened: "ticket.opened",
    TicketRevised: "ticket.revised",
    AutoApproved: "ticket.auto_approved",
    ApprovalGiven: "ticket.approved",
    TicketDenied: "ticket.denied",
    CommentAdded: "ticket.commented",
    TicketEscalated: "ticket.escalated",
    TicketDelegated: "ticket.delegated",
    ApproverReminded: "ticket.reminded",
    TicketExpired: "ticket.expired",
    TicketCancelled: "ticket.cancelled",
    OverrideInvoked: "ticket.override_invoked",
    OverrideReviewed: "ticket.override_reviewed",
    DecisionProposed: "ticket.decision_proposed",
    DecisionDiscarded: "ticket.decision_discarded",
    ExecutionClaimed: "ticket.execution_claimed",
    ExecutionSucceeded: "ticket.executed",
    ExecutionFailed: "ticket.execution_failed",
    ExecutionUndone: "ticket.undone",
    ExecutionReinstated: "ticket.reinstated",
}
"""The action under which each event is written down."""

PERSONAL = frozenset({"comment", "reason", "text", "message"})
"""Fields with words of people, which may name others or hold values."""


def audit_entry(ticket: Ticket, event: Event, source: str) -> AuditEntry:
    """The entry for an event that has just happened to a ticket (which holds it already)."""
    content: dict[str, Any] = to_stored(event)
    for known in ("actor", "at", "request", "terms"):
        content.pop(known, None)
    personal = {name: str(content.pop(name)) for name in sorted(PERSONAL & content.keys()) if content[name]}
    details = {"revision": ticket.revision, **content}
    if isinstance(event, TicketOpened | TicketRevised):
        details |= _asked(event)
        personal |= {"statement": event.request.sql, "reason": event.request.reason}
        personal |= {"question": event.request.question} if event.request.question else {}
    return AuditEntry(
        action=ACTIONS[type(event)],
        actor=event.actor,
        at=event.at,
        outcome=Outcome.FAILED if isinstance(event, ExecutionFailed) else Outcome.DONE,
        database=ticket.request.database,
        subject=ticket.id,
        source=source,
        details=details,
        personal=personal,
    )


def _asked(event: TicketOpened | TicketRevised) -> dict[str, Any]:
    request, terms = event.request, event.terms
    return {
        "seal": request.seal,
        "kind": request.kind.value,
        "operation": request.operation,
        "risk": request.risk.value,
        "rows": request.rows,
        "tables": list(request.tables),
        "requester": request.requester,
        "requester_kind": request.requester_kind.value,
        "urgency": request.urgency.value,
        "levels": [seat.level for seat in terms.seats for _ in range(seat.quorum)],
        "rule": terms.rule,
        "expires_at": terms.expires_at.isoformat(),
    }
