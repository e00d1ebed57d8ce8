"""Words to SQL on a catalog made by hand: one case for each way of asking."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.language.schema import ENGINE, LIBRARY, VALUES, read, sql

from pgwarden.domain.question import Question
from pgwarden.language.engine import BuiltInEngine

CASES = {
    "How many books are there?": "SELECT count(*) AS books_count FROM books",
    "What are the titles of all books?": "SELECT title FROM books",
    "Which members are older than 30?": "SELECT name FROM members WHERE age > 30",
    "List the names of members in descending order of age": "SELECT name FROM members ORDER BY age DESC NULLS LAST",
    "What is the average price of books per genre?": "SELECT genre, avg(price) AS avg_price FROM books GROUP BY genre",
    "Who is the youngest member?": "SELECT name FROM members ORDER BY age LIMIT 1",
    "Show the titles of novel books": "SELECT title FROM books WHERE genre = 'novel'",
    "Which books cost less than 10?": "SELECT title FROM books WHERE price < 10",
    "Books with pages between 100 and 200": "SELECT title FROM books WHERE (pages >= 100 AND pages <= 200)",
    "Which genre has the most books?": "SELECT genre FROM books GROUP BY genre"
    " ORDER BY count(*) DESC NULLS LAST LIMIT 1",
    "How many active members are there?": "SELECT count(*) AS members_count FROM members WHERE is_active",
    "How many inactive members are there?": "SELECT count(*) AS members_count FROM members WHERE NOT is_active",
    "What are the different genres of books?": "SELECT DISTINCT genre FROM books",
    "Members whose name starts with 'An'": "SELECT name FROM members WHERE name ILIKE 'An%'",
    "How many books are not poetry?": "SELECT count(*) AS books_count FROM books WHERE genre <> 'poetry'",
}


@pytest.mark.parametrize("question", CASES)
def test_one_table(question: str) -> None:
    assert sql(question) == CASES[question]


def test_a_row_each_way_reaches_a_parent_by_a_join() -> None:
    assert sql("How many members are in the Leeds branch?") == (
        "SELECT count(*) AS members_count FROM members m JOIN branches b ON b.id = m.branch_id WHERE b.city = 'Leeds'"
    )


def test_many_rows_become_an_exists_so_that_nobody_is_counted_twice() -> None:
    assert sql("Which members borrowed Dune?") == (
        "SELECT m.name FROM members m WHERE EXISTS (SELECT 1 FROM loans l JOIN books b ON b.id = l.book_id"
        " WHERE l.member_id = m.id AND b.title = 'Dune')"
    )


def test_never_is_not_exists_and_never_not_in() -> None:
    assert "WHERE NOT EXISTS (SELECT 1 FROM loans l WHERE l.member_id = m.id)" in sql("Which members have no loans?")


def test_counts_per_entity_group_by_its_key_too() -> None:
    assert "GROUP BY m.name, m.id" in sql("How many loans does each member have?")


def test_at_least_two() -> None:
    assert "GROUP BY l.member_id HAVING count(*) >= 2" in sql("Names of members with at least two loans")


def test_percentage_is_one_pass_with_a_filter() -> None:
    found = sql("What percentage of books are poetry?")
    assert found == (
        "SELECT 100 * (count(*) FILTER (WHERE genre = 'poetry'))::numeric / NULLIF(count(*), 0) AS percentage"
        " FROM books"
    )


def test_periods_are_half_open_ranges() -> None:
    assert "loaned_on >= DATE '2024-03-01' AND loaned_on < DATE '2024-04-01'" in sql("How many loans in March 2024?")


def test_impossible_for_one_row_means_two_sets() -> None:
    assert "INTERSECT" in sql("Which genres have books with more than 500 pages and books with less than 100 pages?")


def test_values_are_quoted_so_that_they_stay_values() -> None:
    assert "name = 'O''Neil'" in sql('Show the age of the member "O\'Neil"')
    hostile = read('Which members are called "x\'; DROP TABLE members; --"?')
    texts = [hostile.sql or "", *(r.sql or "" for r in hostile.alternatives)]
    assert all("'x''; DROP TABLE members; --'" in text for text in texts if "DROP" in text)


@pytest.mark.parametrize(
    "question",
    [
        "What is the meaning of life?",
        "How many members own a bicycle?",
        "Who is the prime minister of Norway?",
        "What is the colour of each book?",
        "",
        "?!",
        "🙂",
    ],
)
def test_what_the_database_does_not_hold_is_not_answered(question: str) -> None:
    reading = read(question)
    assert reading.sql is None
    assert reading.clarification is not None
    assert reading.clarification.message


def test_a_doubt_offers_the_reading_it_has() -> None:
    reading = read("How many members own a bicycle?")
    assert reading.confidence < ENGINE.line
    assert "bicycle" in reading.clarification.message if reading.clarification else False
    assert reading.alternatives
    assert reading.alternatives[0].sql


def test_every_answer_carries_intent_and_explanation() -> None:
    reading = read("Which books cost less than 10?")
    assert reading.intent is not None
    assert reading.intent.entities == ("books",)
    assert reading.explanation == "book title of books where price is below 10"


def test_reading_twice_is_the_same() -> None:
    question = "How many loans does each member have?"
    assert read(question) == BuiltInEngine().read(Question(question), LIBRARY, VALUES)


def test_translate_is_the_same_behind_the_port() -> None:
    question = Question("How many books are there?")
    assert asyncio.run(ENGINE.translate(question, LIBRARY, VALUES)) == ENGINE.read(question, LIBRARY, VALUES)


def test_long_nonsense_ends() -> None:
    assert read("the the of and or not " * 400).sql is None
