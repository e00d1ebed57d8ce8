"""What a change is said to take is about what it takes: bytes of the write-ahead log and of before-images."""

from __future__ import annotations

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import NOW, PATIENT, approve, owned, run

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.execution import execute
from pgwarden.adapters.postgres.impact import analyse
from pgwarden.domain.impact import Impact

TABLES = """
create table customer (id int primary key, name text);
create table purchase (id int primary key, customer int references customer on delete cascade, total int, note text);
create index on purchase (customer);
create table page (id bigint, body text);
create table parted (id int primary key, note text) partition by range (id);
create table parted_low partition of parted for values from (0) to (3000);
create table parted_high partition of parted for values from (3000) to (9000);
insert into customer select i, 'name ' || i from generate_series(1, 4000) i;
insert into purchase select i, (i - 1) / 2 + 1, i, 'note ' || i from generate_series(1, 8000) i;
insert into page select i, repeat(md5(i::text), 20) from generate_series(1, 2000) i;
insert into parted select i, repeat('x', i % 100) from generate_series(1, 6000) i;
create table whole as select * from parted;
"""
AGAIN = "insert into purchase select id + 100000, customer, total, note from purchase where id <= 4000"
STEP = 256 * 1024
"""Bytes by which a table that is filled in bulk is made longer at a time."""
CHANGES = {
    "an INSERT under two indexes": AGAIN,
    "an UPDATE": "update purchase set total = total + 1 where id <= 6000",
    "a DELETE of narrow rows": "delete from purchase where id > 2000",
    "a DELETE of wide rows": "delete from page where id <= 1500",
    "a DELETE that cascades": "delete from customer where id <= 2000",
    "a DELETE across partitions": "delete from parted where id > 1000",
}


@pytest.fixture
def shop(make_database: MakeDatabase) -> str:
    database = owned(make_database())
    run(database, TABLES, "vacuum analyze")
    return database


async def impact_of(database: str, sql: str) -> Impact:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        catalog = await PostgresCatalogReader(connection).read()
    return await analyse(database, sql, catalog)


def log_of(database: str, sql: str) -> int:
    """Bytes of the log that the statement writes by itself; what the server's other databases do is not in it."""
    with psycopg.connect(database) as connection:
        (((plan,),),) = connection.execute(f"explain (analyze, wal, format json) {sql}".encode()).fetchall()
        connection.rollback()
    return int(plan["Plan"]["WAL Bytes"])


@pytest.mark.parametrize("sql", CHANGES.values(), ids=CHANGES)
async def test_bytes_are_about_those_that_are_written(shop: str, sql: str) -> None:
    impact = await impact_of(shop, sql)
    written = log_of(shop, sql)
    expected = {table.name.rpartition(".")[2]: table.counts for table in impact.tables if table.rows}
    images = sum(
        t.bytes for t in (await execute(shop, await approve(shop, sql, expected), now=NOW, limits=PATIENT)).tables
    )
    assert 0.7 * (images - STEP) < impact.cost.undo_bytes < 1.5 * images
    if len(expected) == 1:  # EXPLAIN leaves out what cascades write
        assert 0.7 * (written + images - STEP) < impact.cost.wal_bytes < 1.5 * (written + images)


async def test_rows_in_partitions_are_counted_once(shop: str) -> None:
    parted, whole = [await impact_of(shop, f"delete from {name}") for name in ("parted", "whole")]
    assert parted.cost.undo_bytes == pytest.approx(whole.cost.undo_bytes, rel=0.1)


async def test_seconds_grow_with_the_rows(shop: str) -> None:
    few = await impact_of(shop, "delete from purchase where id <= 500")
    many = await impact_of(shop, "delete from purchase where id <= 5000")
    assert few.cost.seconds > 0
    assert many.cost.seconds == pytest.approx(10 * few.cost.seconds)
