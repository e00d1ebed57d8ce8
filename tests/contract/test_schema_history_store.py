from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from pgwarden.adapters.postgres.control.schema_history import PostgresSchemaHistory
from pgwarden.domain.schema_history import SNAPSHOTS_KEPT, Relationship, Relationships, SchemaVersion
from pgwarden.ports import SchemaHistory
from pgwarden.testing import MemorySchemaHistory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DECLARED = Relationship("public", "orders", ("customer_id",), "public", "customers", ("id",), inferred=False)
INFERRED = Relationship(
    "public", "Log", ("a", 'b"c'), "crm", "people", ("x", "y"), inferred=True, score=0.87, evidence="98 % of values"
)


@pytest.fixture
def store(implementation: str, request: pytest.FixtureRequest) -> SchemaHistory:
    if implementation == "memory":
        return MemorySchemaHistory()
    return PostgresSchemaHistory(request.getfixturevalue("control"))


async def record(store: SchemaHistory, version: str, *, minutes: int = 0, database: str = "shop") -> bool:
    at = NOON + timedelta(minutes=minutes)
    return await store.record(database, version, at, {"added": [version]}, f'{{"is": "{version}"}}')


def seen(version: str, minutes: int = 0) -> SchemaVersion:
    return SchemaVersion(version, NOON + timedelta(minutes=minutes), {"added": [version]})


async def test_a_target_nobody_looked_at_has_no_history(store: SchemaHistory) -> None:
    assert await store.latest("shop") is None
    assert await store.history("shop") == ()
    assert await store.snapshot("shop", "v1") is None
    assert await store.relationships("shop") is None


async def test_versions_are_listed_newest_first(store: SchemaHistory) -> None:
    for minutes, version in enumerate(("v1", "v2", "v1")):
        assert await record(store, version, minutes=minutes)
    await record(store, "w1", database="crm")
    assert await store.history("shop") == (seen("v1", 2), seen("v2", 1), seen("v1", 0))
    assert await store.history("shop", limit=2) == (seen("v1", 2), seen("v2", 1))
    assert await store.latest("shop") == seen("v1", 2)


async def test_the_same_version_twice_in_a_row_is_recorded_once(store: SchemaHistory) -> None:
    recorded = await asyncio.gather(*(record(store, "v1") for _ in range(4)))
    assert sorted(recorded) == [False, False, False, True]
    assert await store.history("shop") == (seen("v1"),)


async def test_old_snapshots_give_way_and_the_history_stays(store: SchemaHistory) -> None:
    for number in range(SNAPSHOTS_KEPT + 2):
        await record(store, f"v{number}", minutes=number)
    await record(store, "w1", database="crm")
    assert await store.snapshot("shop", "v1") is None
    assert await store.snapshot("shop", "v2") == '{"is": "v2"}'
    assert await store.snapshot("crm", "w1") == '{"is": "w1"}'
    assert len(await store.history("shop")) == SNAPSHOTS_KEPT + 2


async def test_relationships_are_replaced_as_a_whole(store: SchemaHistory) -> None:
    await store.save_relationships("shop", "v1", [DECLARED, INFERRED])
    await store.save_relationships("crm", "w1", [DECLARED])
    assert await store.relationships("shop") == Relationships("v1", (DECLARED, INFERRED))
    await store.save_relationships("shop", "v2", [INFERRED])
    assert await store.relationships("shop") == Relationships("v2", (INFERRED,))
    assert await store.relationships("crm") == Relationships("w1", (DECLARED,))


async def test_none_found_is_not_the_same_as_never_looked(store: SchemaHistory) -> None:
    await store.save_relationships("shop", "v1", [])
    assert await store.relationships("shop") == Relationships("v1", ())


async def test_two_who_save_at_once_do_not_mix(store: SchemaHistory) -> None:
    sets = {"v1": [DECLARED], "v2": [INFERRED, DECLARED]}
    await asyncio.gather(*(store.save_relationships("shop", v, found) for v, found in sets.items()))
    saved = await store.relationships("shop")
    assert saved is not None
    assert saved.found == tuple(sets[saved.version])
