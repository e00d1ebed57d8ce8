"""The sample shop: whole, plausible, the same everywhere, and telling of each feature of PostgreSQL it promises."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

import psycopg
import pytest
from tests.support.databases import MakeDatabase

from pgwarden.demo import shop
from pgwarden.demo.shop import goods
from pgwarden.demo.shop.loading import tables
from pgwarden.demo.shop.table import Calendar
from pgwarden.domain.errors import SampleRefused


def ask(url: str, query: bytes) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def digits_valid(card: str) -> bool:
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in card[-2::-2])
    return sum(chain(doubled, (int(digit) for digit in card[-1::-2]))) % 10 == 0


def test_the_questions_of_the_requirements_have_answers(shop_url: str) -> None:
    [(californians,)] = ask(shop_url, b"select count(*) from customers where state = 'California'")
    [(product,)] = ask(shop_url, b"select count(*) from products where id = 123 and price <> 99.99")
    [(old,)] = ask(shop_url, b"select count(*) from orders where ordered_at < now() - interval '6 months'")
    [(registered,)] = ask(
        shop_url,
        b"select count(*) from users where registered_at >= date_trunc('month', now()) - interval '1 month'"
        b" and registered_at < date_trunc('month', now())",
    )
    assert californians > 500
    assert product == 1
    assert old > 15_000
    assert registered > 100


def test_about_two_hundred_thousand_rows_that_add_up(shop_url: str) -> None:
    rows = sum(len(table.lines) for table in tables(Calendar(date(2026, 1, 31))))
    assert 190_000 < rows < 220_000
    wrong = ask(
        shop_url,
        b"""
        select o.id
        from orders o join (select order_id, sum(line_total) as items from order_items group by 1) i
            on i.order_id = o.id
        where o.total <> i.items - o.discount + o.shipping_fee
        union all
        select o.id from orders o join customers c on c.id = o.customer_id where o.ordered_at < c.created_at
        union all
        select o.id from orders o join promotions p on p.id = o.promotion_id
        where not p.valid_during @> o.ordered_at::date
        union all
        select o.id from orders o left join shipments s on s.order_id = o.id
        where (o.status in ('shipped', 'delivered', 'returned')) <> (s.id is not null)
        """,
    )
    assert wrong == []


def test_nothing_lies_in_the_future_and_business_goes_on_today(shop_url: str) -> None:
    [(ahead, today)] = ask(
        shop_url,
        b"""
        select
            (select count(*) from orders where ordered_at > now())
            + (select count(*) from shipments where greatest(shipped_at, delivered_at) > now())
            + (select count(*) from users where greatest(registered_at, last_login_at) > now())
            + (select count(*) from reviews where created_at > now()),
            (select count(*) from orders where ordered_at >= current_date - 1)
        """,
    )
    assert ahead == 0
    assert today > 0


def test_the_same_day_gives_the_same_rows_and_each_day_its_own() -> None:
    day = date(2026, 2, 28)
    assert list(tables(Calendar(day))) == list(tables(Calendar(day)))
    assert goods.stock_movements(Calendar(day)) != goods.stock_movements(Calendar(day + timedelta(days=1)))


def test_every_on_delete_action_and_kind_of_thing_occurs(shop_url: str) -> None:
    actions = ask(shop_url, b"select distinct confdeltype::text from pg_constraint where contype = 'f' order by 1")
    assert [action for (action,) in actions] == ["a", "c", "d", "n", "r"]
    kinds = {kind for (kind,) in ask(shop_url, b"select distinct relkind::text from pg_class where oid > 16384")}
    assert {"r", "i", "S", "v", "m", "p", "I"} <= kinds
    [(generated, identities, arrays, documents)] = ask(
        shop_url,
        b"""
        select
            count(*) filter (where attgenerated <> ''), count(*) filter (where attidentity <> ''),
            count(*) filter (where atttypid = 'text[]'::regtype), count(*) filter (where atttypid = 'jsonb'::regtype)
        from pg_attribute join pg_class on pg_class.oid = attrelid where relnamespace = 'public'::regnamespace
        """,
    )
    assert min(generated, identities, arrays, documents) > 0
    [(uncommented,)] = ask(
        shop_url,
        b"""
        select count(*) from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'p') and not relispartition
          and obj_description(oid, 'pg_class') is null
        """,
    )
    assert uncommented == 0


def test_personal_numbers_are_well_formed_and_belong_to_nobody(shop_url: str) -> None:
    cards = [card for (card,) in ask(shop_url, b"select card_number from payments where card_number is not null")]
    assert all(len(card) == 16 and card.startswith("99") and digits_valid(card) for card in cards)
    [(deliverable,)] = ask(shop_url, rb"select count(*) from customers where email !~ '@example\.(com|org|net)$'")
    assert deliverable == 0
    [(real,)] = ask(shop_url, b"select count(*) from customers where national_id !~ '^9'")
    assert real == 0


def test_movements_fall_into_their_months(shop_url: str) -> None:
    [(partitions, stray)] = ask(
        shop_url,
        b"""
        select count(distinct tableoid), count(*) filter (where tableoid = 'stock_movements_other'::regclass)
        from stock_movements
        """,
    )
    assert partitions >= 18
    assert stray == 0


def test_triggers_keep_prices_and_an_audit_trail(shop_database: str) -> None:
    with psycopg.connect(shop_database) as connection:
        connection.execute("set role shop_owner")
        connection.execute("update products set price = 99.99 where id = 123")
        connection.execute(
            "delete from customers where id = (select min(id) from customers c "
            "where not exists (select from orders where customer_id = c.id))"
        )
        changed = connection.execute(
            "select new_price::text from price_history where product_id = 123 order by id desc limit 1"
        ).fetchone()
        removed = connection.execute(
            "select action, before ->> 'state' is not null from audit.changes order by id desc limit 1"
        ).fetchone()
        added = connection.execute("insert into categories (name) values ('Tea') returning id").fetchone()
    assert changed == ("99.99",)
    assert removed == ("DELETE", True)
    assert added is not None


def test_statistics_and_the_materialized_view_are_there(shop_url: str) -> None:
    [(estimate, months)] = ask(
        shop_url,
        b"""
        select (select reltuples::int from pg_class where oid = 'orders'::regclass),
               (select count(distinct month) from monthly_sales)
        """,
    )
    assert estimate == 30_000
    assert months >= 36


@pytest.mark.parametrize(
    "secret",
    [
        "select salary from employees",
        "select card_number from payments",
        "select national_id from customers",
        "select * from audit.changes",
        "delete from orders",
        "create table mine ()",
    ],
)
def test_the_reader_sees_the_business_not_the_secrets(shop_url: str, secret: str) -> None:
    with psycopg.connect(shop_url) as connection:
        connection.execute("set role shop_reader")
        row = connection.execute("select count(*) filter (where confidential), count(*) from customer_notes").fetchone()
        assert row is not None
        assert (row[0], row[1] > 100) == (0, True)
        assert connection.execute("select revenue from customer_overview limit 1").fetchone() is not None
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(secret.encode())


@pytest.mark.parametrize("version", [17, 16, 15, 14])
def test_it_loads_on_older_servers_too(make_database: MakeDatabase, version: int) -> None:
    loaded = shop.load(make_database(version))
    assert loaded.current
    assert loaded.rows > 190_000


def test_loading_again_changes_nothing_unless_asked(shop_database: str) -> None:
    today = datetime.now(UTC).date()
    with psycopg.connect(shop_database) as connection:
        connection.execute("delete from customer_notes")
    tomorrow = shop.load(shop_database, today=today + timedelta(days=1))
    assert (tomorrow.rows, tomorrow.current) == (0, False)
    assert ask(shop_database, b"select count(*) from customer_notes") == [(0,)]
    assert shop.load(shop_database, today=today + timedelta(days=1), fresh=True).current
    renewed = shop.renew(shop_database)
    assert (renewed.day, renewed.current) == (today, True)
    assert ask(shop_database, b"select count(*) > 0 from customer_notes") == [(True,)]


def test_a_database_with_other_tables_is_left_alone(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("create table precious as select 1 as one")
    for fresh in (False, True):
        with pytest.raises(SampleRefused):
            shop.load(database, fresh=fresh)
    assert ask(database, b"select one from precious") == [(1,)]
