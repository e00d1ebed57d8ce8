"""Where a ticket stands: computed from its events, and never APPROVED without enough different people's yes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.tickets import NOON, approval, later, opened, request, terms, ticket

from pgwarden.domain.request import Seat, Window
from pgwarden.domain.ticket import OPEN, Ticket, TicketStatus
from pgwarden.domain.ticket_events import (
    ApprovalGiven,
    AutoApproved,
    CommentAdded,
    EscalationCause,
    Event,
    ExecutionClaimed,
    ExecutionFailed,
    ExecutionReinstated,
    ExecutionSucceeded,
    ExecutionUndone,
    OverrideInvoked,
    OverrideReviewed,
    RevisionCause,
    TicketCancelled,
    TicketDenied,
    TicketEscalated,
    TicketExpired,
    TicketRevised,
)
from pgwarden.domain.ticket_status import standing_of, status_of

S = TicketStatus
SEAL = request().seal


def claimed(execution: str = "e1", minutes: float = 2) -> ExecutionClaimed:
    return ExecutionClaimed(actor="ana", at=later(minutes), execution_id=execution)


def succeeded(execution: str = "e1", minutes: float = 3) -> ExecutionSucceeded:
    return ExecutionSucceeded(actor="ana", at=later(minutes), execution_id=execution, counts={})


def failed(*, again: bool, execution: str = "e1", minutes: float = 3) -> ExecutionFailed:
    return ExecutionFailed(
        actor="ana", at=later(minutes), execution_id=execution, code="PGW106", message="busy", again=again
    )


def denied(minutes: float = 1) -> TicketDenied:
    return TicketDenied(actor="max", at=later(minutes), reason="no", level=2)


def escalated(level: int, cause: EscalationCause, minutes: float = 1) -> TicketEscalated:
    return TicketEscalated(actor="system", at=later(minutes), level=level, cause=cause)


def revised(minutes: float = 2, sql: str = "delete from note where id = 2") -> TicketRevised:
    return TicketRevised(
        actor="ana", at=later(minutes), cause=RevisionCause.EDITED, request=request(sql=sql), terms=terms()
    )


def override(by: str, level: int = 2, minutes: float = 1, seal: str = SEAL) -> OverrideInvoked:
    return OverrideInvoked(actor=by, at=later(minutes), seal=seal, level=level, reason="fire")


def after(*events: Event, minutes: float = 5, **demanded: object) -> TicketStatus:
    return status_of(ticket(*events, demanded=terms(**demanded)), later(minutes))


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), S.PENDING),
        ((approval(),), S.APPROVED),
        ((approval(), claimed()), S.EXECUTING),
        ((approval(), claimed(), succeeded()), S.EXECUTED),
        ((approval(), claimed(), failed(again=False)), S.FAILED),
        ((approval(), claimed(), failed(again=True)), S.APPROVED),
        ((approval(), claimed(), failed(again=True), claimed("e2", 4), succeeded("e2", 4)), S.EXECUTED),
        ((approval(), claimed(), succeeded("another")), S.EXECUTING),
        ((denied(),), S.DENIED),
        ((approval(), denied(2)), S.APPROVED),
        ((denied(), approval(minutes=2)), S.DENIED),
        ((TicketCancelled(actor="ana", at=later()), approval(minutes=2)), S.CANCELLED),
        ((TicketExpired(actor="system", at=later()), approval(minutes=2)), S.EXPIRED),
        ((escalated(3, EscalationCause.SILENCE),), S.ESCALATED),
        ((CommentAdded(actor="max", at=later(), text="hm"),), S.PENDING),
        ((claimed(), succeeded()), S.PENDING),
        ((approval(), claimed(), denied(3)), S.EXECUTING),
        ((approval(), claimed(), succeeded(), revised(4)), S.EXECUTED),
    ],
)
def test_the_status_follows_from_the_events(events: tuple[Event, ...], status: TicketStatus) -> None:
    assert after(*events) is status


def test_an_execution_is_undone_and_reinstated() -> None:
    ran = (approval(), claimed(), succeeded())
    undone = ExecutionUndone(actor="ana", at=later(4), undo_id="u1", ticket="T-2")
    back = ExecutionReinstated(actor="ana", at=later(5), undo_id="u2", ticket="T-3")
    assert after(*ran, undone) is S.UNDONE
    assert after(*ran, undone, back) is S.EXECUTED


def test_time_alone_ends_the_wait_and_the_approval() -> None:
    assert after(expires_at=later(5), minutes=4.9) is S.PENDING
    assert after(expires_at=later(5), minutes=5) is S.EXPIRED
    assert after(approval(minutes=5), expires_at=later(5), minutes=6) is S.EXPIRED
    assert after(approval(), holds_seconds=120, minutes=2.9) is S.APPROVED
    assert after(approval(), holds_seconds=120, minutes=3) is S.EXPIRED
    assert after(approval(), claimed(minutes=3), holds_seconds=120, minutes=4) is S.EXPIRED
    assert after(approval(), claimed(), holds_seconds=120, minutes=99_999) is S.EXECUTING


def test_a_clock_that_jumps_back_gives_no_approval_more_time() -> None:
    late = ticket(approval(), CommentAdded(actor="max", at=later(100), text="x"), demanded=terms(holds_seconds=600))
    assert status_of(late, later(2)) is S.EXPIRED
    jumped = ticket(
        CommentAdded(actor="max", at=later(3000), text="x"), approval(minutes=1), demanded=terms(expires_at=later(60))
    )
    assert status_of(jumped, later(2)) is S.EXPIRED


def test_an_approval_holds_in_its_window_and_not_beyond() -> None:
    window = Window(later(60), later(120))
    asked = request(window=window)
    yes = approval(seal=asked.seal)
    planned = ticket(yes, asked=asked, demanded=terms(holds_seconds=60))
    assert [status_of(planned, later(m)) for m in (2, 60, 119, 120)] == [S.APPROVED, S.APPROVED, S.APPROVED, S.EXPIRED]
    short = request(window=Window(until=later(5)))
    assert status_of(ticket(asked=short), later(5)) is S.EXPIRED
    assert status_of(ticket(approval(seal=short.seal), asked=short), later(5)) is S.EXPIRED


def test_nobody_decides_on_their_own_request_in_any_guise() -> None:
    own = request(behind="max")
    for vote in (
        approval("ana", seal=own.seal),
        approval("max", seal=own.seal),
        approval("mia", on_behalf_of="ana", seal=own.seal),
        approval("ana", on_behalf_of="mia", seal=own.seal),
    ):
        assert status_of(ticket(vote, asked=own), later(5)) is S.PENDING


def test_each_seat_takes_another_person() -> None:
    two = terms(Seat(2, 2))
    assert status_of(ticket(approval(), approval(minutes=2), demanded=two), later(5)) is S.PENDING
    for_another = approval("mia", on_behalf_of="max", minutes=2)
    assert status_of(ticket(approval(), for_another, demanded=two), later(5)) is S.PENDING
    assert status_of(ticket(approval(), approval("mia", minutes=2), demanded=two), later(5)) is S.APPROVED
    ladder = terms(Seat(1), Seat(2), Seat(3))
    votes = [approval("dora", 3, 1), approval("lea", 1, 2), approval("max", 2, 3)]
    for order in itertools.permutations(votes):
        assert status_of(ticket(*order, demanded=ladder), later(5)) is S.APPROVED
    low = [approval("dora", 3, 1), approval("lea", 1, 2), approval("lou", 1, 3)]
    assert status_of(ticket(*low, demanded=ladder), later(5)) is S.PENDING


def test_an_edit_voids_every_approval() -> None:
    assert after(approval(), revised()) is S.PENDING
    assert after(approval(), revised(), approval("mia", minutes=3)) is S.PENDING, "a yes to what was asked before"
    seal = revised().request.seal
    assert after(approval(), revised(), approval("max", minutes=3, seal=seal)) is S.APPROVED


def test_silence_asks_the_next_level_and_a_person_raises_what_is_needed() -> None:
    silent = ticket(escalated(3, EscalationCause.SILENCE), approval(minutes=2))
    assert (status_of(silent, later(5)), standing_of(silent, later(5)).asked) == (S.APPROVED, 3)
    for cause in (EscalationCause.MANUAL, EscalationCause.RISK):
        raised = ticket(escalated(3, cause), approval(minutes=2))
        assert status_of(raised, later(5)) is S.ESCALATED
        assert status_of(raised.after(approval("dora", 3, 3)), later(5)) is S.APPROVED


def test_an_override_takes_two_seniors_holds_shortly_and_is_reviewed_by_a_third() -> None:
    assert after(override("max"), override("max", minutes=2)) is S.PENDING
    assert after(override("max"), override("lea", 1, 2)) is S.PENDING
    assert after(override("max"), override("ana", 3, 2)) is S.PENDING
    assert after(override("max"), override("mia", seal="other", minutes=2)) is S.PENDING
    both = ticket(override("max"), override("mia", minutes=2), demanded=terms(Seat(3), override_seconds=600))
    assert [status_of(both, later(m)) for m in (11.9, 12)] == [S.APPROVED, S.EXPIRED]
    ran = both.after(claimed(minutes=3), succeeded(minutes=4))
    assert standing_of(ran, later(5)).review_due
    own = OverrideReviewed(actor="mia", at=later(5), justified=True, comment="fine")
    assert standing_of(ran.after(own), later(6)).review_due
    assert not standing_of(ran.after(replace(own, actor="audrey")), later(6)).review_due


def test_a_rule_approves_only_what_the_terms_name() -> None:
    auto = AutoApproved(actor="system", at=NOON, rule="small", seal=SEAL)
    free = replace(terms(), seats=(), rule="small")
    assert status_of(ticket(auto, demanded=free), later()) is S.APPROVED
    assert status_of(ticket(replace(auto, rule="other"), demanded=free), later()) is S.PENDING
    assert status_of(ticket(auto), later()) is S.PENDING
    assert status_of(ticket(replace(auto, seal="x"), demanded=free), later()) is S.PENDING
    assert status_of(ticket(approval(), demanded=free), later()) is S.PENDING, "without seats nobody's yes fills one"


PEOPLE = ("ana", "bo", "max", "mia", "dora")
SEALS = (SEAL, revised().request.seal, "0" * 64)
MINUTES = st.integers(0, 40)


def moments() -> st.SearchStrategy[datetime]:
    return MINUTES.map(later)


def histories() -> st.SearchStrategy[list[Event]]:
    """Events in any order and at any time, forged ones among them."""
    at, who = moments(), st.sampled_from(PEOPLE)
    seal, level = st.sampled_from(SEALS), st.integers(0, 3)
    behalf = st.sampled_from(("", "", *PEOPLE))
    kinds: list[st.SearchStrategy[Event]] = [
        st.builds(ApprovalGiven, actor=who, at=at, seal=seal, level=level, on_behalf_of=behalf),
        st.builds(ApprovalGiven, actor=who, at=at, seal=st.just(SEAL), level=level, on_behalf_of=behalf),
        st.builds(OverrideInvoked, actor=who, at=at, seal=seal, level=level, reason=st.just("x")),
        st.builds(AutoApproved, actor=who, at=at, seal=seal, rule=st.sampled_from(("", "small"))),
        st.builds(
            TicketEscalated, actor=who, at=at, level=level, cause=st.sampled_from(EscalationCause), reason=st.just("")
        ),
        st.builds(CommentAdded, actor=who, at=at, text=st.just("hm")),
        MINUTES.map(revised),
        st.builds(ExecutionClaimed, actor=who, at=at, execution_id=st.sampled_from(("e1", "e2"))),
        st.builds(failed, again=st.booleans(), execution=st.sampled_from(("e1", "e2")), minutes=MINUTES),
        MINUTES.map(lambda minutes: succeeded("e1", minutes)),
        MINUTES.map(denied),
        st.builds(ExecutionReinstated, actor=who, at=at, undo_id=st.just("u"), ticket=st.just("T-2")),
    ]
    return st.lists(st.one_of(kinds), max_size=14)


def without_late_revisions(history: Ticket) -> Ticket:
    """A revision that meets a ticket which is no longer open changes nothing: what ran stays what was asked for."""
    kept: list[Event] = []
    for event in history.events:
        if not isinstance(event, TicketRevised) or status_of(Ticket("T-1", tuple(kept)), event.at) in OPEN:
            kept.append(event)
    return Ticket("T-1", tuple(kept))


def test_a_revision_of_what_ran_changes_nothing() -> None:
    ran = ticket(approval("bo", 2), claimed(), succeeded(), revised(4), demanded=terms(Seat(2)))
    assert standing_of(ran, later(5)).status is S.EXECUTED
    assert standing_of(ran, later(5)).request == ticket().request


def enough_said_yes(history: Ticket) -> bool:
    """By trying out all ways: could different people's yes to the newest request, in time, fill its seats?"""
    newest = max(i for i, e in enumerate(history.events) if hasattr(e, "request"))
    base = history.events[newest]
    asked, demanded = history.request, history.terms
    now, yes, seniors = base.at, [], []
    for number, event in enumerate(history.events):
        now = max(now, event.at)
        in_time = now < demanded.expires_at
        if number <= newest or not in_time:
            continue
        if isinstance(event, ApprovalGiven) and event.seal == asked.seal:
            people = {event.actor, event.on_behalf_of} - {""}
            if not people & {asked.requester, asked.behind}:
                yes.append((people, event.level))
        if isinstance(event, OverrideInvoked) and event.seal == asked.seal and event.level >= 2:
            seniors.append(event.actor)
    wanted = [seat.level for seat in demanded.seats for _ in range(seat.quorum)]
    by_votes = any(
        all(vote[1] >= level for vote, level in zip(chosen, wanted, strict=True)) and _distinct([v[0] for v in chosen])
        for chosen in itertools.permutations(yes, len(wanted))
    )
    return by_votes or len(set(seniors) - {asked.requester, asked.behind}) >= 2


def _distinct(groups: Sequence[set[str]]) -> bool:
    return sum(map(len, groups)) == len(set().union(*groups)) if groups else False


@settings(max_examples=600, deadline=None)
@given(histories(), st.sampled_from([(Seat(2),), (Seat(1, 2),), (Seat(1), Seat(3))]), MINUTES)
def test_no_history_is_approved_without_enough_different_people(
    events: list[Event], seats: tuple[Seat, ...], minutes: int
) -> None:
    demanded = terms(*seats, expires_at=later(30), holds_seconds=600)
    history = Ticket("T-1", (opened(demanded=demanded), *events))
    history = Ticket(
        "T-1", tuple(replace(e, terms=demanded) if isinstance(e, TicketRevised) else e for e in history.events)
    )
    for length in range(1, len(history.events) + 1):
        so_far = Ticket("T-1", history.events[:length])
        standing = standing_of(so_far, later(minutes))
        if standing.status in {S.APPROVED, S.EXECUTING, S.EXECUTED, S.UNDONE}:
            assert enough_said_yes(without_late_revisions(so_far))
        if standing.status is S.APPROVED:
            assert standing.ends_at is not None
            assert standing.approved_at is not None
            assert standing.ends_at - standing.approved_at <= timedelta(seconds=900)
