"""A control database with data, at every version there was, loses nothing: upgraded, and backed up and restored."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import psycopg
import pytest
from psycopg import sql
from tests.support.audit import some_entries, words
from tests.support.databases import MakeDatabase

from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.adapters.postgres.control.backup import MANIFEST, back_up
from pgwarden.adapters.postgres.control.connection import Pool, control_pool, transaction
from pgwarden.adapters.postgres.control.migrate import known_migrations, migrate
from pgwarden.adapters.postgres.control.model_use import PostgresModelLedger
from pgwarden.adapters.postgres.control.restore import restore
from pgwarden.domain.errors import BackupInvalid, ControlDatabaseUnavailable, RestoreRefused
from pgwarden.domain.model_call import ModelUse

KNOWN = known_migrations()
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AWKWARD = "tab\t, line\n, backslash \\N \\., quote ' \", ä 😀"

ROWS = {
    1: (
        "insert into pgwarden_control.rights_version values (1, %(text)s, now())",
        "insert into pgwarden_control.data_right values (1, 0, '*', 'read', '*', '*', '*', '*', false)",
    ),
    2: (
        "insert into pgwarden_control.session values ('ana', 's1', 'shop', now(), now(), %(text)s)",
        (
            "insert into pgwarden_control.turn (identity, id, session_id, at, database, question, state) "
            "values ('ana', 't1', 's1', now(), 'shop', %(text)s, '{\"a\":  [1, null]}')"
        ),
        "insert into pgwarden_control.feedback values ('q', 'ana', 'shop', %(text)s, null, true, null, now(), default)",
        "insert into pgwarden_control.glossary_term values ('shop', 'x', 'x', %(text)s, 'ana', 'infinity')",
    ),
    3: (
        "insert into pgwarden_control.schema_version (database, version, at, diff) values ('shop', 'v', now(), '{}')",
        "insert into pgwarden_control.relationship_set values ('shop', 'v')",
        (
            "insert into pgwarden_control.relationship values ('shop', 0, 's', 't', '{\"a b\",c}', 's', 'u', "
            "'{id,n}', true, 0.1::float8 + 0.2, '')"
        ),
    ),
    4: ("insert into pgwarden_control.target values ('shop', 'host=x', '', '', '{pass,show}', false, %(text)s, '')",),
    6: (
        (
            "insert into pgwarden_control.person values ('ana', 'person', %(text)s, '{requester}', 0, '{}', "
            "'', '', '', 'UTC', '', true, '')"
        ),
        "insert into pgwarden_control.credential values ('ana', '', false, now(), '\\x00ff', 7)",
    ),
    8: ("insert into pgwarden_jobs.procrastinate_jobs (queue_name, task_name, args) values ('q', 't', '{\"t\": 1}')",),
    18: ("update pgwarden_control.credential set recovery_codes = '{00ff,ff00}' where person = 'ana'",),
    10: ("insert into pgwarden_control.model_use values (current_date, %(text)s, 1, 2, 0.5)",),
    20: ("insert into pgwarden_control.model_use_by_model values (current_date, 'ana', %(text)s, 1, 2, 0.5, 1)",),
    19: ("insert into pgwarden_control.mcp_use values (%(text)s, date_trunc('minute', now()), 1, 2, 3, 0.5)",),
}
"""Something in the tables of each migration; those of the audit get theirs by its own function."""


async def fill(pool: Pool, number: int) -> None:
    """Data in the tables of a migration."""
    async with transaction(pool) as connection:
        for statement in ROWS.get(number, ()):
            await connection.execute(statement.encode(), {"text": AWKWARD} if "%(" in statement else None)
        if number == 7:
            await append_entries(connection, some_entries(5))


def contents(conninfo: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, as text, by table."""
    found = {}
    with psycopg.connect(conninfo) as connection:
        tables = connection.execute(
            "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = relnamespace "
            "where relkind = 'r' and nspname in ('pgwarden_control', 'pgwarden_jobs') "
            "and relname not in ('migration', 'job_schema') order by 1, 2"
        ).fetchall()
        for schema, table in tables:
            query = sql.SQL("select to_jsonb(t)::text from {} t order by 1").format(sql.Identifier(schema, table))
            found[f"{schema}.{table}"] = connection.execute(query).fetchall()
    return found


def lost(before: dict[str, list[tuple[object, ...]]], after: dict[str, list[tuple[object, ...]]]) -> list[str]:
    """Tables where a row is gone or has another value in a column that was there before."""
    return [table for table, rows in before.items() if not _contains(after.get(table, []), rows)]


def _contains(rows: Sequence[tuple[object, ...]], wanted: Sequence[tuple[object, ...]]) -> bool:
    parsed = [json.loads(str(row[0])) for row in rows]
    return len(rows) == len(wanted) and all(
        any(old.items() <= new.items() for new in parsed) for old in (json.loads(str(row[0])) for row in wanted)
    )


@pytest.mark.parametrize("earlier", range(1, len(KNOWN) + 1))
async def test_every_earlier_version_keeps_its_data(make_database: MakeDatabase, earlier: int, tmp_path: Path) -> None:
    original, other = make_database(), make_database()
    async with AsyncExitStack() as stack:
        old, new = [await stack.enter_async_context(control_pool(url, wait_seconds=60)) for url in (original, other)]
        for count in range(1, earlier + 1):
            await migrate(old, KNOWN[:count])
            await fill(old, KNOWN[count - 1].number)
        before = contents(original)
        assert len(before) > 1
        await back_up(old, tmp_path / "backup", NOON)
        await migrate(old)
        assert lost(before, contents(original)) == []
        await restore(new, tmp_path / "backup")
        assert lost(before, contents(other)) == []
        for pool in (old, new):
            found = await PostgresAuditLog(pool).verify()
            assert found.intact, words(found)


@pytest.fixture
async def backup(make_database: MakeDatabase, tmp_path: Path) -> Path:
    """A backup of a control database with something in every table that this file knows."""
    async with control_pool(make_database(), wait_seconds=60) as pool:
        await migrate(pool)
        for migration in KNOWN:
            await fill(pool, migration.number)
        await back_up(pool, tmp_path / "backup", NOON)
    return tmp_path / "backup"


async def test_what_was_restored_goes_on(make_database: MakeDatabase, backup: Path) -> None:
    """Triggers guard again, sequences and the chain go on where they were."""
    other = make_database()
    async with control_pool(other, wait_seconds=60) as pool:
        await restore(pool, backup)
        log = PostgresAuditLog(pool)
        await log.append(*some_entries(2))
        found = await log.verify()
        assert found.intact, words(found)
        assert found.last == 7
        async with transaction(pool) as connection:
            await connection.execute(
                "insert into pgwarden_control.turn (identity, id, session_id, at, database, question, state) "
                "values ('ana', 't2', 's1', now(), 'shop', '', '{}')"
            )
            numbers = await (await connection.execute("select number from pgwarden_control.turn order by 1")).fetchall()
            assert numbers == [(1,), (2,)]
        with pytest.raises(ControlDatabaseUnavailable) as caught:
            async with transaction(pool) as connection:
                await connection.execute("delete from pgwarden_control.audit_entry")
        assert "append-only" in caught.value.why


async def test_an_ordinary_owner_can_do_both(
    make_database: MakeDatabase, backup: Path, tmp_path: Path, pg18_url: str
) -> None:
    """No superuser is needed, and the owner has no more rights afterwards than before."""
    other = make_database()
    name = str(psycopg.conninfo.conninfo_to_dict(other)["dbname"])
    role = sql.Identifier(f"owner_of_{name}")
    with psycopg.connect(pg18_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login nosuperuser password 'loopback only'").format(role))
        connection.execute(sql.SQL("alter database {} owner to {}").format(sql.Identifier(name), role))
    owner = psycopg.conninfo.make_conninfo(other, user=f"owner_of_{name}", password="loopback only")
    try:
        async with control_pool(owner, wait_seconds=60) as pool:
            await restore(pool, backup)
            found = await PostgresAuditLog(pool).verify()
            assert found.intact, words(found)
            await back_up(pool, tmp_path / "again", NOON)
        with ZipFile(backup) as first, ZipFile(tmp_path / "again") as second:
            assert first.read("pgwarden_control.audit_entry.copy") == second.read("pgwarden_control.audit_entry.copy")
    finally:
        with psycopg.connect(other, autocommit=True) as connection:
            connection.execute(sql.SQL("reassign owned by {} to current_user").format(role))
            connection.execute(sql.SQL("drop owned by {}").format(role))
            connection.execute(sql.SQL("drop role {}").format(role))


def test_a_backup_is_for_its_owner_alone(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [file.name for file in backup.parent.iterdir()] == ["backup"], "no draft is left"


async def test_one_that_cannot_be_written_leaves_nothing(make_database: MakeDatabase, tmp_path: Path) -> None:
    async with control_pool(make_database(), wait_seconds=60) as pool:
        await migrate(pool)
        with pytest.raises(BackupInvalid, match="could not be written"):
            await back_up(pool, tmp_path / "nowhere" / "backup", NOON)


def altered(backup: Path, how: str) -> Path:
    """A copy of the archive that something happened to."""
    target = backup.with_name("altered")
    data = backup.read_bytes()
    if how == "cut":
        target.write_bytes(data[: len(data) // 2])
        return target
    if how == "no archive":
        target.write_bytes(b"select 1;\n")
        return target
    with ZipFile(backup) as source, ZipFile(target, "w") as copy:
        for name in source.namelist():
            content = source.read(name)
            if how == "a row" and name.endswith("audit_entry.copy"):
                content = content.replace(b"ana", b"eve")
            if how == "a table" and name.endswith("target.copy"):
                continue
            if name == MANIFEST and how == "no manifest":
                continue
            if name == MANIFEST and how == "a newer version":
                manifest = json.loads(content)
                manifest["migrations"].append([len(KNOWN) + 1, "9999_later", "0" * 64])
                content = json.dumps(manifest).encode()
            if name == MANIFEST and how == "a count":
                manifest = json.loads(content)
                manifest["tables"][0]["rows"] += 1
                content = json.dumps(manifest).encode()
            copy.writestr(name, content)
    return target


@pytest.mark.parametrize("how", ["cut", "no archive", "no manifest", "a row", "a table", "a newer version", "a count"])
async def test_a_damaged_backup_changes_nothing(make_database: MakeDatabase, backup: Path, how: str) -> None:
    other = make_database()
    async with control_pool(other, wait_seconds=60) as pool:
        with pytest.raises((BackupInvalid, RestoreRefused)) as caught:
            await restore(pool, altered(backup, how))
        assert isinstance(caught.value, RestoreRefused) == (how == "a newer version")
        assert contents(other) == {}
        await restore(pool, backup)


async def test_nothing_is_restored_over_what_is_there(make_database: MakeDatabase, backup: Path) -> None:
    async with control_pool(make_database(), wait_seconds=60) as pool:
        await migrate(pool)
        with pytest.raises(RestoreRefused):
            await restore(pool, backup)


async def test_what_was_counted_before_models_were_told_apart_is_kept_as_such(make_database: MakeDatabase) -> None:
    async with control_pool(make_database(), wait_seconds=60) as pool:
        await migrate(pool, KNOWN[:19])
        async with transaction(pool) as connection:
            for who in ("", "ana"):
                row = "insert into pgwarden_control.model_use values ('2026-03-01', %s, 3, 70, 0.25, 7)"
                await connection.execute(row, [who])
        await migrate(pool)
        everyone, own = await PostgresModelLedger(pool).usage(NOON.date())
    assert everyone.models == own.models == (ModelUse("", 3, 70, 0.25, 7),)
