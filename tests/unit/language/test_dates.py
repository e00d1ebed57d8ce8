"""Periods in words: half-open, from the given today or the database's clock."""

from __future__ import annotations

from datetime import date

import pytest

from pgwarden.language.dates import read_span
from pgwarden.language.tokens import tokenize

CASES = {
    "in 2023": ("DATE '2023-01-01'", "DATE '2024-01-01'"),
    "in December 2023": ("DATE '2023-12-01'", "DATE '2024-01-01'"),
    "Q4 2023": ("DATE '2023-10-01'", "DATE '2024-01-01'"),
    "in the first quarter of 2023": ("DATE '2023-01-01'", "DATE '2023-04-01'"),
    "on 2024-02-29": ("DATE '2024-02-29'", "DATE '2024-03-01'"),
    "since March 2020": ("DATE '2020-03-01'", None),
    "after 2020": ("DATE '2021-01-01'", None),
    "before 2020-05-01": (None, "DATE '2020-05-01'"),
    "between 2020-01-01 and 2020-01-31": ("DATE '2020-01-01'", "DATE '2020-02-01'"),
    "last month": ("date_trunc('month', current_date) - interval '1 month'", "date_trunc('month', current_date)"),
    "this year": ("date_trunc('year', current_date)", "date_trunc('year', current_date) + interval '1 year'"),
    "in the past 30 days": ("current_date - interval '30 days'", None),
    "last 3 months excluding the current month": (
        "date_trunc('month', current_date) - interval '3 months'",
        "date_trunc('month', current_date)",
    ),
    "older than 6 months": (None, "current_date - interval '6 months'"),
    "yesterday": ("current_date - 1", "current_date"),
}


@pytest.mark.parametrize("text", CASES)
def test_periods(text: str) -> None:
    span = read_span(tokenize(text), 0, None)
    assert span is not None
    assert (span.lower, span.upper) == CASES[text]


def test_today_may_be_given() -> None:
    span = read_span(tokenize("today"), 0, date(2024, 5, 6))
    assert span is not None
    assert span.lower == "DATE '2024-05-06'"


@pytest.mark.parametrize(
    "text", ["older than 30", "in Leeds", "on 2024-13-45", "between 3 and 5", "may", "the last name"]
)
def test_what_is_no_period(text: str) -> None:
    assert read_span(tokenize(text), 0, None) is None
