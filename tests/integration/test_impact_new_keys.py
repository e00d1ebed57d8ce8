"""Keys that PostgreSQL 18 brought: bound to times, and written down without being enforced."""

from __future__ import annotations

import pytest
from tests.conftest import MakeDatabase
from tests.integration.test_impact import catalog_of, counts, impact_of
from tests.support.change import dump, owned, perform, run, take_back

from pgwarden.domain.execution import RowCounts
from pgwarden.domain.referential import key_effects

TABLES = """
create table room (id int4range, during daterange, v int, primary key (id, during without overlaps));
create table booking (id int primary key, room int4range, during daterange,
                      foreign key (room, period during) references room (id, period during));
insert into room values ('[1,2)', '[2024-01-01,2024-06-01)', 1), ('[1,2)', '[2024-06-01,2025-01-01)', 2);
insert into booking values (1, '[1,2)', '[2024-05-01,2024-07-01)');
create table shop (id int primary key, v int, constraint positive check (v > 0) not enforced);
create table sale (id int primary key, shop int, foreign key (shop) references shop on delete cascade not enforced);
insert into shop values (1, 1), (2, 2);
insert into sale values (1, 1), (2, 9);
"""


@pytest.fixture
def database(make_database: MakeDatabase) -> str:
    found = owned(make_database(18))
    run(found, TABLES)
    return found


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("insert into room values ('[1,2)', '[2024-12-01,2025-02-01)')", "would conflict with another row"),
        ("insert into room values ('[7,8)', '[2024-01-01,2024-03-01)'), ('[7,8)', '[2024-02-01,2024-04-01)')", "would"),
        ("insert into booking values (2, '[1,2)', '[2024-12-01,2025-02-01)')", "would reference nothing"),
        ("update booking set during = '[2023-12-01,2024-02-01)'", "would reference nothing"),
    ],
)
async def test_times_that_overlap_or_are_not_covered_are_foreseen(database: str, sql: str, told: str) -> None:
    (violation,) = (await impact_of(database, sql)).violations
    assert violation.certain
    assert told in violation.message


@pytest.mark.parametrize(
    "sql",
    [
        "insert into room values ('[1,2)', '[2025-01-01,2025-02-01)')",
        "insert into booking values (2, '[1,2)', '[2024-01-01,2025-01-01)')",
        "update room set v = 3",
    ],
)
async def test_times_that_fit_are_no_violation(database: str, sql: str) -> None:
    impact = await impact_of(database, sql)
    assert impact.violations == ()
    assert impact.certain
    before = dump(database)
    await take_back(database, await perform(database, sql, counts(impact)))
    assert dump(database) == before


async def test_whether_others_cover_the_times_that_are_left_is_a_doubt(database: str) -> None:
    impact = await impact_of(database, "delete from room where v = 2")
    assert impact.violations == ()
    assert "only at the execution" in " ".join(impact.doubts)


async def test_what_is_not_enforced_neither_acts_nor_refuses(database: str) -> None:
    impact = await impact_of(database, "delete from shop where id = 1")
    assert counts(impact) == {"shop": RowCounts(deleted=1)}
    assert impact.cascades == ()
    for sql in ("insert into sale values (3, 77)", "insert into shop values (3, -1)"):
        assert (await impact_of(database, sql)).violations == ()
    catalog = await catalog_of(database)
    shop = next(relation for relation in catalog.user_relations if relation.name.name == "shop")
    assert key_effects(catalog, shop, "DELETE") == ()
    assert not next(key for key in catalog.referencing[shop.oid]).enforced, "it is still known to relate the tables"
