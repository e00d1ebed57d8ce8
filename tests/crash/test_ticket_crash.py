"""kill -9 at any point from the request to the undo: no ticket lost, none run twice, none approved by silence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import psycopg
from tests.conftest import MakeDatabase
from tests.support.change import owned, run
from tests.support.ticket_house import House, house_on

from pgwarden.adapters.postgres.control.connection import control_pool
from pgwarden.adapters.postgres.control.migrate import migrate
from pgwarden.adapters.postgres.control.tickets import PostgresTicketStore
from pgwarden.domain.execution import ExecutionKind
from pgwarden.domain.request import RequestKind
from pgwarden.domain.ticket import OPEN, Ticket, TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.ticket_events import ApprovalGiven, AutoApproved, ExecutionClaimed, ExecutionSucceeded
from pgwarden.domain.ticket_status import status_of

KILLS = int(os.environ.get("PGWARDEN_SOAK_KILLS", "6"))
ROOT = Path(__file__).parents[2]
VICTIMS = 2
"""At the same time, on the same rows."""


async def test_killed_processes_lose_no_ticket_and_run_none_twice(
    database: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    target, control, random = owned(database), make_database(), Random(5)
    run(target, "create table account (id int primary key, amount int)")
    run(target, "insert into account select n, 0 from generate_series(1, 100) n")
    told: list[tuple[str, str]] = []
    errors = tmp_path / "errors"
    async with (
        control_pool(control, size=4, wait_seconds=30) as pool,
        house_on(target, tickets=PostgresTicketStore(pool)) as house,
    ):
        await migrate(pool)
        for _ in range(max(3, KILLS // 2)):
            victims = [start(control, target, errors) for _ in range(VICTIMS)]
            for victim in victims:
                assert victim.stdout is not None
                line = victim.stdout.readline()
                assert line, errors.read_text()
                told.append(step(line))
                killer = threading.Timer(random.uniform(0.0, 0.5), victim.send_signal, [signal.SIGKILL])
                killer.start()
                killer.join()
            for victim in victims:
                told += reported(victim)
            end_sessions(target)
            house.now = datetime.now(UTC)
            await house.road.settle_all(grace=timedelta(0))
            await check(house, target, told)
            await clear_away(house)
    assert len(told) > KILLS


def start(control: str, target: str, errors: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.crash.ticket_victim", control, target]
    with errors.open("a", encoding="utf-8") as file:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=file, text=True)


def reported(victim: subprocess.Popen[str]) -> list[tuple[str, str]]:
    rest, _ = victim.communicate(timeout=60)
    return [step(line) for line in rest.splitlines() if len(line.split()) == 2]


def step(line: str) -> tuple[str, str]:
    what, ticket = line.split()
    return what, ticket


def end_sessions(target: str) -> None:
    """A backend notices that its client is gone when it next writes; its transaction ends with it."""
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where datname = current_database() and usename = current_user and pid <> pg_backend_pid()"
        )


async def check(house: House, target: str, told: list[tuple[str, str]]) -> None:
    tickets = await house.tickets.find(TicketFilter(limit=100_000), at=house.now)
    by_id = {ticket.id: ticket for ticket in tickets}
    for what, ticket_id in told:
        assert ticket_id in by_id, f"{ticket_id} was {what} and is lost"
        if what == "executed":
            assert status_of(by_id[ticket_id], house.now) in {TicketStatus.EXECUTED, TicketStatus.UNDONE}
    statuses = Counter(status_of(ticket, house.now) for ticket in tickets)
    assert statuses[TicketStatus.EXECUTING] == 0, "every claim is settled"
    written = {each for ticket in tickets for each in succeeded(ticket)}
    executions = await (await house.targets.records("shop")).executions(rows=100_000)
    assert {execution.id for execution in executions} == written, "the tickets and the ledger tell one story"
    for ticket in tickets:
        assert len(succeeded(ticket)) <= 1
        if any(isinstance(event, ExecutionClaimed) for event in ticket.events):
            assert any(isinstance(event, ApprovalGiven | AutoApproved) for event in ticket.events)
    undos = sum(execution.kind is ExecutionKind.UNDO for execution in executions)
    undone = sum(
        status_of(t, house.now) is TicketStatus.UNDONE for t in tickets if t.request.kind is RequestKind.CHANGE
    )
    assert undone == undos, "what was taken back says so"
    with psycopg.connect(target) as connection:
        amounts = connection.execute("select distinct amount from account").fetchall()
    assert amounts == [(len(executions) - 2 * undos,)]


async def clear_away(house: House) -> None:
    """Cancel what the dead left open: one person may not have more than so many."""
    wanted = TicketFilter(statuses=frozenset(OPEN), limit=1000)
    for ticket in await house.tickets.find(wanted, at=house.now):
        await house.workflow.cancel(ticket.id, identity=house.who("ana"), source="test")


def succeeded(ticket: Ticket) -> list[str]:
    return [event.execution_id for event in ticket.events if isinstance(event, ExecutionSucceeded)]
