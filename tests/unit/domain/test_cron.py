from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from pgwarden.domain.cron import Cron
from pgwarden.domain.errors import InputInvalid


def times(text: str, zone: str, start: str, count: int) -> list[str]:
    found, moment = [], datetime.fromisoformat(start).replace(tzinfo=UTC)
    for _ in range(count):
        moment = Cron(text, zone).after(moment)
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("text", "zone", "start", "expected"),
    [
        ("0 8 * * mon-fri", "UTC", "2026-11-27T08:00", ["2026-11-30 08:00", "2026-12-01 08:00"]),
        ("30 */6 * * *", "UTC", "2026-01-01T00:31", ["2026-01-01 06:30", "2026-01-01 12:30"]),
        ("0 8 1,15 * *", "UTC", "2026-01-02T00:00", ["2026-01-15 08:00", "2026-02-01 08:00"]),
        ("0 8 13 * fri", "UTC", "2026-02-01T00:00", ["2026-02-06 08:00", "2026-02-13 08:00", "2026-02-20 08:00"]),
        ("0 0 29 feb *", "UTC", "2026-01-01T00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 8 * * 7", "UTC", "2026-11-28T00:00", ["2026-11-29 08:00"]),
        ("0 8 * * 0", "UTC", "2026-11-28T00:00", ["2026-11-29 08:00"]),
        ("0 8 * * *", "America/New_York", "2026-03-07T20:00", ["2026-03-08 12:00", "2026-03-09 12:00"]),
        # 02:30 is skipped on 29 March, and shown twice on 25 October
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["2026-03-29 01:30", "2026-03-30 00:30"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["2026-10-25 00:30", "2026-10-26 01:30"]),
        ("30 23 * * *", "Pacific/Apia", "2026-01-01T00:00", ["2026-01-01 10:30", "2026-01-02 10:30"]),
    ],
)
def test_the_next_times(text: str, zone: str, start: str, expected: list[str]) -> None:
    assert times(text, zone, start, len(expected)) == expected


def test_hourly_times_go_on_over_both_changes_of_the_clocks() -> None:
    for start in ("2026-03-28T20:00", "2026-10-24T20:00"):
        found = [datetime.fromisoformat(each) for each in times("15 * * * *", "Europe/Berlin", start, 12)]
        assert all(before < after for before, after in pairwise(found))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * * *",
        "*/5 * * * *",
        "0 8 * *",
        "60 8 * * *",
        "0 24 * * *",
        "0 8 0 * *",
        "0 8 * 13 *",
        "0 8 * * 8",
        "0 9-8 * * *",
        "0 */0 * * *",
        "0 8 * * fri-mon",
        "0 8 x * *",
        "0 ٣ * * *",
        "-1 8 * * *",
        "0 , * * *",
    ],
)
def test_what_says_no_times_is_refused(text: str) -> None:
    with pytest.raises(InputInvalid):
        Cron(text, "UTC")


def test_a_day_that_never_comes_and_a_zone_that_is_none() -> None:
    with pytest.raises(InputInvalid, match="says no times"):
        Cron("0 8 30 2 *", "UTC").after(datetime(2026, 1, 1, tzinfo=UTC))
    for zone in ("Mars/Base", "", "../etc/passwd", "Europe"):
        with pytest.raises(InputInvalid, match="no time zone"):
            Cron("0 8 * * *", zone)
