from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from pgwarden.adapters.telemetry.prometheus import PrometheusMetrics
from pgwarden.agents.audit_trail import UNWRITTEN, AuditTrail, asked_for
from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.errors import (
    ConnectionFailed,
    ControlDatabaseUnavailable,
    NeedsApproval,
    PgwardenError,
    StatementRefused,
)
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.rights_version import RightsChangedError
from pgwarden.testing import MemoryAuditLog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANA = Identity("ana")


@pytest.fixture
def log() -> MemoryAuditLog:
    return MemoryAuditLog()


@pytest.fixture
def trail(log: MemoryAuditLog) -> AuditTrail:
    return AuditTrail(log, lambda: NOON, "cli")


async def test_an_event_is_written_when_its_block_is_left(trail: AuditTrail, log: MemoryAuditLog) -> None:
    async with trail.event("read.run", identity=ANA, database="shop", personal=asked_for("select $1", [7])) as event:
        event.details["rows"] = 3
        assert log.entries == []
    assert log.entries == [
        AuditEntry(
            "read.run",
            "ana",
            NOON,
            database="shop",
            source="cli",
            details={"rows": 3},
            personal={"statement": "select $1", "parameters": "7"},
        )
    ]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (StatementRefused("The statement is refused.", why="It calls lo_export."), Outcome.REFUSED),
        (NeedsApproval("The statement changes data."), Outcome.REFUSED),
        (ConnectionFailed("The database does not answer."), Outcome.FAILED),
    ],
)
async def test_how_it_ended_is_told_with_the_code(
    trail: AuditTrail, log: MemoryAuditLog, error: PgwardenError, outcome: Outcome
) -> None:
    with pytest.raises(type(error)):
        async with trail.event("read.run", identity=ANA):
            raise error
    (entry,) = log.entries
    assert (entry.outcome, entry.details) == (outcome, {"error": error.code})
    assert entry.personal["why"].startswith(error.what)


async def test_what_nobody_foresaw_is_written_as_failed(trail: AuditTrail, log: MemoryAuditLog) -> None:
    with pytest.raises(ZeroDivisionError):
        async with trail.event("read.run", identity=ANA):
            _ = 1 // 0
    assert [entry.outcome for entry in log.entries] == [Outcome.FAILED]


async def test_a_cancelled_read_is_written_too(trail: AuditTrail, log: MemoryAuditLog) -> None:
    started = asyncio.Event()

    async def read() -> None:
        async with trail.event("read.run", identity=ANA):
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [entry.outcome for entry in log.entries] == [Outcome.FAILED]


async def test_nothing_is_given_out_while_the_audit_cannot_be_written() -> None:
    class Down(MemoryAuditLog):
        async def append(self, *entries: AuditEntry, rights: int | None = None) -> None:
            raise ControlDatabaseUnavailable("The control database could not be used.")

    async def read() -> str:
        async with AuditTrail(Down(), lambda: NOON).event("read.run", identity=ANA) as event:
            event.meanwhile = lambda: None
            return "rows"

    with pytest.raises(ControlDatabaseUnavailable):
        await read()


async def test_an_agent_and_its_token_are_named(trail: AuditTrail, log: MemoryAuditLog) -> None:
    async with trail.event("read.run", identity=Identity("bot", IdentityKind.AGENT, token="t-1")):
        pass
    assert log.entries[0].details == {"kind": "agent", "token": "t-1"}


async def test_without_a_log_nothing_is_written() -> None:
    async with UNWRITTEN.event("read.run", identity=ANA) as event:
        event.details["rows"] = 1


async def test_work_goes_on_while_the_entry_is_being_written_and_the_block_waits_for_both() -> None:
    order: list[str] = []
    written = asyncio.Event()

    class Slow(MemoryAuditLog):
        async def append(self, *entries: AuditEntry, rights: int | None = None) -> None:
            order.append(f"sent, rights {rights}")
            await written.wait()
            await super().append(*entries)
            order.append("written")

    def work() -> None:
        order.append("worked")
        written.set()

    async with AuditTrail(Slow(), lambda: NOON).event("read.run", identity=ANA) as event:
        event.rights, event.meanwhile = 3, work
    assert order == ["sent, rights 3", "worked", "written"]

    def broken() -> None:
        raise ZeroDivisionError

    for log in (None, MemoryAuditLog()):
        with pytest.raises(ZeroDivisionError):
            async with AuditTrail(log, lambda: NOON).event("read.run", identity=ANA) as event:
                event.meanwhile = broken


async def test_what_is_decided_anew_has_not_ended() -> None:
    class Counted(PrometheusMetrics):
        def ended(self, entry: AuditEntry, seconds: float) -> None:
            ends.append(entry)

    ends: list[AuditEntry] = []
    log = MemoryAuditLog(rights_in_force=lambda: 2)
    trail = AuditTrail(log, lambda: NOON, metrics=Counted())
    for number in (1, 2):
        with pytest.raises(RightsChangedError) if number == 1 else nullcontext():
            async with trail.event("read.run", identity=ANA) as event:
                event.rights = number
    assert log.entries == ends
    assert len(ends) == 1
