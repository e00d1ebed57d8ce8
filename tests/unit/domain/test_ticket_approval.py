"""A yes covers exactly what was shown: one literal, one parameter, one space more, and it is void."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from tests.support.tickets import NOON, approval, later, request, terms, ticket

from pgwarden.domain.approval import Approved, DatabaseIdentity, OnConflict, Tolerance, seal_of
from pgwarden.domain.errors import NotApproved
from pgwarden.domain.execution import Isolation, Parameter
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.request import Request, RequestKind, Seat, UndoTarget, Urgency, Window
from pgwarden.domain.ticket import Ticket
from pgwarden.domain.ticket_approval import approved_of, approved_undo_of, undo_covered
from pgwarden.domain.ticket_events import (
    AutoApproved,
    ExecutionClaimed,
    ExecutionFailed,
    ExecutionSucceeded,
    OverrideInvoked,
)

CHANGES: dict[str, Any] = {
    "kind": RequestKind.UNDO,
    "database": "shop2",
    "target": DatabaseIdentity("7000000000000000001", 16385, "shop"),
    "role": "other",
    "sql": "delete from note where  id = $1",
    "requester": "bea",
    "requester_kind": IdentityKind.AGENT,
    "reason": "another",
    "operation": "UPDATE",
    "risk": RiskLevel.LOW,
    "rows": 3,
    "tables": ("public.tag",),
    "parameters": (Parameter(23, "2"),),
    "search_path": "other, public",
    "reach": (16400, 16401),
    "definitions": "e" * 64,
    "expectations": (),
    "tolerance": Tolerance(5),
    "isolation": Isolation.SERIALIZABLE,
    "assessment": {},
    "original": "delete from note",
    "question": "forget them",
    "behind": "max",
    "urgency": Urgency.HIGH,
    "window": Window(until=later(9)),
    "run_when_approved": True,
    "undo": UndoTarget("e1"),
}


def test_every_field_of_a_request_is_tried_here() -> None:
    assert set(CHANGES) == {field.name for field in fields(Request)}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_yes_is_void_for_any_other_request(name: str) -> None:
    other = replace(request(), **{name: CHANGES[name]})
    assert other.seal != request().seal
    with pytest.raises(NotApproved):
        approved_of(ticket(approval(), asked=other), later(2))


@pytest.mark.parametrize(
    "change",
    [
        {"sql": "delete from note where id = $1 "},
        {"sql": "delete from note where id = 2"},
        {"sql": "DELETE from note where id = $1"},
        {"sql": "delete from note where id = $1;"},
        {"parameters": (Parameter(23, "10"),)},
        {"parameters": (Parameter(20, "1"),)},
        {"parameters": (Parameter(23, None),)},
        {"parameters": ()},
    ],
)
def test_one_literal_one_parameter_one_space(change: dict[str, Any]) -> None:
    with pytest.raises(NotApproved):
        approved_of(ticket(approval(), asked=request(**change)), later(2))


def test_what_runs_is_what_stands_in_the_ticket() -> None:
    approved = approved_of(ticket(approval()), later(2))
    asked = request()
    assert isinstance(approved, Approved)
    assert approved.seal == seal_of(approved)
    taken = ("sql", "parameters", "role", "search_path", "reach", "definitions", "expectations", "tolerance")
    assert all(getattr(approved, name) == getattr(asked, name) for name in taken)
    assert (approved.database, approved.requested_by, approved.approved_by) == (asked.target, "ana", "max")
    assert approved.until == later(1 + 24 * 60)


def test_each_attempt_has_its_own_id_that_follows_from_the_ticket() -> None:
    first = approved_of(ticket(approval()), later(2)).execution_id
    assert approved_of(ticket(approval()), later(3)).execution_id == first
    claim = ExecutionClaimed(actor="ana", at=later(2), execution_id=first)
    passing = ExecutionFailed(actor="ana", at=later(3), execution_id=first, code="PGW106", message="busy", again=True)
    second = approved_of(ticket(approval(), claim, passing), later(4)).execution_id
    assert second != first
    assert approved_of(Ticket("T-2", ticket(approval()).events), later(2)).execution_id not in (first, second)


def test_it_says_what_is_missing() -> None:
    with pytest.raises(NotApproved) as caught:
        approved_of(ticket(approval(), demanded=terms(Seat(2), Seat(3))), later(2))
    assert "level 3" in caught.value.why
    planned = request(window=Window(later(60), later(90)))
    with pytest.raises(NotApproved) as caught:
        approved_of(ticket(approval(seal=planned.seal), asked=planned), later(2))
    assert "may run from" in caught.value.why
    approved_of(ticket(approval(seal=planned.seal), asked=planned), later(61))
    with pytest.raises(NotApproved):
        approved_undo_of(ticket(approval()), later(2))


def test_an_undo_is_approved_with_what_it_does_to_rows_in_its_way() -> None:
    asked = request(kind=RequestKind.UNDO, undo=UndoTarget("e9", OnConflict.SKIP, 1, "c" * 64))
    approved = approved_undo_of(ticket(approval(seal=asked.seal), asked=asked), later(2))
    assert (approved.execution_id, approved.on_conflict, approved.approved_by) == ("e9", OnConflict.SKIP, "max")


def test_the_approval_of_a_change_covers_its_undo_for_some_days() -> None:
    ran = (
        ExecutionClaimed(actor="ana", at=later(2), execution_id="e1"),
        ExecutionSucceeded(actor="ana", at=later(3), execution_id="e1", counts={}),
    )
    done = ticket(approval(), *ran, demanded=terms(undo_days=1))
    assert undo_covered(done, "e1", later(24 * 60))
    assert not undo_covered(done, "e1", later(24 * 60 + 2))
    assert not undo_covered(done, "e2", later(5))
    assert not undo_covered(ticket(approval()), "e1", later(5))
    plan = {"irreversible": ["an e-mail was sent"]}
    for assessment in ({"impact": {"recovery": None}}, {"impact": {"recovery": plan}}, {}):
        unshown = request(assessment=assessment)
        assert not undo_covered(ticket(approval(seal=unshown.seal), *ran, asked=unshown), "e1", later(5))
    free = replace(terms(), seats=(), rule="small")
    auto = AutoApproved(actor="system", at=NOON, rule="small", seal=request().seal)
    assert not undo_covered(ticket(auto, *ran, demanded=free), "e1", later(5)), "no person saw the plan"
    calls = [
        OverrideInvoked(actor=by, at=later(1), seal=request().seal, level=2, reason="fire") for by in ("max", "mia")
    ]
    assert not undo_covered(ticket(*calls, *ran), "e1", later(5))
