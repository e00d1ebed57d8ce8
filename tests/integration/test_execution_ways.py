"""The two ways of capture: statement triggers, in bulk where many rows change, and RETURNING without locking."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.conftest import MakeDatabase
from tests.support.change import NOW, PATIENT, approve, dump, leftovers, owned, perform, run, take_back

from pgwarden.adapters.postgres.execution import execute
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import open_session
from pgwarden.domain.errors import ConstraintViolated, ImpactMismatch, NotUndoable
from pgwarden.domain.execution import CaptureWay, Execution, Parameter, RowCounts

ROWS = 3000
ODD = f"""
create table parent (id int primary key, "we""ird" text collate "C", amount numeric, _new0 int default 0,
                     doubled int generated always as (id * 2) stored);
create table child (id int primary key, parent int references parent on delete cascade, body text);
create table gone (x int);
insert into parent select i, 'é ' || i, '1.00', null from generate_series(1, {ROWS}) i;
insert into child select i, (i + 1) / 2, repeat(md5(i::text), 200) from generate_series(1, {ROWS * 2}) i;
alter table parent add column late date default '2024-02-29';
alter table parent drop column _new0;
create table account (id int primary key, owner text, amount numeric, parent int references parent, _new1 int);
insert into account select i, 'o' || i, '1.10', i from generate_series(1, {ROWS}) i;
"""


@pytest.fixture(params=[18, 16])
def database(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    database = owned(make_database(request.param))
    run(database, ODD)
    return database


@pytest.fixture
def database18(make_database: MakeDatabase) -> str:
    database = owned(make_database())
    run(database, ODD)
    return database


def way_of(execution: Execution) -> CaptureWay:
    (way,) = {table.way for table in execution.tables}
    return way


def major_of(database: str) -> int:
    with psycopg.connect(database) as connection:
        return connection.info.server_version // 10_000


MANY = [
    ("delete from parent", {"parent": RowCounts(deleted=ROWS), "child": RowCounts(deleted=2 * ROWS)}),
    ("update child set body = body || '!', id = -id", {"child": RowCounts(updated=2 * ROWS)}),
    ("insert into child select id + 100000, parent, body from child", {"child": RowCounts(inserted=2 * ROWS)}),
    ("update child set parent = parent where id > 10", {"child": RowCounts(updated=2 * ROWS - 10)}),
]


@pytest.mark.parametrize(("statement", "counts"), MANY, ids=[statement[:12] for statement, _ in MANY])
async def test_many_rows_are_kept_in_bulk_and_come_back(
    database: str, statement: str, counts: dict[str, RowCounts]
) -> None:
    run(database, "truncate account", "create index on child (parent)")
    before = dump(database)
    approved = await approve(database, statement, counts)
    execution = await execute(database, approved, now=NOW, limits=replace(PATIENT, lock_free=False))
    assert way_of(execution) is CaptureWay.TRIGGERS
    after = dump(database)
    undone = await take_back(database, execution)
    assert dump(database) == before
    await take_back(database, undone)
    assert dump(database) == after
    assert leftovers(database) == []
    assert all(table.bytes > 8192 * 8 for table in execution.tables)
    async with open_session(database) as session:
        assert await Ledger(session).collect(execution.id) > 8192 * 8
        assert await Ledger(session).collect(execution.id) == 0


async def test_attempts_that_a_function_gave_up_do_not_spoil_the_proof(database18: str) -> None:
    """What a statement's function rolls back takes bulk images with it: then it is run again without them."""
    run(
        database18,
        """create function trying() returns int language plpgsql as $$
           begin
             begin delete from child; perform 1 / 0; exception when division_by_zero then null; end;
             delete from child where id <= 2000; return 1;
           end$$""",
    )
    before = dump(database18)
    counts = {"account": RowCounts(updated=1), "child": RowCounts(deleted=2000)}
    execution = await perform(
        database18, "update account set amount = trying() where id = 1", {**counts, "child": None}
    )
    assert execution.counts["public.child"].deleted == 2000 + 2 * ROWS  # attempts count
    await take_back(database18, execution)
    assert dump(database18) == before


async def test_ddl_in_a_trigger_is_noticed_beside_our_own(database18: str) -> None:
    run(
        database18,
        "create function ddl() returns trigger language plpgsql as"
        " 'begin alter table gone add column y int; return null; end'",
        "create trigger ddl after delete on child execute function ddl()",
    )
    before = dump(database18)
    with pytest.raises(NotUndoable, match="more than rows"):
        await perform(database18, "delete from child", {"child": RowCounts(deleted=2 * ROWS)})
    assert dump(database18) == before


SINGLE = [
    ("delete from account a using parent p where p.id = a.parent and p.id > $1", RowCounts(deleted=ROWS - 10)),
    ("insert into account select id + 10000, owner, amount from account where id > $1;", RowCounts(inserted=ROWS - 10)),
    (
        "with old as (select 1 n) update account new set amount = n + 0.1, _new1 = new.id from old where id > $1 --",
        RowCounts(updated=ROWS - 10),
    ),
    ("update account set amount = 1.1 where id > $1", RowCounts(updated=ROWS - 10)),
]


@pytest.mark.parametrize(("statement", "counts"), SINGLE, ids=[statement[:12] for statement, _ in SINGLE])
async def test_one_table_is_captured_by_returning(database: str, statement: str, counts: RowCounts) -> None:
    before = dump(database)
    approved = await approve(database, statement, {"account": counts}, parameters=[Parameter(23, "10")])
    execution = await execute(database, approved, now=NOW, limits=PATIENT)
    assert execution.counts == {"public.account": counts}
    old_rows = counts.updated and major_of(database) < 18
    assert way_of(execution) is (CaptureWay.TRIGGERS if old_rows else CaptureWay.RETURNING)
    after = dump(database)
    assert after != before
    undone = await take_back(database, execution)
    assert dump(database) == before
    await take_back(database, undone)
    assert dump(database) == after
    assert leftovers(database) == []
    async with open_session(database) as session:
        assert await Ledger(session).collect(execution.id) > 0
        assert await Ledger(session).collect(execution.id) == 0


async def test_nothing_changed_leaves_no_images(database: str) -> None:
    execution = await perform(database, "delete from account where id < 0", {"account": RowCounts()})
    assert execution.tables == ()
    with psycopg.connect(database) as connection:
        tables = connection.execute("select relname from pg_class where relnamespace = 'pgwarden'::regnamespace")
        assert {name for (name,) in tables} == {"execution", "execution_pkey", "execution_undoes"}


TRIGGERED = [
    ("with d as (delete from account where id = 1 returning *) update account set amount = 2 where id = 2", "a CTE"),
    ("update account set id = -id where id = 1", "the key changes"),
    ("delete from parent where id > 9000", "a cascade"),
    ("insert into account (id) values (1) on conflict (id) do update set amount = 9", "an upsert"),
    ("delete from account where id = 1 returning id", "its own RETURNING"),
    ("update noted set id = 2", "a trigger"),
    ("update a_view set amount = 3 where id = 1", "a view"),
    ("update hidden set n = 2", "row-level security"),
    ("insert into part values (1)", "partitions"),
]


@pytest.mark.parametrize("statement", [s for s, _ in TRIGGERED], ids=[why for _, why in TRIGGERED])
async def test_everything_else_takes_triggers(database18: str, statement: str) -> None:
    run(
        database18,
        "create view a_view as select * from account",
        "create table noted (id int primary key)",
        "insert into noted values (1)",
        "create function note() returns trigger language plpgsql as 'begin return new; end'",
        "create trigger note before update on noted for each row execute function note()",
        "create table hidden (n int)",
        "insert into hidden values (1)",
        "alter table hidden enable row level security",
        "create table part (n int) partition by range (n)",
        "create table part_1 partition of part for values from (0) to (9)",
    )
    table = next(t for t in ("noted", "hidden", "parent", "part", "account") if t in statement or t == "account")
    execution = await perform(database18, statement, {table: None})
    assert all(images.way is CaptureWay.TRIGGERS for images in execution.tables)


async def test_a_function_that_writes_elsewhere_brings_the_triggers_back(database18: str) -> None:
    run(
        database18,
        "create function beside(int) returns int language sql volatile as"
        " 'delete from gone; insert into gone values ($1); select $1'",
    )
    before = dump(database18)
    counts = {"account": RowCounts(updated=1), "gone": None}
    execution = await perform(database18, "update account set amount = beside(7) where id = 1", counts)
    assert execution.counts["public.gone"] == RowCounts(inserted=1)
    assert way_of(execution) is CaptureWay.TRIGGERS
    await take_back(database18, execution)
    assert dump(database18) == before
    with pytest.raises(ImpactMismatch):  # and alone it was not approved
        await perform(
            database18, "update account set amount = beside(7) where id = 1", {"account": RowCounts(updated=1)}
        )


async def test_a_function_that_writes_the_same_table_brings_the_triggers_back(database18: str) -> None:
    run(
        database18,
        "create function twice(int) returns int language sql volatile as"
        " 'insert into account (id) values (-$1); select $1'",
    )
    before = dump(database18)
    execution = await perform(database18, "update account set amount = twice(id) where id = 1", {"account": None})
    assert execution.counts["public.account"] == RowCounts(updated=1, inserted=1)
    await take_back(database18, execution)
    assert dump(database18) == before


async def test_constraints_and_numbers_hold_without_locks(database18: str) -> None:
    before = dump(database18)
    with pytest.raises(ConstraintViolated, match="account_parent_fkey"):
        await perform(database18, "update account set parent = 0 where id = 1", {"account": RowCounts(updated=1)})
    with pytest.raises(ImpactMismatch):
        await perform(database18, "update account set amount = 0 where id < 9", {"account": RowCounts(updated=1)})
    assert dump(database18) == before


async def test_other_writers_do_not_wait(database18: str) -> None:
    """While an uncommitted writer holds rows of the table, and while we hold others: nobody waits for the table."""
    statement = "update account set amount = amount + 1 where id <= 100"
    counts = {"account": RowCounts(updated=100)}
    async with await psycopg.AsyncConnection.connect(database18) as writer:
        await writer.execute("update account set amount = 7 where id = 200")
        execution = await perform(database18, statement, counts)
        await writer.execute("insert into account (id) values (-1)")
        await writer.commit()
    assert way_of(execution) is CaptureWay.RETURNING
    with psycopg.connect(database18) as connection:
        rows = connection.execute("select amount::text from account where id in (-1, 100, 200) order by id").fetchall()
    assert rows == [(None,), ("2.10",), ("7",)]


async def test_no_update_is_lost_between_two_that_do_not_lock(database18: str) -> None:
    counts = {"account": RowCounts(updated=ROWS)}
    first = await approve(database18, "update account set amount = amount + 1", counts)
    second = await approve(database18, "update account set amount = amount + 2", counts)
    patient = replace(PATIENT, lock_seconds=20.0, attempts=5)
    await asyncio.gather(*(execute(database18, a, now=NOW, limits=patient) for a in (first, second)))
    with psycopg.connect(database18) as connection:
        (amounts,) = connection.execute("select array_agg(distinct amount::text) from account").fetchone() or ((),)
    assert amounts == ["4.10"]


WATCHED = """
create table ddl_log (what text);
create function log_ddl() returns event_trigger language plpgsql security definer set search_path = public as
  $$begin insert into ddl_log values (tg_tag); end$$;
create event trigger log_ddl on ddl_command_end execute function log_ddl();
create table many (id int primary key, v int);
insert into many select i, i from generate_series(1, 3000) i;
"""


@pytest.mark.parametrize("sql", ["delete from many", "update many set v = 0", "insert into many select -id from many"])
async def test_event_triggers_that_log_what_is_created_are_no_part_of_the_change(
    make_database: MakeDatabase, sql: str
) -> None:
    """The part that keeps many rows is created while the change runs, and would be logged in the middle of it."""
    superuser = make_database()
    run(superuser, WATCHED)
    database = owned(superuser)
    run(superuser, f"alter table many owner to {conninfo_to_dict(database)['user']}")
    counts = {"d": RowCounts(deleted=3000), "u": RowCounts(updated=3000), "i": RowCounts(inserted=3000)}[sql[0]]
    before = dump(superuser)["many"]
    execution = await perform(database, sql, {"many": counts})
    assert [table.way for table in execution.tables] == [CaptureWay.TRIGGERS]
    await take_back(database, execution)
    assert dump(superuser)["many"] == before


async def test_capture_is_widened_without_parts_as_well(make_database: MakeDatabase) -> None:
    """A table that only a trigger reaches, where event triggers keep parts from being made."""
    superuser = make_database()
    run(superuser, WATCHED)
    database = owned(superuser)
    role = conninfo_to_dict(database)["user"]
    run(
        superuser,
        f"alter table many owner to {role}",
        f"create table went (id int); alter table went owner to {role}",
        "create function note() returns trigger language plpgsql as"
        " $$begin insert into public.went values (old.id); return null; end$$",
        "create trigger note after delete on many for each row execute function note()",
    )
    expected = {"many": RowCounts(deleted=3000), "went": RowCounts(inserted=3000)}
    approved = await approve(database, "delete from many", expected, reach=["many"])
    execution = await execute(database, approved, now=NOW, limits=PATIENT)
    await take_back(database, execution)
    found = dump(superuser)
    assert (len(found["many"]), found["went"]) == (3000, [])
