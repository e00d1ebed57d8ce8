from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pgwarden.adapters.postgres.control.glossary import PostgresGlossaryStore
from pgwarden.domain.glossary import Term
from pgwarden.ports import GlossaryStore
from pgwarden.testing import MemoryGlossaryStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(implementation: str, request: pytest.FixtureRequest) -> GlossaryStore:
    if implementation == "memory":
        return MemoryGlossaryStore()
    return PostgresGlossaryStore(request.getfixturevalue("control"))


def term(text: str, meaning: str = "an order in the last 90 days") -> Term:
    return Term(text, meaning, "ana", NOON)


async def test_terms_are_listed_in_order_per_database(store: GlossaryStore) -> None:
    for text in ("revenue", "Active customer", "Zone", "Ärger"):
        await store.save("shop", term(text))
    await store.save("crm", term("lead"))
    assert await store.of("shop") == (term("Active customer"), term("revenue"), term("Zone"), term("Ärger"))
    assert await store.of("nowhere") == ()


async def test_letter_case_and_spacing_make_no_other_term(store: GlossaryStore) -> None:
    await store.save("shop", term("Active  customer"))
    await store.save("shop", term("active customer", "is_active"))
    assert await store.of("shop") == (term("active customer", "is_active"),)


async def test_a_term_can_be_deleted(store: GlossaryStore) -> None:
    await store.save("shop", term("Straße"))
    assert not await store.delete("crm", "straße")
    assert await store.delete("shop", " STRASSE ")
    assert not await store.delete("shop", "Straße")
    assert await store.of("shop") == ()
