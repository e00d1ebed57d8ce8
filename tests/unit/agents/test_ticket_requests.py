"""From the policy's route to a ticket's terms: waits become moments, levels above become steps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.tickets import NOON

from pgwarden.agents.ticket_requests import terms_of
from pgwarden.domain.approval_policy import ApprovalPolicy, route
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.recovery import ConflictKind, RowConflict, conflicts_digest
from pgwarden.domain.request import Seat, Terms, Urgency
from pgwarden.domain.routing_case import RoutingCase


def terms(operation: str, risk: RiskLevel, rows: int, urgency: Urgency = Urgency.NORMAL) -> Terms:
    case = RoutingCase(
        "shop", operation, risk, rows, ("public.note",), NOON, requester_kind=IdentityKind.PERSON, urgency=urgency
    )
    return terms_of(route(case, ApprovalPolicy()), NOON)


@pytest.mark.parametrize(
    ("operation", "risk", "rows", "seats", "steps"),
    [
        ("UPDATE", RiskLevel.LOW, 1, (Seat(1),), 2),
        ("DELETE", RiskLevel.HIGH, 9_999, (Seat(2),), 1),
        ("DELETE", RiskLevel.CRITICAL, 1, (Seat(3),), 0),
        ("INSERT", RiskLevel.MEDIUM, 99, (), 0),
    ],
)
def test_silence_climbs_to_the_highest_level_and_no_further(
    operation: str, risk: RiskLevel, rows: int, seats: tuple[Seat, ...], steps: int
) -> None:
    made = terms(operation, risk, rows)
    assert (made.seats, len(made.escalate_at)) == (seats, steps)
    assert list(made.escalate_at) == sorted(set(made.escalate_at))
    assert bool(made.rule) == (not seats)
    assert bool(made.remind_at) == bool(seats)
    assert all(NOON < at < made.expires_at for at in (*made.remind_at, *made.escalate_at))


def test_urgency_shortens_the_waits_and_changes_no_seat() -> None:
    calm, urgent = terms("DELETE", RiskLevel.HIGH, 5), terms("DELETE", RiskLevel.HIGH, 5, Urgency.EMERGENCY)
    assert urgent.escalate_at[0] - NOON < (calm.escalate_at[0] - NOON) / 4
    assert (urgent.seats, urgent.holds_seconds) == (calm.seats, calm.holds_seconds)
    assert timedelta(seconds=urgent.override_seconds) <= timedelta(hours=1)


def test_other_rows_in_the_way_of_an_undo_are_another_request() -> None:
    def conflict(now: str) -> RowConflict:
        return RowConflict(ConflictKind.CHANGED, "public.note", ("id",), ("1",), ("2",), (now,))

    assert conflicts_digest(()) == ""
    assert conflicts_digest([conflict("3"), conflict("4")]) == conflicts_digest([conflict("4"), conflict("3")])
    assert conflicts_digest([conflict("3")]) != conflicts_digest([conflict("4")])
    assert conflicts_digest([conflict("3")]) != conflicts_digest([conflict("3"), conflict("3")])
