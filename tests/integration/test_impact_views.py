"""Views as targets: told from the table behind them where PostgreSQL goes through, else refused with a reason."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import LATER, NOW, PATIENT, dump, owned, run, take_back

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.execution import execute
from pgwarden.adapters.postgres.impact import analyse
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import open_session
from pgwarden.domain.errors import ImpactUnknown
from pgwarden.domain.execution import RowCounts
from pgwarden.domain.impact import Impact, SideEffectKind
from pgwarden.testing import issue_approval

SETUP = """
create table person (id int primary key, name text not null, age int check (age > 0), city text default 'Bonn');
create table pet (id int primary key, owner int references person on delete cascade, kind text);
insert into person select i, 'p' || i, i, case when i % 2 = 0 then 'Rome' else 'Oslo' end from generate_series(1, 30) i;
insert into pet select i, (i - 1) % 30 + 1, 'cat' from generate_series(1, 90) i;
create view roman as select id as number, name, age as years, upper(name) as loud from person where city = 'Rome';
create view old_roman as select number, years, name from roman as r where r.years > 20;
create view checked as select * from person where age < 50 with check option;
create view grouped as select city, count(*) from person group by city;
create view joined as select p.id, q.kind from person p join pet q on q.owner = p.id;
create view few as select * from person limit 3;
create view ruled as select * from person;
create rule quiet as on delete to ruled do instead nothing;
create view told as select * from person;
create function tell() returns trigger language plpgsql as $$begin delete from pet; return old; end$$;
create trigger tell instead of delete on told for each row execute function tell();
create materialized view frozen as select * from person;
"""


@pytest.fixture
def people(make_database: MakeDatabase) -> str:
    database = owned(make_database())
    run(database, SETUP)
    return database


async def impact_of(database: str, sql: str) -> Impact:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        catalog = await PostgresCatalogReader(connection).read()
    return await analyse(database, sql, catalog)


def counts(impact: Impact) -> dict[str, RowCounts]:
    return {table.name.removeprefix("public."): table.counts for table in impact.tables}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("delete from roman", {"person": RowCounts(deleted=15), "pet": RowCounts(deleted=45)}),
        (
            "delete from roman r where years > 20 and r.name <> 'p30'",
            {"person": RowCounts(deleted=4), "pet": RowCounts(deleted=12)},
        ),
        ("delete from old_roman where number = 22", {"person": RowCounts(deleted=1), "pet": RowCounts(deleted=3)}),
        (
            "delete from old_roman using pet where pet.owner = number",
            {"person": RowCounts(deleted=5), "pet": RowCounts(deleted=15)},
        ),
        ("update roman set name = loud || years where years < 10", {"person": RowCounts(updated=4)}),
        ("update old_roman set years = years + 1", {"person": RowCounts(updated=5)}),
        (
            "insert into roman (number, name, years) values (31, 'x', 1), (32, 'y', 2)",
            {"person": RowCounts(inserted=2)},
        ),
        ("insert into roman values (33, 'z')", {"person": RowCounts(inserted=1)}),
    ],
)
async def test_what_is_done_to_a_view_is_counted_in_its_table(
    people: str, sql: str, expected: dict[str, RowCounts]
) -> None:
    impact = await impact_of(people, sql)
    assert counts(impact) == expected
    assert impact.certain
    assert impact.violations == ()
    with psycopg.connect(people) as connection:
        rows = connection.execute(sql.encode()).rowcount
        connection.rollback()
    assert rows == expected["person"].inserted + expected["person"].updated + expected["person"].deleted
    named = [e.message for e in impact.side_effects if e.kind is SideEffectKind.VIEW and "is a view" in e.message]
    assert len(named) == 1


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("update roman set years = years - 2", "person_age_check"),
        ("insert into roman values (1, 'x', 5)", "person_pkey"),
        ("insert into roman (number, years) values (40, 5)", "name NOT NULL"),
        ("update checked set age = age + 25 where id > 20", "CHECK OPTION"),
        ("insert into checked values (50, 'x', 60)", "CHECK OPTION"),
    ],
)
async def test_what_refuses_it_is_foreseen_through_the_view(people: str, sql: str, constraint: str) -> None:
    impact = await impact_of(people, sql)
    assert [(v.constraint, v.certain) for v in impact.violations] == [(constraint, True)]
    with (
        psycopg.connect(people) as connection,
        pytest.raises(psycopg.IntegrityError if "CHECK" not in constraint else psycopg.Error),
    ):
        connection.execute(sql.encode())


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("delete from grouped", "puts rows together"),
        ("delete from joined", "joins several tables"),
        ("delete from few", "only some rows"),
        ("delete from ruled", "rules of the view"),
        ("delete from told", "triggers of the view"),
        ("delete from frozen", "materialized view"),
        ("update roman set loud = 'x'", "the view computes it"),
        ("insert into roman values (1, 'x') on conflict do nothing", "ON CONFLICT"),
    ],
)
async def test_what_cannot_be_followed_is_refused_with_the_reason(people: str, sql: str, reason: str) -> None:
    with pytest.raises(ImpactUnknown) as caught:
        await impact_of(people, sql)
    assert reason in caught.value.why


async def test_a_change_through_a_view_is_executed_proven_and_taken_back(people: str) -> None:
    before = dump(people)
    impact = await impact_of(people, "delete from old_roman where years < 27")
    async with open_session(people) as session:
        identity, role = await Ledger(session).identify()
    approved = issue_approval(
        execution_id=str(uuid.uuid4()),
        sql=impact.sql,
        database=identity,
        role=role,
        reach=impact.reach,
        definitions=impact.definitions,
        expectations=impact.expectations(),
        until=LATER,
    )
    execution = await execute(people, approved, now=NOW, limits=PATIENT)
    assert counts(impact) == {"person": RowCounts(deleted=3), "pet": RowCounts(deleted=9)}
    assert dump(people) != before
    await take_back(people, execution)
    assert dump(people) == before
