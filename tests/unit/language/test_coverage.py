"""Words of a question that leave no trace in the SQL, and readings that no row or every row would satisfy."""

from __future__ import annotations

import pytest
from tests.unit.language.schema import BOOKS, ENGINE, LIBRARY, LOANS, MEMBERS, VALUES, read

from pgwarden.language.confidence import LINE, WEIGHTS, confidence, features
from pgwarden.language.coverage import coverage
from pgwarden.language.draft import Draft
from pgwarden.language.engine import State
from pgwarden.language.forms import Block, Col, Compare, Cond, Has
from pgwarden.language.ignored import missing
from pgwarden.language.index import Field
from pgwarden.language.tokens import tokenize

KNOWN = ENGINE.knowledge(LIBRARY, VALUES)


def lost(text: str, sql: str) -> dict[str, float]:
    found = coverage(KNOWN.linker.link(tokenize(text)), KNOWN.index, sql).features()
    return {name: value for name, value in found.items() if value}


@pytest.mark.parametrize(
    ("text", "sql", "found"),
    [
        ("loans per member", "SELECT count(*) FROM loans", {"lost_tables": 1.0}),
        ("the genre of books", "SELECT title FROM books", {"lost_columns": 1.0, "lost_head": 1.0}),
        ("poetry books", "SELECT title FROM books", {"lost_values": 1.0}),
        ("books that were rebound", "SELECT title FROM books", {"lost_words": 1.0}),
        ("books reviewed", "SELECT title FROM books", {"lost_verbs": 1.0, "lost_states": 1.0}),
        ("books with the title 'Emma'", "SELECT title FROM books", {"lost_values": 1.0}),
    ],
)
def test_a_word_without_a_trace_is_told_by_what_it_is(text: str, sql: str, found: dict[str, float]) -> None:
    assert lost(text, sql) == found


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("poetry books", "SELECT title FROM books WHERE genre = 'poetry'"),
        ("the average price of the books", "SELECT avg(price) FROM books"),
        ("books with 'mm' in the title", "SELECT title FROM books WHERE title ILIKE '%mm%'"),
        ("please show me how many books there are", "SELECT count(*) FROM books"),
        ("the most expensive book of last year", "SELECT title FROM books ORDER BY price DESC LIMIT 1"),
    ],
)
def test_what_the_sql_shows_leaves_nothing(text: str, sql: str) -> None:
    assert lost(text, sql) == {}


@pytest.mark.parametrize(
    ("text", "sql", "clause"),
    [
        ("how many books are there", "SELECT title FROM books", "no_count"),
        ("average price of books", "SELECT price FROM books", "no_average"),
        ("total fine of loans", "SELECT fine FROM loans", "no_total"),
        ("percentage of novel books", "SELECT count(*) FROM books", "no_share"),
        ("rank the books", "SELECT title FROM books", "no_order"),
        ("loans of the past 30 days", "SELECT * FROM loans WHERE id = 30", "no_date"),
        ("books with 350 pages", "SELECT title FROM books", "no_number"),
        ("books with 5 or more pages", "SELECT title FROM books", "no_bound"),
        ("books never lent", "SELECT title FROM books WHERE state <> 'lent'", "no_never"),
        ("books still on loan", "SELECT title FROM books", "no_now"),
        ("books with both", "SELECT title FROM books", "no_both"),
        ("how much do the books cost", "SELECT title FROM books", "no_amount"),
        ("what did we spend on novels", "SELECT title FROM books", "no_amount"),
    ],
)
def test_a_clause_that_a_word_calls_for_is_missed(text: str, sql: str, clause: str) -> None:
    assert [name for name, value in missing(text.split(), sql).items() if value] == [clause]
    assert WEIGHTS[clause] < 0


def test_no_clause_is_missed_where_all_are_there() -> None:
    sql = "SELECT avg(fine) FROM loans WHERE loaned_on >= current_date - interval '30 days' ORDER BY avg(fine) DESC"
    assert not any(missing(["highest", "average", "fine", "of", "the", "last", "30", "days"], sql).values())


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("members in the same city as their branch", "same_as"),
        ("How many books with book id 3 are there?", "trivial"),
    ],
)
def test_a_reading_that_says_nothing_is_asked_about(text: str, feature: str) -> None:
    reading = read(text)
    shown = reading if reading.sql else reading.alternatives[0]
    assert isinstance(shown.state, State)
    assert dict(shown.state.features)[feature] == 1.0, shown.sql
    assert confidence({feature: 1.0}) < LINE


@pytest.mark.parametrize(
    "where",
    [
        (Compare(Col(Field(BOOKS, 3)), "=", ("novel",)), Compare(Col(Field(BOOKS, 3)), "ilike", ("%poetry%",))),
        (Has(LOANS, negated=True), Has(MEMBERS)),
    ],
)
def test_conditions_that_no_row_meets_are_a_contradiction(where: tuple[Cond, ...]) -> None:
    draft = Draft(KNOWN.index, KNOWN.graph, KNOWN.linker, (), [], main=BOOKS)
    found = features(draft, Block(BOOKS, (Col(Field(BOOKS, 2)),), where), 0.0, True, 1, 5, False)
    assert found["contradiction"] == 1.0
    assert features(draft, Block(BOOKS, (), where[:1]), 0.0, True, 1, 5, False)["contradiction"] == 0.0
    assert confidence({"contradiction": 1.0}) < LINE
