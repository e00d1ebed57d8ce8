"""What models cost: calls at once never overspend together."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from pgwarden.adapters.postgres.control.connection import Pool
from pgwarden.adapters.postgres.control.model_use import PostgresModelLedger
from pgwarden.domain.model_call import Budget, Usage

DAY = date(2026, 3, 1)


@pytest.fixture
def ledger(control: Pool) -> PostgresModelLedger:
    return PostgresModelLedger(control)


async def test_calls_at_once_stay_within_the_budget(ledger: PostgresModelLedger) -> None:
    budget = Budget(person_tokens=500, all_tokens=700)
    tries = [ledger.reserve(DAY, who, 100, budget) for who in ("ann", "bob") for _ in range(6)]
    assert sum(await asyncio.gather(*tries)) == 7
    everyone, *people = await ledger.usage(DAY)
    assert (everyone.identity, everyone.tokens) == ("", 700)
    assert sum(use.tokens for use in people) == 700
    assert max(use.tokens for use in people) <= 500


async def test_what_a_call_took_replaces_what_was_set_aside(ledger: PostgresModelLedger) -> None:
    budget = Budget(1000, 1000)
    assert await ledger.reserve(DAY, "ann", 900, budget)
    assert not await ledger.reserve(DAY, "ann", 900, budget)
    await ledger.settle(DAY, "ann", reserved=900, used=50, cost=0.25)
    assert await ledger.usage(DAY) == (Usage(DAY, "", 1, 50, 0.25), Usage(DAY, "ann", 1, 50, 0.25))
    assert await ledger.reserve(DAY, "ann", 900, budget)
