"""Values written with a slip of the pen: the stored one is meant, and the answer says so; others are never guessed."""

from __future__ import annotations

import pytest
from tests.unit.language.schema import read

from pgwarden.language.stored_values import misspelled


@pytest.mark.parametrize(
    ("text", "said", "stored"),
    [
        ("Members of the branch Harbor", "Harbor", "Harbour"),
        ("Loans of the book Ulyses", "Ulyses", "Ulysses"),
        ("Loans of oneil", "oneil", "O'Neil"),
    ],
)
def test_a_misspelled_value_is_read_as_the_stored_one_and_said_so(text: str, said: str, stored: str) -> None:
    reading = read(text)
    assert stored in reading.parameters, reading.clarification
    assert f"“{said}” is read as “{stored}”" in reading.assumptions


@pytest.mark.parametrize(
    "text",
    [
        "Delete members of the branch Harbor",
        "Delete loans of the book Ulyses",
        "Set the price of the book Ulyses to 5",
        "Set the price of the book 'Ulyses' to 5",
    ],
)
def test_a_change_never_takes_a_misspelled_value_for_the_stored_one(text: str) -> None:
    reading = read(text)
    assert reading.sql is None
    assert reading.clarification is not None
    assert "Harbour" in reading.clarification.message or "Ulys" in reading.clarification.message


@pytest.mark.parametrize("text", ["Members of the branch Hamburg", "Books with the genre Thriller", "price of Dunne"])
def test_a_value_that_is_merely_alike_is_asked_about(text: str) -> None:
    assert read(text).sql is None


@pytest.mark.parametrize(
    ("phrase", "value", "so"),
    [
        ("Harbor", "Harbour", True),
        ("Califronia", "California", True),
        ("Aarbour", "Harbour", False),  # another first letter
        ("Dune", "Dunes", False),  # too short to tell
        ("Old Towns", "Oldtown", False),  # another number of words
        ("Harbour", "Hamburg", False),
    ],
)
def test_what_counts_as_a_slip_of_the_pen(phrase: str, value: str, so: bool) -> None:
    assert misspelled(phrase, value) is so
