from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from pgwarden.adapters.audit.batching import BatchingAuditLog
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import ControlDatabaseUnavailable
from pgwarden.testing import MemoryAuditLog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def entry(actor: str, **details: object) -> AuditEntry:
    return AuditEntry("read.run", actor, NOON, details=details)


class SlowLog(MemoryAuditLog):
    """Takes an entry when it is let, and notes how the entries came."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.started = asyncio.Event()
        self.batches: list[list[str]] = []
        self.down = False

    async def append(self, *entries: AuditEntry, rights: int | None = None) -> None:
        self.batches.append([each.actor for each in entries])
        self.started.set()
        await self.gate.wait()
        if self.down:
            raise ControlDatabaseUnavailable("The control database could not be used.")
        await super().append(*entries)


async def test_what_comes_while_a_batch_is_written_makes_up_the_next() -> None:
    slow = SlowLog()
    log = BatchingAuditLog(slow)
    first = asyncio.create_task(log.append(entry("a")))
    await slow.started.wait()
    others = [asyncio.create_task(log.append(entry(name))) for name in "bcd"]
    await asyncio.sleep(0)
    assert not first.done(), "nobody is told before it is durable"
    slow.gate.set()
    await asyncio.gather(first, *others)
    assert slow.batches == [["a"], ["b", "c", "d"]]


async def test_everybody_whose_entry_was_lost_is_told_and_the_next_go_on() -> None:
    slow = SlowLog()
    slow.gate.set()
    slow.down = True
    log = BatchingAuditLog(slow)
    outcomes = await asyncio.gather(*(log.append(entry(name)) for name in "abc"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ControlDatabaseUnavailable] * 3
    slow.down = False
    await log.append(entry("d"))
    assert [each.actor for each in slow.entries] == ["d"]


async def test_a_caller_that_gives_up_takes_no_other_along() -> None:
    slow = SlowLog()
    log = BatchingAuditLog(slow)
    first, second = (asyncio.create_task(log.append(entry(name))) for name in "ab")
    await slow.started.wait()
    first.cancel()
    slow.gate.set()
    await second
    with pytest.raises(asyncio.CancelledError):
        await first
    assert [each.actor for each in slow.entries] == ["a", "b"]


async def test_an_entry_that_has_no_json_fails_its_own_caller_alone() -> None:
    memory = MemoryAuditLog()
    log = BatchingAuditLog(memory)
    good, bad = await asyncio.gather(
        log.append(entry("a")), log.append(entry("b", x=float("nan"))), return_exceptions=True
    )
    assert good is None
    assert isinstance(bad, ValueError)
    assert [each.actor for each in memory.entries] == ["a"]
