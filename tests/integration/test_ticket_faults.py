"""What must not happen when many act at once, processes die, and the control database goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from tests.conftest import MakeDatabase
from tests.support.change import dump, owned, run
from tests.support.ticket_house import STAFF, House, house_on

from pgwarden.adapters.postgres.control.connection import control_pool
from pgwarden.adapters.postgres.control.migrate import migrate
from pgwarden.adapters.postgres.control.tickets import PostgresTicketStore
from pgwarden.domain.approval import Approved
from pgwarden.domain.errors import (
    AlreadyExecuted,
    ControlDatabaseUnavailable,
    NotApproved,
    PgwardenError,
    WritesFrozen,
)
from pgwarden.domain.execution import Execution
from pgwarden.domain.person import Person
from pgwarden.domain.request import Window
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_approval import approved_of
from pgwarden.domain.ticket_events import Decision, ExecutionClaimed
from pgwarden.testing import MemoryTicketStore

S = TicketStatus
NOW = timedelta(0)
UPDATE = "update account set amount = amount + 1"
"""Run twice, it would show."""


@pytest.fixture
def shop(database: str) -> str:
    owner = owned(database)
    run(owner, "create table account (id int primary key, amount int not null)")
    run(owner, "insert into account select n, 0 from generate_series(1, 5) n")
    return owner


@pytest.fixture
def control(make_database: MakeDatabase) -> str:
    return make_database()


@pytest.fixture
def wait_seconds() -> float:
    """How long the stores wait for a connection."""
    return 60.0


@pytest.fixture
async def house(shop: str, control: str, wait_seconds: float) -> AsyncIterator[House]:
    """On a control database of its own, as several processes would share it."""
    crowd = [Person(f"manager{n}", level=2, roles=STAFF[2].roles) for n in range(100)]
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(control_pool(control, size=8, wait_seconds=wait_seconds))
        await migrate(pool)
        yield await stack.enter_async_context(
            house_on(shop, tickets=PostgresTicketStore(pool), people=(*STAFF, *crowd))
        )


async def approved(house: House, statement: str = UPDATE) -> str:
    ticket = (await house.ask(statement)).ticket.id
    await house.approve(ticket)
    return ticket


def amounts(shop: str) -> set[str]:
    return {line.strip("()").split(",")[1] for line in dump(shop)["account"]}


async def test_a_hundred_decisions_at_once_have_one_effect(house: House, control: str) -> None:
    ticket = (await house.ask(UPDATE)).ticket.id

    async def one(number: int) -> str:
        decision = Decision.APPROVE if number % 2 else Decision.DENY
        identity = house.who(f"manager{number}")
        try:
            view = await house.workflow.audit_approval_decision(
                ticket, decision, identity=identity, comment="x", via="test"
            )
        except PgwardenError as error:
            return error.code
        return view.standing.status.value

    results = await asyncio.gather(*map(one, range(100)))
    assert results.count("PGW151") == 99, "the others are told that it is decided"
    assert len(await house.events(ticket)) == 2
    with psycopg.connect(control) as connection:
        told = connection.execute(
            "select count(*) from pgwarden_jobs.procrastinate_jobs"
            " where task_name = 'notify' and args ->> 'kind' in ('approved', 'denied')"
        ).fetchone()
        noted = connection.execute(
            "select count(*) from pgwarden_control.audit_entry where action in ('ticket.approved', 'ticket.denied')"
        ).fetchone()
    assert (told, noted) == ((1,), (1,))


async def test_of_many_who_run_it_at_once_one_does(house: House, shop: str) -> None:
    ticket = await approved(house)

    async def one(_number: int) -> str:
        try:
            return (await house.run(ticket)).ticket.id
        except NotApproved as error:
            return error.code

    results = await asyncio.gather(*map(one, range(12)))
    assert sorted(results) == ["PGW153"] * 11 + [ticket]
    assert amounts(shop) == {"1"}


async def test_a_claim_whose_process_died_is_settled_and_can_never_run_late(house: House, shop: str) -> None:
    ticket = await approved(house)
    found = await house.desk.load(ticket)
    late = approved_of(found, house.now)
    claim = ExecutionClaimed(actor="ana", at=house.now, execution_id=late.execution_id)
    await house.desk.append(found, (claim,), await house.desk.staff(), source="test")
    with pytest.raises(NotApproved, match="may not run"):
        await house.run(ticket)
    assert await house.road.settle_all() == (), "a fresh claim is left to whoever made it"
    assert [t.id for t in await house.road.settle_all(grace=NOW)] == [ticket]
    assert await house.status(ticket) is S.APPROVED
    runner = await house.targets.changes("shop")
    with pytest.raises(AlreadyExecuted):
        await runner.execute(late, now=house.now)
    assert amounts(shop) == {"0"}
    await house.run(ticket)
    assert amounts(shop) == {"1"}
    assert [e.id for e in await (await house.targets.records("shop")).executions(rows=10)] == [
        (await house.desk.load(ticket)).events[-1].execution_id  # type: ignore[attr-defined]  # it succeeded
    ]


async def test_a_process_that_died_after_the_commit_is_settled_as_executed(house: House, shop: str) -> None:
    ticket = await approved(house)
    found = await house.desk.load(ticket)
    value = approved_of(found, house.now)
    claim = ExecutionClaimed(actor="ana", at=house.now, execution_id=value.execution_id)
    await house.desk.append(found, (claim,), await house.desk.staff(), source="test")
    await (await house.targets.changes("shop")).execute(value, now=house.now)
    settled = await asyncio.gather(*(house.road.settle_all(grace=NOW) for _ in range(3)))
    assert [t.id for each in settled for t in each].count(ticket) >= 1
    assert await house.events(ticket) == ["TicketOpened", "ApprovalGiven", "ExecutionClaimed", "ExecutionSucceeded"]
    assert (amounts(shop), house.written) == ({"1"}, ["shop"] * len(house.written))


async def test_a_control_database_restored_from_before_runs_nothing_twice(shop: str) -> None:
    tickets = MemoryTicketStore()
    async with house_on(shop, tickets=tickets) as house:
        ticket = await approved(house)
        backup = await house.desk.load(ticket)
        first = await house.run(ticket)
        tickets._tickets[ticket] = Ticket(ticket, backup.events)
        assert await house.status(ticket) is S.APPROVED
        again = await house.run(ticket)
        assert again.execution.id == first.execution.id
        assert await house.status(ticket) is S.EXECUTED
        assert amounts(shop) == {"1"}


@pytest.mark.parametrize("wait_seconds", [3.0])
async def test_the_control_database_goes_away_while_it_runs(house: House, shop: str, control: str) -> None:
    ticket = await approved(house)
    with psycopg.connect(shop) as holding:
        holding.execute("lock table account in access exclusive mode")
        running = asyncio.create_task(house.run(ticket))
        await until(lambda: claimed(house, ticket))
        away(control, gone=True)
    try:
        with pytest.raises(ControlDatabaseUnavailable):
            await running
    finally:
        away(control, gone=False)
    assert amounts(shop) == {"1"}, "it was committed"
    async with asyncio.timeout(60):
        while not await settled(house, ticket):
            pass
    assert amounts(shop) == {"1"}


async def settled(house: House, ticket: str) -> bool:
    """Whether the ticket is; a pool that still waits before it connects again is asked once more."""
    try:
        await house.road.settle_all(grace=NOW)
        return await house.status(ticket) is S.EXECUTED
    except ControlDatabaseUnavailable:
        return False


async def test_a_freeze_stops_what_runs_and_what_is_about_to(house: House, shop: str) -> None:
    first, second = await approved(house), await approved(house)
    with psycopg.connect(shop) as holding:
        holding.execute("lock table account in access exclusive mode")
        running = asyncio.create_task(house.run(first))
        await until(lambda: at_work(house, first))
        await house.workflow.switch_writes(frozen=True, identity=house.who("max"), reason="stop", source="test")
        assert await house.road.stop_all() == ()
        with pytest.raises(PgwardenError):
            await running
    with pytest.raises(PgwardenError, match="frozen"):
        await house.run(second)
    assert amounts(shop) == {"0"}
    assert [await house.status(each) for each in (first, second)] == [S.APPROVED, S.APPROVED]


async def test_a_request_that_runs_itself_is_run_once_by_several_workers(house: House, shop: str) -> None:
    ticket = (await house.ask(UPDATE, run_when_approved=True)).ticket.id
    job: dict[str, Any] = {"ticket": ticket}
    await house.road.run_job(job)
    assert await house.status(ticket) is S.PENDING, "a job that comes too early runs nothing"
    await house.approve(ticket)
    await asyncio.gather(*(house.road.run_job(job) for _ in range(3)))
    assert (await house.status(ticket), amounts(shop)) == (S.EXECUTED, {"1"})
    by_hand = await approved(house)
    await house.road.run_job({"ticket": by_hand})
    assert await house.status(by_hand) is S.APPROVED, "a worker runs only what it was asked to"


async def test_a_job_that_finds_writes_frozen_or_its_window_closed_comes_again(house: House, shop: str) -> None:
    ticket = (await house.ask(UPDATE, run_when_approved=True)).ticket.id
    await house.approve(ticket)
    admin = house.who("root")
    await house.workflow.switch_writes(frozen=True, identity=admin, reason="stop", source="test")
    with pytest.raises(WritesFrozen):
        await house.road.run_job({"ticket": ticket})
    await house.workflow.switch_writes(frozen=False, identity=admin, reason="go", source="test")
    await house.road.run_job({"ticket": ticket})
    assert amounts(shop) == {"1"}
    window = Window(house.now + timedelta(hours=1))
    later = (await house.ask(UPDATE, run_when_approved=True, window=window)).ticket.id
    await house.approve(later)
    with pytest.raises(NotApproved):
        await house.road.run_job({"ticket": later})
    house.pass_time(hours=1)
    await house.road.run_job({"ticket": later})
    assert amounts(shop) == {"2"}


async def test_whoever_cancels_too_late_is_not_told_that_nothing_was_changed(house: House, shop: str) -> None:
    """The task is cancelled in the moment in which the change is in and nobody has heard of it."""
    ticket = await approved(house)
    runner = await house.targets.changes("shop")

    class Late:
        """Runs it, and is cancelled before it can say so."""

        async def execute(self, value: Approved, *, now: datetime) -> Execution:
            await runner.execute(value, now=now)
            raise asyncio.CancelledError

        settle = staticmethod(runner.settle)

    async def changes(_database: str) -> Any:
        return Late()

    house.road._changes = changes
    with pytest.raises(AlreadyExecuted, match="too late"):
        await house.run(ticket)
    assert (await house.status(ticket), amounts(shop)) == (S.EXECUTED, {"1"})


async def test_what_was_written_into_the_store_by_hand_is_not_run(house: House, shop: str, control: str) -> None:
    """The database's owner changes one literal of what was approved."""
    ticket = await approved(house, "update account set amount = amount + 1 where id = 1")
    with psycopg.connect(control, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute("update pgwarden_control.ticket_event set actor = 'max'")
        connection.execute("alter table pgwarden_control.ticket_event disable trigger append_only")
        connection.execute(
            "update pgwarden_control.ticket_event"
            " set content = replace(content::text, 'where id = 1', 'where id = 2')::json where number = 1"
        )
    with pytest.raises(NotApproved):
        await house.run(ticket)
    assert amounts(shop) == {"0"}


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what happens elsewhere; the test fails when that takes thirty seconds."""
    for _ in range(1500):
        if await condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen in thirty seconds")


async def claimed(house: House, ticket: str) -> bool:
    return "ExecutionClaimed" in await house.events(ticket)


async def at_work(house: House, ticket: str) -> bool:
    return await house.road.progress(ticket) is not None


def away(control: str, *, gone: bool) -> None:
    """Nobody gets into the control database any more, and whoever is in is thrown out; or all is well again."""
    name = sql.Identifier(psycopg.conninfo.conninfo_to_dict(control)["dbname"])  # type: ignore[arg-type]  # it has one
    server = psycopg.conninfo.make_conninfo(control, dbname="postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        allow = sql.SQL("alter database {} with allow_connections {}").format(name, sql.SQL(str(not gone)))
        connection.execute(allow)
        if gone:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name._obj[0]]
            )
