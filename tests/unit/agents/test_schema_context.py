"""What the schema agent reads, keeps, forgets and tells, on ports in memory."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.agents.schema_context import Lifetimes, SchemaContextAgent, find_table
from pgwarden.domain.catalog import InferredJoin
from pgwarden.domain.errors import UnknownTable
from pgwarden.domain.profile import Bucket, ColumnProfile, Finding, Sample, TableProfile, TopValue
from pgwarden.testing import MemoryCache, MemorySchemaHistory, MemorySchemaSource

CUSTOMERS = table(1, "customers", ["id integer", "email text", "name text"])
VISITS = table(2, "visits", ["id integer", "customer_id integer"])
FIRST = catalog(CUSTOMERS, VISITS, version="first")
SECOND = catalog(CUSTOMERS, VISITS, table(3, "carts", ["id integer"]), version="second")
JOIN = InferredJoin(2, 2, 1, 1, 0.9, "its name is the other table's name")


class World:
    """An agent with everything around it in memory, and a clock to turn."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.source = MemorySchemaSource(FIRST, joins=[JOIN])
        self.cache = MemoryCache(lambda: self.seconds)
        self.history = MemorySchemaHistory()
        self.agent = self.another_agent()

    def another_agent(self) -> SchemaContextAgent:
        async def sources(name: str) -> MemorySchemaSource:
            assert name == "shop"
            return self.source

        return SchemaContextAgent(
            sources,
            self.cache,
            self.history,
            lifetimes=Lifetimes(),
            clock=lambda: self.seconds,
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        )

    def calls(self) -> list[str]:
        calls, self.source.calls = self.source.calls, []
        return calls


@pytest.fixture
def world() -> World:
    return World()


async def test_the_structure_is_read_once_an_hour(world: World) -> None:
    catalogs = await asyncio.gather(*(world.agent.catalog("shop") for _ in range(5)))
    assert {c.version for c in catalogs} == {"first"}
    assert world.calls() == ["fingerprint", "read", "joins"]
    world.seconds = 59
    await world.agent.catalog("shop")
    assert world.calls() == []
    world.seconds = 3601
    await world.agent.catalog("shop")
    assert "read" in world.calls()


async def test_a_change_is_noticed_in_the_background(world: World) -> None:
    await world.agent.catalog("shop")
    world.source.current = SECOND
    world.seconds = 61
    assert (await world.agent.catalog("shop")).version == "first"
    await world.agent.settle()
    assert (await world.agent.catalog("shop")).version == "second"


async def test_a_failing_check_is_left_to_the_next_use(world: World) -> None:
    await world.agent.catalog("shop")
    world.seconds = 61
    world.source.fingerprint = _fails  # type: ignore[method-assign]
    assert (await world.agent.catalog("shop")).version == "first"
    await world.agent.settle()
    with pytest.raises(OSError, match="gone"):
        await world.agent.refresh("shop")
    await world.agent.close()


async def _fails() -> str:
    raise OSError("gone")


async def test_a_caller_that_found_a_change_has_it_read_again(world: World) -> None:
    await world.agent.catalog("shop")
    world.source.current = SECOND
    assert (await world.agent.reread("shop")).version == "second"


async def test_subscribers_are_told_what_changed(world: World) -> None:
    await world.agent.catalog("shop")
    notices = world.agent.subscribe("shop")
    waiting = asyncio.ensure_future(anext(notices))
    await asyncio.sleep(0)
    world.source.current = SECOND
    await world.agent.refresh("shop")
    assert await waiting == ("table public.carts added",)
    await notices.aclose()  # type: ignore[attr-defined]


async def test_versions_are_kept_with_what_changed(world: World) -> None:
    await world.agent.catalog("shop")
    world.source.current = SECOND
    await world.another_agent().refresh("shop")  # a process that never saw the first version
    second, first = await world.agent.history("shop")
    assert (first.version, first.diff) == ("first", {})
    assert second.version == "second"
    assert second.diff["changes"] == [{"action": "added", "kind": "table", "object": "public.carts", "details": []}]


async def test_inferred_joins_are_kept_until_the_structure_changes(world: World) -> None:
    assert (await world.agent.catalog("shop")).inferred_joins == (JOIN,)
    (relationship,) = await world.agent.relationships("shop")
    assert (relationship.table, relationship.columns, relationship.foreign_table) == (
        "visits",
        ("customer_id",),
        "customers",
    )
    assert relationship.inferred
    await world.cache.close()
    assert (await world.another_agent().catalog("shop")).inferred_joins == (JOIN,)
    assert world.calls().count("joins") == 1
    world.source.current = SECOND
    await world.agent.refresh("shop")
    assert world.calls().count("joins") == 1


async def test_another_process_takes_it_from_the_shared_cache(world: World) -> None:
    read = await world.agent.catalog("shop")
    world.calls()
    assert await world.another_agent().catalog("shop") == read
    assert world.calls() == ["fingerprint"]
    world.source.current = SECOND
    assert (await world.another_agent().catalog("shop")).version == "second"


async def test_samples_are_masked_and_only_masked_ones_are_kept(world: World) -> None:
    world.source.rows[1] = Sample(("id", "email", "name"), (("1", "ann@b.example", "Ann"),), "all rows", 1.0)
    masked = await world.agent.sample("shop", "customers")
    assert masked.rows == (("1", "a•••@•••.example", "Ann"),)
    assert masked.masked == ("email",)
    assert await world.agent.sample("shop", "customers") == masked
    bare = await world.agent.sample("shop", "customers", masked=False)
    assert bare.rows == (("1", "ann@b.example", "Ann"),)
    assert world.calls().count("sample") == 2
    assert "ann@" not in repr(world.cache.__dict__)
    world.seconds = 1801
    await world.agent.sample("shop", "customers")
    assert world.calls().count("sample") == 1


async def test_profiles_are_kept_for_a_day(world: World) -> None:
    column = ColumnProfile("id", "integer", 0.0, 1, "1", "1", (TopValue("1", 1.0),), (Bucket("1", "1", 1.0),), 1.0)
    profile = TableProfile("public.customers", 1, 1.0, True, (column,), (Finding("x", "id", "what", "why"),))
    world.source.profiles[1] = profile
    assert await world.agent.profile("shop", "customers") == profile
    assert await world.agent.profile("shop", "customers") == profile
    assert world.calls().count("profile") == 1
    await world.agent.forget("shop")
    await world.agent.profile("shop", "customers")
    assert world.calls().count("profile") == 1


async def test_values_and_search(world: World) -> None:
    world.source.columns[1, 3] = ["Ann", "Bob"]
    assert [hit.value for hit in (await world.agent.values("shop")).find("ann")] == ["Ann"]
    await world.agent.values("shop")
    assert world.calls().count("values") == 1
    matches = await world.agent.suggest_tables("shop", "visits of customers")
    assert [match.name for match in matches] == ["public.visits", "public.customers"]


def test_a_table_is_found_as_sql_would() -> None:
    odd = table(9, "Odd.Name", ["id integer"], schema="my schema")
    known = catalog(CUSTOMERS, odd)
    assert find_table(known, "Customers") is CUSTOMERS
    assert find_table(known, 'public."customers"') is CUSTOMERS
    assert find_table(known, '"my schema"."Odd.Name"') is odd
    with pytest.raises(UnknownTable) as refused:
        find_table(known, "customer")
    assert "public.customers" in refused.value.next_step
