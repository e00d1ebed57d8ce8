"""What was vouched for one question answers another that differs only in its values, and nothing beyond that."""

from __future__ import annotations

import pytest

from pgwarden.sql.siblings import sibling

STATES = {"texas": "Texas", "ohio": "Ohio", "new york": "New York", "o'hara": "O'Hara"}


def grounded(old: str, asked: str) -> str | None:
    return STATES.get(asked.casefold()) if old.casefold() in STATES else None


@pytest.mark.parametrize(
    ("question", "example", "sql", "expected"),
    [
        ("buyers from ohio", "Buyers from Texas?", "select 1 where s = 'Texas'", "select 1 where s = 'Ohio'"),
        ("buyers from new york", "buyers from Texas", "select 1 where s = 'Texas'", "select 1 where s = 'New York'"),
        ('buyers from "O\'Hara"', "buyers from Texas", "select 1 where s = 'Texas'", "select 1 where s = 'O''Hara'"),
        ("top 10 buyers", "top 5 buyers", "select b5 from t5 limit 5", "select b5 from t5 limit 10"),
        (
            "older than 30, top 3",
            "older than 40, top 2",
            "select 1 where a > 40 limit 2",
            "select 1 where a > 30 limit 3",
        ),
    ],
)
def test_values_are_replaced(question: str, example: str, sql: str, expected: str) -> None:
    assert sibling(question, example, sql, grounded) == expected


@pytest.mark.parametrize(
    ("question", "example", "sql"),
    [
        ("buyers from Mars", "buyers from Texas", "select 1 where s = 'Texas'"),
        ("sellers from Texas", "buyers from Texas", "select 1 where s = 'Texas'"),
        ("active buyers from Ohio", "buyers from Texas", "select 1 where s = 'Texas'"),
        ("top 10 buyers", "top 5 buyers", "select 1 where a > 5 limit 5"),
        ("at least 4 orders", "at least 3 orders", "select 1 having count(*) > 2"),
        ("past 60 days", "past 30 days", "select 1 where d > now() - interval '30 days'"),
        ("code 6", "code 5", "select 1 where code = '5'"),
        ("buyers from Ohio", "buyers from Texas", "select 1 where s = 'Texas' -- or 'Ohio'"),
        ("buyers from Ohio", "buyers from Texas", 'select "Texas" from t'),
    ],
)
def test_what_is_not_sure_is_left(question: str, example: str, sql: str) -> None:
    assert sibling(question, example, sql, grounded) is None
