"""Values come back from their JSON form as they were, and the same value has one form."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.support.tickets import approval, opened, request

from pgwarden.domain.approval import OnConflict
from pgwarden.domain.request import Request, UndoTarget, Window
from pgwarden.domain.stored import digest, from_stored, to_stored
from pgwarden.domain.ticket_events import EVENTS, Event, ExecutionSucceeded, event_from_stored, event_to_stored


def again(value: Any) -> Any:
    return from_stored(type(value), json.loads(json.dumps(to_stored(value))))


@pytest.mark.parametrize(
    "value",
    [
        request(),
        request(undo=UndoTarget("e1", OnConflict.SKIP, 3, "d" * 64), reason='ü "\\ \u2028 雪'),
        request(window=Window(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-3.5))), None)),
        request(assessment={"a": [1, 2.5, None, {"b": True}]}),
    ],
)
def test_a_request_comes_back_with_the_same_seal(value: Request) -> None:
    assert again(value) == value
    assert again(value).seal == value.seal


def test_events_come_back_by_their_kind() -> None:
    events: tuple[Event, ...] = (
        opened(),
        approval(comment="x", step_up=True),
        ExecutionSucceeded(
            actor="a", at=datetime(2026, 1, 1, 0, 0, 0, 7, UTC), execution_id="e", counts={"t": {"inserted": 1}}
        ),
    )
    for event in events:
        kind, content = event_to_stored(event)
        assert event_from_stored(kind, json.loads(json.dumps(content))) == event
    assert all(name == kind.__name__ for name, kind in EVENTS.items())


def test_what_is_not_understood_is_refused() -> None:
    kind, content = event_to_stored(opened())
    with pytest.raises(KeyError):
        event_from_stored("TicketForged", content)
    with pytest.raises(KeyError):
        event_from_stored(kind, {**content, "unknown": 1})
    with pytest.raises(TypeError):
        event_from_stored(kind, {"actor": "ana"})
    with pytest.raises(TypeError):
        event_from_stored(kind, {**content, "actor": 7})
    with pytest.raises(TypeError):
        to_stored(object())


def test_the_order_of_a_mapping_makes_no_difference_and_everything_else_does() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert len({digest(each) for each in ({"a": 1}, {"a": "1"}, {"a": None}, {"a": [1]}, {"a": True}, {})}) == 6
    with pytest.raises(ValueError, match="JSON"):
        digest(float("nan"))
