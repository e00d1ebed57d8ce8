"""Every referential action, for DELETE and for changed keys, alone and together: foretold as it then happens."""

from __future__ import annotations

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import owned, run

from pgwarden.adapters.postgres import impact as impact_module
from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.impact import analyse
from pgwarden.domain.execution import RowCounts
from pgwarden.domain.impact import Impact

ACTIONS = ("cascade", "set null", "set default", "restrict", "no action")
COMPOSITE = """
create table place (a int, b text, primary key (a, b));
create table visit (id int primary key, a int, b text, foreign key (a, b) references place
                    on delete set null (b) on update cascade deferrable initially deferred);
insert into place select i, 'b' || i from generate_series(1, 5) i;
insert into visit select i, i % 3 + 1, 'b' || i % 3 + 1 from generate_series(1, 9) i;
"""
DIAMOND = """
create table top (id int primary key);
create table left_side (id int primary key, top int references top on delete cascade);
create table right_side (id int primary key, top int references top on delete cascade);
create table bottom (id int primary key, l int references left_side on delete cascade,
                     r int references right_side on delete cascade);
insert into top select generate_series(1, 3);
insert into left_side select i, i from generate_series(1, 3) i;
insert into right_side select i, i from generate_series(1, 3) i;
insert into bottom values (1, 1, 1), (2, 1, 2), (3, 2, 1), (4, 3, 3), (5, null, null);
"""
RING = """
create table ring_a (id int primary key, b int);
create table ring_b (id int primary key, a int references ring_a on delete cascade on update cascade);
alter table ring_a add foreign key (b) references ring_b on delete cascade on update cascade;
insert into ring_a values (1, null), (2, null), (3, null); insert into ring_b values (1, 1), (2, 2), (3, 3);
update ring_a set b = id % 2 + 1 where id < 3;
"""
PARTS = """
create table owner (id int primary key);
create table thing (id int, owner int references owner on delete cascade on update cascade, primary key (id))
  partition by range (id);
create table thing_low partition of thing for values from (0) to (5);
create table thing_high partition of thing for values from (5) to (100);
create index on thing (owner);
insert into owner select generate_series(1, 4);
insert into thing select i, i % 4 + 1 from generate_series(1, 12) i;
"""


@pytest.fixture(params=["by key", "by table"])
def database(request: pytest.FixtureRequest, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> str:
    """Counted by one statement that follows keys, as for few rows, and by one statement for each table."""
    if request.param == "by table":
        monkeypatch.setattr(impact_module, "FEW_ROWS", -1)
        monkeypatch.setattr(impact_module, "FEW_OF_A_TABLE", -1.0)
    return owned(make_database())


async def impact_of(database: str, sql: str) -> Impact:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        catalog = await PostgresCatalogReader(connection).read()
    return await analyse(database, sql, catalog)


def counts(impact: Impact) -> dict[str, RowCounts]:
    return {table.name.removeprefix("public."): table.counts for table in impact.tables if table.rows}


def steps(impact: Impact) -> dict[str, tuple[str, str, int, int]]:
    return {
        f"{step.source}>{step.table}".replace("public.", ""): (step.event, step.action, step.figure.rows, step.depth)
        for step in impact.cascades
    }


def fails(database: str, sql: str) -> bool:
    with psycopg.connect(database) as connection:
        try:
            connection.execute(sql.encode())
            connection.execute("set constraints all immediate")
        except psycopg.errors.IntegrityError:
            return True
        finally:
            connection.rollback()
    return False


async def test_every_action_for_deleted_rows_and_changed_keys(database: str) -> None:
    for action in ACTIONS:
        plain = action.replace(" ", "_")
        run(
            database,
            f"""create table p_{plain} (id int primary key);
                create table c_{plain} (id int, p int default 9
                  references p_{plain} on delete {action} on update {action});
                create index on c_{plain} (p);
                insert into p_{plain} values (1), (2), (9); insert into c_{plain} values (1, 1), (2, 1), (3, 2);""",
        )
    for action in ACTIONS:
        plain = action.replace(" ", "_")
        carried = RowCounts(updated=2)
        for sql, own, event in (
            (f"delete from p_{plain} where id = 1", RowCounts(deleted=1), "DELETE"),
            (f"update p_{plain} set id = 5 where id = 1", RowCounts(updated=1), "UPDATE"),
        ):
            impact = await impact_of(database, sql)
            assert steps(impact) == {f"p_{plain}>c_{plain}": (event, action.upper(), 2, 1)}
            forbidden = action in ("restrict", "no action")
            reached = {} if forbidden else {f"c_{plain}": carried}
            if (action, event) == ("cascade", "DELETE"):
                reached = {f"c_{plain}": RowCounts(deleted=2)}
            assert counts(impact) == {f"p_{plain}": own, **reached}
            assert any(v.certain for v in impact.violations) == forbidden == fails(database, sql), sql


async def test_composite_and_deferrable_keys(database: str) -> None:
    run(database, COMPOSITE)
    gone = await impact_of(database, "delete from place where a <= 2")
    assert counts(gone) == {"place": RowCounts(deleted=2), "visit": RowCounts(updated=6)}
    assert steps(gone) == {"place>visit": ("DELETE", "SET NULL", 6, 1)}
    moved = await impact_of(database, "update place set a = a + 10 where b = 'b3'")
    assert counts(moved) == {"place": RowCounts(updated=1), "visit": RowCounts(updated=3)}
    assert (moved.violations, gone.violations) == ((), ())
    assert not fails(database, "delete from place where a <= 2")


async def test_rows_are_counted_by_path_and_once_by_table(database: str) -> None:
    """Two ways lead to the bottom: each says what it reaches, and no row counts twice."""
    run(database, DIAMOND)
    impact = await impact_of(database, "delete from top where id = 1")
    assert counts(impact)["bottom"] == RowCounts(deleted=3)
    found = steps(impact)
    assert found["left_side>bottom"] == found["right_side>bottom"] == ("DELETE", "CASCADE", 2, 2)


async def test_keys_that_lead_in_a_circle(database: str) -> None:
    run(database, RING)
    gone = await impact_of(database, "delete from ring_a where id = 1")
    assert counts(gone) == {"ring_a": RowCounts(deleted=2), "ring_b": RowCounts(deleted=2)}
    alone = await impact_of(database, "delete from ring_b where id = 3")
    assert counts(alone) == {"ring_b": RowCounts(deleted=1)}
    moved = await impact_of(database, "update ring_a set id = 33 where id = 3")
    assert counts(moved) == {"ring_a": RowCounts(updated=1), "ring_b": RowCounts(updated=1)}


async def test_partitioned_children_count_as_one_table(database: str) -> None:
    run(database, PARTS)
    gone = await impact_of(database, "delete from owner where id = 2")
    assert counts(gone) == {"owner": RowCounts(deleted=1), "thing": RowCounts(deleted=3)}
    assert [step.table for step in gone.cascades] == ["public.thing"]
    moved = await impact_of(database, "update owner set id = 22 where id = 2")
    assert counts(moved) == {"owner": RowCounts(updated=1), "thing": RowCounts(updated=3)}
