"""Undo on real tables: the state before comes back exactly, and what others did since is never overwritten."""

from __future__ import annotations

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import dump, leftovers, owned, perform, run, take_back

from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import open_session
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.adapters.postgres.undo import changed_rows, preview_undo
from pgwarden.domain.approval import OnConflict
from pgwarden.domain.errors import UndoImpossible
from pgwarden.domain.execution import CaptureWay, RowCounts
from pgwarden.domain.recovery import ConflictKind, RowsChangedSince

ODD = """
create table odd (id int generated always as identity primary key, f float8, n numeric, j json, b jsonb, t text,
                  d date, i interval, c char(4), a int[], r int4range, g numeric generated always as (n * 2) stored);
insert into odd (f, n, j, b, t, d, i, c, a, r) values
  ('-0', '1.0', '{"a" : 1, "a":2}', '{"x": 1.0}', null, '0044-03-15 BC', '1 mon', 'a', '{1,NULL}', '[1,5)'),
  ('NaN', 'NaN', '[1,  2]', 'null', '', 'infinity', '30 days', 'b', '[2:3]={1,2}', 'empty'),
  ('-Infinity', '1.00', 'null', '[]', E'x\\ny"', '2024-02-29', '-1 year 2 mons', '', '{}', '(,)');
"""


@pytest.fixture(params=[18, 16])
def database(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    return owned(make_database(request.param))


@pytest.fixture(params=[18, 17, 16, 14])
def anywhere(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    return owned(make_database(request.param))


@pytest.fixture
def database18(make_database: MakeDatabase) -> str:
    return owned(make_database())


async def round_trip(database: str, statement: str, expected: dict[str, RowCounts]) -> None:
    before = dump(database)
    execution = await perform(database, statement, expected)
    after = dump(database)
    undone = await take_back(database, execution)
    assert dump(database) == before
    redone = await take_back(database, undone)
    assert dump(database) == after
    await take_back(database, redone)
    assert dump(database) == before
    assert leftovers(database) == []


@pytest.mark.parametrize(
    ("statement", "counts"),
    [
        ("delete from odd", RowCounts(deleted=3)),
        ("update odd set n = n * 10, t = 'z', f = 0", RowCounts(updated=3)),
        ("update odd set f = 0, n = 1 where id = 1", RowCounts(updated=1)),
        ("update odd set t = t", RowCounts(updated=3)),
        ("insert into odd (n, j) select n, j from odd", RowCounts(inserted=3)),
        (
            (
                "merge into odd using (values (1), (9)) v (k) on id = k when matched then delete"
                " when not matched then insert (n) values (k)"
            ),
            RowCounts(inserted=1, deleted=1),
        ),
        (
            "with gone as (delete from odd where id = 1 returning n) update odd set n = odd.n + gone.n from gone",
            RowCounts(updated=2, deleted=1),
        ),
        (
            (
                "insert into odd (id, n) overriding system value values (1, 5), (8, 6)"
                " on conflict (id) do update set n = excluded.n"
            ),
            RowCounts(inserted=1, updated=1),
        ),
    ],
)
async def test_odd_values_come_back_bit_for_bit(database: str, statement: str, counts: RowCounts) -> None:
    run(database, ODD)
    await round_trip(database, statement, {"odd": counts})


async def test_cycles_self_references_and_changed_keys(anywhere: str) -> None:
    run(
        anywhere,
        """create table a (id int primary key, b int);
           create table b (id int primary key, a int not null references a on delete cascade on update cascade);
           alter table a add foreign key (b) references b on delete cascade on update cascade;
           create table tree (id int primary key, up int references tree on delete cascade on update cascade);
           insert into a values (1, null), (2, null); insert into b values (1, 1), (2, 2); update a set b = id;
           insert into tree values (1, null), (2, 1), (3, 2), (4, 3), (9, null);""",
    )
    await round_trip(anywhere, "delete from a where id = 1", {"a": RowCounts(deleted=1), "b": RowCounts(deleted=1)})
    await round_trip(anywhere, "update a set id = id + 100", {"a": RowCounts(updated=2), "b": RowCounts(updated=2)})
    await round_trip(anywhere, "delete from tree where id = 1", {"tree": RowCounts(deleted=4)})
    await round_trip(anywhere, "update tree set id = 50 where id = 2", {"tree": RowCounts(updated=2)})


async def test_tables_without_keys(anywhere: str) -> None:
    run(
        anywhere,
        "create table bag (v text, f float8)",
        "insert into bag values ('a', 0), ('a', 0), ('a', '-0'), ('b', 1)",
    )
    await round_trip(anywhere, "delete from bag where v = 'a'", {"bag": RowCounts(deleted=3)})
    await round_trip(anywhere, "update bag set f = 1", {"bag": RowCounts(updated=4)})
    await round_trip(anywhere, "insert into bag values ('a', 0)", {"bag": RowCounts(inserted=1)})


async def test_user_triggers_stay_silent_and_keep_their_state(database: str) -> None:
    run(
        database,
        """create table t (id int primary key, v int);
           create function bump() returns trigger language plpgsql as 'begin new.v := new.v + 1; return new; end';
           create function again() returns trigger language plpgsql as
             'begin if new.v < 100 then update t set v = v + 100 where id = new.id; end if; return null; end';
           create trigger a before insert or update on t for each row execute function bump();
           create trigger b after update on t for each row execute function again();
           create trigger off before update on t for each row execute function bump();
           create trigger always before update on t for each row execute function bump();
           alter table t disable trigger off; alter table t enable always trigger always;
           insert into t values (1, 1), (2, 2);""",
    )
    states = "select tgname, tgenabled from pg_trigger where not tgisinternal order by 1"
    with psycopg.connect(database) as connection:
        kept = connection.execute(states.encode()).fetchall()
    await round_trip(database, "update t set v = 5", {"t": RowCounts(updated=4)})
    with psycopg.connect(database) as connection:
        assert connection.execute(states.encode()).fetchall() == kept


TABLE_BELOW = """
create table top (id int primary key);
create table below (id int primary key, top int references top on delete cascade on update cascade, gone bool);
create table seen (event text);
"""


@pytest.mark.parametrize(
    "hanging",
    [
        "create rule soft as on delete to below do instead update below set gone = true where id = old.id",
        (
            "create function note() returns trigger language plpgsql as"
            " $$begin insert into seen values (tg_op); return null; end$$;"
            " create trigger note after delete on below for each statement execute function note()"
        ),
    ],
    ids=["rule", "statement trigger"],
)
async def test_what_hangs_on_tables_that_reference_stays_silent_too(database: str, hanging: str) -> None:
    """The foreign key asks them to follow even where no row is left: a rule is in its way, a trigger fires."""
    run(database, TABLE_BELOW, hanging)
    await round_trip(database, "insert into top values (1), (2)", {"top": RowCounts(inserted=2)})


async def test_what_hangs_on_tables_of_others_is_left_as_it_is(make_database: MakeDatabase) -> None:
    superuser = make_database()
    database = owned(superuser)
    run(database, "create table top (id int primary key); grant references on top to public")
    run(
        superuser,
        "create table below (id int primary key, top int references top on delete cascade)",
        "create function quiet() returns trigger language plpgsql as 'begin return null; end'",
        "create trigger quiet after delete on below for each statement execute function quiet()",
        "grant select, delete on below to public",
    )
    await round_trip(database, "insert into top values (1), (2)", {"top": RowCounts(inserted=2)})


async def test_a_merge_on_partitions_keeps_each_row_as_it_became(database: str) -> None:
    """The transition table of its UPDATE held the row that was inserted before, a defect of PostgreSQL."""
    run(
        database,
        "create table part (id int primary key, v text) partition by hash (id)",
        "create table part_1 (v text, id int not null)",
        "alter table part attach partition part_1 for values with (modulus 1, remainder 0)",
        "insert into part values (2, 'old')",
    )
    merge = (
        "merge into part p using (values (1, 'came'), (2, 'became')) s (id, v) on p.id = s.id"
        " when matched then update set v = s.v when not matched then insert (id, v) values (s.id, s.v)"
    )
    execution = await perform(database, merge, {"part": RowCounts(inserted=1, updated=1)})
    rows = await changed_rows(database, execution.id)
    assert {(row.before, row.after) for row in rows} == {(None, ("1", "came")), (("2", "old"), ("2", "became"))}
    await take_back(database, execution)
    assert dump(database)["part_1"] == ["(old,2)"]


async def test_partitions_round_trip(anywhere: str) -> None:
    run(
        anywhere,
        """create table part (id int, at int, v text, primary key (id, at)) partition by range (at);
           create table part_1 partition of part for values from (0) to (10);
           create table part_2 (v text, at int not null, id int not null);
           alter table part attach partition part_2 for values from (10) to (20);
           insert into part select i, i, 'x' from generate_series(0, 19) i;""",
    )
    await round_trip(anywhere, "update part set at = at + 1 where at = 9", {"part": RowCounts(inserted=1, deleted=1)})
    await round_trip(anywhere, "delete from part_2", {"part": RowCounts(deleted=10)})
    await round_trip(anywhere, "update part set v = 'y'", {"part": RowCounts(updated=20)})


async def test_conflicts_are_listed_and_nothing_is_overwritten(database: str) -> None:
    run(
        database,
        "create table t (id int primary key, v int, u int unique)",
        "insert into t select i, i, i from generate_series(1, 6) i",
    )
    execution = await perform(database, "update t set v = -v where id > 2", {"t": RowCounts(updated=4)})
    run(database, "update t set v = 99 where id = 3", "delete from t where id = 4")
    now = dump(database)
    with pytest.raises(RowsChangedSince) as caught:
        await take_back(database, execution)
    found = {(c.kind, c.before, c.after, c.now) for c in caught.value.conflicts}
    assert found == {
        (ConflictKind.CHANGED, ("3", "3", "3"), ("3", "-3", "3"), ("3", "99", "3")),
        (ConflictKind.GONE, ("4", "4", "4"), ("4", "-4", "4"), None),
    }
    assert set((await preview_undo(database, execution.id)).conflicts) == set(caught.value.conflicts)
    assert dump(database) == now

    skipped = await take_back(database, execution, OnConflict.SKIP)
    assert skipped.skipped == 2
    assert dump(database)["t"] == ["(1,1,1)", "(2,2,2)", "(3,99,3)", "(5,5,5)", "(6,6,6)"]
    await take_back(database, skipped)
    assert dump(database) == now
    await take_back(database, execution, OnConflict.OVERWRITE)
    assert dump(database)["t"] == [f"({i},{i},{i})" for i in range(1, 7)]


async def test_a_taken_key_a_new_child_and_a_lost_parent_are_conflicts(database18: str) -> None:
    run(
        database18,
        """create table parent (id int primary key, u text unique);
           create table child (id int primary key, parent int references parent on delete cascade);
           insert into parent values (1, 'a'), (2, 'b'); insert into child values (1, 1), (2, 2);""",
    )
    gone = await perform(
        database18, "delete from parent where id = 1", {"parent": RowCounts(deleted=1), "child": RowCounts(deleted=1)}
    )
    run(database18, "insert into parent values (7, 'a')")
    assert [c.kind for c in (await preview_undo(database18, gone.id)).conflicts] == [ConflictKind.TAKEN]
    run(database18, "delete from parent where id = 7")

    added = await perform(database18, "insert into parent values (5, 'e')", {"parent": RowCounts(inserted=1)})
    run(database18, "insert into child values (50, 5)")
    state = dump(database18)
    with pytest.raises(RowsChangedSince) as caught:
        await take_back(database18, added)
    assert [c.kind for c in caught.value.conflicts] == [ConflictKind.CHILD]
    assert dump(database18) == state

    child = await perform(database18, "delete from child where id = 2", {"child": RowCounts(deleted=1)})
    run(database18, "delete from parent where id = 2")
    with pytest.raises(RowsChangedSince) as caught:
        await take_back(database18, child)
    assert [c.kind for c in caught.value.conflicts] == [ConflictKind.PARENT]


async def test_an_execution_is_undone_once_until_its_undo_is(database18: str) -> None:
    run(database18, "create table t (id int primary key)", "insert into t values (1)")
    execution = await perform(database18, "delete from t", {"t": RowCounts(deleted=1)})
    await take_back(database18, execution)
    with pytest.raises(UndoImpossible, match="already undone"):
        await take_back(database18, execution)


async def test_the_ledger_is_right_at_every_level_of_a_chain_of_undos(database18: str) -> None:
    """Each undo turns round what all above it mean: in force or taken back, and by which."""
    run(database18, "create table t (id int primary key)", "insert into t values (1)")
    chain = [await perform(database18, "delete from t", {"t": RowCounts(deleted=1)})]
    for _ in range(4):
        chain.append(await take_back(database18, chain[-1]))
        async with open_session(database18) as session:
            marks = [(await Ledger(session).execution(link.id)).undone_by for link in chain]
        in_force = range(len(chain) - 1, -1, -2)
        assert marks == [None if i in in_force else chain[i + 1].id for i in range(len(chain))]
    with pytest.raises(UndoImpossible, match="already undone"):
        await take_back(database18, chain[1])
    again = await take_back(database18, chain[0])
    async with open_session(database18) as session:
        assert (await Ledger(session).execution(chain[0].id)).undone_by == again.id


async def test_changed_columns_and_collected_images_are_refused(database18: str) -> None:
    run(database18, "create table t (id int primary key)", "insert into t values (1), (2)")
    first = await perform(database18, "delete from t where id = 1", {"t": RowCounts(deleted=1)})
    second = await perform(database18, "delete from t where id = 2", {"t": RowCounts(deleted=1)})
    async with open_session(database18) as session:
        assert await Ledger(session).collect(first.id) > 0
    with pytest.raises(UndoImpossible, match="were deleted"):
        await take_back(database18, first)
    run(database18, "alter table t add column v int default 3")
    with pytest.raises(UndoImpossible, match="columns"):
        await take_back(database18, second)


@pytest.mark.parametrize(
    ("statement", "counts"),
    [("delete from t where id = 1", RowCounts(deleted=1)), ("update t set v = 2", RowCounts(updated=2))],
)
async def test_hidden_rows_are_noticed(database18: str, statement: str, counts: RowCounts) -> None:
    run(database18, "create table t (id int primary key, v int)", "insert into t values (1), (2)")
    execution = await perform(database18, statement, {"t": counts})
    run(database18, "alter table t enable row level security", "alter table t force row level security")
    with pytest.raises(UndoImpossible, match="Row-level"):
        await take_back(database18, execution)


async def test_tables_that_inherit_keep_their_own_columns(database: str) -> None:
    run(
        database,
        """create table base (id int primary key, v int);
           create table special (extra text, primary key (id)) inherits (base);
           insert into base values (1, 1), (2, 2); insert into special values (3, 3, 'c'), (1, 4, 'd');""",
    )
    both = {"base": RowCounts(updated=2), "special": RowCounts(updated=2)}
    await round_trip(database, "update base set v = v + 1", both)
    await round_trip(
        database, "delete from base where id = 1", {"base": RowCounts(deleted=1), "special": RowCounts(deleted=1)}
    )
    await round_trip(database, "delete from only base", {"base": RowCounts(deleted=2)})
    await round_trip(database, "insert into special values (9, 9, 'z')", {"special": RowCounts(inserted=1)})


async def test_an_execution_is_shown_row_by_row(database18: str) -> None:
    run(
        database18,
        "create table t (id int primary key, v text)",
        "create table bag (v text)",
        "insert into t values (1, 'a'), (2, null)",
        "insert into bag values ('x'), ('x')",
    )
    statement = (
        "with gone as (delete from t where id = 2), bags as (delete from bag), new as (insert into t values (3, 'n'))"
        " update t set v = 'b' where id = 1"
    )
    expected = {"t": RowCounts(1, 1, 1), "bag": RowCounts(deleted=2)}
    execution = await perform(database18, statement, expected)
    shown = {(row.table, row.before, row.after) for row in await changed_rows(database18, execution.id)}
    assert shown == {
        ("public.t", ("1", "a"), ("1", "b")),
        ("public.t", ("2", None), None),
        ("public.t", None, ("3", "n")),
        ("public.bag", ("x",), None),
    }
    assert len(await changed_rows(database18, execution.id)) == 5


async def test_children_of_a_nullable_key_survive_an_undo(database: str) -> None:
    """In-place restoring matters here: a parent that left and came back would take its children along."""
    run(
        database,
        """create table parent (code text unique, v int);
           create table child (id int primary key, code text references parent (code) on delete cascade);
           insert into parent values ('a', 1), (null, 1), (null, 1), ('b', 2); insert into child values (1, 'a');""",
    )
    await round_trip(database, "update parent set v = v + 1", {"parent": RowCounts(updated=4)})
    await round_trip(database, "delete from parent where code is null", {"parent": RowCounts(deleted=2)})
    await round_trip(database, "insert into parent values (null, 1), ('c', 1)", {"parent": RowCounts(inserted=2)})
    await round_trip(database, "delete from parent", {"parent": RowCounts(deleted=4), "child": RowCounts(deleted=1)})


async def test_unique_values_that_moved_on_are_handed_back(database: str) -> None:
    """Forward it works because the rows lie in descending order; one UPDATE back would meet the same values."""
    run(
        database,
        "create table seat (id int primary key, place int unique)",
        "insert into seat select i, i from generate_series(20, 1, -1) i",
    )
    await round_trip(database, "update seat set place = place + 1", {"seat": RowCounts(updated=20)})


async def test_a_dropped_table_is_refused(database18: str) -> None:
    run(database18, "create table t (id int primary key, v int)", "insert into t values (1, 1), (2, 2)")
    deleted = await perform(database18, "delete from t where id = 1", {"t": RowCounts(deleted=1)})
    updated = await perform(database18, "update t set v = 9", {"t": RowCounts(updated=1)})
    run(database18, "drop table t", "create table t (id int primary key, v int)")
    for execution in (deleted, updated):
        with pytest.raises(UndoImpossible, match="no longer exists"):
            await take_back(database18, execution)


async def test_an_update_is_taken_back_without_locking_writers_out(database18: str) -> None:
    """Somebody holds a lock that capture by triggers would wait for; the rows themselves are free."""
    run(
        database18,
        "create table t (id int primary key, v int, w text)",
        "insert into t values (1, 1, 'a'), (2, 2, 'b')",
    )
    before = dump(database18)
    execution = await perform(database18, "update t set v = v + 1 where id = 1", {"t": RowCounts(updated=1)})
    with psycopg.connect(database18) as writer:
        writer.execute("update t set v = 20 where id = 2")
        undone = await take_back(database18, execution)
        assert [table.way for table in undone.tables] == [CaptureWay.RETURNING]
    run(database18, "update t set v = 2 where id = 2")
    assert dump(database18) == before
    redone = await take_back(database18, undone)
    assert dump(database18)["t"] == ["(1,2,a)", "(2,2,b)"]
    run(database18, "update t set w = 'x' where id = 1")
    state = dump(database18)
    with pytest.raises(RowsChangedSince):
        await take_back(database18, redone)
    assert dump(database18) == state
    assert leftovers(database18) == []


async def test_the_planner_knows_many_images_before_an_undo_reads_them(database18: str) -> None:
    """Otherwise it guesses, and reads all of a large table to find a few of its rows."""
    run(
        database18,
        "create table t (id int primary key, n int); insert into t select i, 0 from generate_series(1, 1500) i",
    )
    update = await perform(database18, "update t set n = 1", {"t": RowCounts(updated=1500)})
    delete = await perform(database18, "delete from t", {"t": RowCounts(deleted=1500)})
    await take_back(database18, delete)
    await take_back(database18, update)
    with psycopg.connect(database18) as connection:
        known = connection.execute(
            "select relname, reltuples from pg_class where relkind = 'r' and relname like any (%s)",
            [[f"x{execution.id.replace('-', '')}%" for execution in (update, delete)]],
        ).fetchall()
    assert [rows for name, rows in known if name.endswith(("_p", "_d"))] == [1500, 1500]


async def test_a_ledger_of_an_earlier_version_gets_its_index_when_nobody_writes_it(database18: str) -> None:
    run(database18, "create table t (id int primary key); insert into t values (1), (2), (3)")
    first = await perform(database18, "delete from t where id = 1", {"t": RowCounts(deleted=1)})
    run(database18, "drop index pgwarden.execution_undoes")
    with psycopg.connect(database18) as other:
        other.execute("update pgwarden.execution set skipped = 0")
        second = await perform(database18, "delete from t where id = 2", {"t": RowCounts(deleted=1)})
        assert "execution_undoes" not in _plan_of_marking(database18)
    await take_back(database18, second)
    await take_back(database18, first)
    assert "execution_undoes" in _plan_of_marking(database18)
    assert dump(database18)["t"] == ["(1)", "(2)", "(3)"]


def _plan_of_marking(database: str) -> str:
    with psycopg.connect(database) as connection:
        connection.execute("set enable_seqscan = off")
        query = named_queries("change.sql", connection.info.server_version // 10_000)["mark_undone"]
        rows = connection.execute(b"explain " + query, {"id": "00000000-0000-0000-0000-000000000000"})
        return "\n".join(line for (line,) in rows)
