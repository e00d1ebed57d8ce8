"""Shapes of questions that once gave a wrong answer: each is read rightly, or asked back."""

from __future__ import annotations

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.question import Question, Reading
from pgwarden.domain.value_index import SampledValues
from pgwarden.language.engine import BuiltInEngine

RIDERS, BIKES, RENTALS, REPAIRS, SWAPS = 1, 2, 3, 4, 5
CATALOG = catalog(
    table(RIDERS, "riders", ["id integer", "name text", "gender text", "bike_id integer"], references=[(4, BIKES)]),
    table(BIKES, "bikes", ["id integer", "label text", "colour text", "asking_price numeric", "sale_price numeric"]),
    table(
        RENTALS,
        "rentals",
        ["id integer", "rider_id integer", "bike_id integer", "started_on date", "fare numeric"],
        references=[(2, RIDERS), (3, BIKES)],
    ),
    table(
        REPAIRS,
        "repairs",
        ["id integer", "bike_id integer", "kind text", "reported_on date", "due_on date", "finished_on date",
         "cost numeric"],
        references=[(2, BIKES)],
    ),
    table(
        SWAPS,
        "swaps",
        ["id integer", "giver_id integer", "taker_id integer", "points integer"],
        references=[(2, RIDERS), (3, RIDERS)],
    ),
)  # fmt: skip
VALUES = SampledValues(
    {(RIDERS, 3): ("F", "M"), (BIKES, 3): ("black", "red"), (REPAIRS, 3): ("brakes", "chain", "tyre")}
)
ENGINE = BuiltInEngine()
DAYS = "(finished_on - reported_on)"


def read(text: str) -> Reading:
    return ENGINE.read(Question(text), CATALOG, VALUES)


def sql(text: str) -> str:
    reading = read(text)
    assert reading.sql is not None, reading.alternatives
    return " ".join(reading.sql.split())


CASES = {
    # several values before what is counted: one count for each
    "How many red and black bikes are there?": "SELECT colour, count(*) AS bikes_count FROM bikes"
    " WHERE colour IN ('red', 'black') GROUP BY colour",
    "How many male and female riders are there?": "SELECT gender, count(*) AS riders_count FROM riders"
    " WHERE gender IN ('M', 'F') GROUP BY gender",
    # one number where either will do
    "How many red or black bikes are there?": "SELECT count(*) AS bikes_count FROM bikes"
    " WHERE colour IN ('red', 'black')",
    # two columns compared
    "Which bikes were sold for more than the asking price?": "SELECT label FROM bikes WHERE sale_price > asking_price",
    "Bikes whose sale price is below the asking price": "SELECT label FROM bikes WHERE sale_price < asking_price",
    "Which repairs were finished after the due date?": "SELECT id FROM repairs WHERE finished_on > due_on",
    # stretches of time between columns
    "What is the average number of days between report and finish of repairs?": f"SELECT avg({DAYS}) AS avg_duration"
    " FROM repairs",
    "What is the average number of days to finish a repair, by kind?": f"SELECT kind, avg({DAYS}) AS avg_duration"
    " FROM repairs GROUP BY kind",
    "Repairs that took more than 7 days": f"SELECT id FROM repairs WHERE {DAYS} > 7",
    "Repairs finished within 3 days": f"SELECT id FROM repairs WHERE {DAYS} <= 3",
    # shown beside, not a condition
    "Show each rental with the name of its rider": "SELECT r.id, r2.name FROM rentals r"
    " JOIN riders r2 ON r2.id = r.rider_id",
    "Find the rental with the highest fare and the name of its rider": "SELECT r.id, r2.name FROM rentals r"
    " JOIN riders r2 ON r2.id = r.rider_id ORDER BY r.fare DESC NULLS LAST LIMIT 1",
    # along time
    "running total of fares by month": "SELECT date_trunc('month', started_on) AS month,"
    " sum(sum(fare)) OVER (ORDER BY date_trunc('month', started_on)) AS running_total_fare FROM rentals"
    " GROUP BY date_trunc('month', started_on) ORDER BY month",
}


@pytest.mark.parametrize("question", CASES)
def test_the_reading_is_the_meant_one(question: str) -> None:
    assert sql(question) == CASES[question]


@pytest.mark.parametrize(
    "question",
    [
        "Which bikes had brakes repairs but no chain repairs?",
        "Which bikes had brakes repairs but did not have chain repairs?",
        "bikes that had a brakes repair but never had a chain repair",
    ],
)
def test_a_denied_deed_is_one_that_no_row_shows(question: str) -> None:
    found = sql(question)
    assert "NOT EXISTS (SELECT 1 FROM repairs r WHERE r.bike_id = b.id AND r.kind = 'chain')" in found
    assert "AND EXISTS (SELECT 1 FROM repairs r2 WHERE r2.bike_id = b.id AND r2.kind = 'brakes')" in found


def test_neither_of_two_denied_values_may_occur() -> None:
    assert "NOT EXISTS (SELECT 1 FROM repairs r WHERE r.bike_id = b.id AND r.kind IN ('chain', 'tyre'))" in sql(
        "Which bikes never had a chain or tyre repair?"
    )


@pytest.mark.parametrize("question", ["bikes that nobody rented", "Which bikes did no one rent?"])
def test_what_nobody_did_is_not_there(question: str) -> None:
    assert sql(question) == (
        "SELECT b.label FROM bikes b WHERE NOT EXISTS (SELECT 1 FROM rentals r WHERE r.bike_id = b.id)"
    )


def test_growth_is_in_percent_of_the_period_before_and_says_so() -> None:
    reading = read("month over month growth of fares")
    assert "lag(sum(fare)) OVER (ORDER BY date_trunc('month', started_on))" in str(reading.sql)
    assert "growth in percent of the month before" in reading.assumptions


@pytest.mark.parametrize(
    "question",
    [
        "What is the total of points by rider?",  # given or taken?
        "total repair cost per rental for each bike",  # repairs and rentals repeat each other when joined
        "Bikes that cost more than the deposit",  # no such column
        "running total of fares",  # along what?
    ],
)
def test_what_could_be_meant_otherwise_is_asked_back(question: str) -> None:
    reading = read(question)
    assert reading.sql is None
    assert reading.clarification is not None


def test_a_word_for_the_role_decides() -> None:
    assert "giver_id" in sql("total points by giver")


BILLS = catalog(table(1, "bills", ["id integer", "state text", "issued_on date", "total numeric"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("show the id and total of bills with id 9", "SELECT id, total FROM bills WHERE id = 9"),
        ("show the state and total of bills", "SELECT state, total FROM bills"),
        ("state and total of bills by state", "SELECT state, sum(total) AS total_total FROM bills GROUP BY state"),
        ("total of bills", "SELECT sum(total) AS total_total FROM bills"),
    ],
)
def test_a_column_called_total_is_one_among_columns_and_a_sum_by_itself(text: str, expected: str) -> None:
    read = ENGINE.read(Question(text), BILLS, SampledValues({})).sql
    assert read is not None
    assert " ".join(read.split()).removesuffix(" ORDER BY state") == expected
