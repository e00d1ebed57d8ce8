"""Samples, profiles, inferred joins and values, read from real tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import psycopg
import pytest
from psycopg import AsyncConnection, sql

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.tables import PostgresTableReader
from pgwarden.domain.catalog import Catalog, Name, Relation
from pgwarden.domain.errors import TableUnreadable
from pgwarden.domain.profile import Sample, TableProfile, masked_sample
from pgwarden.domain.value_index import SampledValues

SHOP = """
create type state as enum ('new', 'paid', 'lost');
create table customers (id int primary key, email text, city text, card text, joined date);
insert into customers select g, 'user' || g || '@mail.example',
    (array['Berlin', 'berlin', 'Paris', ' Rome'])[g % 4 + 1],
    '4111 1111 1111 1111', date '2024-01-01' + g from generate_series(1, 400) g;
update customers set joined = '2999-01-01' where id <= 3;
create table orders (id int primary key, customer_id int, state state, code text, amount numeric, note text, wide text);
insert into orders select g, g % 400 + 1,
    case when g % 1000 = 0 then 'lost' when g % 3 = 0 then 'paid' else 'new' end::state,
    'A-' || (g - (g % 5000 = 0)::int), g % 97, null, repeat('x', 3000) from generate_series(1, 20000) g;
update orders set customer_id = 9999 where id % 100 = 0;
update orders set amount = 'NaN' where id = 7;
create table stays (id int, at date, city text) partition by range (at);
create table stays_1 partition of stays for values from ('2026-01-01') to ('2026-07-01');
create table stays_2 partition of stays for values from ('2026-07-01') to ('2027-01-01');
insert into stays select g, date '2026-01-01' + g % 300, 'Oslo' from generate_series(1, 3000) g;
create table odd
    (j json, p point, b bytea, a int[], i interval, f float8, u uuid, x xid, "Q ""uote" text, t timestamptz);
insert into odd values
    ('{"a": 1}', '(1,2)', '\\x00ff', '{1,2}', '1 day', 'Infinity', gen_random_uuid(), '5', 'v', 'infinity');
create table empty (a int, b text);
create table nothing ();
create view looking as select 1 / 0 as a;
create materialized view unfilled as select 1 as a with no data;
analyze customers, orders, stays, odd;
"""


def _run(url: str, statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statements))


def _relation(catalog: Catalog, name: str) -> Relation:
    return catalog.by_name[Name("public", name)]


@pytest.fixture
def shop(database: str) -> str:
    _run(database, SHOP)
    return database


async def _sample(url: str, name: str, rows: int = 20) -> Sample:
    catalog = await _catalog(url)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        return await PostgresTableReader(connection).sample(catalog, _relation(catalog, name), rows=rows)


async def _profile(url: str, name: str) -> TableProfile:
    catalog = await _catalog(url)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        return await PostgresTableReader(connection).profile(catalog, _relation(catalog, name))


async def _catalog(url: str) -> Catalog:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        return await PostgresCatalogReader(connection).read()


async def test_a_small_table_comes_whole(shop: str) -> None:
    sample = await _sample(shop, "customers", rows=500)
    assert (len(sample.rows), sample.method) == (400, "all rows")
    assert sample.columns == ("id", "email", "city", "card", "joined")


async def test_every_kind_of_row_is_there_in_its_share(shop: str) -> None:
    """One row in a thousand is lost; a plain random sample of 60 would mostly miss it."""
    sample = await _sample(shop, "orders", rows=60)
    states = Counter(row[2] for row in sample.rows)
    assert states["lost"] == 1
    assert 36 <= states["new"] <= 42
    assert "every state" in sample.method
    assert all(len(row[6] or "") == 201 for row in sample.rows)
    assert sample.estimated_rows == 20000


async def test_partitions_are_all_drawn_from(shop: str) -> None:
    sample = await _sample(shop, "stays", rows=100)
    halves = Counter((row[1] or "") < "2026-07-01" for row in sample.rows)
    assert set(halves) == {True, False}
    assert sample.estimated_rows == 3000


async def test_odd_types_and_empty_tables(shop: str) -> None:
    (row,) = (await _sample(shop, "odd")).rows
    assert row[0] == '{"a": 1}'
    assert row[9] == "infinity"
    assert (await _sample(shop, "empty")).rows == ()
    assert (await _sample(shop, "nothing")).columns == ()
    profile = await _profile(shop, "odd")
    assert {column.name for column in profile.columns} >= {"j", 'Q "uote'}
    assert (await _profile(shop, "empty")).rows_looked_at == 0
    assert (await _profile(shop, "nothing")).columns == ()


async def test_masking_by_name_and_by_value(shop: str) -> None:
    catalog = await _catalog(shop)
    sample = masked_sample(await _sample(shop, "customers", rows=3), _relation(catalog, "customers"))
    assert sample.masked == ("email", "card")
    assert all((row[1] or "").startswith("u•••@") for row in sample.rows)
    assert all(row[3] == "•••• •••• •••• ••11" for row in sample.rows)


async def test_what_is_no_plain_table_is_not_run(shop: str) -> None:
    for name in ("looking", "unfilled"):
        with pytest.raises(TableUnreadable):
            await _sample(shop, name)


async def test_rows_that_policies_guard_are_not_looked_at(shop: str) -> None:
    """The policy's function would run with our connection; here it would betray itself by an error of its own."""
    role = f"guarded_{shop.rpartition('/')[2]}"
    _run(
        shop,
        f"""create role {role} login password 'x'; grant select on all tables in schema public to {role};
        create function spy() returns bool language plpgsql as $$ begin raise 'the policy ran'; end $$;
        alter table customers enable row level security; create policy p on customers using (spy())""",
    )
    try:
        url = psycopg.conninfo.make_conninfo(shop, user=role, password="x")
        for look in (_sample, _profile):
            with pytest.raises(TableUnreadable):
                await look(url, "customers")
        values = await _values(url)
        catalog = await _catalog(url)
        assert values.values(_relation(catalog, "customers").oid, 3) == ()
        assert values.values(_relation(catalog, "stays").oid, 3) == ("Oslo",)
    finally:
        _run(shop, f"drop owned by {role}; drop role {role}")


async def test_a_profile(shop: str) -> None:
    profile = await _profile(shop, "customers")
    columns = {column.name: column for column in profile.columns}
    assert (profile.rows_looked_at, profile.complete) == (400, True)
    number = columns["id"]
    assert (number.minimum, number.maximum, number.distinct, number.mean) == ("1", "400", 400, 200.5)
    assert len(number.histogram) == 10
    assert columns["city"].top[0].share == 0.25
    assert columns["email"].sensitive == "email"
    assert columns["email"].top[0].value == "u•••@•••.example"
    assert columns["card"].sensitive == "payment card"
    assert columns["card"].minimum == "•••• •••• •••• ••11"
    findings = {(finding.code, finding.column) for finding in profile.findings}
    assert findings == {
        ("case-variants", "city"),
        ("padded-texts", "city"),
        ("future-dates", "joined"),
        ("constant-column", "card"),
    }


async def test_findings_of_a_bigger_table_and_its_orphans(shop: str) -> None:
    catalog = await _catalog(shop)
    async with await AsyncConnection.connect(shop, autocommit=True) as connection:
        reader = PostgresTableReader(connection)
        joins = await reader.inferred_joins(catalog)
        orders, customers = _relation(catalog, "orders"), _relation(catalog, "customers")
        (join,) = joins
        assert (join.relation_oid, join.column) == (orders.oid, 2)
        assert (join.foreign_oid, join.foreign_column) == (customers.oid, 1)
        assert join.score > 0.8
        assert "of the sampled values exist there" in join.evidence
        profile = await reader.profile(replace(catalog, inferred_joins=joins), orders)
    codes = {(finding.code, finding.column) for finding in profile.findings}
    assert {("mostly-null", "note"), ("duplicates-in-key", "code"), ("orphans", "customer_id")} <= codes
    assert next(c for c in profile.columns if c.name == "amount").mean is not None


async def _values(url: str) -> SampledValues:
    catalog = await _catalog(url)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        return await PostgresTableReader(connection).values(catalog)


async def test_values_for_linking(shop: str) -> None:
    values = await _values(shop)
    catalog = await _catalog(shop)
    customers, orders = _relation(catalog, "customers"), _relation(catalog, "orders")
    assert set(values.values(customers.oid, 3)) == {"Berlin", "berlin", "Paris", " Rome"}
    assert values.values(orders.oid, 3) == ("new", "paid", "lost")
    assert [(hit.relation_oid, hit.column) for hit in values.find("paris")] == [(customers.oid, 3)]
    assert values.values(customers.oid, 2) == ()
    assert values.values(customers.oid, 4) == ()


async def test_values_without_statistics(database: str) -> None:
    _run(database, "create table t (id int, kind text)")
    _run(database, "insert into t select g, 'k' || g % 3 from generate_series(1, 90) g")
    values = await _values(database)
    catalog = await _catalog(database)
    assert set(values.values(_relation(catalog, "t").oid, 2)) == {"k0", "k1", "k2"}


async def test_a_look_changes_nothing_and_ends(shop: str) -> None:
    catalog = await _catalog(shop)
    async with await AsyncConnection.connect(shop, autocommit=True) as connection:
        await PostgresTableReader(connection).sample(catalog, _relation(catalog, "orders"), rows=5)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        query = "select current_setting('statement_timeout'), current_setting('row_security')"
        assert await (await connection.execute(query)).fetchone() == ("0", "on")


async def test_a_role_with_single_columns_samples_those(shop: str) -> None:
    """System columns such as ctid need the right to the whole table, so rows are drawn without them."""
    _run(shop, "create role picky_of_samples; grant select (id, city) on customers to picky_of_samples")
    async with await AsyncConnection.connect(shop, autocommit=True) as connection:
        await connection.execute("set role picky_of_samples")
        catalog = await PostgresCatalogReader(connection).read()
        sample = await PostgresTableReader(connection).sample(catalog, _relation(catalog, "customers"), rows=5)
    _run(shop, "drop owned by picky_of_samples; drop role picky_of_samples")
    assert sample.columns == ("id", "city")
    assert len(sample.rows) == 5
