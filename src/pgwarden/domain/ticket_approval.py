"""From a ticket's events to the value that opens the road to a write. Nothing else that is shipped makes one.

Everything in it comes from the ticket: the statement that runs is the one in its events, and the yes that counts was
recorded for the seal of exactly that request.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from pgwarden.domain.approval import Approved, ApprovedUndo, seal_of
from pgwarden.domain.errors import NotApproved
from pgwarden.domain.request import RequestKind
from pgwarden.domain.ticket import WAITING, Ticket, TicketStatus
from pgwarden.domain.ticket_status import Standing, standing_of

_IDS = uuid.UUID("6f1a0c3e-2f57-4d59-9a55-5b7f4f5c1c9d")
"""The name space of execution ids."""


@dataclass(frozen=True, slots=True)
class ApprovedRead:
    """A yes to one read whose sensitive values are shown unmasked, once."""

    execution_id: str
    sql: str
    requester: str
    seal: str
    until: datetime


def approved_of(ticket: Ticket, at: datetime) -> Approved:
    """The approval to change, at that moment. Raises NotApproved, saying what is missing."""
    standing = _usable(ticket, at, RequestKind.CHANGE)
    request = standing.request
    draft = Approved(
        execution_id=next_execution(ticket, standing),
        sql=request.sql,
        parameters=request.parameters,
        database=request.target,
        role=request.role,
        search_path=request.search_path,
        reach=request.reach,
        definitions=request.definitions,
        expectations=request.expectations,
        requested_by=request.requester,
        approved_by=approvers_of(standing),
        until=_until(standing),
        seal="",
        tolerance=request.tolerance,
        isolation=request.isolation,
    )
    return replace(draft, seal=seal_of(draft))


def approved_undo_of(ticket: Ticket, at: datetime) -> ApprovedUndo:
    """The approval to take an execution back, at that moment. Raises NotApproved, saying what is missing."""
    standing = _usable(ticket, at, RequestKind.UNDO)
    request = standing.request
    assert request.undo is not None, "an undo says what it takes back"
    return ApprovedUndo(
        undo_id=next_execution(ticket, standing),
        execution_id=request.undo.execution_id,
        database=request.target,
        role=request.role,
        requested_by=request.requester,
        approved_by=approvers_of(standing),
        until=_until(standing),
        on_conflict=request.undo.on_conflict,
        isolation=request.isolation,
        conflicts_digest=request.undo.conflicts_digest,
        choices=request.undo.choices,
    )


def approved_read_of(ticket: Ticket, at: datetime) -> ApprovedRead:
    """The approval to see sensitive values, at that moment. Raises NotApproved, saying what is missing."""
    standing = _usable(ticket, at, RequestKind.READ)
    request = standing.request
    return ApprovedRead(
        next_execution(ticket, standing), request.sql, request.requester, request.seal, _until(standing)
    )


def next_execution(ticket: Ticket, standing: Standing) -> str:
    """The id of the next attempt. It follows from the ticket: even a control database restored from an old backup
    asks the target's ledger for the same id again, which takes each only once."""
    return str(uuid.uuid5(_IDS, f"{ticket.id}/{standing.attempts + 1}"))


def approvers_of(standing: Standing) -> str:
    """Who approved it, as the ledger keeps it."""
    if standing.rule:
        return f"rule {standing.rule}"
    votes = standing.seniors if standing.overridden else standing.votes
    said = [f"{v.by} for {v.on_behalf_of}" if v.on_behalf_of else v.by for v in votes]
    return ", ".join(said) + (" (override)" if standing.overridden else "")


def undo_covered(ticket: Ticket, execution_id: str, at: datetime) -> bool:
    """Whether the ticket's own approval covers taking its execution back, should no row stand in the way.

    It does for the days of its terms, if a person decided who was shown the recovery plan.
    """
    standing = standing_of(ticket, at)
    shown = standing.request.kind is RequestKind.CHANGE and standing.request.recovery_shown
    ran = standing.status is TicketStatus.EXECUTED and standing.execution_id == execution_id
    if not (shown and ran and standing.votes and standing.claimed_at):
        return False
    return (at - standing.claimed_at).total_seconds() < standing.terms.undo_days * 86_400


def _usable(ticket: Ticket, at: datetime, kind: RequestKind) -> Standing:
    standing = standing_of(ticket, at)
    if standing.request.kind is not kind:
        raise _missing(ticket, f"it asks for a {standing.request.kind.value}")
    if standing.status is not TicketStatus.APPROVED:
        raise _missing(ticket, _why_not(standing))
    start = standing.request.window.start
    if start is not None and max(at, ticket.last_at) < start:
        raise _missing(ticket, f"it may run from {start.isoformat(timespec='minutes')} on")
    return standing


def _why_not(standing: Standing) -> str:
    if standing.status in WAITING:
        levels = ", ".join(f"level {seat.level}" for seat in standing.missing)
        return f"it waits for approval by {levels}" if levels else "it waits for approval"
    words = {
        TicketStatus.EXECUTING: "it is being run",
        TicketStatus.EXECUTED: "it has run, and an approval is for one time",
        TicketStatus.UNDONE: "it has run and was taken back",
        TicketStatus.FAILED: "it was tried and failed; ask anew",
    }
    return words.get(standing.status, f"it is {standing.status.value}")


def _missing(ticket: Ticket, why: str) -> NotApproved:
    return NotApproved(
        f"The ticket {ticket.id} may not run now.",
        why=why,
        not_done="Nothing was run.",
        next_step=f"pgwarden ticket show {ticket.id}",
    )


def _until(standing: Standing) -> datetime:
    assert standing.ends_at is not None, "every approval ends"
    return standing.ends_at
