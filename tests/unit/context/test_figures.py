"""The numbers of the question are in the SQL, and those of the SQL in the question, or what the words mean."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.context.test_grounding import ORDERS, SHOP, VALUES, seen

from pgwarden.context.figures import unsaid_doubts, unused_doubts
from pgwarden.context.ground import Ground
from pgwarden.context.said import Said
from pgwarden.sql.claims import claims_of


def unused(text: str, sql: str) -> list[str]:
    return [doubt.words for doubt in unused_doubts(claims_of(sql, SHOP), text)]


def unsaid(text: str, sql: str, shop: object = SHOP) -> list[str]:
    question = seen(text)
    ground = Ground(question, shop, VALUES)  # type: ignore[arg-type]  # a catalog
    return [doubt.words for doubt in unsaid_doubts(claims_of(sql, SHOP), Said.of(question), ground)]


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("top 5 orders", "select id from orders order by total desc limit 5"),
        ("orders over 20%", "select id from orders where total > 0.2"),
        ("orders raised by 10 percent", "select total * 1.1 from orders"),
        ("orders of the last 2 weeks", "select id from orders where ordered > now() - interval '14 days'"),
        ("orders of the last 24 hours", "select id from orders where ordered > now() - interval '1 day'"),
        ("orders in May 2024", "select id from orders where ordered >= '2024-05-01' and ordered < '2024-06-01'"),
        ("orders in 2023", "select id from orders where ordered >= '2023-01-01' and ordered < '2024-01-01'"),
        ("the customer called 'Area 51'", "select id from customers where name = 'Area 51'"),
        ("customers with more than 2 orders", "select customer_id from orders group by 1 having count(*) >= 3"),
        ("customers in both states", "select name from customers group by name having count(distinct state) = 2"),
        ("orders at weekends", "select id from orders where extract(isodow from ordered) in (6, 7)"),
        ("the one with 1 order", "select customer_id from orders group by 1 having count(*) = 1 limit 1"),
        ("what share is paid", "select 100.0 * count(*) filter (where status = 'paid') / count(*) from orders"),
        ("orders we may ship", "select id from orders"),
    ],
)
def test_numbers_that_are_said_and_used_are_not_doubted(text: str, sql: str) -> None:
    assert unused(text, sql) == []
    assert unsaid(text, sql) == []


@pytest.mark.parametrize(
    ("text", "sql", "found"),
    [
        ("top 5 orders", "select id from orders order by total desc", "the question's 5 is nowhere in the SQL"),
        ("orders over 20 in 2023", "select id from orders where total > 20", "the question's 2023"),
        ("orders in May 2024", "select id from orders where ordered >= '2024-01-01'", "the question's May"),
        ("orders of the last 3 weeks", "select id from orders where ordered > now() - interval '14 days'", "'s 3 "),
    ],
)
def test_a_number_of_the_question_without_a_trace_is_doubted(text: str, sql: str, found: str) -> None:
    assert any(found in words for words in unused(text, sql)), unused(text, sql)


@pytest.mark.parametrize(
    ("text", "sql", "found"),
    [
        ("orders over 20", "select id from orders where total > 25", "the SQL says 25, and the question does not"),
        ("the orders", "select id from orders limit 10", "the SQL says 10"),
        ("orders of this month", "select id from orders where ordered >= '2024-05-01'", "the SQL says 2024-05-01"),
        ("old orders", "select id from orders where ordered < now() - interval '90 days'", "the SQL says 90 days"),
        ("big orders", "select customer_id from orders group by 1 having sum(total) > 500", "the SQL says 500"),
    ],
)
def test_a_number_that_nobody_said_is_doubted(text: str, sql: str, found: str) -> None:
    assert any(found in words for words in unsaid(text, sql)), unsaid(text, sql)


def test_a_number_that_a_comment_explains_is_not_doubted() -> None:
    orders = SHOP.relations[ORDERS]
    told = replace(orders, comment="late is what is paid after 31 days")
    sql = "select id from orders where total > 31"
    assert unsaid("late orders", sql) != []
    assert unsaid("late orders", sql, replace(SHOP, relations={**SHOP.relations, ORDERS: told})) == []
