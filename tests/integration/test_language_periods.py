"""Every period phrase, evaluated by a real server: the bounds are the days that a person would count."""

from __future__ import annotations

from datetime import date, datetime

import psycopg
import pytest

from pgwarden.language.dates import read_span
from pgwarden.language.spoken import say_period
from pgwarden.language.tokens import tokenize

TODAY = date(2026, 11, 18)  # a Wednesday in the fourth quarter

PHRASES: dict[str, tuple[str | None, str | None, str]] = {
    "today": ("2026-11-18", "2026-11-19", "today"),
    "yesterday": ("2026-11-17", "2026-11-18", "yesterday"),
    "tomorrow": ("2026-11-19", "2026-11-20", "tomorrow"),
    "last day": ("2026-11-17", "2026-11-18", ""),
    "last week": ("2026-11-09", "2026-11-16", "in the previous week"),
    "last month": ("2026-10-01", "2026-11-01", "in the previous month"),
    "last quarter": ("2026-07-01", "2026-10-01", "in the previous quarter"),
    "last year": ("2025-01-01", "2026-01-01", "in the previous year"),
    "this week": ("2026-11-16", "2026-11-23", "this week"),
    "this month": ("2026-11-01", "2026-12-01", "this month"),
    "this quarter": ("2026-10-01", "2027-01-01", "this quarter"),
    "this year": ("2026-01-01", "2027-01-01", "this year"),
    "next week": ("2026-11-23", "2026-11-30", "in the next week"),
    "next month": ("2026-12-01", "2027-01-01", "in the next month"),
    "next quarter": ("2027-01-01", "2027-04-01", "in the next quarter"),
    "next year": ("2027-01-01", "2028-01-01", "in the next year"),
    "next 2 quarters": ("2027-01-01", "2027-07-01", "in the next 2 quarters"),
    "in the past 30 days": ("2026-10-19", None, "in the last 30 days"),
    "past 2 weeks": ("2026-11-04", None, "in the last 2 weeks"),
    "last 3 months": ("2026-08-18", None, "in the last 3 months"),
    "last 2 quarters": ("2026-05-18", None, "in the last 6 months"),
    "last 2 years": ("2024-11-18", None, "in the last 2 years"),
    "last 3 full months": ("2026-08-01", "2026-11-01", "in the previous 3 months"),
    "last 2 quarters excluding the current quarter": ("2026-04-01", "2026-10-01", "in the previous 2 quarters"),
    "since 2024": ("2024-01-01", None, "since 2024"),
    "since March 2024": ("2024-03-01", None, "since 2024-03-01"),
    "since March": ("2026-03-01", None, ""),
    "before 2020-05-01": (None, "2020-05-01", "before 2020-05-01"),
    "until 2022": (None, "2023-01-01", "before 2023"),
    "after 2020": ("2021-01-01", None, "since 2021"),
    "between 2020-01-05 and 2020-01-31": ("2020-01-05", "2020-02-01", "from 2020-01-05 to 2020-01-31"),
    "from 2020 to 2022": ("2020-01-01", "2023-01-01", "from 2020 to 2022"),
    "in 2023": ("2023-01-01", "2024-01-01", "in 2023"),
    "in March 2023": ("2023-03-01", "2023-04-01", "in March 2023"),
    "in June": ("2026-06-01", "2026-07-01", "in June of this year"),
    "on 2024-02-29": ("2024-02-29", "2024-03-01", "on 2024-02-29"),
    "Q1 2023": ("2023-01-01", "2023-04-01", "in Q1 2023"),
    "in Q2": ("2026-04-01", "2026-07-01", "in Q2 of this year"),
    "in the fourth quarter of 2023": ("2023-10-01", "2024-01-01", "in Q4 2023"),
    "older than 6 months": (None, "2026-05-18", "more than 6 months ago"),
    "older than 1 quarter": (None, "2026-08-18", "more than 3 months ago"),
    "more than 2 years ago": (None, "2024-11-18", "more than 2 years ago"),
    "less than 3 weeks ago": ("2026-10-28", None, "in the last 3 weeks"),
}


def test_every_phrase_means_its_days(pg18_url: str) -> None:
    wrong = []
    with psycopg.connect(pg18_url, autocommit=True) as connection:
        for phrase, (lower, upper, said) in PHRASES.items():
            span = read_span(tokenize(phrase), 0, TODAY)
            assert span is not None, phrase
            found = tuple(day(connection, bound) for bound in (span.lower, span.upper))
            if found != (lower, upper) or (said and say_period(span.lower, span.upper) != said):
                wrong.append((phrase, found, say_period(span.lower, span.upper)))
    assert wrong == []


@pytest.mark.parametrize("version", [16, 18])
def test_every_phrase_runs_by_the_servers_own_clock(version: int, request: pytest.FixtureRequest) -> None:
    phrases = [*PHRASES, "last hour", "past 5 minutes", "last 24 hours"]
    with psycopg.connect(request.getfixturevalue(f"pg{version}_url"), autocommit=True) as connection:
        for phrase in phrases:
            span = read_span(tokenize(phrase), 0, None)
            assert span is not None, phrase
            for bound in (span.lower, span.upper):
                day(connection, bound)
            assert "date_trunc" not in say_period(span.lower, span.upper)


def day(connection: psycopg.Connection[tuple[object, ...]], bound: str | None) -> str | None:
    """The first day on a bound's right side."""
    if bound is None:
        return None
    row = connection.execute(f"select ({bound})::timestamp".encode()).fetchone()
    assert row is not None
    moment = row[0]
    assert isinstance(moment, datetime)
    return str(moment.date())
