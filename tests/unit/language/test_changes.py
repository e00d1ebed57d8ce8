"""Changes: grounded in table, column, value and condition, or asked back."""

from __future__ import annotations

import pytest
from tests.unit.language.schema import read, sql

CASES = {
    "Update the price of book 7 to 12.50": "UPDATE books SET price = 12.50 WHERE id = 7",
    "Set the genre of book 7 to 'poetry'": "UPDATE books SET genre = 'poetry' WHERE id = 7",
    "Increase the price of all poetry books by 10%": "UPDATE books SET price = round(price * (1 + 10 / 100.0), 2)"
    " WHERE genre = 'poetry'",
    "Delete loans before 2020-01-01": "DELETE FROM loans WHERE loaned_on < DATE '2020-01-01'",
    "Delete all loans": "DELETE FROM loans",
    "Remove the member named 'Bo Finch'": "DELETE FROM members WHERE name = 'Bo Finch'",
}


@pytest.mark.parametrize("question", CASES)
def test_grounded(question: str) -> None:
    assert sql(question) == CASES[question]


@pytest.mark.parametrize(
    "question",
    [
        "Delete members",
        "Delete the boring books",
        "Update the colour of book 7 to red",
        "Update the price of book 7",
        "Set the price of book 7 to cheap",
        "Delete books that nobody likes",
        "Delete the top 5 books",
        "Remove members called 'Nobody Known'",
        "Set the price of books to 5",
        "Archive member 5",
        "Delete all members who live",
        "Delete all loans that belong there",
    ],
)
def test_not_grounded(question: str) -> None:
    reading = read(question)
    assert reading.sql is None
    assert reading.intent is not None
    assert reading.intent.intent_type in ("UPDATE", "DELETE")
    assert reading.clarification is not None
    assert "Before anything can change" in reading.clarification.message


def test_an_insert_names_what_is_missing() -> None:
    reading = read("Add a new book with title 'Ulysses'")
    assert reading.sql is None
    assert "needed too: id" in (reading.clarification.message if reading.clarification else "")
    assert sql("Add a new book with id 9 and title 'Ulysses'") == "INSERT INTO books (id, title) VALUES (9, 'Ulysses')"


def test_a_question_about_changes_is_no_change() -> None:
    assert sql("How many loans were added?").startswith("SELECT") if read("How many loans were added?").sql else True
