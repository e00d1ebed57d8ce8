"""The built-in engine on real databases: the rows that its SQL brings back are the rows that were asked for."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
import pytest
from tests.support import language_domains as domains
from tests.support.databases import MakeDatabase

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
}


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
        wrong, asked = [], []
        for text, gold in questions:
            reading = engine.read(Question(text), catalog, values)
            if reading.sql is None:
                asked.append(text)
            elif not holds(rows_of(connection, gold), rows_of(connection, reading.sql)):
                wrong.append((text, reading.sql))
    assert wrong == []
    assert len(asked) <= len(questions) // 10, asked
    answered = [text for text in unanswerable if engine.read(Question(text), catalog, values).sql is not None]
    assert answered == []


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
