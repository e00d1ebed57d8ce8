"""Working time, against an oracle that walks through the days minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgwarden.domain.business_calendar import BusinessCalendar, Period, moment_after

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = {weekday: ((time(9), time(12)), (time(13), time(17))) for weekday in range(5)}
CALENDAR = BusinessCalendar(BERLIN, OFFICE, frozenset({date(2026, 12, 25)}))
MINUTE = timedelta(minutes=1)

ODD_DAYS = (
    ("Europe/Berlin", date(2026, 3, 29)),  # 02:00 becomes 03:00
    ("Europe/Berlin", date(2026, 10, 25)),  # 03:00 becomes 02:00
    ("America/St_Johns", date(2010, 11, 7)),  # 00:01 becomes 23:01 of the day before
    ("America/Havana", date(2026, 11, 1)),  # 01:00 becomes 00:00
    ("Africa/Cairo", date(2026, 4, 24)),  # midnight itself is jumped over
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour back
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that never was
    ("Asia/Kathmandu", date(2026, 6, 1)),
)


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[misc,arg-type]  # six numbers at most


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (local(2026, 11, 23, 9), 1, local(2026, 11, 23, 10)),
        (local(2026, 11, 23, 11, 30), 1, local(2026, 11, 23, 13, 30)),
        (local(2026, 11, 27, 16), 2, local(2026, 11, 30, 10)),  # Friday to Monday
        (local(2026, 12, 24, 16), 2, local(2026, 12, 28, 10)),  # a holiday and a weekend
        (local(2026, 11, 23, 3), 3, local(2026, 11, 23, 12)),  # a wait that ends with the period ends there
        (local(2026, 11, 22, 12), 0, local(2026, 11, 22, 12)),
    ],
)
def test_waits_are_counted_in_working_hours(start: datetime, hours: int, end: datetime) -> None:
    assert CALENDAR.after(start, timedelta(hours=hours)) == end


def test_without_a_calendar_time_is_time() -> None:
    start = local(2026, 11, 27, 16)
    assert moment_after(None, start, timedelta(hours=30)) == start.astimezone(UTC) + timedelta(hours=30)


def test_the_hour_that_is_shown_twice_counts_twice() -> None:
    around_the_clock = BusinessCalendar(BERLIN, {day: ((time(), time()),) for day in range(7)})
    start = local(2026, 10, 25, 0)
    assert around_the_clock.after(start, timedelta(hours=25)) == local(2026, 10, 26, 0)
    assert around_the_clock.between(start, local(2026, 10, 26, 0)) == timedelta(hours=25)


def test_a_calendar_without_working_time_is_refused() -> None:
    with pytest.raises(ValueError, match="working time"):
        BusinessCalendar(BERLIN).after(local(2026, 1, 1), MINUTE)


@cache
def oracle(zone: str, day: date, periods: tuple[Period, ...]) -> tuple[datetime, frozenset[datetime]]:
    """(first minute, the minutes that are working time) of the five days around, in UTC: each day looked at alone."""
    first = datetime.combine(day - timedelta(days=2), time(), UTC)
    minutes = [first + MINUTE * number for number in range(5 * 24 * 60)]
    shown = [(minute, minute.astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for minute in minutes]
    working: set[datetime] = set()
    for offset in range(-3, 4):
        today = day + timedelta(days=offset)
        for start, end in periods:
            opens = datetime.combine(today, start)
            closes = datetime.combine(today if end != time() else today + timedelta(days=1), end)
            reached = [minute for minute, clock in shown if clock >= opens]
            before = [minute for minute, clock in shown if clock < closes]
            if reached and before:
                working.update(minute for minute in minutes if reached[0] <= minute <= before[-1])
    return first, frozenset(working)


@st.composite
def days_of_work(draw: st.DrawFn) -> tuple[Period, ...]:
    """Up to three periods on quarters of an hour, in order, the last perhaps until midnight."""
    quarters = draw(st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True).map(sorted))
    clock = [time((q % 96) // 4, (q % 4) * 15) for q in quarters]
    return tuple(zip(clock[::2], clock[1::2], strict=False))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(ODD_DAYS), days_of_work(), st.integers(0, 3 * 24 * 60), st.integers(0, 20 * 60))
def test_working_time_is_what_the_oracle_counts(
    place: tuple[str, date], periods: tuple[Period, ...], begin: int, wait: int
) -> None:
    zone, day = place
    calendar = BusinessCalendar(ZoneInfo(zone), dict.fromkeys(range(7), periods))
    first, working = oracle(zone, day, periods)
    start = first + MINUTE * (begin + 12 * 60)
    last = first + timedelta(days=4, hours=12)
    counted = [minute for minute in sorted(working) if start <= minute < last]
    assert calendar.between(start, last) == MINUTE * len(counted)
    assert calendar.works(start) == (start in working)
    if 0 < wait <= len(counted):
        assert calendar.after(start, MINUTE * wait) == counted[wait - 1] + MINUTE


@settings(max_examples=80, deadline=None)
@given(
    st.timedeltas(timedelta(), timedelta(days=1461)).map(lambda since: datetime(2024, 1, 1, tzinfo=UTC) + since),
    st.timedeltas(timedelta(), timedelta(days=40)),
    st.timedeltas(timedelta(), timedelta(days=40)),
)
def test_waiting_longer_never_ends_earlier(start: datetime, one: timedelta, other: timedelta) -> None:
    shorter, longer = sorted((one, other))
    assert start <= CALENDAR.after(start, shorter) <= CALENDAR.after(start, longer)
    assert CALENDAR.between(start, CALENDAR.after(start, longer)) == longer
