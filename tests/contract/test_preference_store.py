from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pgwarden.adapters.postgres.control.preferences import PostgresPreferenceStore
from pgwarden.ports import PreferenceStore
from pgwarden.testing import MemoryPreferenceStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(implementation: str, request: pytest.FixtureRequest) -> PreferenceStore:
    if implementation == "memory":
        return MemoryPreferenceStore()
    return PostgresPreferenceStore(request.getfixturevalue("control"))


async def test_each_identity_has_its_own(store: PreferenceStore) -> None:
    await store.change("ana", {"output": "csv", "zone": "Europe/Berlin"}, NOON)
    await store.change("bob", {"output": "json"}, NOON)
    await store.change("ana", {"output": "table", "dates": "eu", "zone": None, "units": None}, NOON)
    assert await store.of("ana") == {"dates": "eu", "output": "table"}
    assert await store.delete_all("ana") == 2
    assert await store.of("ana") == {}
    assert await store.of("bob") == {"output": "json"}
