from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pgwarden.agents import ledger_copy
from pgwarden.agents.audit_jobs import AuditJobs
from pgwarden.agents.audit_notary import AuditNotary
from pgwarden.agents.ledger_copy import LedgerCopy
from pgwarden.domain.audit_checkpoint import Checkpoint
from pgwarden.domain.errors import ConnectionFailed
from pgwarden.domain.execution import Execution, ExecutionKind, Isolation
from pgwarden.ports import ExecutionRecords
from pgwarden.testing import MemoryAuditLog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def execution(number: int, undoes: str | None = None) -> Execution:
    return Execution(
        id=f"e{number}",
        kind=ExecutionKind.UNDO if undoes else ExecutionKind.EXECUTE,
        statement="update customer set name = 'x'",
        seal="0" * 64,
        requested_by="otto",
        approved_by="mia",
        role="writer",
        isolation=Isolation.READ_COMMITTED,
        started_at=NOON + timedelta(seconds=number),
        finished_at=NOON + timedelta(seconds=number + 1),
        undoes=undoes,
    )


class Ledger:
    """The records of one target; newest first, as a ledger lists them."""

    def __init__(self) -> None:
        self.done: list[Execution] = []

    async def executions(self, *, rows: int) -> tuple[Execution, ...]:
        return tuple(sorted(self.done, key=lambda one: one.started_at, reverse=True)[:rows])


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def log() -> MemoryAuditLog:
    return MemoryAuditLog()


@pytest.fixture
def copy(ledger: Ledger, log: MemoryAuditLog) -> LedgerCopy:
    async def records(database: str) -> ExecutionRecords:
        if database == "gone":
            raise ConnectionFailed("The database does not answer.")
        return ledger  # type: ignore[return-value]  # as much of it as copying needs

    return LedgerCopy(log, records)


async def test_each_execution_is_copied_once_in_its_order(
    copy: LedgerCopy, ledger: Ledger, log: MemoryAuditLog
) -> None:
    ledger.done = [execution(1), execution(2, undoes="e1")]
    assert await copy.copy_executions("shop") == 2
    assert await copy.copy_executions("shop") == 0
    assert [(entry.action, entry.subject, entry.actor) for entry in log.entries] == [
        ("execution.committed", "e1", "otto"),
        ("execution.undone", "e2", "otto"),
    ]
    assert log.entries[1].details["undoes"] == "e1"
    assert log.entries[0].details["approved_by"] == "mia"


async def test_many_at_once_are_all_copied(
    copy: LedgerCopy, ledger: Ledger, log: MemoryAuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_copy, "PAGE", 4)
    ledger.done = [execution(number) for number in range(50)]
    assert await copy.copy_executions("shop") == 50
    assert [entry.subject for entry in log.entries] == [f"e{number}" for number in range(50)]


async def test_one_that_came_late_to_the_ledger_is_not_missed(
    copy: LedgerCopy, ledger: Ledger, log: MemoryAuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_copy, "PAGE", 4)
    ledger.done = [execution(number) for number in (1, 2, 4, 5)]
    await copy.copy_executions("shop")
    ledger.done.append(execution(3))
    assert await copy.copy_executions("shop") == 1
    assert log.entries[-1].subject == "e3"


async def test_a_target_that_is_gone_keeps_no_other_from_being_copied(
    copy: LedgerCopy, ledger: Ledger, log: MemoryAuditLog
) -> None:
    class NoSigner:
        def public_key(self) -> str:
            raise AssertionError

        create = public_key

        def sign(self, head: object, at: datetime) -> Checkpoint:
            raise AssertionError

        def known(self) -> frozenset[str]:
            return frozenset()

    async def databases() -> tuple[str, ...]:
        return "gone", "shop"

    ledger.done = [execution(1)]
    jobs = AuditJobs(AuditNotary(log, NoSigner(), (), lambda: NOON), copy, databases, entries=10, minutes=5)
    with pytest.raises(ConnectionFailed):
        await jobs.handlers()["copy_ledger"]({})
    assert [entry.subject for entry in log.entries] == ["e1"]
    await jobs.handlers()["copy_ledger"]({"database": "shop"})
    assert len(log.entries) == 1
