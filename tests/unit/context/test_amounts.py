"""The numbers of a question, their units, and the words that bound them."""

from __future__ import annotations

import pytest

from pgwarden.context.amounts import amounts_of, average_bounds


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("orders with at least 3 items", [(3, "", ">=")]),
        ("orders over $1,250.50", [(1250.5, "", ">")]),
        ("more than two thousand rows", [(2000, "", ">")]),
        ("worth 1.5 million or more", [(1.5e6, "", ">=")]),
        ("a budget under 20k", [(20_000, "", "<")]),
        ("customers older than the age of 30", [(30, "", ">")]),
        ("founded before the year 2003 and after 2010", [(2003, "", "<"), (2010, "", ">")]),
        ("between 3 and 7 days", [(3, "", ">="), (7, "day", "<=")]),
        ("no later than 2020", [(2020, "", "<=")]),
        ("not more than 4 and 12 or fewer", [(4, "", "<="), (12, "", "<=")]),
        ("in the last 30 days", [(30, "day", "<=")]),
        ("older than 6 months", [(6, "month", ">")]),
        ("rating > 4.5", [(4.5, "", ">")]),
        ("a discount of 15 %", [(15, "%", "")]),
    ],
)
def test_a_number_is_read_with_its_unit_and_its_bound(text: str, found: list[tuple[float, str, str]]) -> None:
    assert [(amount.value, amount.unit, amount.bound) for amount in amounts_of(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "dogs that did not cost more than 1000",
        "customers without orders over 1000",
        "teams ranked above 3",
        "since 3 months",
        "2 months after the start",
        "top 5 products",
    ],
)
def test_what_may_mean_either_side_bounds_nothing(text: str) -> None:
    assert [amount.bound for amount in amounts_of(text)] == [""]


def test_quotes_codes_dates_and_clock_times_hold_no_numbers_of_the_question() -> None:
    assert amounts_of("the film '12 Angry Men', code B52, covid-19, 2024-05-01, at 17:30, the 3rd and the 1990s") == ()


def test_an_average_is_bounded_like_a_number() -> None:
    assert average_bounds("products above the average price") == (("above the average", ">"),)
    assert average_bounds("the average price") == ()
    assert average_bounds("not above the average") == (("not above the average", "<="),)
    assert average_bounds("those that are not really above the average") == ()
