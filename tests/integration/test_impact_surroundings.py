"""Everything around the rows of a change: what is maintained, checked, told on, held up, hidden, and taken back."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from psycopg import conninfo
from tests.conftest import MakeDatabase
from tests.support.change import owned, run

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.impact import analyse
from pgwarden.domain.catalog import Catalog, InferredJoin
from pgwarden.domain.impact import Impact, SideEffectKind
from pgwarden.rules.assessment import assess

K = SideEffectKind
SETUP = """
create table goods (id serial primary key, name text unique, price int check (price > 0),
                    twice int generated always as (price * 2) stored);
create index goods_price on goods (price);
create table moves (id int not null, at int, goods int) partition by range (id);
create table moves_low partition of moves for values from (0) to (100);
alter table moves_low add foreign key (goods) references goods on delete cascade;
create function cheap(int) returns bigint language sql as 'select count(*) from goods where price < $1';
create function other() returns int language sql as 'select 1';
insert into goods (name, price) select 'g' || i, i from generate_series(1, 40) i;
insert into moves select i, i, i from generate_series(1, 30) i;
analyze;
"""


async def impact_of(database: str, sql: str) -> Impact:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        catalog = await PostgresCatalogReader(connection).read()
    return await analyse(database, sql, catalog)


def named(impact: Impact, kind: SideEffectKind) -> dict[str, str]:
    """Name → message of the side effects of a kind."""
    return {effect.name: effect.message for effect in impact.side_effects if effect.kind is kind}


@pytest.fixture
def goods(make_database: MakeDatabase) -> str:
    database = owned(make_database())
    run(database, SETUP)
    return database


async def test_what_an_insert_maintains_and_checks(goods: str) -> None:
    impact = await impact_of(goods, "insert into goods (name, price) values ('x', 1)")
    assert list(named(impact, K.INDEX).values()) == ["3 indexes of public.goods are maintained"]
    (names,) = named(impact, K.CONSTRAINT)
    assert {"goods_pkey", "goods_name_key", "goods_price_check"} <= set(names.split(", "))
    assert named(impact, K.GENERATED) == {"twice": "public.goods.twice is computed again"}
    assert named(impact, K.SEQUENCE)["id"].startswith("the sequence behind public.goods.id advances")
    assert list(named(impact, K.FUNCTION)) == ["public.cheap"]
    assert "other writers to public.goods go on" in named(impact, K.LOCK)["ROW EXCLUSIVE"]
    many = await impact_of(goods, "insert into goods (name, price) select 'n' || i, i from generate_series(1, 9999) i")
    assert many.cost.wal_bytes > impact.cost.wal_bytes > 0
    assert many.cost.seconds > 0


@pytest.mark.parametrize("major", [18, 16])
async def test_who_waits_is_told_as_it_will_be(make_database: MakeDatabase, major: int) -> None:
    """As the execution captures: writers are locked out where something else is set off, or by old servers' UPDATEs."""
    database = owned(make_database(major))
    run(database, SETUP)
    cascading = await impact_of(database, "delete from goods where id = 1")
    assert {effect.name for effect in cascading.side_effects if effect.kind is K.LOCK} == {"SHARE ROW EXCLUSIVE"}
    assert all("wait from the start" in message for message in named(cascading, K.LOCK).values())
    alone = await impact_of(database, "update goods set name = 'x' where id = 1")
    assert list(named(alone, K.LOCK)) == ["ROW EXCLUSIVE" if major == 18 else "SHARE ROW EXCLUSIVE"]


async def test_rows_that_no_key_guards_are_said_to_be_left_behind(goods: str) -> None:
    """``goods_id`` is no foreign key, though every value of it is a number of goods."""
    run(
        goods,
        "create table offer (id int primary key, goods_id int)",
        "insert into offer select i, i from generate_series(1, 40) i; insert into offer values (99, 3)",
        "analyze offer",
    )
    async with await psycopg.AsyncConnection.connect(goods, autocommit=True) as connection:
        catalog = await PostgresCatalogReader(connection).read()
    offer, parent = catalog.resolve_relation("offer"), catalog.resolve_relation("goods")
    assert offer is not None
    assert parent is not None
    join = InferredJoin(offer.oid, 2, parent.oid, 1, 0.9, "by name")
    catalog = replace(catalog, inferred_joins=(join,))
    left = named(await analyse(goods, "delete from goods where id in (3, 4)", catalog), K.ORPHAN)
    assert left["goods_id"].startswith("3 rows of public.offer are left pointing at nothing: goods_id looks like a")
    for sql in ("delete from goods where id = 999", "update goods set price = 9", "delete from offer"):
        assert named(await analyse(goods, sql, catalog), K.ORPHAN) == {}
    both = "with o as (delete from offer where goods_id = 3) delete from goods where id = 3"
    assert named(await analyse(goods, both, catalog), K.ORPHAN) == {}, "they go, too"


async def test_an_update_is_spared_what_it_leaves_alone(goods: str) -> None:
    price = await impact_of(goods, "update goods set price = price + 1")
    assert list(named(price, K.INDEX)) == ["goods_price"]
    assert list(named(price, K.CONSTRAINT)) == ["goods_price_check"]
    assert list(named(price, K.GENERATED)) == ["twice"]
    name = await impact_of(goods, "update goods set name = name || '!'")
    assert list(named(name, K.INDEX)) == ["goods_name_key"]
    assert named(name, K.GENERATED) == {}
    assert named(await impact_of(goods, "delete from goods where id = 40"), K.INDEX) == {}


async def test_a_partitioned_table_speaks_for_its_partitions(make_database: MakeDatabase) -> None:
    database = make_database()  # only a superuser may define another server
    run(
        database,
        SETUP,
        """create foreign data wrapper away; create server far foreign data wrapper away;
           create foreign table moves_far partition of moves for values from (100) to (200) server far;""",
    )
    impact = await impact_of(database, "update moves_low set at = 1 where id = 3")
    assert named(impact, K.FOREIGN_TABLE) == {}
    impact = await impact_of(database, "insert into moves values (50, 1, 1)")
    assert named(impact, K.PARTITION) == {"public.moves": "public.moves has 2 partitions"}
    assert list(named(impact, K.FOREIGN_TABLE)) == ["public.moves_far"]
    assert [e.table for e in impact.side_effects if e.kind is K.LOCK] == ["public.moves"]
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        catalog = await PostgresCatalogReader(connection).read()
    assert "unknown-effects" in {finding.rule for finding in assess(impact, catalog).findings}


async def _deletion(database: str) -> tuple[Impact, Catalog]:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        catalog = await PostgresCatalogReader(connection).read()
    return await analyse(database, "delete from goods where id = 40", catalog), catalog


async def test_a_rule_raises_the_risk_and_more_where_it_cannot_be_read(goods: str) -> None:
    run(goods, "create rule told as on delete to goods do also notify gone")
    impact, catalog = await _deletion(goods)
    assert named(impact, K.RULE) == {"told": "rule told on public.goods adds to each DELETE: writes no table"}
    assert "inexact-numbers" in {finding.rule for finding in assess(impact, catalog).findings}
    run(goods, "create rule out as on delete to goods do also select pg_reload_conf()")
    impact, catalog = await _deletion(goods)
    assert "unknown-effects" in {finding.rule for finding in assess(impact, catalog).findings}
    assert named(await analyse(goods, "update goods set price = 3", catalog), K.RULE) == {}


async def test_subscribers_are_named(make_database: MakeDatabase) -> None:
    database = make_database()
    run(database, SETUP, "create publication feed for table goods")
    impact = await impact_of(database, "delete from goods where id = 1")
    assert "an undo is sent to them as well" in named(impact, K.PUBLICATION)["feed"]


async def test_rows_that_a_role_does_not_see_are_not_counted_and_it_is_said(goods: str) -> None:
    role = conninfo.conninfo_to_dict(goods)["user"]
    run(
        goods,
        f"""alter table goods enable row level security, force row level security;
            create policy low on goods to {role} using (price <= 10);""",
    )
    impact = await impact_of(goods, "update goods set name = name where price > 5")
    assert impact.rows == 5
    assert "decides which rows this role sees" in named(impact, K.ROW_SECURITY)["public.goods"]


async def test_what_a_role_may_not_read_is_unknown(make_database: MakeDatabase) -> None:
    database = make_database()
    guest = owned(database)
    run(
        database,
        SETUP,
        f"grant select, delete on goods to {conninfo.conninfo_to_dict(guest)['user']}",
    )
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        catalog = await PostgresCatalogReader(connection).read()
    impact = await analyse(guest, "delete from goods where id = 1", catalog)
    figures = {table.name: table.deleted for table in impact.tables}
    assert figures["public.goods"].rows == 1
    assert not figures["public.moves"].certain
    assert not impact.certain
    assert any("may not read" in doubt for doubt in impact.doubts)


async def test_a_role_that_may_not_read_each_column_counts_what_it_names(make_database: MakeDatabase) -> None:
    """The addresses of rows take the right to read each column; the number of rows takes those of the condition."""
    database = make_database()
    guest = owned(database)
    role = conninfo.conninfo_to_dict(guest)["user"]
    run(database, SETUP, f"grant select (id, price), update (price), delete on goods to {role}")
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        catalog = await PostgresCatalogReader(connection).read()
    for sql, rows in (("update goods set price = 1 where price > 35", 5), ("delete from goods g where g.id <= 3", 3)):
        impact = await analyse(guest, sql, catalog)
        (goods,) = [table for table in impact.tables if table.name == "public.goods"]
        assert (goods.rows, goods.certain) == (rows, True), sql
    hidden = await analyse(guest, "delete from goods where name = 'g1'", catalog)
    assert any("may not read" in doubt for doubt in hidden.doubts)


async def test_the_recovery_plan_tells_what_is_kept_and_done(goods: str) -> None:
    impact = await impact_of(goods, "delete from goods where id <= 10")
    plan = impact.recovery
    assert plan is not None
    assert {part.table: part.rows for part in plan.captured} == {"public.goods": 10, "public.moves": 10}
    assert plan.bytes > 0
    assert "insert 10 rows into public.goods as they were" in plan.steps
    assert plan.irreversible == ()


@pytest.mark.parametrize("sql", ["delete from goods", "update goods set price = 1 where 1 = 1 or price > 3"])
async def test_every_row_is_a_finding(goods: str, sql: str) -> None:
    impact = await impact_of(goods, sql)
    assert (impact.unfiltered, impact.always_true) == ("where" not in sql, "where" in sql)
