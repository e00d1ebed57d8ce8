"""The control database behind a PgBouncer in transaction mode, which keeps no state of a session."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.pgbouncer import transaction_pooler

from pgwarden.adapters.postgres.control.data_rights import PostgresDataRightsStore
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.adapters.postgres.control.schema_history import PostgresSchemaHistory
from pgwarden.adapters.postgres.control.sessions import PostgresSessionStore
from pgwarden.domain.identity import Access, DataRight
from pgwarden.domain.schema_history import Relationship
from pgwarden.domain.session import Session, Turn

pytestmark = pytest.mark.requires("pgbouncer")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def pooled_url(database: str, run_directory: Path) -> Iterator[str]:
    """The test's database through a PgBouncer with two server connections."""
    with transaction_pooler(database, run_directory / f"pooler-{uuid.uuid4().hex[:8]}") as conninfo:
        yield conninfo


async def test_many_starters_and_stores_share_two_connections(pooled_url: str) -> None:
    async def start() -> None:
        async with control_database(pooled_url, size=1):
            pass

    await asyncio.gather(*(start() for _ in range(6)))
    found = [Relationship("public", f"t{n}", ("a",), "public", "u", ("b",), inferred=True) for n in range(30)]
    lines = tuple(DataRight(f"person:p{n}", Access.READ) for n in range(20))
    async with control_database(pooled_url, size=8) as pool:
        sessions, rights, history = (
            PostgresSessionStore(pool),
            PostgresDataRightsStore(pool),
            PostgresSchemaHistory(pool),
        )
        await sessions.open(Session("s1", "ana", "shop", NOON, NOON))
        turns = (sessions.add_turn("s1", Turn(f"t{n}", NOON, "shop", "?", None), identity="ana") for n in range(20))
        await asyncio.gather(
            rights.replace(lines, expected=0, author="ana", at=NOON),
            history.save_relationships("shop", "v1", found),
            *(history.record("shop", "v1", NOON, {}, "{}") for _ in range(4)),
            *turns,
        )
        assert len(await sessions.turns("s1", identity="ana")) == 20
        assert (await rights.current()).lines == lines
        assert len(await history.history("shop")) == 1
        saved = await history.relationships("shop")
        assert saved is not None
        assert saved.found == tuple(found)
