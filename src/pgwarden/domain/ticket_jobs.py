"""What a ticket's events set off: whom to tell, and what to look at again later. Each job tells what it expects, so
that it does nothing when the ticket has moved on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from pgwarden.domain.job import Job
from pgwarden.domain.person import Role
from pgwarden.domain.ticket import WAITING, Ticket, TicketStatus
from pgwarden.domain.ticket_decision import Staff, askable
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
    ExecutionSucceeded,
    ExecutionUndone,
    OverrideInvoked,
    TicketCancelled,
    TicketDelegated,
    TicketDenied,
    TicketEscalated,
    TicketExpired,
    TicketOpened,
    TicketRevised,
)
from pgwarden.domain.ticket_status import Standing, standing_of

YES = ApprovalGiven | AutoApproved | OverrideInvoked
PAUSE = timedelta(minutes=1)
"""Before a worker tries again what failed for a passing reason; longer with each attempt."""

TO_REQUESTER: dict[type[Event], str] = {
    TicketDenied: "denied",
    TicketExpired: "expired",
    ExecutionClaimed: "executing",
    ExecutionSucceeded: "executed",
    ExecutionFailed: "failed",
    ExecutionUndone: "undone",
}
"""Events that the requester, the person behind and those who voted are told of, by the kind of the notification."""


def jobs_of(ticket: Ticket, events: Sequence[Event], staff: Staff, at: datetime) -> tuple[Job, ...]:
    """The jobs for events that have just happened to the ticket (which holds them already)."""
    standing = standing_of(ticket, at)
    told = [job for event in events for job in _told(ticket, standing, event, staff)]
    if standing.status is TicketStatus.APPROVED:
        if any(isinstance(event, YES) for event in events):
            told += _approved(ticket, standing)
        elif any(isinstance(event, ExecutionFailed) for event in events):
            told += _run(ticket, standing, at + standing.attempts * PAUSE)
    if any(isinstance(event, TicketOpened | TicketRevised) for event in events) and standing.status in WAITING:
        told += _timers(ticket, standing)
    return tuple(told)


def approvers_asked(standing: Standing, staff: Staff) -> tuple[str, ...]:
    """Everybody who is asked now: for each approval that is missing, and for the level it was escalated to."""
    levels = {seat.level for seat in standing.missing} | ({standing.asked} - {0})
    names = {name for level in levels for name in askable(standing, level, staff)}
    return tuple(sorted(names))


def _told(ticket: Ticket, standing: Standing, event: Event, staff: Staff) -> Iterator[Job]:
    waiting = standing.status in WAITING
    own = standing.request.own
    voters = {vote.by for vote in (*standing.votes, *standing.seniors)}
    asked = approvers_asked(standing, staff) if waiting else ()
    if type(event) in TO_REQUESTER:
        yield _notify(ticket, TO_REQUESTER[type(event)], own | voters, event.actor)
    elif isinstance(event, TicketOpened) and waiting:
        yield _notify(ticket, "approval_requested", asked)
    elif isinstance(event, TicketRevised):
        yield _notify(ticket, "revised", {*asked, *own}, event.actor)
    elif isinstance(event, ApproverReminded):
        yield _notify(ticket, "reminder", asked, urgency=event.urgency)
    elif isinstance(event, TicketEscalated):
        yield _notify(ticket, "escalated", {*asked, *own}, event.actor)
    elif isinstance(event, TicketDelegated):
        yield _notify(ticket, "approval_requested", {event.to})
    elif isinstance(event, TicketCancelled):
        yield _notify(ticket, "cancelled", _involved(ticket, standing, staff), event.actor)
    elif isinstance(event, CommentAdded):
        yield _notify(ticket, "commented", own | {e.actor for e in ticket.events} | voters, event.actor)
    elif isinstance(event, OverrideInvoked):
        seniors = {p.name for p in staff.people.values() if p.may_approve(standing.terms.override_level)}
        yield _notify(ticket, "override", (seniors | own | _auditors(staff)), event.actor)
    elif isinstance(event, DecisionProposed):
        number = _number(ticket, event)
        yield _notify(ticket, "decision_proposed", {event.approver}, by="", number=number)
    elif isinstance(event, DecisionDiscarded):
        yield Job("update_messages", {"ticket": ticket.id}, queueing_lock=f"update messages {ticket.id}")
    elif isinstance(event, ApprovalGiven) and waiting:
        yield _notify(ticket, "approval_requested", asked)


def _approved(ticket: Ticket, standing: Standing) -> Iterator[Job]:
    """It may run: the requester hears it, a worker runs it where that was asked for, and the approval will end."""
    assert standing.ends_at is not None, "every approval ends"
    yield _notify(ticket, "approved", standing.request.own, by="")
    yield from _run(ticket, standing, standing.request.window.start)
    yield _later(ticket, "expire_ticket", standing, standing.ends_at, f"approval:{standing.attempts}")


def _run(ticket: Ticket, standing: Standing, at: datetime | None) -> Iterator[Job]:
    if standing.request.run_when_approved:
        yield Job(
            "execute_ticket",
            {"ticket": ticket.id},
            at=at,
            lock=f"ticket:{ticket.id}",
            queueing_lock=f"execute_ticket:{ticket.id}:{standing.revision}:{standing.attempts}",
        )


def _timers(ticket: Ticket, standing: Standing) -> Iterator[Job]:
    terms = standing.terms
    for number, at in enumerate(terms.remind_at, start=1):
        yield _later(ticket, "remind_ticket", standing, at, str(number), level=terms.level, number=number)
    for step, at in enumerate(terms.escalate_at, start=1):
        yield _later(ticket, "escalate_ticket", standing, at, str(step), level=terms.level + step)
    assert standing.ends_at is not None, "every wait ends"
    yield _later(ticket, "expire_ticket", standing, standing.ends_at, "wait")


def _later(ticket: Ticket, task: str, standing: Standing, at: datetime, which: str, **args: int) -> Job:
    name = f"{task}:{ticket.id}:{standing.revision}:{which}"
    return Job(
        task,
        {"ticket": ticket.id, "revision": standing.revision, **args},
        at=at,
        lock=f"ticket:{ticket.id}",
        queueing_lock=name,
    )


def _number(ticket: Ticket, event: DecisionProposed) -> int:
    proposals = [each for each in ticket.events if isinstance(each, DecisionProposed)]
    return proposals.index(event) + 1


def _notify(
    ticket: Ticket, kind: str, to: Iterable[str], by: str = "system", urgency: str = "", number: int = 0
) -> Job:
    """``by`` did it, and is not told of it. ``number`` tells it from others of its kind; 0: the handler counts."""
    args = {
        "ticket": ticket.id,
        "kind": kind,
        "to": sorted(set(to) - {by, "system"}),
        "urgency": urgency or ticket.request.urgency.value,
    }
    return Job("notify", args | ({"number": number} if number else {}))


def _involved(ticket: Ticket, standing: Standing, staff: Staff) -> set[str]:
    """Those who may have been asked, for what is no longer asked of anybody."""
    actors = {event.actor for event in ticket.events}
    fit = {p.name for p in staff.people.values() if p.may_approve(max(1, standing.terms.level))}
    return set(standing.request.own) | actors | fit


def _auditors(staff: Staff) -> set[str]:
    return {p.name for p in staff.people.values() if p.active and Role.AUDITOR in p.roles}
