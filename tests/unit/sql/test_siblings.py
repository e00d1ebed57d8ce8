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


@pytest.mark.parametrize(
    ("question", "example", "sql", "expected"),
    [
        ("top 10", "top 2", "select a, b from t order by 2 limit 2", "select a, b from t order by 2 limit 10"),
        ("top 10", "top 2", "select a from t group by 2, 1 limit 2", "select a from t group by 2, 1 limit 10"),
        ("top 10", "top 5", "select a::numeric(5) from t limit 5", "select a::numeric(5) from t limit 10"),
        ("top 10", "top 5", "select a::numeric(5) from t", None),
        ("top 10", "top 5", "select a from t where a > 5e3", None),
        ("above 9", "above 7", "select a from t where a > -7", None),
        ("from Ohio", "from Texas", "select a from t where s = $$Texas$$", "select a from t where s = 'Ohio'"),
        ("from Ohio", "from Texas", "select a from t where s = E'Texas'", "select a from t where s = 'Ohio'"),
        ("from Ohio", "from Texas", "select a from t where s = U&'Texas'", None),
        (
            "from Ohio", "from Texas", "select 'Zoë' from t where s = 'Texas' and p ~ '\\d'",
            "select 'Zoë' from t where s = 'Ohio' and p ~ '\\d'",
        ),
        ("from Ohio", "from Texas", "select 'a-- b' where s = 'Texas'", "select 'a-- b' where s = 'Ohio'"),
        ("from Ohio", "from Texas", "select a from t where s = 'Texas'; drop", None),
    ],
)  # fmt: skip
def test_a_value_is_told_by_the_tree_and_not_by_its_marks(
    question: str, example: str, sql: str, expected: str | None
) -> None:
    """Sizes of types, numbers of outputs, signs and exponents look like values; other ways to quote are values."""
    assert sibling(question, example, sql, grounded) == expected
