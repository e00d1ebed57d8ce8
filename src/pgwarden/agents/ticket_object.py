"""A ticket as JSON values, and its events as sentences: the same at every door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pgwarden.domain.plain import plain
from pgwarden.domain.proposed_decision import standing_proposals
from pgwarden.domain.stored import to_stored
from pgwarden.domain.ticket import WAITING
from pgwarden.domain.ticket_events import Event

if TYPE_CHECKING:
    from pgwarden.agents.approval_workflow import TicketView
    from pgwarden.agents.change_preview import ChangePreview

TOLD: Mapping[str, str] = {
    "TicketOpened": "asked",
    "TicketRevised": "revised the request: earlier approvals are void",
    "AutoApproved": "approved by rule",
    "ApprovalGiven": "approved",
    "TicketDenied": "denied",
    "CommentAdded": "said",
    "TicketEscalated": "escalated",
    "TicketDelegated": "delegated",
    "ApproverReminded": "reminded the approvers",
    "TicketExpired": "expired",
    "TicketCancelled": "cancelled",
    "OverrideInvoked": "called an emergency override",
    "OverrideReviewed": "reviewed the override",
    "DecisionProposed": "passed on a proposed decision",
    "DecisionDiscarded": "discarded a proposed decision",
    "ExecutionClaimed": "began to run it",
    "ExecutionSucceeded": "ran it",
    "ExecutionFailed": "could not run it; nothing was changed",
    "ExecutionUndone": "took it back",
    "ExecutionReinstated": "brought it back",
}
FACTS = (
    "rule",
    "level",
    "cause",
    "on_behalf_of",
    "to",
    "decision",
    "approver",
    "proposal",
    "justified",
    "code",
    "via",
    "client",
    "ticket",
)
LARGE = frozenset({"request", "terms", "seal", "counts"})
"""Parts of an event that the ticket itself tells."""
WORDS = ("reason", "comment", "text", "message")


def ticket_object(view: TicketView, preview: ChangePreview | None = None) -> dict[str, Any]:
    """A ticket as JSON."""
    ticket, standing = view.ticket, view.standing
    shown: dict[str, Any] = {
        "id": ticket.id,
        "status": standing.status.value,
        "revision": standing.revision,
        "request": to_stored(ticket.request),
        "seal": ticket.request.seal,
        "terms": to_stored(ticket.terms),
        "opened_at": ticket.opened_at.isoformat(),
        "ends_at": standing.ends_at.isoformat() if standing.ends_at else None,
        "missing_levels": [seat.level for seat in standing.missing] if standing.status in WAITING else [],
        "asked": list(view.asked),
        "proposals": to_stored(standing_proposals(ticket, standing.status)),
        "approved_by": [vote.by for vote in (*standing.votes, *standing.seniors)],
        "rule": standing.rule,
        "override": standing.overridden,
        "review_due": standing.review_due,
        "execution_id": standing.execution_id,
        "estimated_seconds": view.estimated_seconds,
        "similar": plain(view.similar),
        "events": [event_object(event) for event in ticket.events],
    }
    if preview is not None:
        shown["sample"] = plain(preview)
    return shown


def event_text(event: Event) -> str:
    """An event as a sentence: who did what, with the facts and the words that belong to it."""
    content = event_object(event)
    facts = [f"{name.replace('_', ' ')} {content[name]}" for name in FACTS if content.get(name)]
    words = [str(content[name]) for name in WORDS if content.get(name)]
    about = f" ({', '.join(facts)})" if facts else ""
    said = f": {' '.join(words)}" if words else ""
    return f"{event.actor} {TOLD[type(event).__name__]}{about}{said}"


def event_object(event: Event) -> dict[str, Any]:
    """An event as JSON, without what the ticket tells already."""
    told = (each.name for each in fields(event) if each.name not in LARGE)
    return {"event": type(event).__name__, **{name: to_stored(getattr(event, name)) for name in told}}
