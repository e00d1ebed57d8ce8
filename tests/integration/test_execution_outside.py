"""Databases that cannot hold images: these go to files, a subscriber never sees one, and undo reads them back."""

from __future__ import annotations

import stat
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import NOW, PATIENT, approve, dump, owned, perform, run, take_back, without_create

from pgwarden.adapters.postgres.execution import committed, execute
from pgwarden.adapters.postgres.external_ledger import ExternalLedger
from pgwarden.adapters.postgres.image_files import ImageFiles
from pgwarden.adapters.postgres.session import open_session
from pgwarden.adapters.postgres.undo import changed_rows, preview_undo
from pgwarden.domain.errors import (
    AlreadyExecuted,
    ImagesUnreachable,
    OutcomeUnknown,
    RightMissing,
    StoreUnavailable,
    UndoImpossible,
)
from pgwarden.domain.execution import CaptureWay, Execution, RowCounts

ROWS = 1500
FAMILY = f"""
create table parent (id int primary key, v numeric, w money, f float8, j json);
create table child (id int primary key, parent int references parent on delete cascade, note text);
insert into parent select i, '1.10', i, '-0', '{{"a" : 1, "a":2}}' from generate_series(1, {ROWS}) i;
insert into child select i, i, E'tab\\t, quote '' and \\\\ ' || i from generate_series(1, {ROWS}) i;
"""
DELETE = "delete from parent where id > 10"
COUNTS = {"parent": RowCounts(deleted=ROWS - 10), "child": RowCounts(deleted=ROWS - 10)}
PATIENCE_SECONDS = 60.0


@pytest.fixture
def store(tmp_path: Path) -> ImageFiles:
    return ImageFiles(tmp_path / "images")


@pytest.fixture(params=[18, 16])
def closed(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    return without_create(make_database(request.param), FAMILY)


async def known(database: str, store: ImageFiles) -> tuple[Execution, ...]:
    async with open_session(database) as session:
        return await ExternalLedger(session, store).executions()


def files_in(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def left_in(database: str) -> list[str]:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select nspname from pg_namespace where nspname = 'pgwarden'"
            " union all select relname from pg_class where relname ~ '^[xp][0-9a-f]{32}'"
            " union all select proname from pg_proc where proname ~ '^x[0-9a-f]{32}'"
            " union all select tgname from pg_trigger where tgname like 'pgwarden%'"
        )
        return [row[0] for row in rows]


async def test_images_go_to_private_files_and_come_back(closed: str, store: ImageFiles, tmp_path: Path) -> None:
    with pytest.raises(RightMissing):
        await execute(closed, await approve(closed, DELETE, COUNTS), now=NOW, limits=PATIENT)
    before = dump(closed)
    execution = await perform(closed, DELETE, COUNTS, store=store)
    after = dump(closed)
    assert execution.external
    assert len(execution.limits) == 3
    assert execution.counts == {f"public.{table}": counts for table, counts in COUNTS.items()}
    assert left_in(closed) == []
    files = files_in(tmp_path)
    assert {path.suffix for path in files} == {".gz", ".json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    changes = await changed_rows(closed, execution.id, rows=5, store=store)
    assert len(changes) == 10
    assert (await preview_undo(closed, execution.id, store=store)).conflicts == ()
    undone = await take_back(closed, execution, store=store)
    assert dump(closed) == before
    redone = await take_back(closed, undone, store=store)
    assert dump(closed) == after
    assert left_in(closed) == []
    told = {e.id: e.undone_by for e in await known(closed, store)}
    assert told == {execution.id: None, undone.id: redone.id, redone.id: None}
    last = await take_back(closed, redone, store=store)
    told = {e.id: e.undone_by for e in await known(closed, store)}
    assert told == {execution.id: undone.id, undone.id: None, redone.id: last.id, last.id: None}


async def test_one_table_goes_to_files_without_locks(closed: str, store: ImageFiles) -> None:
    before = dump(closed)
    insert = "insert into child select id + 9000, 1, note from child"
    execution = await perform(closed, insert, {"child": RowCounts(inserted=ROWS)}, store=store)
    assert {table.way for table in execution.tables} == {CaptureWay.RETURNING}
    await take_back(closed, execution, store=store)
    counts = {"child": RowCounts(updated=ROWS)}
    updated = await perform(closed, "update child set note = note || '!'", counts, store=store)
    with pytest.raises(UndoImpossible, match="already"):
        await take_back(closed, execution, store=store)
    await take_back(closed, updated, store=store)
    assert dump(closed) == before


async def test_an_approval_runs_once_and_its_commit_is_known_by_the_transaction(closed: str, store: ImageFiles) -> None:
    approved = await approve(closed, DELETE, COUNTS)
    execution = await execute(closed, approved, now=NOW, limits=PATIENT, store=store)
    (record,) = await store.records()
    assert record["outcome"] == "committed"
    await store.record(execution.id, {**record, "outcome": "in progress"})  # killed before it could note the commit
    with pytest.raises(AlreadyExecuted):
        await execute(closed, approved, now=NOW, limits=PATIENT, store=store)
    assert await committed(closed, execution.id, store=store)
    assert not await committed(closed, str(uuid.uuid4()), store=store)


class Losing(ImageFiles):
    """Loses the connection, or fails, right after the record was written: just before the commit."""

    def __init__(self, directory: Path, database: str, failure: Exception | None = None) -> None:
        super().__init__(directory)
        self._database, self._failure, self.recorded = database, failure, 0

    async def record(self, execution_id: str, record: Mapping[str, Any]) -> None:
        await super().record(execution_id, record)
        self.recorded += 1
        if self.recorded == 1:
            if self._failure:
                raise self._failure
            run(
                self._database,
                "select pg_terminate_backend(pid, 20000) from pg_stat_activity"
                f" where application_name like 'pgwarden {execution_id}%'",
            )


async def test_what_was_not_committed_may_run_again(closed: str, store: ImageFiles, tmp_path: Path) -> None:
    before = dump(closed)
    approved = await approve(closed, DELETE, COUNTS)
    failing = Losing(tmp_path / "images", closed, ImagesUnreachable("full"))
    with pytest.raises(ImagesUnreachable):
        await execute(closed, approved, now=NOW, limits=PATIENT, store=failing)
    assert dump(closed) == before
    assert not await committed(closed, approved.execution_id, store=store)
    assert await known(closed, store) == ()
    await execute(closed, approved, now=NOW, limits=PATIENT, store=store)
    assert len(await known(closed, store)) == 1


async def test_a_connection_lost_before_the_commit_is_tried_again(closed: str, tmp_path: Path) -> None:
    losing = Losing(tmp_path / "images", closed)
    execution = await perform(closed, DELETE, COUNTS, store=losing)
    assert losing.recorded > 1
    assert [e.id for e in await known(closed, losing)] == [execution.id]


async def test_damaged_and_lost_files_are_noticed(closed: str, store: ImageFiles, tmp_path: Path) -> None:
    execution = await perform(closed, DELETE, COUNTS, store=store)
    after = dump(closed)
    (path, *_) = [path for path in files_in(tmp_path) if path.suffix == ".gz"]
    content = path.read_bytes()
    path.write_bytes(content[:-20] + b"x" * 20)
    with pytest.raises(ImagesUnreachable, match="not those"):
        await take_back(closed, execution, store=store)
    async with open_session(closed) as session:
        assert await ExternalLedger(session, store).collect(execution.id) > 0
    with pytest.raises(ImagesUnreachable, match="read"):
        await take_back(closed, execution, store=store)
    assert dump(closed) == after


async def test_a_restored_server_is_not_guessed_about(closed: str, store: ImageFiles) -> None:
    approved = await approve(closed, DELETE, COUNTS)
    await execute(closed, approved, now=NOW, limits=PATIENT, store=store)
    (record,) = await store.records()
    await store.record(approved.execution_id, {**record, "outcome": "in progress", "timeline": record["timeline"] + 1})
    for attempt in (
        execute(closed, approved, now=NOW, limits=PATIENT, store=store),
        committed(closed, approved.execution_id, store=store),
    ):
        with pytest.raises(OutcomeUnknown):
            await attempt


async def test_without_temporary_tables_it_is_refused(make_database: MakeDatabase, store: ImageFiles) -> None:
    superuser = make_database()
    closed = without_create(superuser, FAMILY)
    run(superuser, f"revoke temporary on database {superuser.rpartition('/')[2]} from public")
    before = dump(closed)
    with pytest.raises(StoreUnavailable, match="neither"):
        await perform(closed, DELETE, COUNTS, store=store)
    assert dump(closed) == before


@pytest.fixture
def subscriber(make_database: MakeDatabase) -> Iterator[tuple[str, str]]:
    """A publisher of all its tables, and a running subscriber on another server."""
    publisher, subscriber = make_database(18), make_database(16)
    run(publisher, FAMILY, "create publication everything for all tables")
    run(subscriber, FAMILY.partition("insert")[0])
    name = f"s_{uuid.uuid4().hex[:8]}"
    run(subscriber, f"create subscription {name} connection '{publisher}' publication everything")
    try:
        yield publisher, subscriber
    finally:
        run(subscriber, f"drop subscription {name}")


def wait_until_equal(publisher: str, subscriber: str) -> None:
    """Fails when the subscriber does not catch up in time, or its worker met an error."""
    until = time.monotonic() + PATIENCE_SECONDS
    while dump(publisher) != dump(subscriber):
        assert time.monotonic() < until, "the subscriber does not follow"
    with psycopg.connect(subscriber) as connection:
        errors = connection.execute("select apply_error_count from pg_stat_subscription_stats").fetchall()
        assert errors == [(0,)]


async def test_a_subscriber_goes_on_and_never_sees_an_image(subscriber: tuple[str, str], store: ImageFiles) -> None:
    publisher, follower = subscriber
    wait_until_equal(publisher, follower)
    with pytest.raises(StoreUnavailable):
        await execute(publisher, await approve(publisher, DELETE, COUNTS), now=NOW, limits=PATIENT)
    execution = await perform(publisher, DELETE, COUNTS, store=store)
    wait_until_equal(publisher, follower)
    update = "update child set note = 'new'"
    limits = replace(PATIENT, lock_free=False)
    approved = await approve(publisher, update, {"child": RowCounts(updated=10)})
    await execute(publisher, approved, now=NOW, limits=limits, store=store)
    with psycopg.connect(publisher, autocommit=True) as connection:
        connection.execute("update child set note = 'newer' where id = 1")
    assert (await take_back(publisher, execution, store=store)).counts["public.parent"].inserted == ROWS - 10
    wait_until_equal(publisher, follower)
    assert left_in(publisher) == []


async def test_a_schema_of_another_role_leads_outside(make_database: MakeDatabase, store: ImageFiles) -> None:
    superuser = make_database()
    owner = owned(superuser)
    run(owner, FAMILY)
    run(superuser, "create schema pgwarden")
    with pytest.raises(StoreUnavailable, match="another role"):
        await execute(owner, await approve(owner, DELETE, COUNTS), now=NOW, limits=PATIENT)
    assert (await perform(owner, DELETE, COUNTS, store=store)).external
