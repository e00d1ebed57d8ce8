"""A comparison goes the way that the question says, or it is doubted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.context.test_grounding import SHOP

from pgwarden.context.directions import direction_doubts
from pgwarden.context.figure_words import AFTER_NUMBER, BEFORE_NUMBER, LOOSELY
from pgwarden.sql.claims import claims_of


def doubts(text: str, where: str) -> list[str]:
    sql = f"select id from orders where {where}"
    return [doubt.words for doubt in direction_doubts(claims_of(sql, SHOP), text)]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("orders of at least 5", "total >= 5"),
        ("orders of at least 5", "5 <= total"),
        ("orders of at least 5", "not total < 5"),
        ("orders of at least 5", "not (total < 5 or total is null)"),
        ("orders of at least 3", "total > 2"),
        ("orders of more than 2", "total >= 3"),
        ("orders of at most 3", "total < 4"),
        ("orders under 3", "total <= 2"),
        ("orders over 18", "total >= 18"),
        ("orders between 3 and 7", "total between 3 and 7"),
        ("orders before 2020", "ordered < '2020-01-01'"),
        ("orders since 2020", "ordered >= date '2020-01-01'"),
        ("orders older than 6 months", "ordered < now() - interval '6 months'"),
        ("orders older than 6 months", "now() - ordered > interval '6 months'"),
        ("orders older than half a year or 180 days", "ordered < now() - interval '6 months'"),
        ("orders of the last 30 days", "ordered >= current_date - interval '30 days'"),
        ("orders of the past 2 weeks", "ordered > current_date - interval '14 days'"),
        ("no orders over 5", "total <= 5"),
        ("customers with no orders over 5", "customer_id not in (select customer_id from orders where total > 5)"),
        ("orders above 5 and below 5", "total > 5 or total < 5"),
        ("orders above the average", "total > (select avg(total) from orders)"),
        ("orders that are not above the average", "total <= (select avg(total) from orders)"),
    ],
)
def test_a_comparison_as_it_is_said_is_not_doubted(text: str, where: str) -> None:
    assert doubts(text, where) == []


@pytest.mark.parametrize(
    ("text", "where", "found"),
    [
        ("orders of at least 5", "total < 5", "says “at least 5”, and the SQL compares with < 5"),
        ("orders of at least 5", "not total >= 5", "compares with < 5"),
        ("orders of at least 5", "5 > total", "compares with < 5"),
        ("orders of at least 5", "total > 5", "“at least 5” may be equal to it, and the SQL compares with > 5"),
        ("orders of more than 5", "total >= 5", "may not be equal"),
        ("orders of 5 or more", "total <= 5", "says “5 or more”"),
        ("orders before 2020", "ordered >= '2020-01-01'", "says “before 2020”"),
        ("orders older than 6 months", "ordered > now() - interval '6 months'", "says “older than 6 months”"),
        ("orders of the last 30 days", "ordered < current_date - interval '30 days'", "says “last 30 days”"),
        ("orders over 100 and under 7", "total < 100 and total > 7", "over 100"),
        ("orders above the average", "total < (select avg(total) from orders)", "compares with < the average"),
    ],
)
def test_the_other_direction_is_doubted(text: str, where: str, found: str) -> None:
    assert any(found in words for words in doubts(text, where)), doubts(text, where)


PHRASES = {
    **{phrase: (phrase, "{} {}") for phrase in (*BEFORE_NUMBER, *LOOSELY)},
    **{p: (p, "{1} {0}") for p in AFTER_NUMBER},
}
BOUNDS = {**BEFORE_NUMBER, **LOOSELY, **AFTER_NUMBER}
TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@given(phrase=st.sampled_from(sorted(PHRASES)), number=st.integers(13, 999))
def test_every_phrase_agrees_with_its_own_comparison_and_with_no_turned_one(phrase: str, number: int) -> None:
    words, form = PHRASES[phrase]
    text = f"orders with a total {form.format(words, number)}"
    assert doubts(text, f"total {BOUNDS[phrase]} {number}") == []
    assert len(doubts(text, f"total {TURNED[BOUNDS[phrase]]} {number}")) == 1
