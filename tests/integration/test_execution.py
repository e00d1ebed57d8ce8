"""Execution on real tables: exactly what was approved happens, or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import NOW, PATIENT, approve, dump, leftovers, owned, perform, run
from tests.support.round_trips import round_trips

from pgwarden.adapters.postgres.execution import committed, execute
from pgwarden.domain.approval import Tolerance
from pgwarden.domain.errors import (
    AlreadyExecuted,
    ApprovalInvalid,
    CaptureIncomplete,
    ConstraintViolated,
    DefinitionsChanged,
    ExecutionFailed,
    ImpactMismatch,
    LimitReached,
    LocksBusy,
    NotUndoable,
    StoreUnavailable,
)
from pgwarden.domain.execution import ExecutionLimits, Isolation, Parameter, RowCounts

FAMILY = """
create domain positive as int check (value > 0);
create type colour as enum ('red', 'green');
create table parent (id int generated always as identity primary key, amount float8, note json,
                     twice int generated always as (1 + 1) stored);
create table child (id int primary key, parent int references parent on delete cascade, n text,
                    size positive, tint colour);
create table audit (what text);
create function audit_child() returns trigger language plpgsql as
    'begin insert into audit values (tg_op || '' '' || old.id); return null; end';
create trigger audit_child after delete on child for each row execute function audit_child();
insert into parent (amount, note) select i, '{"a" : 1, "a":2}' from generate_series(1, 10) i;
insert into child select i, i % 10 + 1, 'x' from generate_series(1, 30) i;
"""
THREE = {"parent": RowCounts(deleted=3), "child": RowCounts(deleted=9), "audit": RowCounts(inserted=9)}
FEW_WAITS = [
    ("delete from parent where id <= 3", THREE, 21),
    ("update parent set amount = 1 where id <= 3", {"parent": RowCounts(updated=3)}, 22),
]


@pytest.fixture(params=[18, 17, 16, 14])
def family(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    database = owned(make_database(request.param))
    run(database, FAMILY)
    return database


@pytest.fixture
def family18(make_database: MakeDatabase) -> str:
    database = owned(make_database())
    run(database, FAMILY)
    return database


async def test_a_cascading_delete_is_captured_with_what_triggers_wrote(family: str) -> None:
    sql = "delete from parent where id <= $1"
    approved = await approve(family, sql, THREE, parameters=[Parameter(23, "3")], reach=["parent", "child"])
    execution = await execute(family, approved, now=NOW)
    assert execution.counts == {f"public.{table}": counts for table, counts in THREE.items()}
    assert execution.finished_at is not None
    assert len(dump(family)["parent"]) == 7
    assert leftovers(family) == []
    with psycopg.connect(family) as connection:
        (store,) = connection.execute("select has_schema_privilege('public', 'pgwarden', 'usage')").fetchone() or (
            True,
        )
    assert store is False


@pytest.mark.parametrize(("sql", "counts", "most"), FEW_WAITS)
async def test_a_change_waits_for_the_network_a_few_times(
    family18: str, sql: str, counts: dict[str, RowCounts], most: int
) -> None:
    """Locks are held for as long as the network takes: 18 and 19 waits with logging in, where asking in turn took 27.

    Some room is left, for answers that come while the rest of a batch is on its way.
    """
    await perform(family18, "update parent set amount = 0 where id = 1", {"parent": RowCounts(updated=1)})
    approved = await approve(family18, sql, counts)
    async with round_trips(family18) as network:
        await execute(network.url, approved, now=NOW)
    assert network.count <= most


async def test_an_approval_runs_once(family18: str) -> None:
    approved = await approve(family18, "delete from parent where id <= 3", THREE)
    await execute(family18, approved, now=NOW)
    state = dump(family18)
    with pytest.raises(AlreadyExecuted):
        await execute(family18, approved, now=NOW)
    assert dump(family18) == state
    assert await committed(family18, approved.execution_id)
    assert not await committed(family18, "00000000-0000-0000-0000-000000000001")


async def test_other_numbers_than_approved_roll_back(family: str) -> None:
    before = dump(family)
    with pytest.raises(ImpactMismatch, match="something else") as caught:
        await perform(family, "delete from parent where id <= 4", THREE)
    assert "public.parent: deleted 4 (approved 3)" in caught.value.why
    assert dump(family) == before
    assert leftovers(family) == []


async def test_a_table_that_nobody_approved_rolls_back(family18: str) -> None:
    expected = {table: THREE[table] for table in ("parent", "child")}
    with pytest.raises(ImpactMismatch, match="else") as caught:
        await perform(family18, "delete from parent where id <= 3", expected)
    assert "public.audit: inserted 9 (approved 0)" in caught.value.why


@pytest.mark.parametrize(
    "forgery",
    [
        {"sql": "delete from parent where id <= 9"},
        {"parameters": (Parameter(23, "9"),)},
        {"search_path": "elsewhere"},
        {"reach": ()},
        {"role": "postgres"},
        {"expectations": ()},
        {"until": NOW + timedelta(days=900)},
        {"isolation": Isolation.SERIALIZABLE},
        {"tolerance": Tolerance(0, 1.0)},
        {"definitions": "another hash"},
    ],
)
async def test_a_changed_approval_is_refused(family18: str, forgery: dict[str, object]) -> None:
    approved = await approve(family18, "delete from parent where id <= 3", THREE)
    with pytest.raises(ApprovalInvalid, match="cover"):
        await execute(family18, replace(approved, **forgery), now=NOW)  # type: ignore[arg-type]


async def test_an_approval_ends(family18: str) -> None:
    approved = await approve(family18, "delete from parent where id <= 3", THREE, until=NOW)
    with pytest.raises(ApprovalInvalid, match="cover"):
        await execute(family18, approved, now=NOW + timedelta(seconds=1))


async def test_an_approval_is_for_one_database(family18: str, make_database: MakeDatabase) -> None:
    approved = await approve(family18, "delete from parent where id <= 3", THREE)
    with pytest.raises(ApprovalInvalid, match="cover"):
        await execute(make_database(), approved, now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        "alter table child add column extra int",
        "create or replace function audit_child() returns trigger language plpgsql as 'begin return null; end'",
        "create table grandchild (child int references child on delete cascade)",
        "alter table child disable trigger audit_child",
        "create policy p on parent using (true)",
        "alter table parent alter amount set default 7",
        "create rule loud as on delete to child do also notify gone",
        "alter table child alter n type varchar(40)",
        "alter domain positive add check (value < 100)",
        "alter type colour add value 'blue'",
        "alter table child add check (n <> 'z')",
        "create unique index on child (n, id)",
    ],
)
async def test_altered_definitions_need_a_new_approval(family18: str, change: str) -> None:
    approved = await approve(family18, "delete from parent where id <= 3", THREE)
    run(family18, change)
    before = dump(family18)
    with pytest.raises(DefinitionsChanged):
        await execute(family18, approved, now=NOW)
    assert dump(family18) == before


async def test_our_own_capture_does_not_look_like_an_alteration(family18: str) -> None:
    approved = await approve(
        family18,
        "delete from parent where id = 10",
        {"parent": RowCounts(deleted=1), "child": RowCounts(deleted=3), "audit": RowCounts(inserted=3)},
    )
    await perform(family18, "delete from parent where id <= 3", THREE)
    run(family18, "vacuum full parent", "analyze")
    await execute(family18, approved, now=NOW)


async def test_truncate_and_ddl_in_triggers_are_refused(family18: str) -> None:
    run(
        family18,
        "create table scratch (i int)",
        "insert into scratch values (1)",
        """create function wipe() returns trigger language plpgsql as 'begin truncate scratch; return null; end'""",
        "create trigger wipe after update on parent execute function wipe()",
    )
    before = dump(family18)
    with pytest.raises(NotUndoable, match="more than rows"):
        await perform(family18, "update parent set amount = 0 where id = 1", {"parent": RowCounts(updated=1)})
    reach = {"parent": RowCounts(updated=1), "scratch": None}
    with pytest.raises(NotUndoable, match="taken back"):
        await perform(family18, "update parent set amount = 0 where id = 1", reach)
    assert dump(family18) == before


async def test_attempts_without_images_are_refused(family18: str) -> None:
    """A statement that dies half-way inside an exception block leaves counted attempts that no image covers."""
    run(
        family18,
        "create table hit (i int check (i < 3))",
        """create function try_hit() returns trigger language plpgsql as
           'begin begin insert into hit select generate_series(1, 3); exception when check_violation then null; end;
            return null; end'""",
        "create trigger try_hit after update on parent execute function try_hit()",
    )
    before = dump(family18)
    with pytest.raises(CaptureIncomplete):
        await perform(
            family18, "update parent set amount = 0 where id = 1", {"parent": RowCounts(updated=1), "hit": None}
        )
    assert dump(family18) == before


async def test_a_violated_constraint_names_it_and_no_row(family18: str) -> None:
    with pytest.raises(ConstraintViolated, match="child_pkey") as caught:
        await perform(family18, "insert into child values (7, 1, 'secret')", {"child": RowCounts(inserted=1)})
    assert "secret" not in str(caught.value.to_dict())
    assert "(7)" not in str(caught.value.to_dict())


async def test_two_statements_are_one_too_many(family18: str) -> None:
    before = dump(family18)
    with pytest.raises(ExecutionFailed, match="refused"):
        await perform(family18, "delete from child; delete from parent", THREE)
    assert dump(family18) == before


async def test_limits_roll_back(family18: str) -> None:
    before = dump(family18)
    approved = await approve(family18, "delete from parent where id <= 3", THREE)
    for limits in (ExecutionLimits(rows=20), ExecutionLimits(undo_bytes=100)):
        with pytest.raises(LimitReached):
            await execute(family18, approved, now=NOW, limits=limits)
    assert dump(family18) == before


async def test_a_busy_lock_is_tried_again_and_then_reported(family18: str) -> None:
    approved = await approve(family18, "delete from parent where id <= 3", THREE)
    impatient = replace(PATIENT, lock_seconds=0.05)
    with psycopg.connect(family18) as writer:
        writer.execute("update child set n = 'y' where id = 30")
        with pytest.raises(LocksBusy):
            await execute(family18, approved, now=NOW, limits=impatient)
    await execute(family18, approved, now=NOW, limits=impatient)


@pytest.mark.parametrize("isolation", list(Isolation))
async def test_every_isolation_level_works(family18: str, isolation: Isolation) -> None:
    approved = await approve(family18, "delete from parent where id <= 3", THREE, isolation=isolation)
    execution = await execute(family18, approved, now=NOW)
    assert execution.isolation is isolation


async def test_a_publication_of_everything_is_noticed(make_database: MakeDatabase) -> None:
    superuser = make_database()
    run(superuser, FAMILY, "create publication everything for all tables")
    with pytest.raises(StoreUnavailable) as caught:
        await perform(superuser, "delete from parent where id <= 3", THREE)
    assert "everything" in caught.value.why


async def test_partitions_are_captured_whichever_level_is_named(make_database: MakeDatabase) -> None:
    database = owned(make_database())
    run(
        database,
        """create table part (id int, at int, primary key (id, at)) partition by range (at);
           create table part_1 partition of part for values from (0) to (10);
           create table part_2 partition of part for values from (10) to (20) partition by list (id);
           create table part_2_1 partition of part_2 for values in (1, 2, 3);
           insert into part select i % 3 + 1, i from generate_series(0, 19) i;""",
    )
    await perform(database, "delete from part where at in (1, 11)", {"part": RowCounts(deleted=2)})
    await perform(database, "delete from part_2 where at = 12", {"part": RowCounts(deleted=1)})
    await perform(database, "update part_1 set at = 0 where at = 2 and id = 3", {"part": RowCounts(updated=1)})
    move = await perform(database, "update part set at = 16 where at = 3", {"part": RowCounts(inserted=1, deleted=1)})
    assert move.counts == {"public.part": RowCounts(inserted=1, deleted=1)}
