"""Rankings of all rows, two periods side by side, ratios of sums, shares of those with many rows, above the average."""

from __future__ import annotations

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.question import Question, Reading
from pgwarden.domain.value_index import SampledValues
from pgwarden.language.engine import BuiltInEngine

KEEPERS, HIVES, HARVESTS, VISITS, JARS = 1, 2, 3, 4, 5
CATALOG = catalog(
    table(KEEPERS, "keepers", ["id integer", "name text", "yearly_fee numeric"]),
    table(HIVES, "hives", ["id integer", "label text", "keeper_id integer", "state text", "price numeric"],
          references=[(3, KEEPERS)]),
    table(HARVESTS, "harvests", ["id integer", "hive_id integer", "harvested_on date", "volume numeric", "kind text"],
          references=[(2, HIVES)]),
    table(VISITS, "visits", ["id integer", "hive_id integer", "keeper_id integer", "visited_on date", "cost numeric"],
          references=[(2, HIVES), (3, KEEPERS)]),
    table(JARS, "shop_ord", ["ord_no integer", "keeper_id integer", "ord_dt date", "exp_dt date", "amount numeric",
                             "sts text"], references=[(2, KEEPERS)]),
)  # fmt: skip
VALUES = SampledValues(
    {(HIVES, 4): ("available", "sold"), (HARVESTS, 5): ("acacia", "lime"), (JARS, 6): ("cancelled", "sent")}
)
ENGINE = BuiltInEngine()
THIS = ">= date_trunc('month', current_date) AND {0} < date_trunc('month', current_date) + interval '1 month'"
LAST = ">= date_trunc('month', current_date) - interval '1 month' AND {0} < date_trunc('month', current_date)"


def both(measure: str, column: str, name: str, rows: str) -> str:
    now, before = (f"{measure} FILTER (WHERE {column} {p.format(column)})" for p in (THIS, LAST))
    outputs = f"{now} AS {name}_this_month, {before} AS {name}_last_month, ({now} - {before}) AS difference"
    either = " OR ".join(f"{column} {p.format(column)}" for p in (THIS, LAST))
    return f"SELECT {outputs} FROM {rows} WHERE ({either})"


CASES = {
    # rankings
    "Rank the keepers by total visits": "SELECT k.name, count(*) AS visits_count, rank() OVER (ORDER BY count(*) DESC)"
    " AS rank FROM keepers k JOIN visits v ON v.keeper_id = k.id GROUP BY k.name, k.id"
    " ORDER BY visits_count DESC NULLS LAST",
    "Rank hives by price": "SELECT label, price, rank() OVER (ORDER BY price DESC) AS rank FROM hives"
    " ORDER BY price DESC NULLS LAST",
    # two periods side by side
    "Compare visits this month with last month": both("count(*)", "visited_on", "visits_count", "visits"),
    "Harvest volume this month versus last month": both("sum(volume)", "harvested_on", "total_volume", "harvests"),
    "How do visits this month compare to last month?": both("count(*)", "visited_on", "visits_count", "visits"),
    # ratios of sums, in one table and in two
    "What is the ratio of volume of acacia to volume of lime?": "SELECT (sum(volume) FILTER (WHERE kind = 'acacia'))"
    "::numeric / NULLIF(sum(volume) FILTER (WHERE kind = 'lime'), 0) AS ratio FROM harvests",
    # shares: who has none of the many rows counts too
    "What percentage of hives had a visit over 50?": "SELECT 100 * (count(*) FILTER (WHERE EXISTS (SELECT 1 FROM"
    " visits v WHERE v.hive_id = h.id AND v.cost > 50)))::numeric / NULLIF(count(*), 0) AS percentage FROM hives h",
    "What share of the hives is sold, by keeper?": "SELECT k.name, (count(*) FILTER (WHERE h.state = 'sold'))::numeric"
    " / NULLIF(count(*), 0) AS ratio FROM hives h JOIN keepers k ON k.id = h.keeper_id GROUP BY k.name, k.id",
    "What percentage of hives had no visit?": "SELECT 100 * (count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM visits v"
    " WHERE v.hive_id = h.id)))::numeric / NULLIF(count(*), 0) AS percentage FROM hives h",
    # above the average
    "Hives more expensive than the average": "SELECT label FROM hives WHERE price > (SELECT avg(h.price) AS avg_price"
    " FROM hives h)",
    "Visits larger than the average visit": "SELECT id FROM visits WHERE cost > (SELECT avg(v.cost) AS avg_cost"
    " FROM visits v)",
    # words that stand for a table, a state or a group
    "How many orders were cancelled?": "SELECT count(*) AS shop_ord_count FROM shop_ord WHERE sts = 'cancelled'",
    "How many orders expired?": "SELECT count(*) AS shop_ord_count FROM shop_ord WHERE exp_dt < current_date",
    "How many available hives are there?": "SELECT count(*) AS hives_count FROM hives WHERE state = 'available'",
    "Total amount ordered by status": "SELECT sts, sum(amount) AS total_amount FROM shop_ord GROUP BY sts",
}  # fmt: skip


def read(text: str) -> Reading:
    return ENGINE.read(Question(text), CATALOG, VALUES)


@pytest.mark.parametrize("text", CASES)
def test_a_comparison_of_wholes(text: str) -> None:
    reading = read(text)
    assert " ".join((reading.sql or "").split()) == CASES[text], reading.alternatives


@pytest.mark.parametrize(
    "text",
    [
        "What is the highest moisture of the harvests?",
        "Compare the moisture this month with last month",
        "Which keepers live in the same town as their hives?",
    ],
)
def test_what_cannot_be_compared_is_asked_about(text: str) -> None:
    assert read(text).sql is None
