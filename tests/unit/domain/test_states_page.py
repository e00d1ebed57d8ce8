"""docs/states.md draws exactly the transitions that the code makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.support.tickets import NOON, approval, later, opened, request, terms

from pgwarden.domain.request import Seat, Terms
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_events import (
    EVENTS,
    AutoApproved,
    EscalationCause,
    Event,
    ExecutionClaimed,
    ExecutionFailed,
    ExecutionReinstated,
    ExecutionSucceeded,
    ExecutionUndone,
    OverrideInvoked,
    RevisionCause,
    TicketCancelled,
    TicketDenied,
    TicketEscalated,
    TicketExpired,
    TicketRevised,
)
from pgwarden.domain.ticket_status import standing_of

PAGE = Path(__file__).parents[3] / "docs" / "states.md"
STEPS = 6
HOLDS = 180.0
"""Seconds: three steps of these histories, so that approvals end among them."""


def every_event(minutes: float) -> Iterator[Event]:
    """One of each kind that could matter, at that moment."""
    at, seal = later(minutes), request().seal
    yield approval(minutes=minutes)
    for senior in ("mia", "dora"):
        yield OverrideInvoked(actor=senior, at=at, seal=seal, level=3, reason="fire")
    yield AutoApproved(actor="system", at=at, rule="small", seal=seal)
    yield TicketDenied(actor="max", at=at, reason="no", level=2)
    yield TicketCancelled(actor="ana", at=at)
    yield TicketExpired(actor="system", at=at)
    yield TicketEscalated(actor="system", at=at, level=3, cause=EscalationCause.SILENCE)
    yield TicketRevised(actor="ana", at=at, cause=RevisionCause.EDITED, request=request(), terms=demanded())
    yield ExecutionClaimed(actor="ana", at=at, execution_id="e1")
    yield ExecutionSucceeded(actor="ana", at=at, execution_id="e1", counts={})
    for again in (True, False):
        yield ExecutionFailed(actor="ana", at=at, execution_id="e1", code="PGW106", message="busy", again=again)
    yield ExecutionUndone(actor="ana", at=at, undo_id="u", ticket="T-2")
    yield ExecutionReinstated(actor="ana", at=at, undo_id="u", ticket="T-3")


def demanded(*, automatic: bool = False) -> Terms:
    made = terms(Seat(2), expires_at=later(60), holds_seconds=HOLDS, override_seconds=HOLDS)
    return replace(made, seats=(), rule="small") if automatic else made


def transitions() -> set[tuple[str, str, str]]:
    """(before, event or time, after) of every change of state that histories of a few steps meet."""
    found = {("[*]", "TicketOpened", "PENDING")}
    histories = [Ticket("T-1", (opened(demanded=demanded(automatic=auto)),)) for auto in (False, True)]
    for step in range(1, STEPS + 1):
        known: dict[object, Ticket] = {}
        for history in histories:
            before = standing_of(history, history.last_at).status
            if standing_of(history, NOON + timedelta(days=2)).status is not before:
                found.add((before.value, "time", standing_of(history, NOON + timedelta(days=2)).status.value))
            for event in every_event(step):
                aged = standing_of(history, event.at).status
                after = standing_of(history.after(event), event.at)
                revised = after.revision > standing_of(history, event.at).revision
                moved = after.status is not aged or revised
                if moved:
                    found.add((aged.value, type(event).__name__, after.status.value))
                kept = after.status, len(after.votes), len(after.seniors), after.ends_at, after.rule
                known.setdefault(kept, history.after(event))
        histories = list(known.values())
    late_failure = (approval(), ExecutionClaimed(actor="ana", at=later(2), execution_id="e1"))
    claimed = Ticket("T-1", (opened(demanded=demanded()), *late_failure))
    failed = ExecutionFailed(actor="ana", at=later(30), execution_id="e1", code="PGW106", message="busy", again=True)
    found.add(("EXECUTING", "ExecutionFailed", standing_of(claimed.after(failed), later(30)).status.value))
    return found


def drawn() -> set[tuple[str, str, str]]:
    lines = re.findall(r"^    (\S+) --> (\S+): (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {(before, event, after) for before, after, event in lines}


def test_the_page_draws_the_code() -> None:
    assert drawn() == transitions()


def test_the_page_explains_every_state_and_names_only_events_that_there_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| ([A-Z]+) \|", text, re.MULTILINE)) == {status.value for status in TicketStatus}
    assert {event for _, event, _ in drawn()} - {"time"} <= set(EVENTS)
