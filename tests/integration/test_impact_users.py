"""Who uses the tables of a change: sessions with locks, last statements, collected statistics; and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from tests.conftest import QUICK, MakeDatabase
from tests.support import debian
from tests.support.change import owned, run
from tests.support.databases import create_database, drop_database

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.connect import target
from pgwarden.adapters.postgres.impact import analyse
from pgwarden.adapters.postgres.pool import Pools
from pgwarden.adapters.postgres.statistics import PostgresStatementStatistics
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.impact import Archiving, Impact, SideEffectKind
from pgwarden.domain.risk import RecoveryNeeds, RiskPolicy, TableTag
from pgwarden.domain.slow_report import SlowLine
from pgwarden.rules.assessment import assess

SETUP = """
create table account (id int primary key, note text);
create table entry (id int primary key, account int references account on delete cascade) partition by range (id);
create table entry_low partition of entry for values from (0) to (1000);
create view summary as select count(*) from account;
insert into account select i, 'x' from generate_series(1, 20) i;
insert into entry select i, (i - 1) % 20 + 1 from generate_series(1, 100) i;
"""


async def catalog_of(database: str) -> Catalog:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        return await PostgresCatalogReader(connection).read()


async def impact_of(database: str, sql: str) -> Impact:
    return await analyse(database, sql, await catalog_of(database))


@pytest.fixture
def ledger(make_database: MakeDatabase) -> str:
    database = owned(make_database())
    run(database, SETUP)
    return database


@contextmanager
def session(database: str, name: str, *statements: str) -> Iterator[None]:
    """An application that has run these statements in a transaction that it keeps open."""
    with psycopg.connect(database, application_name=name) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        yield
        connection.rollback()


async def test_who_holds_locks_now_and_whether_the_change_waits(ledger: str) -> None:
    with (
        session(ledger, "billing", "update entry set id = id where id = 7"),
        session(ledger, "report", "select count(*) from account"),
    ):
        impact = await impact_of(ledger, "delete from account where id < 3")
        found = {(use.application, use.table): use for use in impact.users}
        billing, report = found["billing", "public.entry"], found["report", "public.account"]
        assert (billing.blocks, billing.writes, billing.sessions) == (True, True, 1)
        assert (report.blocks, report.writes) == (False, False)
        assert "the change waits for it" in str(billing)
        assert "goes on reading" in str(report)
        told_as = {e.name for e in impact.side_effects if e.kind is SideEffectKind.APPLICATION}
        assert told_as == {billing.who, report.who}
        risk = assess(impact, await catalog_of(ledger))
        (told,) = [finding for finding in risk.findings if finding.rule == "disruption"]
        assert "billing" in told.message
        assert "report" not in told.message
        assert risk.business.disruption == (str(billing),)
    assert not [use for use in (await impact_of(ledger, "delete from account where id < 3")).users if use.held]


async def test_who_used_the_tables_last(ledger: str) -> None:
    with psycopg.connect(ledger, autocommit=True, application_name="importer") as idle:
        idle.execute("insert into account values (99, 'account')")
        impact = await impact_of(ledger, "update account set note = 'y' where id = 1")
        (use,) = [use for use in impact.users if use.application == "importer"]
        assert (use.table, use.writes, use.blocks) == ("public.account", True, False)
        idle.execute("select 'account'")
        impact = await impact_of(ledger, "update account set note = 'y' where id = 1")
        assert not [use for use in impact.users if use.application == "importer"], "it only says the word"


async def test_a_long_change_of_a_busy_table_is_a_disruption(ledger: str) -> None:
    with session(ledger, "shop", "update account set note = 'z' where id = 20"):
        impact = await impact_of(ledger, "update account set note = 'y' where id < 10")
    risk = assess(impact, await catalog_of(ledger), RiskPolicy(long_lock_seconds=0))
    assert any("would wait" in line for line in risk.business.disruption)


async def test_recovery_needs_are_held_against_the_server(ledger: str) -> None:
    impact = await impact_of(ledger, "delete from account where id < 3")
    assert impact.archiving in (Archiving.OFF, Archiving.STREAMED)  # the embedded server archives nothing
    needs = RecoveryNeeds(point_in_time=True, lose_at_most=timedelta(minutes=5), back_within=timedelta(0))
    policy = RiskPolicy(tables=(TableTag("public.account", recovery=needs),))
    risk = assess(impact, await catalog_of(ledger), policy)
    assert "recovery-needs" in {finding.rule for finding in risk.findings}
    (line,) = risk.business.recovery
    assert line.startswith("public.account needs: recoverable to any moment, at most 5 min lost")


async def slowest_of(database: str) -> tuple[SlowLine, ...]:
    """What the report of slow statements has from a server."""
    pools = Pools(size=2)
    try:
        found = await PostgresStatementStatistics(pools.of(target("shop", database))).slowest(limit=100)
    finally:
        await pools.close()
    assert not isinstance(found, str), found
    return found


@pytest.mark.requires("postgresql-15")
async def test_statements_that_the_server_collected(run_directory: Path) -> None:
    settings = {**QUICK.settings, "shared_preload_libraries": "pg_stat_statements", "wal_level": "logical"}
    options = ServerOptions(durable=False, settings=settings)
    with EmbeddedServer(run_directory / "15-stats", options=options, installation=debian.installation()) as server:
        database = create_database(server.conninfo(), "t_users")
        run(database, "create extension pg_stat_statements", SETUP, "create role reporting login")
        run(database, "grant select on account, summary to reporting")
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("set role reporting")
            for _ in range(3):
                connection.execute("select count(*) from account where id > 3")
            connection.execute("select * from summary")
            connection.execute("select 'account'")
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("select pg_create_logical_replication_slot('feed', 'pgoutput')")
        impact = await impact_of(database, "delete from account where id = 1")
        (use,) = [use for use in impact.users if use.role == "reporting" and use.calls]
        assert (use.table, use.calls, use.writes) == ("public.account", 4, False)
        assert "role reporting read public.account in 4 calls" in str(use)
        assert any("replication slot feed" in effect.message for effect in impact.side_effects)
        slow = await slowest_of(database)
        (counted,) = [line for line in slow if line.statement == "SELECT count(*) FROM account WHERE id > $1"]
        assert (counted.count, counted.rows, counted.counted_by) == (3, 3, "server")
        assert 0 < counted.max_ms <= counted.total_ms
        run(database, "select pg_drop_replication_slot('feed')")
        drop_database(server.conninfo(), "t_users")
