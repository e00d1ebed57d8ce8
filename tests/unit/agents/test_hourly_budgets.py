"""What a caller may use in any hour, in every process together, by a clock that the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import pytest

from pgwarden.agents.hourly_budgets import FRESH, HourlyBudgets
from pgwarden.domain.allowance import KEPT, Allowance, Use
from pgwarden.domain.errors import BudgetSpent, ControlDatabaseUnavailable
from pgwarden.testing import MemoryUseLedger

HOUR = 3600.0


class Clock:
    now = 60_000.0

    def __call__(self) -> float:
        return self.now


class Ledger(MemoryUseLedger):
    """Counts what is asked of it, and can be out of reach."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.writes = self.reads = 0
        self.gone = False

    async def add(self, used: Mapping[str, Use]) -> None:
        self.writes += 1
        if self.gone:
            raise ControlDatabaseUnavailable("The control database does not answer.")
        await super().add(used)

    async def last_hour(self, accounts: Collection[str] | None) -> Mapping[str, tuple[Use, float]]:
        self.reads += 1
        if self.gone:
            raise ControlDatabaseUnavailable("The control database does not answer.")
        return await super().last_hour(accounts)


class Slow(Ledger):
    """Its first write does not come to an end by itself."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.begun = asyncio.Event()

    async def add(self, used: Mapping[str, Use]) -> None:
        if not self.begun.is_set():
            self.begun.set()
            await asyncio.Event().wait()
        await super().add(used)


class Pauses:
    """Between two savings: as long as the test wants."""

    def __init__(self) -> None:
        self.begun, self.over = asyncio.Event(), asyncio.Event()

    async def __call__(self, _seconds: float) -> None:
        self.begun.set()
        await self.over.wait()
        self.over.clear()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Ledger:
    return Ledger(clock)


def process(allowance: Allowance, ledger: Ledger, clock: Clock, pauses: Pauses | None = None) -> HourlyBudgets:
    return HourlyBudgets(allowance, ledger, clock=clock, sleep=pauses or Pauses())


@pytest.mark.parametrize(
    ("allowance", "use"),
    [
        (Allowance(calls=2), Use(calls=1)),
        (Allowance(rows=10), Use(rows=5)),
        (Allowance(bytes=2000), Use(bytes=1000)),
        (Allowance(seconds=3.0), Use(seconds=1.5)),
    ],
    ids=["calls", "rows", "bytes", "seconds"],
)
async def test_each_kind_is_counted_over_the_last_hour(
    clock: Clock, ledger: Ledger, allowance: Allowance, use: Use
) -> None:
    budgets = process(allowance, ledger, clock)
    await budgets.require("one")
    budgets.spend("one", use)
    await budgets.close()
    clock.now += HOUR / 2
    await budgets.require("one")
    budgets.spend("one", use)
    await budgets.close()
    with pytest.raises(BudgetSpent) as refused:
        await budgets.require("one")
    assert "31 minutes" in refused.value.next_step
    await budgets.require("other")
    clock.now += KEPT - HOUR / 2
    await budgets.require("one")
    budgets.spend("one", use)
    with pytest.raises(BudgetSpent):
        await budgets.require("one")


async def test_without_a_bound_nothing_is_counted_or_asked(clock: Clock, ledger: Ledger) -> None:
    budgets = process(Allowance(), ledger, clock)
    for _ in range(100):
        await budgets.require("one")
        budgets.spend("one", Use(1, 10**6, 10**9, 3600.0))
    await budgets.close()
    assert (ledger.reads, ledger.writes) == (0, 0)


async def test_many_calls_cost_one_read_first_and_one_write_later(clock: Clock, ledger: Ledger) -> None:
    pauses = Pauses()
    budgets = process(Allowance(calls=1000), ledger, clock, pauses)
    for _ in range(500):
        await budgets.require("one")
        budgets.spend("one", Use(calls=1))
    assert (ledger.reads, ledger.writes) == (1, 0)
    await pauses.begun.wait()
    pauses.over.set()
    assert budgets._saving is not None
    await budgets._saving
    assert (ledger.reads, ledger.writes) == (2, 1)
    assert (await ledger.last_hour(["one"]))["one"][0] == Use(calls=500)
    await budgets.close()
    assert ledger.writes == 1, "nothing was left to save"


async def test_what_everybody_used_is_told_with_what_is_not_saved_yet(clock: Clock, ledger: Ledger) -> None:
    one, other = (process(Allowance(calls=9), ledger, clock) for _ in range(2))
    one.spend("ann", Use(1, 10))
    await one.close()
    other.spend("bob", Use(1))
    other.spend("ann", Use(1, 5))
    assert await other.spent() == {"ann": Use(2, 15), "bob": Use(1)}
    clock.now += KEPT
    assert await one.spent() == {}


async def test_processes_count_together_within_seconds_and_a_new_one_at_once(clock: Clock, ledger: Ledger) -> None:
    allowance = Allowance(rows=10)
    here, there = process(allowance, ledger, clock), process(allowance, ledger, clock)
    await there.require("one")
    await here.require("one")
    here.spend("one", Use(rows=10))
    await here.close()
    await there.require("one")
    clock.now += FRESH + 0.1
    with pytest.raises(BudgetSpent):
        await there.require("one")
    with pytest.raises(BudgetSpent):
        await process(allowance, ledger, clock).require("one")


async def test_what_cannot_be_saved_stays_counted_and_is_saved_later(clock: Clock, ledger: Ledger) -> None:
    budgets = process(Allowance(rows=10), ledger, clock)
    await budgets.require("one")
    budgets.spend("one", Use(rows=4))
    ledger.gone = True
    clock.now += FRESH + 0.1
    with pytest.raises(ControlDatabaseUnavailable):
        await budgets.require("one")
    budgets.spend("one", Use(rows=6))
    ledger.gone = False
    with pytest.raises(BudgetSpent):
        await budgets.require("one")
    await budgets.close()
    assert (await ledger.last_hour(["one"]))["one"][0] == Use(rows=10)


async def test_what_is_just_being_saved_at_the_end_is_saved(clock: Clock) -> None:
    ledger, pauses = Slow(clock), Pauses()
    budgets = process(Allowance(calls=9), ledger, clock, pauses)
    await budgets.require("ada")
    budgets.spend("ada", Use(calls=3))
    pauses.over.set()
    await ledger.begun.wait()
    await budgets.close()
    used, _ = (await ledger.last_hour({"ada"}))["ada"]
    assert used.calls == 3
