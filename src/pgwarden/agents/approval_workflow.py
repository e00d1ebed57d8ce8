"""ApprovalWorkflowAgent: requests, decisions and all around them. It lets nobody past the rules, and runs nothing.

Who decides is always the identity that a door vouches for, never an argument. All rules are judged on the newest
state of the ticket, so of a hundred decisions at once one has its effect and the others are told what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pgwarden.agents.ticket_desk import Step, TicketDesk
from pgwarden.agents.ticket_history import SimilarTickets, TicketHistory
from pgwarden.agents.ticket_requests import TicketRequests
from pgwarden.agents.unmasked_read import UnmaskedRead
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import (
    DecisionRefused,
    InputInvalid,
    RightMissing,
    TicketDecided,
    TooManyTickets,
)
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.person import DIRECTOR, Role
from pgwarden.domain.proposal import LONGEST_REASON, Proposal
from pgwarden.domain.request import Request, Terms, Urgency
from pgwarden.domain.storable import require_storable
from pgwarden.domain.ticket import OPEN, WAITING, Ticket, TicketStatus
from pgwarden.domain.ticket_change import TicketFilter, WriteSwitch
from pgwarden.domain.ticket_decision import Staff, require_approver, require_waiting, say_of, senior_say_of
from pgwarden.domain.ticket_events import (
    ApprovalGiven,
    ApproverReminded,
    AutoApproved,
    CommentAdded,
    Decision,
    EscalationCause,
    Event,
    OverrideInvoked,
    OverrideReviewed,
    RevisionCause,
    TicketCancelled,
    TicketDelegated,
    TicketDenied,
    TicketEscalated,
    TicketOpened,
    TicketRevised,
)
from pgwarden.domain.ticket_jobs import approvers_asked
from pgwarden.domain.ticket_news import require_no_news
from pgwarden.domain.ticket_status import Standing, standing_of


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket with what is known about it at one moment."""

    ticket: Ticket
    standing: Standing
    asked: tuple[str, ...]
    """Who is asked to decide now."""
    at: datetime
    staff: Staff
    """Who there was at that moment, which who may decide follows from."""
    estimated_seconds: float | None = None
    """The median time that approvals of this level took; None before there was one, or once it is decided."""
    similar: SimilarTickets | None = None

    def decidable_by(self, name: str) -> bool:
        """Whether this person's yes or no would count: of those asked, their deputies and those above."""
        try:
            say_of(self.ticket, name, self.staff, max(self.at, self.ticket.last_at))
        except (DecisionRefused, TicketDecided):
            return False
        return True


class ApprovalWorkflowAgent:
    """The workflow's verbs. ``source`` is the door, with the address where there is one: ``cli``, ``web 10.0.0.5``."""

    def __init__(self, desk: TicketDesk, requests: TicketRequests, history: TicketHistory) -> None:
        self._desk, self._requests, self._history = desk, requests, history

    async def create_approval_request(self, wanted: Proposal, *, identity: Identity, source: str) -> TicketView:
        """Open a ticket for a change. Where a rule of the policy approves it, that is recorded at once."""
        at = self._desk.now()
        staff = await self._desk.staff(at)
        await self._desk.require_room(identity)
        request, terms = await self._requests.change(wanted, identity, staff, at)
        return await self.open_ticket(request, terms, source=source)

    async def create_read_request(
        self, wanted: Proposal, shown: UnmaskedRead, *, identity: Identity, source: str
    ) -> TicketView:
        """Open a ticket for a read that shows sensitive values (``SafeExecutionAgent.unmasked`` says which)."""
        at = self._desk.now()
        await self._desk.require_room(identity)
        request, terms = await self._requests.read(wanted, shown, identity, await self._desk.staff(at), at)
        return await self.open_ticket(request, terms, source=source)

    async def open_ticket(self, request: Request, terms: Terms, *, source: str) -> TicketView:
        """Open a ticket for a request that is made already."""
        ticket = await self._desk.open(opening(request, terms, self._desk.now()), source=source)
        return await self._view(ticket)

    async def check_approval_status(self, ticket_id: str, *, history: bool = True) -> TicketView:
        """Where a ticket stands and who is asked; with ``history`` how long it may take and how similar ones ended."""
        return await self._view(await self._desk.load(ticket_id), history=history)

    async def find(self, wanted: TicketFilter) -> tuple[TicketView, ...]:
        """Tickets, the newest first."""
        at = self._desk.now()
        staff = await self._desk.staff(at)
        return tuple(view_of(ticket, staff, at) for ticket in await self._desk.tickets.find(wanted, at=at))

    async def mark(self, wanted: TicketFilter) -> str:
        """Another one as soon as ``find`` would find anything else; it costs far less."""
        return await self._desk.tickets.mark(wanted, at=self._desk.now())

    async def waiting_for(self, name: str, *, limit: int = 100) -> tuple[TicketView, ...]:
        """Tickets that this person is asked to decide on."""
        views = await self.find(TicketFilter(statuses=WAITING, limit=limit))
        return tuple(view for view in views if name in view.asked)

    async def notify_approvers(
        self, ticket_id: str, *, identity: Identity, source: str, urgency: Urgency | None = None
    ) -> TicketView:
        """Remind whoever is asked, now; the note in the ticket is the requester's, at most one an hour.

        ``urgency`` chooses the channels of this reminder; None: the request's own.
        """

        def step(ticket: Ticket, _staff: Staff, at: datetime) -> Iterable[Event]:
            standing = standing_of(ticket, at)
            require_waiting(ticket, standing)
            last = max((e.at for e in ticket.events if isinstance(e, ApproverReminded)), default=ticket.opened_at)
            if (at - last).total_seconds() < 3600:
                raise TooManyTickets(
                    "The approvers were told less than an hour ago.",
                    not_done="Nobody was reminded.",
                    next_step="Wait, or escalate: pgwarden ticket escalate " + ticket.id,
                )
            number = standing.reminders + 1
            told = urgency.value if urgency else ""
            yield ApproverReminded(actor=identity.name, at=at, level=standing.asked, number=number, urgency=told)

        return await self._change(ticket_id, step, source)

    async def audit_approval_decision(
        self,
        ticket_id: str,
        decision: Decision,
        *,
        identity: Identity,
        comment: str = "",
        via: str,
        seal: str = "",
        step_up: bool = False,
        seen: int = 0,
    ) -> TicketView:
        """A person's yes or no, recorded for exactly what the ticket asks for now.

        ``seal``: what the person was shown, if the door knows; another state of the request is then refused.
        ``seen``: how many events of the ticket they were shown; what others did since, and matters, refuses it, too.
        Raises DecisionRefused for whoever may not decide, TicketDecided where it is too late.
        """
        words = checked_words(comment, required="a reason" if decision is Decision.DENY else "")

        def step(ticket: Ticket, staff: Staff, at: datetime) -> Iterable[Event]:
            _require_shown(ticket, seal)
            require_no_news(ticket, seen, identity.name)
            yield decision_event(
                ticket, decision, identity=identity, staff=staff, at=at, words=words, via=via, step_up=step_up
            )

        return await self._change(ticket_id, step, via)

    async def escalate_approval(
        self,
        ticket_id: str,
        *,
        identity: Identity,
        reason: str,
        source: str,
        level: int | None = None,
        cause: EscalationCause = EscalationCause.MANUAL,
    ) -> TicketView:
        """Ask a higher level (the next one without ``level``), whose yes is then needed."""
        words = checked_words(reason, required="a reason")

        def step(ticket: Ticket, staff: Staff, at: datetime) -> Iterable[Event]:
            standing = standing_of(ticket, at)
            require_waiting(ticket, standing)
            _require_part(ticket, identity, staff)
            wanted = level or standing.asked + 1
            if not standing.asked < wanted <= DIRECTOR:
                raise InputInvalid(
                    f"Level {standing.asked} is asked already.",
                    why=f"{DIRECTOR} is the highest",
                    not_done="Nothing was escalated.",
                )
            yield TicketEscalated(actor=identity.name, at=at, level=wanted, cause=cause, reason=words)

        return await self._change(ticket_id, step, source)

    async def delegate(self, ticket_id: str, to: str, *, identity: Identity, reason: str, source: str) -> TicketView:
        """Let another approver decide on this ticket in one's own place."""
        words = checked_words(reason)

        def step(ticket: Ticket, staff: Staff, at: datetime) -> Iterable[Event]:
            say = say_of(ticket, acting_person(identity), staff, at)
            if say.on_behalf_of:
                raise DecisionRefused("Only one's own right can be given on.", not_done="Nothing was delegated.")
            require_approver(to, staff, ticket.request)
            yield TicketDelegated(actor=identity.name, at=at, to=to, level=say.level, reason=words)

        return await self._change(ticket_id, step, source)

    async def comment(self, ticket_id: str, text: str, *, identity: Identity, source: str) -> TicketView:
        """Say something for everyone who takes part to read."""
        words = checked_words(text, required="a text")

        def step(_ticket: Ticket, _staff: Staff, at: datetime) -> Iterable[Event]:
            yield CommentAdded(actor=identity.name, at=at, text=words)

        return await self._change(ticket_id, step, source)

    async def cancel(self, ticket_id: str, *, identity: Identity, reason: str = "", source: str) -> TicketView:
        """Take a request back: its requester, the person behind, whoever approved it, or an administrator."""
        words = checked_words(reason)

        def step(ticket: Ticket, staff: Staff, at: datetime) -> Iterable[Event]:
            standing = standing_of(ticket, at)
            if standing.status not in WAITING | {TicketStatus.APPROVED}:
                require_waiting(ticket, standing)
            entitled = ticket.request.own | {vote.by for vote in (*standing.votes, *standing.seniors)}
            if identity.name not in entitled and not _has(staff, identity, Role.ADMIN):
                raise DecisionRefused(
                    "Only its requester, who approved it, and administrators cancel a ticket.",
                    not_done="Nothing was cancelled.",
                )
            yield TicketCancelled(actor=identity.name, at=at, reason=words)

        return await self._change(ticket_id, step, source)

    async def revise(self, ticket_id: str, wanted: Proposal, *, identity: Identity, source: str) -> TicketView:
        """Ask for something else in the same ticket; every approval of what was asked before is void."""
        ticket = await self._desk.load(ticket_id)
        if identity.name != ticket.request.requester:
            raise DecisionRefused("Only its requester changes a request.", not_done="Nothing was changed.")
        at = max(self._desk.now(), ticket.last_at)
        staff = await self._desk.staff(at)
        if standing_of(ticket, at).status not in WAITING | {TicketStatus.APPROVED}:
            require_waiting(ticket, standing_of(ticket, at))
        request, terms = await self._requests.change(wanted, identity, staff, at)
        events = revision(RevisionCause.EDITED, request, terms, actor=identity.name, at=at)
        return await self._view(await self._desk.append(ticket, events, staff, source=source))

    async def override(
        self, ticket_id: str, *, identity: Identity, reason: str, via: str, step_up: bool = False
    ) -> TicketView:
        """One senior's part of an emergency override; it takes several, holds shortly, and is reviewed afterwards."""
        words = checked_words(reason, required="a reason")

        def step(ticket: Ticket, staff: Staff, at: datetime) -> Iterable[Event]:
            level = senior_say_of(ticket, acting_person(identity), staff, at)
            yield OverrideInvoked(
                actor=identity.name,
                at=at,
                seal=ticket.request.seal,
                level=level,
                reason=words,
                via=via,
                step_up=step_up,
            )

        return await self._change(ticket_id, step, via)

    async def review(
        self, ticket_id: str, *, identity: Identity, justified: bool, comment: str, source: str
    ) -> TicketView:
        """Judge an override afterwards: an approver or auditor who took no part in it."""
        words = checked_words(comment, required="a comment")

        def step(ticket: Ticket, staff: Staff, at: datetime) -> Iterable[Event]:
            standing = standing_of(ticket, at)
            if not standing.seniors or standing.reviewed or standing.status in OPEN:
                raise TicketDecided("There is no override to review.", not_done="Nothing was recorded.")
            took_part = {vote.by for vote in standing.seniors} | ticket.request.own
            entitled = _has(staff, identity, Role.AUDITOR) or _has(staff, identity, Role.APPROVER)
            if not entitled or identity.name in took_part:
                raise DecisionRefused(
                    "An override is reviewed by an approver or auditor who took no part in it.",
                    not_done="Nothing was recorded.",
                )
            yield OverrideReviewed(actor=identity.name, at=at, justified=justified, comment=words)

        return await self._change(ticket_id, step, source)

    async def switch_writes(self, *, frozen: bool, identity: Identity, reason: str, source: str) -> WriteSwitch:
        """Freeze all writes at once, or let them run again. An administrator's or a senior approver's right."""
        at = self._desk.now()
        staff = await self._desk.staff(at)
        person = staff.people.get(acting_person(identity))
        allowed = person is not None and (person.may_approve(2) or (person.active and Role.ADMIN in person.roles))
        if not allowed:
            raise RightMissing(
                "Only administrators and approvers of level 2 and above freeze and unfreeze writes.",
                not_done="Nothing was changed.",
                next_step="Ask one of them.",
            )
        switch = WriteSwitch(frozen, identity.name, checked_words(reason, required="a reason"), at)
        entry = AuditEntry(
            "writes.frozen" if frozen else "writes.unfrozen",
            identity.name,
            at,
            source=source,
            personal={"reason": switch.reason},
        )
        await self._desk.tickets.switch_writes(switch, [entry])
        return switch

    async def writes(self) -> WriteSwitch:
        """Whether all writes are frozen, by whom and why."""
        return await self._desk.tickets.writes()

    async def _change(self, ticket_id: str, step: Step, source: str) -> TicketView:
        return await self._view(await self._desk.change(ticket_id, step, source=source))

    async def _view(self, ticket: Ticket, *, history: bool = False) -> TicketView:
        at = self._desk.now()
        view = view_of(ticket, await self._desk.staff(at), at)
        if not history:
            return view
        waiting = view.standing.status in WAITING
        return replace(
            view,
            estimated_seconds=await self._history.approval_seconds(view.standing.terms.level) if waiting else None,
            similar=await self._history.similar(ticket.id, ticket.request),
        )


def view_of(ticket: Ticket, staff: Staff, at: datetime) -> TicketView:
    """The ticket as it stands at that moment."""
    standing = standing_of(ticket, at)
    asked = approvers_asked(standing, staff) if standing.status in WAITING else ()
    return TicketView(ticket, standing, asked, at, staff)


def decision_event(
    ticket: Ticket,
    decision: Decision,
    *,
    identity: Identity,
    staff: Staff,
    at: datetime,
    words: str,
    via: str,
    step_up: bool,
    proposal: int = 0,
) -> Event:
    """A person's yes or no to what the ticket asks for now. DecisionRefused, TicketDecided."""
    say = say_of(ticket, acting_person(identity), staff, at)
    if decision is Decision.DENY:
        return TicketDenied(
            actor=identity.name,
            at=at,
            reason=words,
            level=say.level,
            on_behalf_of=say.on_behalf_of,
            via=via,
            proposal=proposal,
        )
    return ApprovalGiven(
        actor=identity.name,
        at=at,
        seal=ticket.request.seal,
        level=say.level,
        on_behalf_of=say.on_behalf_of,
        comment=words,
        via=via,
        step_up=step_up,
        proposal=proposal,
    )


def opening(request: Request, terms: Terms, at: datetime) -> Sequence[Event]:
    """The events that begin a ticket: it is opened and, where a rule says so, approved."""
    opened = TicketOpened(actor=request.requester, at=at, request=request, terms=terms)
    return (opened, *_automatic(request, terms, at))


def revision(
    cause: RevisionCause, request: Request, terms: Terms, *, actor: str, at: datetime, reason: str = ""
) -> Sequence[Event]:
    """The events that put another request in place of a ticket's."""
    revised = TicketRevised(actor=actor, at=at, cause=cause, request=request, terms=terms, reason=reason)
    return (revised, *_automatic(request, terms, at))


def _automatic(request: Request, terms: Terms, at: datetime) -> tuple[Event, ...]:
    return (AutoApproved(actor="system", at=at, rule=terms.rule, seal=request.seal),) if terms.rule else ()


def acting_person(identity: Identity) -> str:
    """The name of a person who acts in person. Service accounts and agents decide nothing."""
    if identity.kind is not IdentityKind.PERSON:
        raise DecisionRefused(
            "Only people decide.",
            why=f"{identity.name} is a {identity.kind.value} account.",
            not_done="Nothing was decided.",
            next_step="A person logs in and decides.",
        )
    return identity.name


def _require_shown(ticket: Ticket, seal: str) -> None:
    if seal and seal != ticket.request.seal:
        raise TicketDecided(
            f"The ticket {ticket.id} asks for something else than you were shown.",
            why="It was revised meanwhile.",
            not_done="Nothing was decided.",
            next_step=f"Look at it again: pgwarden ticket show {ticket.id}",
        )


def _require_part(ticket: Ticket, identity: Identity, staff: Staff) -> None:
    """Whoever asked, and whoever approves anything at all, may say that a higher level is to look."""
    if identity.name in ticket.request.own or _has(staff, identity, Role.APPROVER):
        return
    raise DecisionRefused("Only its requester and approvers escalate a ticket.", not_done="Nothing was escalated.")


def _has(staff: Staff, identity: Identity, role: Role) -> bool:
    person = staff.people.get(identity.name)
    return (
        person is not None
        and person.active
        and role in person.roles
        and person.kind is IdentityKind.PERSON is identity.kind
    )


def checked_words(text: str, *, required: str = "") -> str:
    """What somebody says, fit to be kept; ``required`` names what must not be empty (InputInvalid)."""
    words = text.strip()
    if required and not words:
        raise InputInvalid(
            f"Give {required}.", not_done="Nothing was changed.", next_step="Everyone involved reads it."
        )
    require_storable("text", words, most=LONGEST_REASON)
    return words
