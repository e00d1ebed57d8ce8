"""The schema agent on a real database, with the sample shop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.tables import PostgresTableReader
from pgwarden.agents.schema_context import SchemaContextAgent
from pgwarden.domain.diagram import entity_graph, mermaid
from pgwarden.testing import MemoryCache, MemorySchemaHistory


@dataclass(frozen=True)
class Source:
    """One real target; each look has a connection of its own."""

    key: str
    reader: PostgresCatalogReader
    tables: PostgresTableReader


def agent_on(url: str) -> SchemaContextAgent:
    @asynccontextmanager
    async def lend() -> AsyncIterator[AsyncConnection[Any]]:
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            yield connection

    source = Source("shop", PostgresCatalogReader(lend), PostgresTableReader(lend))

    async def sources(_: str) -> Source:
        return source

    return SchemaContextAgent(sources, MemoryCache(), MemorySchemaHistory())


@pytest.fixture
def agent(shop_url: str) -> SchemaContextAgent:
    return agent_on(shop_url)


async def test_the_shop_is_known(agent: SchemaContextAgent) -> None:
    catalog = await agent.catalog("shop")
    customers = catalog.resolve_relation("customers")
    assert customers is not None
    assert catalog.referencing[customers.oid]
    (best, *_) = await agent.suggest_tables("shop", "which customers placed the most orders")
    assert best.name in ("public.customers", "public.orders")
    assert "customers" in mermaid(entity_graph(catalog, [customers], limit=5))


async def test_no_personal_value_of_the_shop_leaves_unmasked(agent: SchemaContextAgent) -> None:
    sample = await agent.sample("shop", "employees", rows=30)
    assert {"email", "phone", "salary", "birth_date", "national_id"} <= set(sample.masked)
    assert not any("@shop" in (value or "") for row in sample.rows for value in row)
    audit = await agent.sample("shop", "audit.changes")
    assert not any("@" in (value or "").replace("•@•", "") for row in audit.rows for value in row)
    profile = await agent.profile("shop", "customers")
    assert {column.name for column in profile.columns if column.sensitive} >= {"email", "phone", "national_id"}


async def test_states_and_categories_link(agent: SchemaContextAgent) -> None:
    values = await agent.values("shop")
    assert values.find("california")[0].value == "California"
    assert values.find("shipped")


async def test_a_change_in_the_database_is_noticed_and_told(shop_database: str) -> None:
    agent = agent_on(shop_database)
    first = await agent.catalog("shop")
    assert await agent.refresh("shop") is first
    with psycopg.connect(shop_database, autocommit=True) as connection:
        connection.execute("alter table customers add column nickname text")
    second = await agent.refresh("shop")
    assert second.version != first.version
    version, _ = await agent.history("shop")
    assert version.diff["changes"] == [
        {"action": "added", "kind": "column", "object": "public.customers.nickname", "details": ["text"]}
    ]
