"""Rules of users, and rows that move between partitions: what they set off is read, and only a run counts it."""

from __future__ import annotations

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.integration.test_impact import counts, impact_of
from tests.support.change import LATER, NOW, dump, owned, perform, run, take_back

from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.rehearsal import rehearse
from pgwarden.adapters.postgres.session import open_session
from pgwarden.domain.errors import NotUndoable
from pgwarden.domain.execution import RowCounts
from pgwarden.domain.impact import Impact, SideEffect, SideEffectKind
from pgwarden.domain.rehearsal_permit import RehearsalPermit

TABLES = """
create table shelf (id int primary key);
create table book (id int primary key, shelf int references shelf on delete cascade, gone boolean default false);
create table page (id int primary key, book int references book on delete restrict);
create table log (what text, id int);
create table kept (id int, at int, primary key (id, at)) partition by list (at);
create table kept_1 partition of kept for values in (1);
create table kept_2 partition of kept for values in (2);
insert into shelf values (1), (2);
insert into book select i, i % 2 + 1 from generate_series(1, 6) i;
insert into page select i, i from generate_series(1, 3) i;
"""
LOGGED = "create rule logged as on update to book do also insert into log values ('update', old.id)"
SOFT = "create rule soft as on delete to book do instead update book set gone = true where id = old.id"


@pytest.fixture(params=[18, 16])
def library(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    database = owned(make_database(request.param))
    run(database, TABLES)
    return database


async def rehearsed(database: str, impact: Impact) -> Impact:
    async with open_session(database) as session:
        identity, role = await Ledger(session).identify()
    permit = RehearsalPermit(identity, role, "ada", LATER)
    return await rehearse(database, impact, permit, now=NOW)


def rules(impact: Impact) -> list[SideEffect]:
    return [effect for effect in impact.side_effects if effect.kind is SideEffectKind.RULE]


async def test_what_a_rule_adds_is_read_rehearsed_executed_and_taken_back(library: str) -> None:
    run(library, LOGGED)
    impact = await impact_of(library, "update book set gone = true where id <= 2")
    (rule,) = rules(impact)
    assert (rule.known, rule.writes) == (True, ("INSERT log",))
    assert "adds to each UPDATE: inserts into public.log" in rule.message
    assert not impact.certain
    found = await rehearsed(library, impact)
    assert counts(found) == {"book": RowCounts(updated=2), "log": RowCounts(inserted=2)}
    before = dump(library)
    execution = await perform(library, impact.sql, counts(found))
    assert len(dump(library)["log"]) == 2
    await take_back(library, execution)
    assert dump(library) == before


async def test_what_a_rule_does_instead_takes_the_cascades_along(library: str) -> None:
    run(library, SOFT)
    impact = await impact_of(library, "delete from book where id <= 2")
    assert "rule soft on public.book replaces each DELETE: updates public.book" in impact.doubts
    assert not any(violation.certain for violation in impact.violations), "the RESTRICT of page is never asked"
    assert all(expectation.counts is None for expectation in impact.expectations())
    assert counts(await rehearsed(library, impact))["book"] == RowCounts(updated=2)


async def test_a_rule_of_a_table_below_is_met_by_the_cascade(library: str) -> None:
    run(library, "create rule logged as on delete to book do also insert into log values ('delete', old.id)")
    impact = await impact_of(library, "delete from shelf where id = 1")
    assert [rule.name for rule in rules(impact)] == ["logged"]
    with psycopg.connect(library) as connection:
        (log,) = connection.execute("select 'log'::regclass::oid").fetchone() or (0,)
    assert log in impact.open_tables
    run(library, "delete from page")
    assert counts(await rehearsed(library, await impact_of(library, "delete from shelf where id = 1")))[
        "log"
    ] == RowCounts(inserted=3)


async def test_a_rule_that_is_off_does_nothing(library: str) -> None:
    run(library, SOFT, "alter table book disable rule soft")
    impact = await impact_of(library, "delete from book where id > 3")
    assert rules(impact) == []
    assert impact.certain


async def test_what_a_rule_adds_to_a_view_is_found_under_its_table(library: str) -> None:
    run(
        library,
        "create view open_book as select id, gone from book",
        LOGGED.replace("to book", "to open_book"),
    )
    impact = await impact_of(library, "update open_book set gone = true where id = 1")
    assert [rule.writes for rule in rules(impact)] == [("INSERT log",)]
    assert counts(await rehearsed(library, impact))["log"] == RowCounts(inserted=1)


async def test_a_rule_that_reaches_outside_is_not_even_rehearsed(library: str) -> None:
    run(library, "create rule out as on update to book do also select pg_terminate_backend(old.id)")
    impact = await impact_of(library, "update book set gone = true where id = 1")
    (rule,) = rules(impact)
    assert not rule.known
    with pytest.raises(NotUndoable, match="rehearsed"):
        await rehearsed(library, impact)


MOVE_TRIGGERS = """
create function stay() returns trigger language plpgsql as $$begin return null; end$$;
create function note() returns trigger language plpgsql as
  $$begin insert into log values (tg_op, coalesce(new.id, old.id)); return null; end$$;
insert into kept values (1, 1), (2, 1), (3, 2);
"""


async def test_a_row_that_moves_meets_the_triggers_of_rows_that_go_and_come(library: str) -> None:
    run(library, MOVE_TRIGGERS, "create trigger note after insert on kept_2 for each row execute function note()")
    moving = "update kept set at = 2 where id = 1"
    impact = await impact_of(library, moving)
    assert counts(impact)["kept"] == RowCounts(updated=1)
    assert not impact.certain, "how often the trigger fires, only running it tells"
    assert counts(await rehearsed(library, impact))["log"] == RowCounts(inserted=1)
    assert (await impact_of(library, "update kept set id = 9 where id = 1")).certain, "no column of the partition key"


async def test_a_row_that_may_not_go_does_not_move(library: str) -> None:
    run(library, MOVE_TRIGGERS, "create trigger stay before delete on kept_1 for each row execute function stay()")
    impact = await impact_of(library, "update kept set at = 2 where id = 1")
    assert [doubt for doubt in impact.doubts if "stay" in doubt] == [
        "trigger stay on public.kept_1 may change or suppress rows"
    ]


async def test_the_triggers_of_a_statement_do_not_fire_for_a_move(library: str) -> None:
    run(library, MOVE_TRIGGERS, "create trigger note after insert on kept for each statement execute function note()")
    assert (await impact_of(library, "update kept set at = 2 where id = 1")).certain


async def test_a_row_that_moves_is_deleted_for_a_key_of_its_partition(library: str) -> None:
    run(
        library,
        MOVE_TRIGGERS,
        "create table tied (id int primary key, at int, foreign key (id, at) references kept_1 on delete cascade)",
        "insert into tied values (1, 1)",
    )
    impact = await impact_of(library, "update kept set at = 2 where id = 1")
    assert "for tied_id_at_fkey a row that leaves its partition is deleted" in impact.doubts
    before = dump(library)
    execution = await perform(library, impact.sql, {"kept": None, "tied": RowCounts(deleted=1)})
    assert dump(library)["tied"] == []
    await take_back(library, execution)
    assert dump(library) == before


async def test_types_of_what_a_cte_returns_are_kept(library: str) -> None:
    """It was refused for comparing an integer with text."""
    change = "with one as (update book set shelf = 2 where id = 1 returning shelf)"
    impact = await impact_of(library, f"{change} delete from page where id in (select shelf from one)")
    assert counts(impact) == {"book": RowCounts(updated=1), "page": RowCounts()}
    assert "known only once it has run" in " ".join(impact.doubts)
