"""The read verb as a whole: judged, checked against rights, run behind fences, and cached only where that is right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import pytest
from tests.support.reading import pool_on, prepare
from tests.support.round_trips import round_trips

from pgwarden.adapters.cache.memory import MemoryCache
from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.adapters.postgres.control.connection import control_pool
from pgwarden.adapters.postgres.control.data_rights import PostgresDataRightsStore
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.adapters.postgres.pool import TargetPool
from pgwarden.adapters.postgres.records import PostgresExecutionRecords
from pgwarden.adapters.postgres.runner import PostgresReadRunner
from pgwarden.agents.audit_trail import UNWRITTEN, AuditTrail
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import ChangedMeanwhile, InputInvalid, NeedsApproval, RightMissing, StatementRefused
from pgwarden.domain.identity import Access, DataRight, Identity
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.rights_version import RightsVersion
from pgwarden.ports import ExecutionRecords, ReadRunner
from pgwarden.testing import MemoryAuditLog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Identity("ann")


@dataclass
class Rights:
    """Data rights that a test sets."""

    lines: tuple[DataRight, ...] = (DataRight("*", Access.READ),)

    async def current(self) -> RightsVersion:
        return RightsVersion(1, self.lines)


@dataclass
class House:
    """The agent with real parts around it."""

    pool: TargetPool
    rights: Rights = field(default_factory=Rights)
    known: Catalog | None = None
    rereads: int = 0
    trail: AuditTrail = UNWRITTEN

    def __post_init__(self) -> None:
        self.agent = SafeExecutionAgent(
            self,
            self.runner,
            self.records,
            self.rights,  # type: ignore[arg-type]  # current() is all it asks
            MemoryCache(),
            trail=self.trail,
        )

    async def catalog(self, _database: str) -> Catalog:
        self.known = self.known or await PostgresCatalogReader(self.pool.connection).read()
        return self.known

    async def refresh(self, database: str) -> Catalog:
        return await self.catalog(database)

    async def reread(self, database: str) -> Catalog:
        self.rereads += 1
        self.known = None
        return await self.catalog(database)

    async def runner(self, _database: str) -> ReadRunner:
        return PostgresReadRunner(self.pool)

    async def records(self, _database: str) -> ExecutionRecords:
        return PostgresExecutionRecords(self.pool)

    async def read(self, sql: str, *parameters: object, identity: Identity = ANN, plan: bool = False) -> Result:
        return await self.agent.read("shop", sql, parameters, identity=identity, limits=ReadLimits(), plan=plan)


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    prepare(
        database,
        "create table customer (id int primary key, city text, email text, note text)",
        "insert into customer values (1, 'Bonn', 'ann@example.org', 'n1'), (2, 'Ulm', 'bob@example.org', 'n2')",
        "create view contact as select id, email from customer",
    )
    async with pool_on(database) as pool:
        yield House(pool)


async def test_reads_and_what_is_none(house: House) -> None:
    assert (await house.read("select city from customer order by id")).rows == (("Bonn",), ("Ulm",))
    assert (await house.read("select city from customer where id = $1", 2)).rows == (("Ulm",),)
    with pytest.raises(NeedsApproval):
        await house.read("delete from customer")
    with pytest.raises(StatementRefused) as caught:
        await house.read("select pg_sleep(1)")
    assert "pg_sleep" in caught.value.why
    with pytest.raises(InputInvalid):
        await house.read("select city from customer where id = $1")


async def test_masked_columns_through_expressions_views_and_whole_rows(house: House) -> None:
    house.rights.lines += (DataRight("*", Access.MASKED, table="customer", column="email"),)
    masked = await house.read("select id, upper(email) as shout, city from customer where id = 1")
    assert masked.rows == ((1, "***", "Bonn"),)
    assert [column.masked for column in masked.columns] == [False, True, False]
    assert (await house.read("select * from contact order by id limit 1")).rows == ((1, "***"),)
    assert "ann@example.org" not in str((await house.read("select customer from customer")).rows)
    for sql in (
        "select id from customer where email like 'a%'",
        "select id from customer order by email",
        "select count(*) from customer group by email",
        "select a.id from customer a join customer b on a.email = b.email",
    ):
        with pytest.raises(RightMissing, match="masked"):
            await house.read(sql)


async def test_denied_columns_and_tables_are_named(house: House) -> None:
    house.rights.lines += (DataRight("person:ann", Access.DENY, table="customer", column="note"),)
    with pytest.raises(RightMissing, match=r"public\.customer\.note"):
        await house.read("select id, note from customer")
    with pytest.raises(RightMissing, match="note"):
        await house.read("select * from customer")
    assert (await house.read("select note from customer", identity=Identity("bea"))).rows
    house.rights.lines = (DataRight("*", Access.READ, schema="sales"),)
    with pytest.raises(RightMissing):
        await house.read("select count(*) from customer")


async def test_rights_of_the_database_role_are_checked_before_running(database: str, house: House) -> None:
    prepare(
        database,
        "drop role if exists agent_reader",
        "create role agent_reader login password 'x'",
        "grant select (id, city) on customer to agent_reader",
        "grant select on contact to agent_reader",
    )
    try:
        from psycopg.conninfo import make_conninfo

        async with pool_on(make_conninfo(database, user="agent_reader", password="x")) as pool:
            theirs = House(pool)
            assert (await theirs.read("select city from customer where id = 1")).rows == (("Bonn",),)
            assert (await theirs.read("select email from contact where id = 1")).rows == (("ann@example.org",),)
            with pytest.raises(RightMissing, match="agent_reader"):
                await theirs.read("select email from customer")
    finally:
        prepare(database, "drop owned by agent_reader", "drop role agent_reader")


async def test_a_changed_table_is_judged_again(database: str, house: House) -> None:
    assert (await house.read("select * from customer where id = 1")).rows == ((1, "Bonn", "ann@example.org", "n1"),)
    prepare(database, "alter table customer drop column note")
    assert (await house.read("select * from customer where id = 2")).rows == ((2, "Ulm", "bob@example.org"),)
    assert house.rereads == 1


async def test_only_repeatable_reads_are_cached_for_the_same_reader_until_a_write(database: str, house: House) -> None:
    sql = "select email from customer where id = 1"
    first = await house.read(sql)
    prepare(database, "update customer set email = 'new@example.org' where id = 1")
    again = await house.read(sql)
    assert (again.rows, again.statistics.cached, first.statistics.cached) == (first.rows, True, False)
    assert (await house.read("select email from customer where id = 2")).rows == (("bob@example.org",),)
    house.rights.lines += (DataRight("person:bea", Access.MASKED, column="email"),)
    assert (await house.read(sql, identity=Identity("bea"))).rows == (("***",),)
    await house.agent.written("shop")
    assert (await house.read(sql)).rows == (("new@example.org",),)
    for moving in ("select now(), count(*) from customer", "select random() from customer", "show work_mem"):
        await house.read(moving)
        assert not (await house.read(moving)).statistics.cached


async def test_plans_come_with_rows_or_alone(house: House) -> None:
    planned = await house.read("select * from customer where id = 1", plan=True)
    assert "customer" in planned.statistics.plan
    assert "cost" in planned.statistics.plan
    plan = await house.agent.explain("shop", "delete from customer", identity=ANN, limits=ReadLimits())
    assert "Plan" in plan
    with pytest.raises(StatementRefused):
        await house.agent.explain("shop", "select pg_sleep(1)", identity=ANN, limits=ReadLimits())


async def test_rights_hold_from_the_moment_they_are_in_force(database: str, house: House) -> None:
    """They are not asked for at each read: the audit takes no entry of a read that other rights let be."""
    sql = "select email from customer where id = 1"
    async with control_database(database), round_trips(database) as proxy, control_pool(proxy.url, size=1) as control:
        store, log = PostgresDataRightsStore(control), PostgresAuditLog(control)
        theirs = House(house.pool, store, trail=AuditTrail(log, lambda: NOON))  # type: ignore[arg-type]  # the real one
        await store.replace((DataRight("*", Access.READ),), expected=0, author="eve", at=NOON)
        for _ in range(3):
            assert (await theirs.read(sql)).rows == (("ann@example.org",),)
        before = proxy.count
        assert (await theirs.read(sql)).rows == (("ann@example.org",),)
        assert proxy.count - before == 1, "the entry, and nothing else, needs the control database"
        written: list[tuple[str, int | None]] = [("done", 1)] * 4
        for number, access in enumerate((Access.MASKED, Access.DENY, Access.READ), start=1):
            lines = (DataRight("*", Access.READ), DataRight("*", access, table="customer", column="email"))
            await store.replace(lines, expected=number, author="eve", at=NOON)
            if access is Access.DENY:
                with pytest.raises(RightMissing):
                    await theirs.read(sql)
                written.append(("refused", None))
            else:
                shown = "***" if access is Access.MASKED else "ann@example.org"
                assert (await theirs.read(sql)).rows == ((shown,),)
                written.append(("done", 1))
        told = [(record.entry.outcome.value, record.entry.details.get("rows")) async for record in log.export()]
    assert told == written, "nothing is told of that was not given out"


async def test_rights_that_change_again_and_again_show_nothing(house: House) -> None:
    numbers = count()
    log = MemoryAuditLog(rights_in_force=lambda: next(numbers) + 2)
    theirs = House(house.pool, trail=AuditTrail(log, lambda: NOON))
    with pytest.raises(ChangedMeanwhile):
        await theirs.read("select city from customer")
    assert log.entries == []
