"""The control database's migrations on real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from pgwarden.adapters.postgres.control.connection import Pool, control_pool
from pgwarden.adapters.postgres.control.data_rights import PostgresDataRightsStore
from pgwarden.adapters.postgres.control.migrate import Migration, known_migrations, migrate, pending_migrations
from pgwarden.domain.errors import ControlDatabaseOutdated, ControlDatabaseUnavailable, PgwardenError
from tests.conftest import MakeDatabase

KNOWN = known_migrations()
NAMES = tuple(migration.name for migration in KNOWN)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with opened(database) as pool:
        yield pool


@asynccontextmanager
async def opened(conninfo: str) -> AsyncIterator[Pool]:
    async with control_pool(conninfo, wait_seconds=60) as pool:
        yield pool


async def applied(pool: Pool) -> list[tuple[object, ...]]:
    async with pool.connection() as connection:
        cursor = await connection.execute("select number, name, sha256 from pgwarden_control.migration order by number")
        return await cursor.fetchall()


async def table_count(pool: Pool) -> int:
    async with pool.connection() as connection:
        cursor = await connection.execute("select count(*) from pg_tables where schemaname = 'pgwarden_control'")
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


def test_files_are_numbered_without_a_gap_and_end_no_transaction() -> None:
    assert [migration.number for migration in KNOWN] == list(range(1, len(KNOWN) + 1))
    for migration in KNOWN:
        words = migration.sql.decode().lower().replace(";", " ").split()
        assert not {"commit", "rollback", "begin", "concurrently"} & set(words), migration.name


@pytest.mark.parametrize("version", [16, 18])
async def test_all_are_applied_once_and_recorded(make_database: MakeDatabase, version: int) -> None:
    async with opened(make_database(version=version)) as pool:
        assert await pending_migrations(pool) == NAMES
        assert await migrate(pool) == NAMES
        assert await applied(pool) == [(m.number, m.name, m.sha256) for m in KNOWN]
        assert await pending_migrations(pool) == ()
        assert await migrate(pool) == ()


@pytest.mark.parametrize("earlier", range(1, len(KNOWN)))
async def test_every_earlier_state_is_brought_up_to_date(pool: Pool, earlier: int) -> None:
    await migrate(pool, KNOWN[:earlier])
    assert await migrate(pool) == NAMES[earlier:]


async def test_processes_that_start_at_once_apply_each_once(database: str) -> None:
    async def start() -> tuple[str, ...]:
        async with opened(database) as pool:
            return await migrate(pool)

    outcomes = await asyncio.gather(*(start() for _ in range(6)))
    assert sorted(outcomes) == [()] * 5 + [NAMES]


async def test_an_edited_migration_is_refused(pool: Pool) -> None:
    await migrate(pool)
    edited = (replace(KNOWN[0], sql=KNOWN[0].sql + b"-- later\n"), *KNOWN[1:])
    with pytest.raises(ControlDatabaseOutdated, match="does not fit") as caught:
        await migrate(pool, edited)
    assert "SHA-256" in caught.value.why
    assert KNOWN[0].name in caught.value.why


async def test_a_database_of_a_newer_version_is_refused(pool: Pool) -> None:
    await migrate(pool)
    with pytest.raises(ControlDatabaseOutdated) as caught:
        await migrate(pool, KNOWN[:-1])
    assert KNOWN[-1].name in caught.value.why


async def test_a_missing_migration_is_refused(pool: Pool) -> None:
    await migrate(pool, (KNOWN[0], KNOWN[2]))
    with pytest.raises(ControlDatabaseOutdated):
        await migrate(pool)


async def test_a_failing_migration_leaves_nothing_half_done(pool: Pool) -> None:
    await migrate(pool)
    before = await table_count(pool)
    number = len(KNOWN) + 1
    good = Migration(
        number, f"{number:04}_good", b"create table pgwarden_control.one (); create table pgwarden_control.two ()"
    )
    bad = Migration(number + 1, f"{number + 1:04}_bad", b"create table pgwarden_control.three (); select 1 / 0")
    with pytest.raises(ControlDatabaseOutdated) as caught:
        await migrate(pool, (*KNOWN, good, bad))
    assert bad.name in caught.value.why
    assert await table_count(pool) == before
    assert await pending_migrations(pool) == ()


async def test_an_owner_without_superuser_rights_is_enough(pg18_url: str, database: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    role, password = f"owner_of_{name}", "loopback only"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create role {} login nosuperuser password {}").format(sql.Identifier(role), sql.Literal(password))
        )
    as_owner = psycopg.conninfo.make_conninfo(database, user=role, password=password)
    try:
        async with opened(as_owner) as pool:
            with pytest.raises(ControlDatabaseUnavailable) as caught:
                await migrate(pool)
            assert "grant create" in caught.value.next_step
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute(
                    sql.SQL("grant create on database {} to {}").format(sql.Identifier(str(name)), sql.Identifier(role))
                )
            assert await migrate(pool) == NAMES
            assert (await PostgresDataRightsStore(pool).current()).number == 0
    finally:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(sql.SQL("drop owned by {} cascade").format(sql.Identifier(role)))
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


async def test_a_stranger_is_kept_out(pool: Pool, database: str) -> None:
    await migrate(pool)
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select has_schema_privilege('public', 'pgwarden_control', 'usage'), "
            "bool_or(has_table_privilege('public', c.oid, 'select, insert, update, delete')) "
            "from pg_class c where relnamespace = 'pgwarden_control'::regnamespace and relkind = 'r'"
        )
        assert await cursor.fetchone() == (False, False)


async def test_a_database_that_cannot_hold_all_text_is_refused(pg18_url: str, make_database: MakeDatabase) -> None:
    name = psycopg.conninfo.conninfo_to_dict(make_database())["dbname"]
    latin = sql.Identifier(f"{name}_latin")
    with psycopg.connect(pg18_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0 encoding latin1 locale 'C'").format(latin))
        try:
            async with opened(psycopg.conninfo.make_conninfo(pg18_url, dbname=f"{name}_latin")) as pool:
                with pytest.raises(ControlDatabaseOutdated, match="does not fit") as caught:
                    await migrate(pool)
            assert "LATIN1" in caught.value.why
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(latin))


async def test_an_unreachable_server_is_named_without_its_password(unused_tcp_port: int) -> None:
    url = f"postgresql://ana:s3cret@127.0.0.1:{unused_tcp_port}/control"
    pool = control_pool(url, wait_seconds=0.2)
    await pool.open()
    try:
        with pytest.raises(ControlDatabaseUnavailable) as caught:
            await migrate(pool)
    finally:
        await pool.close()
    assert "s3cret" not in str(PgwardenError.to_dict(caught.value))
