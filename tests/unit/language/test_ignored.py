"""What a reading passes over: comparison, negation, one for each."""

from __future__ import annotations

import pytest

from pgwarden.language.confidence import LINE, confidence
from pgwarden.language.ignored import ignored


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("boats lent for more than the listed fee", "SELECT * FROM boats WHERE lent"),
        ("boats that were not lent", "SELECT * FROM boats"),
        ("boats that weren't lent", "SELECT * FROM boats WHERE name = 'NOT'"),
        ("how many boats per harbour", "SELECT count(*) FROM boats"),
    ],
)
def test_a_dropped_comparison_negation_or_each_puts_a_reading_below_the_line(text: str, sql: str) -> None:
    assert ignored(text.split(), sql) == 1
    assert confidence({"ignored": 1.0}) < LINE


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("boats with more than two berths", "SELECT * FROM boats WHERE berths > 2"),
        ("boats without a berth", "SELECT * FROM boats WHERE NOT EXISTS (SELECT 1)"),
        ("boats that are not longer than 4", "SELECT * FROM boats WHERE length <= 4"),
        ("how many boats per harbour", "SELECT harbour, count(*) FROM boats GROUP BY harbour"),
        ("the name of each boat", "SELECT name FROM boats"),
    ],
)
def test_what_the_sql_shows_is_not_ignored(text: str, sql: str) -> None:
    assert ignored(text.split(), sql) == 0
