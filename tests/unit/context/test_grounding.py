"""What a statement states must be said in the question or be held by the column it stands beside."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.context.disclosure import blanked
from pgwarden.context.doubt import Doubt
from pgwarden.context.grounding import change_doubts, read_doubts
from pgwarden.context.said import Said
from pgwarden.domain.catalog import Type
from pgwarden.domain.feedback import Example
from pgwarden.domain.identity import Identity
from pgwarden.domain.question import Errand, Question, Reading
from pgwarden.domain.value_index import SampledValues
from pgwarden.sql.claims import claims_of
from pgwarden.sql.verdict import verdict_of

PRODUCTS, ORDERS, CUSTOMERS = 1, 2, 3
SHOP = catalog(
    table(PRODUCTS, "products", ["id integer", "title text", "price numeric", "active boolean", "brand text"]),
    table(
        ORDERS, "orders", ["id integer", "customer_id integer", "total numeric", "ordered date", "status text"],
        references=[(2, CUSTOMERS)],
    ),
    table(CUSTOMERS, "customers", ["id integer", "name text", "state text", "joined date", "left_on date"]),
)  # fmt: skip
VALUES = SampledValues(
    {
        (ORDERS, 5): ["paid", "open", "cancelled"],
        (CUSTOMERS, 3): ["Texas", "Ohio"],
        (PRODUCTS, 5): [f"brand {n}" for n in range(200)],
    }
)


def seen(text: str) -> Question:
    errand = Errand("shop", Identity("ann"), hidden=lambda _relation, _column: False)
    return Question(text, errand=errand)


def of_read(text: str, sql: str) -> tuple[Doubt, ...]:
    return read_doubts(claims_of(sql, SHOP), seen(text), SHOP, VALUES)


def of_change(text: str, sql: str) -> list[str]:
    claims = claims_of(sql, SHOP)
    decides = frozenset(place for literal in claims.literals if not literal.written for place in literal.columns)
    verdict = replace(verdict_of(sql, SHOP), conditions=decides)  # the small catalog has no operators to tell
    return [doubt.words for doubt in change_doubts(claims, verdict, seen(text), SHOP, VALUES)]


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("customers in Texas", "select 1 from customers where state = 'Texas'"),
        ("customers in texas", "select 1 from customers where lower(state) = 'texas'"),
        ("customers like ann", "select 1 from customers where name ilike '%ann%'"),
        ("orders since May 2024", "select 1 from orders where ordered >= '2024-05-01'"),
        ("products of Acme", "select 1 from products where brand = 'Acme'"),
        ("cancelled orders", "select to_char(ordered, 'YYYY') from orders where status = 'cancelled'"),
        ("what is still to be paid", "select 1 from orders where status in ('open')"),
    ],
)
def test_a_read_whose_values_are_said_or_held_is_not_doubted(text: str, sql: str) -> None:
    assert of_read(text, sql) == ()


@pytest.mark.parametrize(
    ("text", "sql", "near"),
    [
        ("customers in Texass", "select 1 from customers where state = 'Texass'", ("Texas",)),
        ("customers in texas", "select 1 from customers where state = 'texas'", ("Texas",)),
        ("paid customers", "select 1 from customers where state = 'paid'", ("Texas", "Ohio")),
        ("customers in Utah or Ohio", "select 1 from customers where state in ('Utah', 'Ohio')", ("Texas", "Ohio")),
        ("shipped orders", "select 1 from orders where status like 'ship%'", ("paid", "open", "cancelled")),
        ("products of the best brand", "select 1 from products where brand = 'Acme'", ()),
    ],
)
def test_a_value_is_known_only_by_its_own_column(text: str, sql: str, near: tuple[str, ...]) -> None:
    """A value that another column holds, that is spelled otherwise, or that nobody said, is doubted."""
    (doubt,) = of_read(text, sql)
    assert doubt.nearest == near
    assert doubt.words.startswith("no known ")


def test_what_an_earlier_turn_said_counts_for_a_read() -> None:
    sql = "select 1 from products where brand = 'Acme'"
    question = replace(seen("and how many?"), history=(Reading("products of Acme", sql, 0.9, "built-in"),))
    assert read_doubts(claims_of(sql, SHOP), question, SHOP, VALUES) == ()
    assert len(read_doubts(claims_of(sql, SHOP), seen("and how many?"), SHOP, VALUES)) == 1


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("Update the price of product ID 123 to $99.99", "update products set price = 99.99 where id = 123"),
        ("set the price of product 7 to 1,200", "update products set price = 1200 where id = 7"),
        ("delete all orders older than 6 months", "delete from orders where ordered < now() - interval '6 months'"),
        ("delete orders older than six months", "delete from orders where ordered < current_date - interval '6 mons'"),
        ("delete orders before March 2024", "delete from orders where ordered < '2024-03-01'"),
        ("delete the cancelled orders", "delete from orders where status = 'cancelled'"),
        ("cancel order 17", "update orders set status = 'cancelled' where id = 17"),
        ("mark product 7 as active", "update products set active = true where id = 7"),
        ("product 7 is not active", "update products set active = false where id = 7"),
        ("clear the total of order 4", "update orders set total = null where id = 4"),
        ("raise the price of product 7 by 10 %", "update products set price = price * 1.1 where id = 7"),
        ("reduce every product's price by 25 percent", "update products set price = price * 0.75"),
        ("delete all orders", "delete from orders"),
        ("add a customer named Ann in Ohio", "insert into customers (name, state) values ('Ann', 'Ohio')"),
        (
            "delete orders of customers from Texas",
            "delete from orders using customers c where c.id = customer_id and c.state = 'Texas'",
        ),
    ],
)
def test_a_change_that_the_question_says_in_full_is_not_doubted(text: str, sql: str) -> None:
    assert of_change(text, sql) == []


@pytest.mark.parametrize(
    ("text", "sql", "doubt"),
    [
        ("set the state of customer 7 to Ohio", "update customers set state = 'Texas' where id = 7", "value “Texas”"),
        ("set the state of customer 7 to Ohio", "update customers set name = 'Ohio' where id = 7", "customers.name"),
        ("set the state of customer 7 to Ohio", "update customers set state = 'Ohio' where id = 8", "number 8"),
        ("set the state of customer 7 to Ohio", "update customers set state = 'Ohio'", "every row"),
        (
            "set the state of customer 7 to Ohio",
            "update orders set status = 'Ohio' where id = 7",
            "table public.orders",
        ),
        ("delete the shipped orders", "delete from orders where status = 'shipped'", "no known status is “shipped”"),
        ("delete orders older than 6 months", "delete from orders where ordered < now() - interval '6 days'", "period"),
        ("delete orders older than 6 months", "delete from orders where ordered < '2024-01-01'", "date 2024-01-01"),
        ("delete customers from 2023", "delete from customers where left_on < '2023-01-01'", "customers.left_on"),
        ("delete orders in May 2024", "delete from orders where ordered = '2024-06-01'", "date 2024-06-01"),
        ("raise the price of product 7 by 10 %", "update products set price = price * 0.9 where id = 7", "number 0.9"),
        ("product 7 is not active", "update products set active = true where id = 7", "does not say true"),
        ("mark product 7 as active", "update products set active = false where id = 7", "does not say false"),
        ("set the total of order 4 to 5", "update orders set total = null where id = 4", "emptied"),
        ("add a customer named Ann", "insert into customers (name, state) values ('Ann', 'Ohio')", "value “Ohio”"),
        ("add a customer Ann", "insert into customers (name, joined) values ('Ann', '2024-01-01')", "customers.joined"),
        ("delete order 5", "delete from orders where id in (5, 6)", "number 6"),
        ("delete order 5", "delete from orders where id = 0xFFFFFFFFFFFF", "number 0xFFFFFFFFFFFF"),
        ("delete order 5", "delete from orders where id = 5 or status like '%'", "orders.status"),
    ],
)
def test_whatever_a_change_states_beyond_the_question_is_asked_about(text: str, sql: str, doubt: str) -> None:
    assert any(doubt in words for words in of_change(text, sql)), of_change(text, sql)


def test_a_definition_grounds_what_it_says_only_where_its_term_is_used() -> None:
    def doubts(text: str, sql: str) -> tuple[Doubt, ...]:
        glossary = (("big order", "all of them have a total over 5000"),)
        question = replace(seen(text), glossary=glossary)
        claims = claims_of(sql, SHOP)
        return change_doubts(claims, verdict_of(sql, SHOP), question, SHOP, VALUES)

    sql = "delete from orders where total > 5000"
    assert doubts("delete the big order rows", sql) == ()
    assert "number 5000" in doubts("delete the huge orders", sql)[0].words
    assert "every row" in doubts("delete the big order rows", "delete from orders")[0].words, (
        "a definition never says that every row is meant"
    )


def test_an_enumeration_may_be_written_only_with_its_own_words() -> None:
    labelled = Type(25, SHOP.types[25].name, "e", "E", False, 0, 0, 0, 0, labels=("small", "large"))
    shop = replace(SHOP, types={**SHOP.types, 25: labelled})
    sql = "update products set brand = 'huge' where id = 7"
    (doubt,) = change_doubts(
        claims_of(sql, shop), verdict_of(sql, shop), seen("set the brand of product 7 to huge"), shop, SampledValues({})
    )
    assert doubt.nearest == ("small", "large")


def test_values_are_not_shown_to_who_may_not_see_them() -> None:
    sql = "select 1 from customers where state = 'Texass'"
    (doubt,) = read_doubts(claims_of(sql, SHOP), Question("customers in Texass"), SHOP, VALUES)
    assert doubt.nearest == ()


def test_a_question_is_shown_to_others_without_its_values() -> None:
    assert (
        blanked("orders of Ann Smith over 4711, since May", ["%ann smith%", "4711"]) == "orders of … over …, since May"
    )


def test_numbers_and_periods_are_read_as_people_write_them() -> None:
    said = Said.of(Question("the last week, 1,250 items, three years, 7.5 %"))
    assert {1250.0, 3.0, 7.5} <= said.numbers
    assert said.has_period("1 week")
    assert said.has_period("3 years")
    assert not said.has_period("2 weeks")
    assert not said.has_period("3 fortnights")
    assert not said.has_period("03:00:00")


def test_a_number_that_a_definition_or_a_verified_example_gives_is_nobodys_invention() -> None:
    sql = "select id from orders where total > 5000"
    claims, question = claims_of(sql, SHOP), seen("the big orders")
    assert [doubt.words for doubt in read_doubts(claims, question, SHOP, VALUES)] == [
        "the SQL says 5000, and the question does not"
    ]
    defined = replace(question, glossary=(("big order", "its total is over 5000"),))
    assert read_doubts(claims, defined, SHOP, VALUES) == ()
    taught = Example("orders that are big", sql, "team", datetime(2026, 1, 1, tzinfo=UTC))
    assert read_doubts(claims, question, SHOP, VALUES, [taught]) == ()
    other = replace(taught, question="orders that are over 5000")
    assert len(read_doubts(claims, question, SHOP, VALUES, [other])) == 1, "another question's own value"
