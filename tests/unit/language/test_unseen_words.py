"""What raw schemas and plain speech bring: cut names, keys by other names, ages, endings, words that found no place."""

from __future__ import annotations

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.question import Question, Reading
from pgwarden.domain.value_index import SampledValues
from pgwarden.language.abbreviations import abbreviates
from pgwarden.language.engine import BuiltInEngine

CREW, SHIFTS, ROUTES = 1, 2, 3
CATALOG = catalog(
    table(CREW, "crw_mst", ["crw_no integer", "crw_nm text", "birth_dt date", "hometown text"]),
    table(
        SHIFTS,
        "shft_hdr",
        [
            "shft_no integer",
            "crw_no integer",
            "rte_cd text",
            "start_dt date",
            "end_dt date",
            "sts text",
            "pymt numeric",
        ],
    ),
    table(ROUTES, "routes", ["rte_cd text", "askingprice numeric", "hasferry boolean"]),
)
VALUES = SampledValues({(SHIFTS, 6): ("cancelled", "done"), (CREW, 4): ("Leeds", "York")})
ENGINE = BuiltInEngine()


def read(text: str) -> Reading:
    return ENGINE.read(Question(text), CATALOG, VALUES)


@pytest.mark.parametrize(
    ("short", "word", "so"),
    [
        ("pymt", "payment", True),
        ("seg", "segment", True),
        ("tkt", "ticket", True),
        ("pymt", "document", False),
        ("tkt", "tank", False),
        ("se", "segment", False),
        ("segment", "seg", False),
    ],
)
def test_a_short_form_keeps_the_beginning_or_the_consonants(short: str, word: str, so: bool) -> None:
    assert abbreviates(short, word) is so


ANSWERS = {
    "How many shifts does each crew have?": "LEFT JOIN shft_hdr",
    "What is the average payment of shifts?": "avg(pymt)",
    "Which crews are older than 40?": "birth_dt < current_date - interval '40 years'",
    "How many shifts were cancelled last month?": "end_dt >= date_trunc('month', current_date) - interval '1 month'",
    "What is the average asking price of routes?": "avg(askingprice)",
}


@pytest.mark.parametrize("question", ANSWERS)
def test_cut_names_are_found(question: str) -> None:
    reading = read(question)
    assert reading.sql is not None, (reading.clarification, reading.alternatives)
    assert ANSWERS[question] in reading.sql
    assert reading.explanation


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("What is the running total of payments of shifts?", "running"),
        ("How many minutes of shifts were there?", "minutes"),
    ],
)
def test_a_word_that_found_no_place_is_asked_about(question: str, word: str) -> None:
    reading = read(question)
    assert reading.sql is None
    assert reading.clarification is not None
    assert word in reading.clarification.message
