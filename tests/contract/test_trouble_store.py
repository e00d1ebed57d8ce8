from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pgwarden.adapters.postgres.control.troubles import PostgresTroubleStore
from pgwarden.domain.trouble import Occurrence
from pgwarden.ports import TroubleStore
from pgwarden.testing import MemoryTroubleStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG_AGO = NOON - 1000 * HOUR


@pytest.fixture
def store(implementation: str, request: pytest.FixtureRequest) -> TroubleStore:
    if implementation == "memory":
        return MemoryTroubleStore()
    return PostgresTroubleStore(request.getfixturevalue("control"))


def happened(
    pattern: str, hours: int = 0, code: str = "slow", question: str = "", database: str = "shop"
) -> Occurrence:
    at = NOON + hours * HOUR
    return Occurrence(database, code, pattern, f"form of {pattern}", question, at, 100.0 + hours, "what")


async def note(store: TroubleStore, *all_: Occurrence, before: datetime = LONG_AGO, kept: int = 100) -> None:
    for each in all_:
        await store.note(each, before=before, kept=kept)


async def test_what_comes_again_is_counted(store: TroubleStore) -> None:
    await note(store, happened("a"), happened("a", 2), happened("a", 1), happened("b", code="PGW030"))
    first, second = await store.all("shop")
    assert (first.times, first.first_at, first.last_at, first.worst_ms) == (3, NOON, NOON + 2 * HOUR, 102.0)
    assert (second.pattern, second.code, second.times) == ("b", "PGW030", 1)
    assert await store.all("elsewhere") == ()
    assert len(await store.all(limit=1)) == 1


async def test_it_is_found_by_pattern_and_by_question(store: TroubleStore) -> None:
    await note(store, happened("a", question="q"), happened("b", 1, question="q"), happened("c"))
    assert [t.pattern for t in await store.of_statement("shop", "a", "")] == ["a"]
    assert [t.pattern for t in await store.of_statement("shop", "c", "q")] == ["b", "a", "c"]
    assert await store.of_statement("other", "a", "q") == ()


async def test_what_helped_stays_and_is_open_again_when_it_comes_again(store: TroubleStore) -> None:
    await note(store, happened("a"))
    (trouble,) = await store.all("shop")
    assert trouble.open
    await store.remedy(trouble, "an index", NOON + HOUR)
    (helped,) = await store.all("shop")
    assert (helped.helped, helped.open) == ("an index", False)
    await note(store, happened("a", 2))
    (again,) = await store.all("shop")
    assert (again.helped, again.open, again.times) == ("an index", True, 2)


async def test_what_is_old_or_too_much_is_forgotten(store: TroubleStore) -> None:
    await note(store, happened("old"), happened("other", database="elsewhere"))
    await note(store, happened("new", 5), before=NOON + HOUR)
    assert [t.pattern for t in await store.all()] == ["new"]
    await note(store, *(happened(f"p{hour}", hour) for hour in range(6, 12)), kept=3)
    assert sorted(t.pattern for t in await store.all("shop")) == ["p10", "p11", "p9"]
