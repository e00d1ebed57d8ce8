"""Where a ticket stands: one pure function of its events and of the moment that is asked about.

An event that the state it meets does not allow changes nothing. So no order of events, however they came about, leads
to APPROVED without enough different people who said yes to exactly this request and were allowed to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pgwarden.domain.request import Request, Seat, Terms, Window
from pgwarden.domain.ticket import OPEN, WAITING, Ticket, TicketStatus
from pgwarden.domain.ticket_events import (
    ApprovalGiven,
    ApproverReminded,
    AutoApproved,
    EscalationCause,
    Event,
    ExecutionClaimed,
    ExecutionFailed,
    ExecutionReinstated,
    ExecutionSucceeded,
    ExecutionUndone,
    OverrideInvoked,
    OverrideReviewed,
    TicketCancelled,
    TicketDenied,
    TicketEscalated,
    TicketExpired,
    TicketOpened,
    TicketRevised,
)

S = TicketStatus


@dataclass(frozen=True, slots=True)
class Vote:
    """A yes that counts: by whom, in whose place, for which level."""

    by: str
    level: int
    on_behalf_of: str = ""

    @property
    def people(self) -> frozenset[str]:
        return frozenset({self.by, self.on_behalf_of} - {""})


@dataclass(frozen=True, slots=True)
class Standing:
    """A ticket's state at one moment, with what led there."""

    status: TicketStatus
    request: Request
    terms: Terms
    revision: int
    seats: tuple[Seat, ...]
    """What is needed now: the terms' seats, raised by escalations."""
    asked: int
    """The highest level whose people are asked."""
    ends_at: datetime | None
    """When it expires by itself: the wait for a decision, or the approval. None: it does not."""
    votes: tuple[Vote, ...] = ()
    seniors: tuple[Vote, ...] = ()
    rule: str = ""
    """The rule that approved it, or ''."""
    overridden: bool = False
    reviewed: bool = False
    reminders: int = 0
    approved_at: datetime | None = None
    attempts: int = 0
    """Executions claimed over all revisions."""
    execution_id: str = ""
    """The newest claim."""
    claimed_at: datetime | None = None

    @property
    def review_due(self) -> bool:
        """Whether an override was used and nobody has judged it yet."""
        return self.overridden and not self.reviewed and self.status in RAN

    @property
    def missing(self) -> tuple[Seat, ...]:
        """The approvals that are still needed, highest level first."""
        return tuple(Seat(level) for level in _unfilled(self.seats, self.votes))


RAN = frozenset({S.EXECUTED, S.UNDONE, S.EXECUTING, S.FAILED})


def status_of(ticket: Ticket, at: datetime) -> TicketStatus:
    """The status at that moment."""
    return standing_of(ticket, at).status


def standing_of(ticket: Ticket, at: datetime) -> Standing:
    """The whole state at that moment. Time in a ticket never runs backwards, whatever the clocks say."""
    first = ticket.events[0]
    if not isinstance(first, TicketOpened):
        raise ValueError("a ticket begins with TicketOpened")
    standing, now = _begun(first, 1, 0), first.at
    for event in ticket.events[1:]:
        now = max(now, event.at)
        standing = _after(_aged(standing, now), event, now)
    return _aged(standing, max(now, at))


def filled(seats: tuple[Seat, ...], votes: tuple[Vote, ...]) -> bool:
    """Whether different people fill every seat. An approver of a higher level may take a lower seat."""
    return not _unfilled(seats, votes)


def _unfilled(seats: tuple[Seat, ...], votes: tuple[Vote, ...]) -> tuple[int, ...]:
    """Levels without their person: the highest seats go to the highest votes."""
    wanted = sorted((seat.level for seat in seats for _ in range(seat.quorum)), reverse=True)
    levels = sorted((vote.level for vote in votes), reverse=True)
    missing = []
    for level in wanted:
        if levels and levels[0] >= level:
            levels.pop(0)
        else:
            missing.append(level)
    return tuple(missing)


def _begun(event: TicketOpened | TicketRevised, revision: int, attempts: int) -> Standing:
    terms, request = event.terms, event.request
    return Standing(
        status=S.PENDING,
        request=request,
        terms=terms,
        revision=revision,
        seats=terms.seats,
        asked=terms.level,
        ends_at=min(filter(None, (terms.expires_at, request.window.until))),
        attempts=attempts,
    )


def _aged(standing: Standing, at: datetime) -> Standing:
    """The standing once time alone has passed."""
    waits = standing.status in WAITING or standing.status is S.APPROVED
    if waits and standing.ends_at is not None and at >= standing.ends_at:
        return replace(standing, status=S.EXPIRED, ends_at=None)
    return standing


def _after(standing: Standing, event: Event, at: datetime) -> Standing:
    allowed, step = STEPS.get(type(event), (frozenset(), _nothing))
    return step(standing, event, at) if standing.status in allowed else standing


def _approved(standing: Standing, at: datetime, seconds: float) -> Standing:
    return replace(standing, status=S.APPROVED, approved_at=at, ends_at=_end(standing.request.window, at, seconds))


def _end(window: Window, at: datetime, seconds: float) -> datetime:
    """An approval holds for its time from when it may be used, and never beyond the window that was approved."""
    end = max(filter(None, (at, window.start))) + timedelta(seconds=seconds)
    return min(filter(None, (end, window.until))) if window.start is None else window.until or end


def _may_count(standing: Standing, vote: Vote, seal: str) -> bool:
    """Whether a yes counts: for this very request, by none of its own people, and by nobody a second time."""
    taken = frozenset[str]().union(*(each.people for each in (*standing.votes, *standing.seniors)))
    return seal == standing.request.seal and not vote.people & (standing.request.own | taken)


def _revised(standing: Standing, event: TicketRevised, _at: datetime) -> Standing:
    return _begun(event, standing.revision + 1, standing.attempts)


def _auto_approved(standing: Standing, event: AutoApproved, at: datetime) -> Standing:
    if event.seal != standing.request.seal or not event.rule or event.rule != standing.terms.rule:
        return standing
    return replace(_approved(standing, at, standing.terms.holds_seconds), rule=event.rule)


def _given(standing: Standing, event: ApprovalGiven, at: datetime) -> Standing:
    vote = Vote(event.actor, event.level, event.on_behalf_of)
    if not _may_count(standing, vote, event.seal) or vote.level < 1:
        return standing
    voted = replace(standing, votes=(*standing.votes, vote))
    if not standing.seats or not filled(voted.seats, voted.votes):
        return voted
    return _approved(voted, at, voted.terms.holds_seconds)


def _overridden(standing: Standing, event: OverrideInvoked, at: datetime) -> Standing:
    vote = Vote(event.actor, event.level)
    alone = replace(standing, votes=())  # whoever approved in the usual way may still be one of the seniors
    if vote.level < standing.terms.override_level or not _may_count(alone, vote, event.seal):
        return standing
    seniors = (*standing.seniors, vote)
    called = replace(standing, seniors=seniors)
    if len(seniors) < max(2, standing.terms.override_seniors):
        return called
    return replace(_approved(called, at, standing.terms.override_seconds), overridden=True)


def _escalated(standing: Standing, event: TicketEscalated, _at: datetime) -> Standing:
    seats = standing.seats
    if event.cause is not EscalationCause.SILENCE:
        top = max(seats, key=lambda seat: seat.level, default=Seat(event.level))
        others = [seat for seat in seats if seat is not top]
        seats = (*others, replace(top, level=max(top.level, event.level)))
    return replace(standing, status=S.ESCALATED, seats=seats, asked=max(standing.asked, event.level))


def _reminded(standing: Standing, event: ApproverReminded, _at: datetime) -> Standing:
    return replace(standing, reminders=max(standing.reminders, event.number))


def _claimed(standing: Standing, event: ExecutionClaimed, at: datetime) -> Standing:
    return replace(
        standing,
        status=S.EXECUTING,
        execution_id=event.execution_id,
        claimed_at=at,
        attempts=standing.attempts + 1,
    )


def _succeeded(standing: Standing, event: ExecutionSucceeded, _at: datetime) -> Standing:
    if event.execution_id != standing.execution_id:
        return standing
    return replace(standing, status=S.EXECUTED, ends_at=None)


def _failed(standing: Standing, event: ExecutionFailed, at: datetime) -> Standing:
    if event.execution_id != standing.execution_id:
        return standing
    if event.again:
        return _aged(replace(standing, status=S.APPROVED), at)
    return replace(standing, status=S.FAILED, ends_at=None)


def _to(status: TicketStatus) -> Step:
    return lambda standing, _event, _at: replace(standing, status=status, ends_at=None)


def _reviewed(standing: Standing, event: OverrideReviewed, _at: datetime) -> Standing:
    took_part = {vote.by for vote in standing.seniors} | standing.request.own
    return standing if event.actor in took_part else replace(standing, reviewed=True)


def _nothing(standing: Standing, _event: Event, _at: datetime) -> Standing:
    return standing


Step = Callable[[Standing, Any, datetime], Standing]
"""Takes the event that it stands beside in STEPS."""

STEPS: Mapping[type[Event], tuple[frozenset[TicketStatus], Step]] = {
    TicketRevised: (OPEN, _revised),
    AutoApproved: (frozenset({S.PENDING}), _auto_approved),
    ApprovalGiven: (WAITING, _given),
    OverrideInvoked: (WAITING, _overridden),
    TicketDenied: (WAITING, _to(S.DENIED)),
    TicketCancelled: (WAITING | {S.APPROVED}, _to(S.CANCELLED)),
    TicketExpired: (WAITING | {S.APPROVED}, _to(S.EXPIRED)),
    TicketEscalated: (WAITING, _escalated),
    ApproverReminded: (WAITING, _reminded),
    ExecutionClaimed: (frozenset({S.APPROVED}), _claimed),
    ExecutionSucceeded: (frozenset({S.EXECUTING}), _succeeded),
    ExecutionFailed: (frozenset({S.EXECUTING}), _failed),
    ExecutionUndone: (frozenset({S.EXECUTED}), _to(S.UNDONE)),
    ExecutionReinstated: (frozenset({S.UNDONE}), _to(S.EXECUTED)),
    OverrideReviewed: (RAN | {S.EXPIRED, S.CANCELLED, S.DENIED}, _reviewed),
}
"""Which events count in which states, and what they do there. Every other event is only told."""
