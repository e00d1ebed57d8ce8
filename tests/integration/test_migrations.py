"""The control database's migrations on real servers."""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql
from tests.support.databases import MakeDatabase

from pgwarden.adapters.postgres.control import migrate as migrate_module
from pgwarden.adapters.postgres.control.connection import Pool, control_pool
from pgwarden.adapters.postgres.control.data_rights import PostgresDataRightsStore
from pgwarden.adapters.postgres.control.migrate import Migration, known_migrations, migrate, pending_migrations
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.domain.errors import ControlDatabaseOutdated, ControlDatabaseUnavailable, SettingsError

KNOWN = known_migrations()
NAMES = tuple(migration.name for migration in KNOWN)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with opened(database) as pool:
        yield pool


@asynccontextmanager
async def opened(conninfo: str, size: int = 4) -> AsyncIterator[Pool]:
    async with control_pool(conninfo, size=size, wait_seconds=60) as pool:
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
        outside = re.sub(r"\$\$.*?\$\$|--[^\n]*", " ", migration.sql.decode(), flags=re.DOTALL)  # but for functions
        words = outside.lower().replace(";", " ").split()
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


LOCK = "select pg_advisory_xact_lock(x'706777617264656e'::bigint)"
WAITING = "select pid from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())"  # noqa: E501


async def until_waiting(count: int, database: str, *tasks: asyncio.Task[tuple[str, ...]]) -> None:
    """Return when that many starters wait for the lock; none of them may be done before."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as watcher:
        while len(await (await watcher.execute(WAITING)).fetchall()) < count:
            assert not any(task.done() for task in tasks)


async def test_starters_that_looked_before_the_first_was_done_see_what_it_did(database: str) -> None:
    async with AsyncExitStack() as stack:
        holder = await stack.enter_async_context(await psycopg.AsyncConnection.connect(database))
        await holder.execute(LOCK)
        pools = [await stack.enter_async_context(opened(database, size=1)) for _ in range(3)]
        tasks = [asyncio.create_task(migrate(pool)) for pool in pools]
        await until_waiting(3, database, *tasks)
        await holder.rollback()
        assert sorted(await asyncio.gather(*tasks)) == [(), (), NAMES]


async def test_a_starter_that_dies_in_the_middle_leaves_the_way_free(pool: Pool, database: str) -> None:
    dying = await psycopg.AsyncConnection.connect(database)
    await dying.execute(LOCK)
    await dying.execute("create schema pgwarden_control")
    started = asyncio.create_task(migrate(pool))
    await until_waiting(1, database, started)
    with psycopg.connect(database, autocommit=True) as killer:
        killer.execute("select pg_terminate_backend(%s, 5000)", (dying.info.backend_pid,))
    assert await started == NAMES
    await dying.close()


async def test_a_starter_that_hangs_is_not_waited_for_without_end(
    pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate_module, "WAIT_FOR_OTHERS", "50ms")
    async with await psycopg.AsyncConnection.connect(database) as hanging:
        await hanging.execute(LOCK)
        with pytest.raises(ControlDatabaseUnavailable) as caught:
            await migrate(pool)
        assert "lock timeout" in caught.value.why
        assert await pending_migrations(pool) == NAMES


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


@pytest.fixture
def as_role(database: str) -> Iterator[str]:
    """The test's database for a login role without any right but to connect."""
    name = f"role_of_{psycopg.conninfo.conninfo_to_dict(database)['dbname']}"
    role, password = sql.Identifier(name), "loopback only"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login nosuperuser password {}").format(role, sql.Literal(password)))
        yield psycopg.conninfo.make_conninfo(database, user=name, password=password)
        connection.execute(sql.SQL("drop owned by {} cascade").format(role))
        connection.execute(sql.SQL("drop role {}").format(role))


async def test_an_owner_without_superuser_rights_is_enough(database: str, as_role: str) -> None:
    async with opened(as_role) as pool:
        with pytest.raises(ControlDatabaseUnavailable) as caught:
            await migrate(pool)
        assert "grant create" in caught.value.next_step
        with psycopg.connect(database, autocommit=True) as connection:
            names = (
                psycopg.conninfo.conninfo_to_dict(conninfo)[key]
                for conninfo, key in ((database, "dbname"), (as_role, "user"))
            )
            connection.execute(
                sql.SQL("grant create on database {} to {}").format(*(sql.Identifier(str(n)) for n in names))
            )
        assert await migrate(pool) == NAMES
        assert (await PostgresDataRightsStore(pool).current()).number == 0


async def test_a_schema_of_someone_else_is_not_used(pool: Pool, as_role: str) -> None:
    await migrate(pool)
    async with pool.connection() as connection:
        await connection.execute("grant usage on schema pgwarden_control to public")
        await connection.execute("grant all on all tables in schema pgwarden_control to public")
    async with opened(as_role) as stranger:
        with pytest.raises(ControlDatabaseOutdated) as caught:
            await migrate(stranger)
    assert "belongs to another role" in caught.value.why


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


async def test_opening_brings_it_up_to_date(database: str) -> None:
    async with control_database(database) as pool:
        assert await pending_migrations(pool) == ()


async def test_an_unreachable_server_is_named_at_once_without_its_password(unused_tcp_port: int) -> None:
    with pytest.raises(ControlDatabaseUnavailable, match="could not be used") as caught:
        async with control_database(f"postgresql://ana:s3cret@127.0.0.1:{unused_tcp_port}/control"):
            pass
    assert str(unused_tcp_port) in caught.value.why
    assert "s3cret" not in str(caught.value.to_dict())


async def test_a_wrong_password_is_told_at_once(database: str) -> None:
    with pytest.raises(ControlDatabaseUnavailable) as caught:
        async with control_database(psycopg.conninfo.make_conninfo(database, password="s3cret")):
            pass
    assert "password authentication failed" in caught.value.why


@pytest.mark.parametrize("address", ["host=db password=two s3cret", "postgresql://ana:s3cret%zz@db/x"])
async def test_a_malformed_address_shows_no_part_of_it(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        async with control_database(address):
            pass
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


async def test_the_stores_go_on_after_the_server_dropped_their_connections(database: str) -> None:
    async with control_database(database, size=2) as pool:
        store = PostgresDataRightsStore(pool)
        await store.current()
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
            )
        assert (await store.current()).number == 0


async def test_a_full_pool_ends_in_a_clear_error(database: str) -> None:
    async with control_database(database, size=1) as pool, pool.connection():
        pool.timeout = 0.05  # only now: a busy machine may take long to open the connection itself
        with pytest.raises(ControlDatabaseUnavailable):
            await PostgresDataRightsStore(pool).current()
