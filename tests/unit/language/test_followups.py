"""A conversation: each turn changes the one before, or starts anew."""

from __future__ import annotations

from tests.unit.language.schema import read

from pgwarden.domain.question import Reading


def chain(*texts: str) -> list[str]:
    """The SQL of each turn on one line."""
    history: list[Reading] = []
    for text in texts:
        history.append(read(text, *history))
    return [" ".join((r.sql or "").split()) for r in history]


def test_a_value_takes_the_place_of_its_like() -> None:
    found = chain("Show the titles of novel books", "and poetry?")
    assert found[1] == "SELECT title FROM books WHERE genre = 'poetry'"


def test_another_group() -> None:
    found = chain("How many loans does each member have?", "and by month?")
    assert found[1].startswith("SELECT date_trunc('month', loaned_on) AS month, count(*) AS loans_count FROM loans")


def test_only_the_first_three_then_sorted() -> None:
    found = chain("What are the titles of all books?", "only the first three", "sort by price descending")
    assert found[1] == "SELECT title FROM books LIMIT 3"
    assert found[2] == "SELECT title FROM books ORDER BY price DESC NULLS LAST LIMIT 3"


def test_how_many_of_them() -> None:
    found = chain("Which books cost less than 10?", "how many?")
    assert found[1] == "SELECT count(*) AS books_count FROM books WHERE price < 10"


def test_a_question_of_its_own_starts_anew() -> None:
    found = chain("Which books cost less than 10?", "How many members are there?")
    assert found[1] == "SELECT count(*) AS members_count FROM members"
