"""What callers used is added up over processes, minute by minute, and forgotten after an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from pgwarden.adapters.postgres.control.connection import Pool, transaction
from pgwarden.adapters.postgres.control.mcp_use import PostgresUseLedger
from pgwarden.domain.allowance import Use
from pgwarden.ports import UseLedger
from pgwarden.testing import MemoryUseLedger

Later = Callable[[float], Awaitable[None]]


@pytest.fixture
def ledger(implementation: str, request: pytest.FixtureRequest) -> tuple[UseLedger, Later]:
    """A ledger, and what lets seconds pass."""
    now = [6000.0]

    async def turn(seconds: float) -> None:
        now[0] += seconds

    if implementation == "memory":
        return MemoryUseLedger(lambda: now[0]), turn
    pool: Pool = request.getfixturevalue("control")

    async def age(seconds: float) -> None:
        async with transaction(pool) as connection:
            older = "update pgwarden_control.mcp_use set minute = minute - make_interval(secs => %s)"
            await connection.execute(older, [seconds])

    return PostgresUseLedger(pool), age


async def test_uses_add_up_for_each_account(ledger: tuple[UseLedger, Later]) -> None:
    store, later = ledger
    await asyncio.gather(*(store.add({"ann": Use(1, 10, 100, 0.25), "bob": Use(calls=1)}) for _ in range(8)))
    await later(600)
    await store.add({"bob": Use(rows=3)})
    found = await store.last_hour(["ann", "bob", "eve"])
    assert {account: use for account, (use, _) in found.items()} == {
        "ann": Use(8, 80, 800, 2.0),
        "bob": Use(calls=8, rows=3),
    }
    assert all(600 <= oldest < 661 for _, oldest in found.values())
    assert await store.last_hour([]) == {}
    assert (await store.last_hour(None)).keys() == {"ann", "bob"}


async def test_a_minute_counts_until_it_is_wholly_an_hour_ago(ledger: tuple[UseLedger, Later]) -> None:
    store, later = ledger
    await store.add({"ann": Use(rows=1)})
    await later(3590)
    assert "ann" in await store.last_hour(["ann"])
    await later(70)
    assert await store.last_hour(["ann"]) == {}


async def test_what_is_too_old_is_dropped(control: Pool) -> None:
    store = PostgresUseLedger(control)
    await store.add({"gone": Use(rows=1)})
    async with transaction(control) as connection:
        await connection.execute("update pgwarden_control.mcp_use set minute = minute - interval '3 hours'")
    await asyncio.gather(*(store.add({"ann": Use(rows=1)}) for _ in range(4)))
    async with transaction(control) as connection:
        kept = await (await connection.execute("select distinct account from pgwarden_control.mcp_use")).fetchall()
    assert kept == [("ann",)]
