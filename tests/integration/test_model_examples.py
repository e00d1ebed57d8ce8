"""What people verified makes the model engine better: shown with a model that can only do what its prompt shows it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.support.copying_model import copied, material
from tests.support.databases import create_database, drop_database
from tests.support.model_house import Ground, House, road
from tests.support.model_server import model

from pgwarden.context.disclosure import Discloses, Disclosure
from pgwarden.domain.feedback import Example

AT = datetime(2026, 1, 1, tzinfo=UTC)
PAIRS = {
    "What is the name of the customer who ordered most?": (
        "Name of the customer with most orders, who ordered more than anybody",
        "select name from customers c join orders o on customer_id = c.id group by name order by count(*) desc limit 1",
    ),
    "What is the average total of paid orders?": (
        "Give me the average of what was paid for orders",
        "select avg(total) from orders where status = 'paid'",
    ),
    "Which customers of Ohio are active?": (
        "List the active ones of all Ohio customers",
        "select name from customers where state = 'Ohio' and active",
    ),
    "How many orders does each customer have?": (
        "For each customer: how many orders are there?",
        "select name, count(orders.id) from customers left join orders on customer_id = customers.id group by name",
    ),
    "What is the latest date of an open order?": (
        "On which date was the latest order made that is still open?",
        "select max(ordered) from orders where status = 'open'",
    ),
}
"""Asked → (what was verified, its SQL)."""
TAUGHT = tuple(Example(said, sql, "team", AT) for said, sql in PAIRS.values())
OTHERS = tuple(
    Example(f"What is the name of the customer of which the total is the {n}. of all?", f"select {n}", "team", AT)
    for n in range(20)
)
"""They share the words that every question has."""


@pytest.fixture(scope="module")
def ground(pg18_url: str) -> Iterator[Ground]:
    name = f"examples_{uuid.uuid4().hex[:10]}"
    yield Ground(create_database(pg18_url, name))
    drop_database(pg18_url, name)


async def right(ground: Ground, examples: tuple[Example, ...]) -> list[str]:
    """The questions that the engine answers with what was verified."""
    found = []
    with model(copied) as (_, spec):
        for question, (_said, sql) in PAIRS.items():
            house = House(ground, road(spec), discloses=Discloses.SAMPLES, examples=examples)
            house.engine.disclosure = replace(house.engine.disclosure, personal=True)
            reading = await house.ask(question, may_read=False)
            if reading.sql == sql:
                found.append(question)
    return found


async def test_verified_examples_raise_what_the_model_engine_gets_right(ground: Ground) -> None:
    assert await right(ground, OTHERS) == []
    assert await right(ground, (*OTHERS, *TAUGHT)) == list(PAIRS)


async def test_the_right_example_is_kept_where_the_budget_takes_only_one(ground: Ground) -> None:
    long = tuple(replace(e, sql=f"{e.sql}, '{'x' * 2000}'") for e in OTHERS)
    with model(copied) as (server, spec):
        house = House(ground, road(spec), examples=(*long, *TAUGHT))
        house.engine.disclosure, house.engine.budget = Disclosure(Discloses.SAMPLES, personal=True), 800
        for question, (said, sql) in PAIRS.items():
            reading = await house.ask(question, may_read=False)
            assert sql in (reading.sql, reading.alternatives[0].sql if reading.alternatives else ""), question
            shown = material(server.got[-1])
            assert said in shown
            assert "xxx" not in shown, "what does not fit is left out, and not all of them for it"
            assert "public.orders" in shown, "the tables have their room"
