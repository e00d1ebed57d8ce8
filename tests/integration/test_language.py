"""The built-in engine on real databases: the rows that its SQL brings back are the rows that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import psycopg
import pytest
from tests.support import language_domains as domains
from tests.support import (
    language_fleet,
    language_helpdesk,
    language_hotel,
    language_library,
    language_school,
    language_venue,
)
from tests.support.databases import MakeDatabase
from tests.support.unheld import UNHELD
from tests.support.unseen import (
    airline,
    auction,
    bloodbank,
    brewery,
    choir,
    cinema,
    costumes,
    council,
    court,
    dentist,
    escape,
    estate,
    ferry,
    firebrigade,
    freight,
    garden,
    harbour,
    insurance,
    league,
    music,
    observatory,
    orchard,
    plant,
    saas,
    skischool,
    telecom,
    waste,
)

from pgwarden.adapters.postgres.catalog import read_catalog
from pgwarden.adapters.postgres.tables import PostgresTableReader
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.question import Question, Reading
from pgwarden.language.engine import BuiltInEngine
from pgwarden.ports import ValueIndex

DOMAINS = {
    "clinic": (domains.CLINIC_SCHEMA, domains.CLINIC, domains.CLINIC_UNANSWERABLE),
    "logistics": (domains.LOGI_SCHEMA, domains.LOGI, domains.LOGI_UNANSWERABLE),
    "shop": (domains.SHOP_SCHEMA, domains.SHOP, domains.SHOP_UNANSWERABLE),
    **{
        module.__name__.rpartition("_")[2]: (module.SCHEMA, module.QUESTIONS, module.UNANSWERABLE)
        for module in (
            language_fleet, language_helpdesk, language_hotel, language_library, language_school, language_venue
        )
    },
}  # fmt: skip
KNOWN_WRONG = {"fleet": 1, "hotel": 1}
"""Answers still read otherwise than their author meant: revenue as what was invoiced, not as what trips cost; portions
of a kind as rows, not as their quantities."""


async def known(url: str) -> tuple[Catalog, ValueIndex]:
    """The catalog with inferred joins, and the value index, as the product reads them."""
    from dataclasses import replace

    catalog = await _catalog(url)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        reader = PostgresTableReader(connection)
        catalog = replace(catalog, inferred_joins=await reader.inferred_joins(catalog))
        return catalog, await reader.values(catalog)


async def _catalog(url: str) -> Catalog:
    import asyncio

    return await asyncio.to_thread(read_catalog, url)


def rows_of(connection: psycopg.Connection[tuple[object, ...]], sql: str) -> Sequence[tuple[object, ...]]:
    return connection.execute(sql.encode()).fetchall()


def holds(wanted: Sequence[tuple[object, ...]], found: Sequence[tuple[object, ...]]) -> bool:
    """Whether the wanted columns are all there, row for row, perhaps beside others and in another order."""

    def columns(rows: Sequence[tuple[object, ...]]) -> list[list[str]]:
        width = len(rows[0]) if rows else 0
        return [sorted(_text(row[i]) for row in rows) for i in range(width)]

    return len(wanted) == len(found) and all(column in columns(found) for column in columns(wanted))


def _text(value: object) -> str:
    try:
        return f"{float(value):.6g}"  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)


@pytest.mark.parametrize("domain", DOMAINS)
async def test_questions_of_an_unseen_domain_bring_the_right_rows(domain: str, make_database: MakeDatabase) -> None:
    schema, questions, unanswerable = DOMAINS[domain]
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(schema.encode())
        connection.execute("analyze")
        catalog, values = await known(url)
        engine = BuiltInEngine()
        wrong, asked, bound = [], [], []
        for text, gold in questions:
            reading = engine.read(Question(text), catalog, values)
            if reading.sql is None:
                asked.append(text)
            elif not holds(rows_of(connection, gold), rows_of(connection, reading.sql)):
                wrong.append((text, reading.sql))
            elif reading.parameters:
                bound.append((reading.sql, reading.bound_sql, reading.parameters))
    assert len(wrong) <= KNOWN_WRONG.get(domain, 0), wrong
    assert len(asked) <= len(questions) // 8, asked
    with psycopg.connect(url, cursor_factory=psycopg.RawCursor) as connection:
        for sql, with_places, parameters in bound:
            assert with_places is not None
            found = connection.execute(with_places.encode(), list(parameters)).fetchall()
            assert sorted(map(str, found)) == sorted(map(str, rows_of(connection, sql))), with_places
    answered = [text for text in unanswerable if engine.read(Question(text), catalog, values).sql is not None]
    assert answered == []


UNSEEN = {
    telecom: (0.5, 0.95, 0),
    insurance: (0.82, 0.95, 1),
    saas: (0.35, 0.83, 0),
    plant: (0.5, 0.82, 0),
    airline: (0.8, 0.92, 0),
    league: (0.85, 0.95, 0),
    music: (0.78, 0.92, 1),
    estate: (0.85, 0.9, 0),
    auction: (0.68, 0.88, 1),
    council: (0.54, 0.9, 0),
    harbour: (0.78, 0.95, 0),
    bloodbank: (0.7, 0.95, 0),
    choir: (0.68, 0.88, 0),
    firebrigade: (0.68, 0.95, 0),
    observatory: (0.81, 0.95, 0),
    brewery: (0.77, 0.95, 0),
    court: (0.75, 0.95, 0),
    garden: (0.7, 0.95, 0),
    freight: (0.43, 0.92, 0),
    ferry: (0.45, 0.88, 0),
    costumes: (0.55, 0.9, 0),
    skischool: (0.7, 0.92, 0),
    waste: (0.57, 0.95, 0),
    escape: (0.66, 0.9, 0),
    dentist: (0.71, 0.9, 0),
    cinema: (0.7, 0.93, 0),
    orchard: (0.64, 0.86, 0),
}
"""What must hold of databases written after the engine: the share of questions answered rightly, the share of answers
that are right, and how many questions without an answer may be answered."""
HELD_OUT = (saas, plant, airline, music, auction, council, cinema, orchard)
"""Those whose failures were never looked at: of them a failing test tells numbers alone."""


@pytest.mark.parametrize("domain", UNSEEN, ids=lambda module: module.__name__.rpartition(".")[2])
async def test_databases_seen_for_the_first_time_are_answered_rightly_or_not_at_all(
    domain: ModuleType, make_database: MakeDatabase
) -> None:
    right_share, precision, loose = UNSEEN[domain]
    url = make_database()
    engine = BuiltInEngine()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(domain.SCHEMA.encode())
        connection.execute("analyze")
        catalog, values = await known(url)
        right, wrong = list[str](), list[str]()
        for text, gold in domain.QUESTIONS:
            sql = engine.read(Question(text), catalog, values).sql
            if sql is None:
                continue
            found = rows_of(connection, sql)
            held = any(holds(rows_of(connection, one), found) for one in gold.split(";"))
            (right if held else wrong).append("a question" if domain in HELD_OUT else text)
    answered = [t for t in domain.UNANSWERABLE if engine.read(Question(t), catalog, values).sql is not None]
    rights, wrongs, all_ = len(right), len(wrong), len(domain.QUESTIONS)
    assert rights >= right_share * all_, f"{rights} right of {all_}"
    assert rights >= precision * (rights + wrongs), wrong
    assert len(answered) <= loose, len(answered) if domain in HELD_OUT else answered


@pytest.mark.parametrize("domain", UNHELD)
async def test_what_a_database_does_not_hold_is_refused(domain: str, make_database: MakeDatabase) -> None:
    module = next(m for m in UNSEEN if m.__name__.endswith(f".{domain}"))
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(module.SCHEMA.encode())
        connection.execute("analyze")
    catalog, values = await known(url)
    engine = BuiltInEngine()
    answered = [text for text in UNHELD[domain] if engine.read(Question(text), catalog, values).sql is not None]
    assert len(answered) <= 1, answered


class TestTheSampleShop:
    """The requirements' examples on the shop that ships with the product."""

    @pytest.fixture
    async def ask(self, shop_url: str) -> object:
        catalog, values = await known(shop_url)
        engine = BuiltInEngine()

        def read(text: str, *history: Reading) -> Reading:
            return engine.read(Question(text, history=history), catalog, values)

        return read

    async def test_customers_of_a_state(self, ask, shop_url: str) -> None:  # type: ignore[no-untyped-def]
        reading = ask("Show me all customers from California")
        assert reading.sql == "SELECT *\nFROM customers\nWHERE state = 'California'"
        assert "state is California" in reading.explanation
        assert reading.intent.intent_type == "SELECT"
        assert reading.intent.conditions[0].column == "state"

    async def test_registrations_of_the_last_month(self, ask, shop_url: str) -> None:  # type: ignore[no-untyped-def]
        reading = ask("How many users registered last month?")
        with psycopg.connect(shop_url) as connection:
            found = rows_of(connection, reading.sql)
            wanted = rows_of(
                connection,
                "select count(*) from users where registered_at >= date_trunc('month', current_date) -"
                " interval '1 month'"
                " and registered_at < date_trunc('month', current_date)",
            )
        assert found == wanted

    async def test_a_price_change_is_one_grounded_update(self, ask) -> None:  # type: ignore[no-untyped-def]
        reading = ask("Update the price of product ID 123 to $99.99")
        assert reading.sql == "UPDATE products\nSET price = 99.99\nWHERE id = 123"
        assert reading.intent.intent_type == "UPDATE"

    async def test_old_orders_are_deleted_by_their_date(self, ask) -> None:  # type: ignore[no-untyped-def]
        reading = ask("Delete all orders older than 6 months")
        assert reading.sql == "DELETE FROM orders\nWHERE ordered_at < current_date - interval '6 months'"
        assert reading.intent.intent_type == "DELETE"

    @pytest.mark.parametrize(
        "text",
        [
            "Delete customers",
            "Update the flavour of product 3 to mint",
            "Delete the unlucky suppliers",
            "Set the status of orders to 'sold out'",
            "Remove customers from Atlantis",
        ],
    )
    async def test_a_change_that_is_not_grounded_is_asked_about(self, ask, text: str) -> None:  # type: ignore[no-untyped-def]
        reading = ask(text)
        assert reading.sql is None
        assert reading.clarification is not None

    async def test_business_questions_run(self, ask, shop_url: str) -> None:  # type: ignore[no-untyped-def]
        """Each answer is checked against SQL written by hand."""
        cases = {
            "Top 5 products by revenue": "select name, sum(line_total) from products p join order_items i on"
            " i.product_id = p.id group by p.id order by 2 desc limit 5",
            "Customers in Texas with more than 3 orders": "select full_name from customers where state = 'Texas' and"
            " (select count(*) from orders where customer_id = customers.id) > 3",
            "average rating per product": "select name, avg(rating) from products p join (select product_id, rating"
            " from reviews) r on r.product_id = p.id group by p.id, name",
            "Percentage of orders that were returned": "select 100 * avg((status = 'returned')::int) from orders",
            "Which customers have never ordered?": "select full_name from customers where id not in (select customer_id"
            " from orders)",
        }
        with psycopg.connect(shop_url) as connection:
            for text, gold in cases.items():
                reading = ask(text)
                assert reading.sql is not None, text
                assert holds(rows_of(connection, gold), rows_of(connection, reading.sql)), reading.sql

    async def test_answers_are_those_written_by_hand(self, ask, shop_url: str) -> None:  # type: ignore[no-untyped-def]
        """Filters pick among the rows that are measured; superlatives sort by what they speak of."""
        recent = "o.ordered_at >= current_date - interval '90 days'"
        lines = "from order_items i join orders o on o.id = i.order_id join products p on p.id = i.product_id"
        year = "o.ordered_at >= date_trunc('year', current_date) and o.ordered_at < date_trunc('year', current_date)"
        quarter = "date_trunc('quarter', current_date)"
        cases = {
            "top 5 products by revenue in the last 90 days": f"select p.name, sum(line_total) {lines} where {recent}"
            " group by p.id order by 2 desc limit 5",
            "revenue by category last quarter": f"select c.name, sum(line_total) {lines} join categories c on"
            f" c.id = p.category_id where o.ordered_at >= {quarter} - interval '3 months' and o.ordered_at < {quarter}"
            " group by c.id",
            "average rating of products per supplier in 2026": "select s.name, avg(r.rating) from reviews r join"
            " products p on p.id = r.product_id join suppliers s on s.id = p.supplier_id where r.created_at >="
            " '2026-01-01' and r.created_at < '2027-01-01' group by s.id",
            "number of orders per state this year": "select c.state, count(*) from orders o join customers c on"
            f" c.id = o.customer_id where {year} + interval '1 year' group by c.state",
            "total revenue last quarter": "select sum(total) from orders o where o.ordered_at >="
            f" {quarter} - interval '3 months' and o.ordered_at < {quarter}",
            "how many orders per customer last month": "select c.full_name, count(*) from orders o join customers c on"
            " c.id = o.customer_id where date_trunc('month', o.ordered_at) = date_trunc('month', current_date)"
            " - interval '1 month' group by c.id",
            "how many products were sold last month": "select count(distinct i.product_id) from order_items i join"
            " orders o on o.id = i.order_id where date_trunc('month', o.ordered_at) ="
            " date_trunc('month', current_date) - interval '1 month'",
            "show the 10 newest orders with customer name": "select o.id, full_name from orders o join customers c on"
            " c.id = o.customer_id order by o.ordered_at desc limit 10",
            "who are the 3 best paid employees?": "select first_name, last_name from employees order by salary desc"
            " limit 3",
            "who is the highest paid employee?": "select first_name, last_name from employees order by salary desc"
            " limit 1",
            "show the cheapest product": "select name from products order by price limit 1",
            "the 5 most expensive products": "select name from products order by price desc limit 5",
            "latest order": "select id from orders order by ordered_at desc limit 1",
            "show the newest 5 customers": "select full_name from customers order by created_at desc limit 5",
            "longest reviews": "select title from reviews order by length(body) desc limit 10",
            "who earns the most?": "select first_name, last_name from employees order by salary desc limit 1",
            "orders per month, most first": "select date_trunc('month', ordered_at), count(*) from orders group by 1",
            "total payments by method": "select method, sum(amount) from payments group by 1",
            "how many orders does each customer have?": "select c.full_name, count(o.id) from customers c left join"
            " orders o on o.customer_id = c.id group by c.id",
            "employees who earn more than their manager": "select e.first_name, e.last_name from employees e join"
            " employees m on m.id = e.manager_id where e.salary > m.salary",
            "employees and their managers": "select e.last_name, m.last_name from employees e left join employees m"
            " on m.id = e.manager_id",
            "categories with their parent": "select c.name, p.name from categories c left join categories p"
            " on p.id = c.parent_id",
            "which employees have no manager?": "select last_name from employees where manager_id is null",
            "number of products sold per category in the last month": "select c.name, count(distinct p.id) from"
            " order_items i join orders o on o.id = i.order_id join products p on p.id = i.product_id join categories c"
            " on c.id = p.category_id where date_trunc('month', o.ordered_at) = date_trunc('month', current_date)"
            " - interval '1 month' group by c.id",
            "orders 3 months ago": "select id from orders where date_trunc('month', ordered_at) ="
            " date_trunc('month', current_date) - interval '3 months'",
            "best selling products": "select p.name, sum(i.quantity) from order_items i join products p on"
            " p.id = i.product_id group by p.id order by 2 desc limit 10",
            "largest orders": "select id from orders order by total desc limit 10",
            "orders by customer": "select c.full_name, count(*) from orders o join customers c on c.id = o.customer_id"
            " group by c.id",
            "latest order of each customer": "select distinct on (c.id) c.full_name, o.id from orders o join"
            " customers c on c.id = o.customer_id order by c.id, o.ordered_at desc",
        }
        wrong = []
        with psycopg.connect(shop_url) as connection:
            for text, gold in cases.items():
                reading = ask(text)
                if reading.sql is None or not holds(rows_of(connection, gold), rows_of(connection, reading.sql)):
                    wrong.append((text, reading.sql))
        assert wrong == []

    async def test_periods_come_in_their_order(self, ask, shop_url: str) -> None:  # type: ignore[no-untyped-def]
        with psycopg.connect(shop_url) as connection:
            for text in ("orders per month", "How many orders by month?", "revenue by month"):
                months = [str(row[0]) for row in rows_of(connection, ask(text).sql)]
                assert months == sorted(months), text
                assert len(months) == len(set(months)), text

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("How many users registered last month?", "number of users where registered in the previous month"),
            ("orders in the last 90 days", "order id of orders where ordered in the last 90 days"),
            ("total revenue this year", "sum of order total where ordered this year"),
            ("how many orders in 2026", "number of orders where ordered in 2026"),
            ("orders older than 6 months", "order id of orders where ordered more than 6 months ago"),
        ],
    )
    async def test_periods_are_said_as_people_say_them(self, ask, text: str, said: str) -> None:  # type: ignore[no-untyped-def]
        assert ask(text).explanation == said

    async def test_a_conversation(self, ask, shop_url: str) -> None:  # type: ignore[no-untyped-def]
        """Follow-ups after a count, a list and a grouped answer."""
        month = "select date_trunc('month', ordered_at), count(*) from orders group by 1 order by 1"
        texas = "select full_name from customers where state = 'Texas'"
        states = "select c.state, {} from orders o join customers c on c.id = o.customer_id group by 1 order by 2 desc"
        talks: list[list[tuple[str, str]]] = [
            [
                ("how many orders are there?", "select count(*) from orders"),
                ("and by month?", month),
                ("only the first three", f"{month} limit 3"),
            ],
            [("how many orders are there?", "select count(*) from orders"),
             ("and the average?", "select avg(total) from orders")],
            [
                ("show customers from California", "select full_name from customers where state = 'California'"),
                ("what about Texas?", texas),
                ("sort by name descending", f"{texas} order by 1 desc"),
                ("only the first three", f"{texas} order by 1 desc limit 3"),
            ],
            [
                ("number of orders per state", states.format("count(*)")),
                ("sort by total descending", states.format("count(*)")),
                ("and the average?", states.format("avg(total)")),
            ],
            [
                ("top 5 products by revenue in the last 90 days",
                 ("select name, sum(line_total) from order_items i join orders o on o.id = order_id join products p on"
                 " p.id = product_id where ordered_at >= current_date - interval '90 days' group by p.id"
                 " order by 2 desc limit 5")),
                ("what about last year?",
                 ("select name, sum(line_total) from order_items i join orders o on o.id = order_id join products p on"
                 " p.id = product_id where date_trunc('year', ordered_at) = date_trunc('year', current_date)"
                 " - interval '1 year' group by p.id order by 2 desc limit 5")),
            ],
        ]  # fmt: skip
        wrong = []
        with psycopg.connect(shop_url) as connection:
            for talk in talks:
                history: list[Reading] = []
                for text, gold in talk:
                    history.append(ask(text, *history))
                    sql = history[-1].sql
                    if sql is None or not holds(rows_of(connection, gold), rows_of(connection, sql)):
                        wrong.append((text, sql))
        assert wrong == []

    async def test_a_table_that_is_withheld_is_not_answered_by_its_neighbour(self, shop_url: str) -> None:
        from dataclasses import replace

        catalog, values = await known(shop_url)
        relations = {oid: r for oid, r in catalog.relations.items() if r.name.name != "orders"}
        narrow = replace(catalog, relations=relations, version="without orders")
        reading = BuiltInEngine().read(Question("how many orders are there?"), narrow, values)
        assert reading.sql is None
        assert reading.clarification is not None
