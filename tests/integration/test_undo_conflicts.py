"""Undo among rows that others wrote since: what can be gone around, what can be overwritten, and what never is."""

from __future__ import annotations

import pytest
from tests.conftest import MakeDatabase
from tests.support.change import dump, leftovers, owned, perform, run, take_back

from pgwarden.adapters.postgres import undo_conflicts
from pgwarden.adapters.postgres.undo import preview_undo, proofs, skipped_rows
from pgwarden.domain.approval import OnConflict
from pgwarden.domain.errors import InputInvalid, OverwriteRefused, UndoImpossible
from pgwarden.domain.execution import Execution, RowCounts
from pgwarden.domain.recovery import ConflictKind, RowsChangedSince
from pgwarden.domain.undo_choice import rows_in_the_way

SKIP, OVERWRITE = OnConflict.SKIP, OnConflict.OVERWRITE

FAMILY = """
create table parent (id int primary key, u text unique, v int);
create table child (id int primary key, parent int references parent on delete cascade);
insert into parent values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3);
insert into child values (10, 1), (20, 2), (30, 3);
"""


@pytest.fixture
def family(make_database: MakeDatabase) -> str:
    database = owned(make_database())
    run(database, FAMILY)
    return database


async def test_a_new_child_keeps_its_parent_when_rows_are_skipped(family: str) -> None:
    added = await perform(family, "insert into parent values (5, 'e', 5), (6, 'f', 6)", {"parent": RowCounts(2)})
    run(family, "insert into child values (50, 5)")
    skipped = await take_back(family, added, OnConflict.SKIP)
    assert skipped.skipped == 1
    assert dump(family)["parent"] == ["(1,a,1)", "(2,b,2)", "(3,c,3)", "(5,e,5)"]
    assert "(50,5)" in dump(family)["child"]
    assert leftovers(family) == []


async def test_children_of_a_parent_that_cannot_come_back_are_skipped_with_it(family: str) -> None:
    """Somebody holds the unique value of one deleted parent: it stays away with its child; the others return."""
    counts = {"parent": RowCounts(deleted=3), "child": RowCounts(deleted=3)}
    gone = await perform(family, "delete from parent", counts)
    run(family, "insert into parent values (7, 'a', 0)")
    assert [c.kind for c in (await preview_undo(family, gone.id)).conflicts] == [ConflictKind.TAKEN]
    skipped = await take_back(family, gone, OnConflict.SKIP)
    assert skipped.skipped == 2
    assert dump(family) == {"parent": ["(2,b,2)", "(3,c,3)", "(7,a,0)"], "child": ["(20,2)", "(30,3)"]}
    assert {(r.table, r.before, r.after) for r in await skipped_rows(family, skipped.id)} == {
        ("public.parent", ("1", "a", "1"), None),
        ("public.child", ("10", "1"), None),
    }
    await take_back(family, skipped)
    assert dump(family) == {"parent": ["(7,a,0)"], "child": []}


async def test_a_child_whose_parent_is_gone_is_skipped(family: str) -> None:
    gone = await perform(family, "delete from child where id < 30", {"child": RowCounts(deleted=2)})
    run(family, "delete from parent where id = 1")
    skipped = await take_back(family, gone, OnConflict.SKIP)
    assert skipped.skipped == 1
    assert dump(family)["child"] == ["(20,2)", "(30,3)"]


async def test_overwriting_never_destroys_rows_that_came_later(family: str) -> None:
    added = await perform(family, "insert into parent values (5, 'e', 5)", {"parent": RowCounts(1)})
    run(family, "insert into child values (50, 5)", "update parent set v = 9 where id = 5")
    state = dump(family)
    with pytest.raises(OverwriteRefused) as refused:
        await take_back(family, added, OnConflict.OVERWRITE)
    assert refused.value.why == "public.parent: child"
    assert dump(family) == state

    gone = await perform(family, "delete from child where id = 10", {"child": RowCounts(deleted=1)})
    run(family, "delete from parent where id = 1", "insert into parent values (8, 'a', 8)")
    with pytest.raises(OverwriteRefused) as refused:
        await take_back(family, gone, OnConflict.OVERWRITE)
    assert refused.value.why == "public.child: parent"


async def test_a_unique_value_that_somebody_took_is_not_wrested_from_them(family: str) -> None:
    renamed = await perform(family, "update parent set u = 'z' where id = 1", {"parent": RowCounts(updated=1)})
    run(family, "update parent set u = 'a' where id = 2")
    state = dump(family)
    with pytest.raises(OverwriteRefused) as refused:
        await take_back(family, renamed, OnConflict.OVERWRITE)
    assert refused.value.why == "public.parent: taken"
    assert dump(family) == state
    skipped = await take_back(family, renamed, OnConflict.SKIP)
    assert skipped.skipped == 1
    assert dump(family) == state


@pytest.mark.parametrize("choice", [OnConflict.SKIP, OnConflict.OVERWRITE])
async def test_rows_that_came_in_the_way_after_the_approval_are_not_passed_over(
    family: str, choice: OnConflict
) -> None:
    """The rows that were approved are compared inside the undo's transaction, when its locks are held."""
    changed = await perform(family, "update parent set v = v + 10", {"parent": RowCounts(updated=3)})
    run(family, "update parent set v = 90 where id = 1")
    shown = (await preview_undo(family, changed.id)).conflicts
    for meanwhile in ("update parent set v = 91 where id = 1", "update parent set v = 92 where id = 2"):
        run(family, meanwhile)
        state = dump(family)
        with pytest.raises(RowsChangedSince):
            await take_back(family, changed, choice, shown=shown)
        assert dump(family) == state
        assert leftovers(family) == []
    run(family, "update parent set v = id + 10")
    with pytest.raises(RowsChangedSince, match="any more"):
        await take_back(family, changed, choice, shown=shown)
    await take_back(family, changed, choice)
    assert dump(family)["parent"] == ["(1,a,1)", "(2,b,2)", "(3,c,3)"]


async def in_the_way(database: str, execution: Execution) -> dict[str, str]:
    """The ids of the rows in the way of an undo, by table and the key that they had or got."""
    rows = rows_in_the_way((await preview_undo(database, execution.id)).conflicts)
    return {f"{row.table.rpartition('.')[2]} {(row.after or row.before or ('?',))[0]}": row.id for row in rows}


async def test_each_row_in_the_way_is_settled_as_it_was_chosen(family: str) -> None:
    """One stays as others made it, one becomes as it was, one comes back, and those in nobody's way are taken back."""
    run(family, "insert into parent values (4, 'd', 4), (5, 'e', 5)")
    changed = await perform(family, "update parent set v = v + 10", {"parent": RowCounts(updated=5)})
    run(
        family,
        "update parent set v = 91 where id = 1; update parent set v = 92, u = 'bb' where id = 2",
        "delete from parent where id in (4, 5)",
    )
    rows = await in_the_way(family, changed)
    assert set(rows) == {"parent 1", "parent 2", "parent 4", "parent 5"}
    choices = {rows["parent 1"]: SKIP, rows["parent 2"]: OVERWRITE, rows["parent 4"]: OVERWRITE}
    with pytest.raises(InputInvalid, match="1 row in the way has no choice"):
        await take_back(family, changed, choices=choices)
    state = dump(family)
    undone = await take_back(family, changed, SKIP, choices=choices)
    assert undone.skipped == 2
    assert dump(family)["parent"] == ["(1,a,91)", "(2,b,2)", "(3,c,3)", "(4,d,4)"]
    assert leftovers(family) == []
    assert [each.unmirrored for each in await proofs(family, undone.id)] == [2]
    await take_back(family, undone)
    assert dump(family) == state, "what was overwritten is in the undo's own images"


async def test_a_choice_is_for_the_row_as_it_was_shown(family: str) -> None:
    changed = await perform(family, "update parent set v = v + 10", {"parent": RowCounts(updated=3)})
    run(family, "update parent set v = 90 where id < 3")
    shown = (await preview_undo(family, changed.id)).conflicts
    rows = await in_the_way(family, changed)
    choices = {rows["parent 1"]: SKIP, rows["parent 2"]: OVERWRITE}
    for meanwhile in ("update parent set v = 91 where id = 2", "update parent set v = 92 where id = 3"):
        run(family, meanwhile)
        state = dump(family)
        with pytest.raises(RowsChangedSince):
            await take_back(family, changed, shown=shown, choices=choices)
        with pytest.raises(RowsChangedSince, match="not in the way as shown"):
            await take_back(family, changed, choices=choices)
        assert dump(family) == state
        assert leftovers(family) == []


async def test_choices_that_stand_against_each_other_change_nothing(family: str) -> None:
    """A child that is to come back cannot while its parent is to stay away; a row that was to be overwritten is never
    left alone instead without a word."""
    counts = {"parent": RowCounts(deleted=3), "child": RowCounts(deleted=3)}
    gone = await perform(family, "delete from parent", counts)
    run(family, "insert into parent values (1, 'z', 0)", "insert into child values (10, 1), (30, 1)")
    rows = await in_the_way(family, gone)
    assert set(rows) == {"parent 1", "child 10", "child 30"}
    state = dump(family)
    against = {rows["parent 1"]: OVERWRITE, rows["child 10"]: SKIP, rows["child 30"]: OVERWRITE}
    undone = await take_back(family, gone, choices=against)
    assert dump(family) == {
        "parent": ["(1,a,1)", "(2,b,2)", "(3,c,3)"],
        "child": ["(10,1)", "(20,2)", "(30,3)"],
    }
    await take_back(family, undone)
    assert dump(family) == state
    run(family, "delete from child", "update parent set id = 7, u = 'c'")
    run(family, "insert into child values (30, 7)")
    rows = await in_the_way(family, gone)
    assert set(rows) == {"parent 3", "child 30"}, "somebody holds the unique value of the parent, and the child's key"
    state = dump(family)
    with pytest.raises(OverwriteRefused, match="chosen to be overwritten cannot be") as refused:
        await take_back(family, gone, choices={rows["parent 3"]: SKIP, rows["child 30"]: OVERWRITE})
    assert "parent" in refused.value.why
    assert dump(family) == state
    assert leftovers(family) == []


async def test_more_rows_than_a_person_was_shown_are_not_passed_over(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo_conflicts, "CONFLICTS_LISTED", 2)
    changed = await perform(family, "update parent set v = v + 10", {"parent": RowCounts(updated=3)})
    run(family, "update parent set v = 90")
    state = dump(family)
    with pytest.raises(UndoImpossible, match="more than are listed"):
        await take_back(family, changed, OnConflict.OVERWRITE)
    assert dump(family) == state


async def test_rows_whose_keys_changed_are_never_left_alone_one_by_one(make_database: MakeDatabase) -> None:
    """Leaving the new image and bringing back the old one would make two rows of one."""
    database = owned(make_database())
    run(
        database,
        "create table t (id int primary key, v int); insert into t values (1, 1), (2, 2);"
        "create table bag (v text); insert into bag values ('x'), ('y')",
    )
    moved = await perform(database, "update t set id = id + 100", {"t": RowCounts(updated=2)})
    run(database, "update t set v = 9 where id = 101")
    marked = await perform(database, "update bag set v = v || '!'", {"bag": RowCounts(updated=2)})
    run(database, "update bag set v = 'other' where v = 'x!'")
    state = dump(database)
    for execution in (moved, marked):
        with pytest.raises(UndoImpossible, match="one by one"):
            await take_back(database, execution, OnConflict.SKIP)
    assert dump(database) == state


SEATS = """
create table seat (id int primary key, place int unique, v int);
create table guest (id int primary key, seat int references seat {});
insert into seat select 21 - i, i, 0 from generate_series(20, 1, -1) i; insert into guest values (1, 1), (2, 20)
"""


@pytest.mark.parametrize("action", ["", "on delete cascade", "on delete restrict", "on delete set null"])
@pytest.mark.parametrize("triggers", [False, True])
async def test_unique_values_that_rows_took_over_move_back(
    make_database: MakeDatabase, action: str, triggers: bool
) -> None:
    """Whatever references the rows: they leave and return within one statement, or go back one by one."""
    database = owned(make_database())
    run(database, SEATS.format(action))
    if triggers:  # then the change is captured by triggers, too
        run(
            database,
            "create function f() returns trigger language plpgsql as 'begin new.v := 1; return new; end'",
            "create trigger f before update on seat for each row execute function f()",
        )
    before = dump(database)
    execution = await perform(database, "update seat set place = place + 1", {"seat": RowCounts(updated=20)})
    after = dump(database)
    undone = await take_back(database, execution)
    assert dump(database) == before
    await take_back(database, undone)
    assert dump(database) == after
    assert leftovers(database) == []


async def test_keys_that_rows_took_over_move_back_where_references_only_look(make_database: MakeDatabase) -> None:
    database = owned(make_database())
    run(database, SEATS.format("on update cascade"), "update seat set place = -place")
    before = dump(database)
    counts = {"seat": RowCounts(updated=20), "guest": RowCounts(updated=2)}
    run(database, "create table copy as select * from seat order by id desc; delete from guest; delete from seat")
    run(database, "insert into seat select * from copy; insert into guest values (1, 1), (2, 20); drop table copy")
    assert dump(database) == before
    execution = await perform(database, "update seat set id = id + 1", counts)
    await take_back(database, execution)
    assert dump(database) == before


async def test_keys_moved_under_references_that_act_come_back(make_database: MakeDatabase) -> None:
    """Only the ends of the chain come and go; the rows between get their contents back in place."""
    database = owned(make_database())
    run(
        database,
        "create table seat (id int primary key, v int);"
        "create table guest (id int primary key, seat int references seat on delete cascade on update cascade);"
        "insert into seat select i, -i from generate_series(20, 1, -1) i; insert into guest values (1, 1), (2, 20)",
    )
    before = dump(database)
    counts = {"seat": RowCounts(updated=20), "guest": RowCounts(updated=2)}
    execution = await perform(database, "update seat set id = id + 1", counts)
    await take_back(database, execution)
    assert dump(database) == before
    assert leftovers(database) == []
