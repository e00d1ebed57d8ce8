"""What is out of the ordinary: never tiny counts, never without a history, always far beyond what was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgwarden.domain.anomaly import (
    LEAST_HISTORY,
    Alert,
    AlertRules,
    Measure,
    Reading,
    judged,
    same_time_of_day,
    spans,
)

FLOOR = 20.0
RULES = AlertRules(floors={Measure.REFUSALS: FLOOR})
NUMBERS = st.floats(0, 1e9)
HISTORIES = st.lists(NUMBERS, min_size=LEAST_HISTORY, max_size=200)


def reading(value: float, history: list[float]) -> Reading:
    return Reading(Measure.REFUSALS, "shop", value, history)


@given(st.floats(0, FLOOR), HISTORIES)
def test_what_is_below_the_floor_never_alarms(value: float, history: list[float]) -> None:
    assert not judged(reading(value, history), RULES).unusual


@given(NUMBERS, st.lists(NUMBERS, max_size=LEAST_HISTORY - 1))
def test_too_little_history_never_alarms(value: float, history: list[float]) -> None:
    found = judged(reading(value, history), RULES)
    assert (found.limit, found.unusual) == (None, False)


@given(NUMBERS, HISTORIES)
def test_a_measure_without_a_floor_is_not_watched(value: float, history: list[float]) -> None:
    assert not judged(Reading(Measure.LOCK_WAIT, "shop", value, history), RULES).unusual


@given(NUMBERS, NUMBERS, HISTORIES)
def test_more_is_never_less_unusual(one: float, other: float, history: list[float]) -> None:
    less, more = sorted((one, other))
    assert judged(reading(less, history), RULES).unusual <= judged(reading(more, history), RULES).unusual


@given(HISTORIES)
def test_nothing_up_to_the_usual_alarms_and_ten_times_the_highest_does(history: list[float]) -> None:
    found = judged(reading(0, history), RULES)
    assert not judged(reading(found.usual, history), RULES).unusual
    assert judged(reading(10 * max(*history, FLOOR) + 1, history), RULES).unusual


@given(st.floats(0, 100), st.floats(1e6, 1e9), st.integers(2 * LEAST_HISTORY, 200))
def test_a_few_odd_windows_do_not_move_the_limit(calm: float, odd: float, windows: int) -> None:
    history = [calm] * windows
    spoiled = history[: windows - windows // 4] + [odd] * (windows // 4)
    assert judged(reading(0, spoiled), RULES).limit == judged(reading(0, history), RULES).limit


@given(st.integers(1, 5000), st.integers(1, 24 * 60))
def test_history_is_of_the_same_time_of_day(ago: int, minutes: int) -> None:
    window = timedelta(minutes=minutes)
    hours = (ago * window).total_seconds() / 3600 % 24
    assert same_time_of_day(ago, window) == (hours <= 1 or hours >= 23)


def test_the_window_that_is_judged_is_no_history() -> None:
    assert not same_time_of_day(0, RULES.window)
    assert same_time_of_day(96, timedelta(minutes=15))


@pytest.mark.parametrize("minutes", [5, 7, 15, 60, 600, 1440])
def test_the_spans_hold_every_window_that_is_compared_and_nothing_twice(minutes: int) -> None:
    rules, now = AlertRules(timedelta(minutes=minutes), days=14), datetime(2026, 3, 20, 12, tzinfo=UTC)
    found = spans(rules, now)
    windows = [ago for ago in range(14 * 1440 // minutes) if ago == 0 or same_time_of_day(ago, rules.window)]
    for ago in windows:
        begin, end = now - (ago + 1) * rules.window, now - ago * rules.window
        assert any(after <= begin and end <= until for after, until in found), ago
    for (after, _), (_, until) in pairwise(found):
        assert until <= after
    if minutes == 15:
        assert sum(((until - after) for after, until in found), timedelta()) < timedelta(hours=33), "of 336"


def test_an_alert_tells_what_how_much_and_what_is_usual() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    alert = Alert("a1", Measure.ROWS_WRITTEN, "shop", at, 12345, 20, 1000)
    assert alert.title == "12,345 rows written in shop; usual are 20, the limit is 1,000"
    assert Alert("a1", Measure.REFUSALS, "", at, 50, 2, 20).title.startswith("50 refusals; usual")
