"""What models cost and which of them fail: calls at once never overspend, and a model rests for every process."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from pgwarden.adapters.postgres.control.connection import Pool, transaction
from pgwarden.adapters.postgres.control.model_health import PostgresModelHealth
from pgwarden.adapters.postgres.control.model_use import PostgresModelLedger
from pgwarden.domain.model_call import REST, Budget, ModelUse, Usage

DAY = date(2026, 3, 1)


@pytest.fixture
def ledger(control: Pool) -> PostgresModelLedger:
    return PostgresModelLedger(control)


async def test_calls_at_once_stay_within_the_budget(ledger: PostgresModelLedger) -> None:
    budget = Budget(person_tokens=500, all_tokens=700)
    tries = [ledger.reserve(DAY, who, "openai:m", 100, 0.0, budget) for who in ("ann", "bob") for _ in range(6)]
    assert sum(await asyncio.gather(*tries)) == 7
    everyone, *people = await ledger.usage(DAY)
    assert (everyone.identity, everyone.tokens) == ("", 700)
    assert sum(use.tokens for use in people) == 700
    assert max(use.tokens for use in people) <= 500


async def test_calls_at_once_stay_within_the_money(ledger: PostgresModelLedger) -> None:
    budget = Budget(10_000, 10_000, person_dollars=0.5, all_dollars=0.7)
    tries = [ledger.reserve(DAY, who, "openai:m", 1, 0.1, budget) for who in ("ann", "bob") for _ in range(6)]
    assert sum(await asyncio.gather(*tries)) == 7, "tenths of a dollar add up exactly"
    everyone, *people = await ledger.usage(DAY)
    assert everyone.cost == 0.7
    assert max(use.cost for use in people) <= 0.5
    free = Budget(10_000, 10_000)
    assert await ledger.reserve(DAY, "ann", "openai:m", 1, 100.0, free), "no limit where none is set"


async def test_what_a_call_took_replaces_what_was_set_aside(ledger: PostgresModelLedger) -> None:
    budget = Budget(1000, 1000)
    assert await ledger.reserve(DAY, "ann", "openai:m", 900, 0.9, budget)
    assert not await ledger.reserve(DAY, "ann", "openai:m", 900, 0.0, budget)
    await ledger.settle(DAY, "ann", "openai:m", tokens=-850, cost=-0.65, unpriced=50)
    models = (ModelUse("openai:m", 1, 50, 0.25, 50),)
    assert await ledger.usage(DAY) == (
        Usage(DAY, "", 1, 50, 0.25, 50, models), Usage(DAY, "ann", 1, 50, 0.25, 50, models)
    )  # fmt: skip
    assert await ledger.reserve(DAY, "ann", "openai:m", 900, 0.0, budget)


async def test_each_models_part_is_told_for_each_and_for_all(ledger: PostgresModelLedger) -> None:
    budget = Budget(1000, 1000)
    for who, model, tokens in (("ann", "groq:a", 100), ("ann", "openai:m", 200), ("bob", "openai:m", 300)):
        await ledger.reserve(DAY, who, model, tokens, tokens / 1000, budget)
    await ledger.settle(DAY, "ann", "groq:a", tokens=-90, cost=-0.05, unpriced=10)
    assert not await ledger.reserve(DAY, "eve", "groq:a", 900, 0.0, budget)
    assert {use.identity: use.models for use in await ledger.usage(DAY)} == {
        "": (ModelUse("groq:a", 1, 10, 0.05, 10), ModelUse("openai:m", 2, 500, 0.5)),
        "ann": (ModelUse("groq:a", 1, 10, 0.05, 10), ModelUse("openai:m", 1, 200, 0.2)),
        "bob": (ModelUse("openai:m", 1, 300, 0.3),),
    }
    for use in await ledger.usage(DAY):
        assert sum(each.tokens for each in use.models) == use.tokens, "together they are the whole"


async def test_use_is_told_by_day_the_newest_first(ledger: PostgresModelLedger) -> None:
    budget = Budget(1000, 1000)
    for days in range(3):
        await ledger.reserve(DAY + timedelta(days=days), "ann", "openai:m", days + 1, 0.0, budget)
    found = await ledger.usage(DAY + timedelta(days=1))
    assert [(use.day.day, use.identity, use.tokens) for use in found] == [
        (3, "", 3), (3, "ann", 3), (2, "", 2), (2, "ann", 2),
    ]  # fmt: skip


async def test_failures_of_all_processes_count_together_and_one_of_them_tries_again(control: Pool) -> None:
    """Two stores on one database stand for two processes."""
    here, there = PostgresModelHealth(control), PostgresModelHealth(control)
    assert await here.admit("openai:m") is None
    await asyncio.gather(*(each.ended("openai:m", "HTTP 500") for each in (here, there, here)))
    resting = await there.admit("openai:m")
    assert resting is not None
    circuit, now = resting
    assert (circuit.failures, circuit.said, circuit.state(now)) == (3, "HTTP 500", "open")
    assert 0 < circuit.wait(now) <= REST
    assert await there.admit("groq:m") is None, "others are called"
    async with transaction(control) as connection:
        await connection.execute("update pgwarden_control.model_circuit set opened_at = now() - interval '61 seconds'")
    assert (await here.circuits())["openai:m"][0].wait(now) == 0
    tries = await asyncio.gather(*(each.admit("openai:m") for each in (here, there) * 4))
    assert tries.count(None) == 1
    await here.ended("openai:m")
    assert await there.admit("openai:m") is None
    assert not await there.circuits()
