"""How the stores reach the control database: few round trips, and dead connections are noticed in time."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from tests.support.round_trips import round_trips

from pgwarden.adapters.postgres.control.connection import Pool, rows, transaction
from pgwarden.adapters.postgres.control.data_rights import PostgresDataRightsStore
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.domain.errors import ControlDatabaseUnavailable
from pgwarden.domain.identity import Access, DataRight

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_connections_that_died_in_the_pool_are_replaced_unseen(database: str) -> None:
    async with control_database(database, size=3) as pool:
        rights = PostgresDataRightsStore(pool)
        for number in range(4):
            with psycopg.connect(database, autocommit=True) as killer:
                killer.execute(
                    "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
            line = DataRight("person:ana", Access.READ)
            await rights.replace([line], expected=number, author="ana", at=NOON)
            assert (await rights.current()).number == number + 1


async def test_a_connection_that_dies_in_the_middle_is_told_and_nothing_is_kept(database: str) -> None:
    async def die_half_way(pool: Pool) -> None:
        async with transaction(pool) as connection:
            await connection.execute("create table half_done (id int)")
            with psycopg.connect(database, autocommit=True) as killer:
                killer.execute("select pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
            await connection.execute("select 1")

    async with control_database(database, size=2) as pool:
        with pytest.raises(ControlDatabaseUnavailable):
            await die_half_way(pool)
        with psycopg.connect(database) as connection:
            assert connection.execute("select to_regclass('half_done')").fetchone() == (None,)
        assert await rows(pool, "targets") == []


async def test_a_read_takes_one_round_trip(database: str) -> None:
    async with control_database(database):
        pass  # migrated before anything is counted
    async with round_trips(database) as proxy, control_database(proxy.url, size=1) as pool:
        rights = PostgresDataRightsStore(pool)
        await rights.current()
        before = proxy.count
        for _ in range(5):
            await rights.current()
        assert proxy.count - before == 5


async def test_times_are_read_whatever_the_roles_settings_are(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"alter database {connection.info.dbname} set datestyle = 'German'".encode())
    async with control_database(database) as pool:
        rights = PostgresDataRightsStore(pool)
        await rights.replace([DataRight("person:ana", Access.READ)], expected=0, author="ana", at=NOON)
        assert [version.at for version in await rights.history()] == [NOON]
