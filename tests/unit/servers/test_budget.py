"""What a caller may use in any hour, of each kind, by a clock that the test turns."""

from __future__ import annotations

import pytest

from pgwarden.domain.errors import BudgetSpent
from pgwarden.servers.budget import HOUR, Allowance, Budgets, Use


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("allowance", "use"),
    [
        (Allowance(calls=2), Use()),
        (Allowance(rows=10), Use(rows=5)),
        (Allowance(bytes=2000), Use(bytes=1000)),
        (Allowance(seconds=3.0), Use(seconds=1.5)),
    ],
    ids=["calls", "rows", "bytes", "seconds"],
)
def test_each_kind_is_counted_over_the_last_hour(allowance: Allowance, use: Use) -> None:
    clock = Clock()
    budgets = Budgets(allowance, clock)
    budgets.require("one")
    budgets.spend("one", use)
    clock.now += HOUR / 2
    budgets.require("one")
    budgets.spend("one", use)
    with pytest.raises(BudgetSpent) as refused:
        budgets.require("one")
    assert "30 minutes" in refused.value.next_step
    budgets.require("other")
    clock.now += HOUR / 2
    budgets.require("one")
    budgets.spend("one", use)
    with pytest.raises(BudgetSpent):
        budgets.require("one")


def test_without_a_bound_nothing_is_refused() -> None:
    budgets = Budgets(Allowance(), Clock())
    for _ in range(100):
        budgets.spend("one", Use(1, 10**6, 10**9, 3600.0))
    budgets.require("one")
