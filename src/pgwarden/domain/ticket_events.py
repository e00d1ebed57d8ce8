"""What can happen to a ticket: past participles, each with who did it and when. Kept for ever, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pgwarden.domain.execution import RowCounts
from pgwarden.domain.request import Request, Terms
from pgwarden.domain.stored import from_stored, to_stored


class EscalationCause(StrEnum):
    """Why a ticket went to a higher level. Silence adds that level's people; the others raise what is needed."""

    SILENCE = "silence"
    RISK = "risk"
    MANUAL = "manual"


class RevisionCause(StrEnum):
    """Why a request was made anew."""

    EDITED = "edited"
    SCHEMA = "schema"
    DRIFT = "drift"


class Decision(StrEnum):
    """What an approver may say."""

    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Who did it (``system`` for timers), and when."""

    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOpened(Event):
    """Somebody asked."""

    request: Request
    terms: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRevised(Event):
    """The request is another one now: every approval of the one before is void."""

    cause: RevisionCause
    request: Request
    terms: Terms
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoApproved(Event):
    """A rule of the policy said yes; no person was needed."""

    rule: str
    seal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven(Event):
    """One person's yes, for exactly the request with this seal."""

    seal: str
    level: int
    """The level that it counts for: the approver's own, or that of whom they stand in for."""
    on_behalf_of: str = ""
    comment: str = ""
    via: str = ""
    """The door: cli, web, slack."""
    step_up: bool = False
    """Whether the approver proved anew who they are, for this decision."""
    proposal: int = 0
    """The proposal that it confirms; 0 for a decision of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDenied(Event):
    """One person's no; it is final."""

    reason: str
    level: int
    on_behalf_of: str = ""
    via: str = ""
    proposal: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentAdded(Event):
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEscalated(Event):
    """The next level is asked."""

    level: int
    cause: EscalationCause
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDelegated(Event):
    """An approver lets another one decide on this ticket in their place."""

    to: str
    level: int
    """The giver's level."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproverReminded(Event):
    level: int
    number: int
    """1 for the first reminder of this revision."""
    urgency: str = ""
    """How urgently they were told, where that was another than the request's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketExpired(Event):
    """Nobody decided in time, or nobody ran it while the approval held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCancelled(Event):
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideInvoked(Event):
    """One senior's emergency yes; it takes several of them, holds shortly, and is reviewed afterwards."""

    seal: str
    level: int
    reason: str
    via: str = ""
    step_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideReviewed(Event):
    """Somebody who took no part in an override judged it afterwards."""

    justified: bool
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionProposed(Event):
    """A decision that came through an agent: it changes nothing until the person confirms it at a door."""

    decision: Decision
    approver: str
    comment: str = ""
    via: str = ""
    client: str = ""
    """The program that passed it on, as far as it is known."""
    seal: str = ""
    """Of the request that it speaks of; for another one it is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDiscarded(Event):
    """The person in whose name a decision was proposed says that it is not theirs."""

    proposal: int
    """Which one of the ticket, from 1 on."""
    comment: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionClaimed(Event):
    """The one process that may now run it; the target's ledger takes this id only once."""

    execution_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSucceeded(Event):
    """The target's ledger has it."""

    execution_id: str
    counts: Mapping[str, Any]
    """Row operations by ``schema.table``."""
    milliseconds: float = 0.0

    @property
    def rows(self) -> int:
        return sum(RowCounts(**each).total for each in self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFailed(Event):
    """Nothing was changed, for certain: the ledger will not take that id any more."""

    execution_id: str
    code: str
    """The error's code, PGW…"""
    message: str
    again: bool = False
    """Whether the approval still holds for another attempt (a lock was busy, a process died)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionUndone(Event):
    """Another ticket's execution took this one's back."""

    undo_id: str
    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReinstated(Event):
    """What had taken it back was itself taken back."""

    undo_id: str
    ticket: str


EVENTS: Mapping[str, type[Event]] = {
    each.__name__: each
    for each in (
        TicketOpened,
        TicketRevised,
        AutoApproved,
        ApprovalGiven,
        TicketDenied,
        CommentAdded,
        TicketEscalated,
        TicketDelegated,
        ApproverReminded,
        TicketExpired,
        TicketCancelled,
        OverrideInvoked,
        OverrideReviewed,
        DecisionProposed,
        DecisionDiscarded,
        ExecutionClaimed,
        ExecutionSucceeded,
        ExecutionFailed,
        ExecutionUndone,
        ExecutionReinstated,
    )
}
"""Every kind of event by the name that it is kept under."""


def event_to_stored(event: Event) -> tuple[str, dict[str, Any]]:
    """(kind, JSON values)."""
    content: dict[str, Any] = to_stored(event)
    return type(event).__name__, content


def event_from_stored(kind: str, content: Mapping[str, Any]) -> Event:
    """The event that was kept so. Raises KeyError for a kind that this version does not know."""
    return from_stored(EVENTS[kind], content)
