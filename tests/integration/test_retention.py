"""The end of what is kept: by age, on a person's request, and all of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import dump, owned, perform, run, take_back, without_create

from pgwarden.adapters.postgres.backup import export_tables, snapshot_tables
from pgwarden.adapters.postgres.image_files import ImageFiles
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.retention import PostgresRetention
from pgwarden.adapters.postgres.session import open_session
from pgwarden.adapters.postgres.undo import changed_rows
from pgwarden.agents.audit_trail import UNWRITTEN
from pgwarden.agents.retention_desk import RetentionDesk
from pgwarden.domain.catalog import Name
from pgwarden.domain.database import Database
from pgwarden.domain.errors import ImagesGone, InputInvalid, UninstallUnconfirmed
from pgwarden.domain.execution import RowCounts
from pgwarden.domain.identity import Identity
from pgwarden.domain.retention import KeptKind

ADA = Identity("ada")
PEOPLE = """
create table person (id int primary key, email text, note text);
insert into person select i, 'p' || i || '@example.org', 'n' from generate_series(1, 3) i
"""


@pytest.fixture
def database(make_database: MakeDatabase) -> str:
    return owned(make_database())


def desk(database: str, tmp_path: Path, *, later: float = 0.0, store: ImageFiles | None = None) -> RetentionDesk:
    """A desk so many days from now."""

    async def retention(name: str) -> PostgresRetention:
        return PostgresRetention(Database(name, database, allow_writes=True), tmp_path, store)

    async def names() -> tuple[str, ...]:
        return ("shop",)

    return RetentionDesk(retention, names, lambda: datetime.now(UTC) + timedelta(days=later), UNWRITTEN, days=30)


async def test_images_stay_for_their_days_and_then_go_while_the_ledger_stays(database: str, tmp_path: Path) -> None:
    run(database, PEOPLE)
    execution = await perform(database, "delete from person where id = 1", {"person": RowCounts(deleted=1)})
    before = await desk(database, tmp_path, later=29).collect("shop", identity=ADA)
    assert [(k.id, k.undoable, k.tables) for k in before.kept] == [(execution.id, True, ("public.person",))]
    assert before.dropped == ()
    shown = await desk(database, tmp_path, later=31).collect("shop", identity=ADA, dry_run=True)
    assert shown.freed == before.kept[0].bytes > 0
    await desk(database, tmp_path, later=31).handlers()["collect_images"]({})
    assert (await desk(database, tmp_path).collect("shop", identity=ADA)).kept == ()
    with psycopg.connect(database) as connection:
        left = connection.execute("select relname from pg_class where relnamespace = 'pgwarden'::regnamespace")
        assert {name for (name,) in left} == {"execution", "execution_pkey", "execution_undoes"}
    async with open_session(database) as session:
        known = await Ledger(session).execution(execution.id)
    assert known.counts == {"public.person": RowCounts(deleted=1)}
    assert await changed_rows(database, execution.id) == ()
    with pytest.raises(ImagesGone) as refused:
        await take_back(database, execution)
    assert "30 days" in refused.value.why


@pytest.mark.parametrize(
    ("statement", "counts"),
    [
        ("delete from person", RowCounts(deleted=3)),
        ("update person set email = 'x' || email, note = 'y'", RowCounts(updated=3)),
        ("update person set id = id + 10, email = null", RowCounts(updated=3)),
    ],
)
async def test_one_persons_values_are_blanked_in_every_image(
    database: str, tmp_path: Path, statement: str, counts: RowCounts
) -> None:
    """Whichever way the change was captured, and whether the key is the row's earlier or later one."""
    run(database, PEOPLE)
    execution = await perform(database, statement, {"person": counts})
    erased = await desk(database, tmp_path).erase(
        "shop", Name("public", "person"), {"id": "2"}, ["email"], identity=ADA
    )
    assert erased.executions == (execution.id,)
    assert erased.images > 0
    with psycopg.connect(database) as connection:
        (images,) = connection.execute("select tables -> 0 ->> 'images' from pgwarden.execution").fetchone() or ("",)
        held = connection.execute(f"select email from pgwarden.{images}".encode()).fetchall()
    assert not any(email and "p2@" in email for (email,) in held)
    assert any(email and "p3@" in email for (email,) in held)
    state = dump(database)
    with pytest.raises(ImagesGone) as refused:
        await take_back(database, execution)
    assert "erased" in refused.value.why
    assert dump(database) == state


async def test_an_erasure_that_names_nothing_real_changes_nothing(database: str, tmp_path: Path) -> None:
    run(database, PEOPLE)
    execution = await perform(database, "delete from person where id = 1", {"person": RowCounts(deleted=1)})
    there = desk(database, tmp_path)
    with pytest.raises(InputInvalid, match="phone"):
        await there.erase("shop", Name("public", "person"), {"id": "1"}, ["phone"], identity=ADA)
    with pytest.raises(InputInvalid):
        await there.erase("shop", Name("public", "person"), {}, ["email"], identity=ADA)
    missed = await there.erase("shop", Name("public", "person"), {"id": "1' or true --"}, ["email"], identity=ADA)
    assert missed.executions == ()
    await take_back(database, execution)
    assert len(dump(database)["person"]) == 3


async def test_copies_made_on_purpose_end_with_their_days_too(database: str, tmp_path: Path) -> None:
    run(database, PEOPLE, "create table pgw (v int)")
    await snapshot_tables(database, [Name("public", "person")])
    await export_tables(database, [Name("public", "person")], tmp_path / "shop")
    now = await desk(database, tmp_path, later=1).collect("shop", identity=ADA)
    assert {(k.kind, k.tables) for k in now.kept} == {
        (KeptKind.SNAPSHOT, ("public.person",)),
        (KeptKind.FILE, ()),
    }
    gone = await desk(database, tmp_path, later=31).collect("shop", identity=ADA)
    assert len(gone.dropped) == 2
    assert gone.freed > 0
    assert (await desk(database, tmp_path).collect("shop", identity=ADA)).kept == ()
    assert list((tmp_path / "shop").iterdir()) == []


async def test_images_in_files_end_with_their_days_too(make_database: MakeDatabase, tmp_path: Path) -> None:
    database, store = without_create(make_database(), PEOPLE), ImageFiles(tmp_path / "images")
    execution = await perform(
        database, "delete from person where id = 1", {"person": RowCounts(deleted=1)}, store=store
    )
    there = desk(database, tmp_path, later=31, store=store)
    assert [k.id for k in (await there.collect("shop", identity=ADA)).dropped] == [execution.id]
    assert (await there.collect("shop", identity=ADA)).kept == ()
    assert not list((tmp_path / "images").glob("*/*.gz"))
    with pytest.raises(ImagesGone):
        await take_back(database, execution, store=store)


async def test_a_database_is_left_only_after_saying_what_is_lost(database: str, tmp_path: Path) -> None:
    run(database, PEOPLE)
    there = desk(database, tmp_path)
    assert not (await there.uninstall("shop", identity=ADA, confirmed=True)).present
    first = await perform(database, "delete from person where id = 1", {"person": RowCounts(deleted=1)})
    await perform(database, "update person set note = 'z'", {"person": RowCounts(updated=2)})
    await take_back(database, first)
    with pytest.raises(UninstallUnconfirmed) as refused:
        await there.uninstall("shop", identity=ADA, confirmed=False)
    assert "3 executions, of which 2 could still be undone" in refused.value.why
    state = dump(database)
    assert (await there.uninstall("shop", identity=ADA, confirmed=True)).executions == 3
    assert dump(database) == state
    with psycopg.connect(database) as connection:
        left = connection.execute(
            "select nspname from pg_namespace where nspname = 'pgwarden' union all select tgname from pg_trigger"
            " where tgname like 'pgwarden%' union all select proname from pg_proc where proname like '%pgwarden%'"
        ).fetchall()
    assert left == []
    await perform(database, "delete from person where id = 2", {"person": RowCounts(deleted=1)})


async def test_images_stay_as_long_as_the_approval_covers_the_undo(database: str, tmp_path: Path) -> None:
    run(database, PEOPLE)
    execution = await perform(database, "delete from person where id = 1", {"person": RowCounts(deleted=1)})
    asked: list[str] = []

    async def retention(name: str) -> PostgresRetention:
        return PostgresRetention(Database(name, database, allow_writes=True), tmp_path)

    async def names() -> tuple[str, ...]:
        return ("shop",)

    async def covered(execution_id: str) -> datetime:
        asked.append(execution_id)
        return datetime.now(UTC) + timedelta(days=90)

    def after(days: float) -> RetentionDesk:
        def now() -> datetime:
            return datetime.now(UTC) + timedelta(days=days)

        return RetentionDesk(retention, names, now, UNWRITTEN, days=30, covered=covered)

    assert (await after(60).collect("shop", identity=ADA, dry_run=True)).dropped == ()
    assert asked == [execution.id]
    assert len((await after(60).collect("shop", identity=ADA, days=50, dry_run=True)).dropped) == 1
    assert len((await after(91).collect("shop", identity=ADA)).dropped) == 1
