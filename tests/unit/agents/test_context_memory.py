"""What is remembered of a person belongs to that person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.agents.context_memory import ContextMemoryAgent
from pgwarden.agents.schema_context import SchemaContextAgent
from pgwarden.agents.sight import Sight
from pgwarden.agents.system_memory import SystemMemory
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.catalog_json import to_json
from pgwarden.domain.context import Context, UserContext
from pgwarden.domain.errors import ExecutionFailed, InputInvalid, RightMissing
from pgwarden.domain.identity import Identity
from pgwarden.domain.question import Reading
from pgwarden.domain.remembered import Forgotten
from pgwarden.domain.sensitive import is_sensitive_in
from pgwarden.domain.trouble import Trouble
from pgwarden.testing import (
    MemoryCache,
    MemoryDataRightsStore,
    MemoryFeedbackStore,
    MemoryGlossaryStore,
    MemoryPreferenceStore,
    MemorySchemaHistory,
    MemorySchemaSource,
    MemorySessionStore,
    MemoryTroubleStore,
)

ADA, BOB = Identity("ada"), Identity("bob")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> MemorySchemaSource:
    return MemorySchemaSource(catalog(table(1, "customers", ["id integer"]), version="first"))


@pytest.fixture
def cache() -> MemoryCache:
    return MemoryCache()


@pytest.fixture
def schema(source: MemorySchemaSource, cache: MemoryCache) -> SchemaContextAgent:
    return schema_agent(source, cache)


def schema_agent(source: MemorySchemaSource, cache: MemoryCache) -> SchemaContextAgent:
    async def sources(_name: str) -> MemorySchemaSource:
        return source

    return SchemaContextAgent(sources, cache, MemorySchemaHistory())


@pytest.fixture
def memory(clock: Clock, schema: SchemaContextAgent) -> ContextMemoryAgent:
    return ContextMemoryAgent(
        MemorySessionStore(),
        MemoryGlossaryStore(),
        MemoryFeedbackStore(),
        MemoryPreferenceStore(),
        SystemMemory(MemoryTroubleStore(), MemorySchemaHistory(), schema.refresh, clock),
        schema,
        Sight(schema, MemoryDataRightsStore(), is_sensitive_in),
        clock,
    )


async def ask(memory: ContextMemoryAgent, question: str, sql: str | None = "select 1", by: Identity = ADA) -> str:
    reading = Reading(question, sql, 0.9, "built-in")
    return await memory.store_context("s", reading, identity=by, database="shop")


async def test_patterns_are_of_the_window_and_of_oneself(memory: ContextMemoryAgent, clock: Clock) -> None:
    await ask(memory, "long ago")
    clock.now += 2 * WEEK
    turn = await memory.turn(await ask(memory, "How many customers?"), identity=ADA)
    await ask(memory, "how many  customers")
    await ask(memory, "what?", sql=None)
    await ask(memory, "bob's own", by=BOB)
    await memory.learn(turn, right=False, corrected_sql=None, identity=ADA)
    found = await memory.analyze_patterns("ada", WEEK, identity=ADA)
    assert (found.questions, found.asked_back, found.judged_right, found.judged_wrong) == (3, 1, 0, 1)
    assert found.repeated == (("how many customers", 2),)


async def test_patterns_are_told_in_sentences(memory: ContextMemoryAgent) -> None:
    nothing = await memory.analyze_patterns("ada", WEEK, identity=ADA)
    assert nothing.sentences == ("You asked nothing in this time.",)
    await memory.prefer({"zone": "Asia/Tokyo"}, identity=ADA)
    for question in ("how many?", "how many?", "how many?", "what?"):
        await ask(memory, question, sql="select 1" if question != "what?" else None)
    told = " ".join((await memory.analyze_patterns("ada", WEEK, identity=ADA)).sentences)
    assert "You asked 4 questions in 1 conversations, 1 of them answered with a question." in told
    assert "on Sundays around 21:00" in told, "noon in UTC is nine in the evening in Tokyo"
    assert "Most often, 3 times: how many" in told


async def test_nobody_analyses_another_person(memory: ContextMemoryAgent) -> None:
    with pytest.raises(RightMissing):
        await memory.analyze_patterns("ada", WEEK, identity=BOB)


async def test_what_is_forgotten_is_gone_and_others_keep_theirs(memory: ContextMemoryAgent) -> None:
    turn = await memory.turn(await ask(memory, "how many?"), identity=ADA)
    await memory.learn(turn, right=True, corrected_sql=None, identity=ADA)
    await ask(memory, "bob's own", by=BOB)
    kept = await memory.remembered(identity=ADA)
    assert [each.question for each in kept.conversations[0].turns] == ["how many?"]
    assert [each.question for each in kept.judgements] == ["how many?"]
    assert await memory.forget_all(identity=ADA) == Forgotten(1, 1)
    gone = await memory.remembered(identity=ADA)
    assert (gone.conversations, gone.judgements) == ((), ())
    assert len((await memory.remembered(identity=BOB)).conversations) == 1


async def test_each_type_of_context_is_that_memory(memory: ContextMemoryAgent) -> None:
    turn = await memory.turn(await ask(memory, "How many customers?", sql="select 2"), identity=ADA)
    await memory.learn(turn, right=False, corrected_sql="select 3", identity=ADA)
    await memory.prefer({"zone": "Europe/Berlin"}, identity=ADA)
    await memory.system.failed("shop", "select x from customers where x = 'secret'", ExecutionFailed("no"))
    await memory.system.failed("shop", "select x from vault", ExecutionFailed("no"))

    async def found(kind: str, by: Identity = ADA) -> Context:
        return await memory.retrieve_context("s", kind, identity=by, database="shop")

    (reading,) = cast("tuple[Reading, ...]", await found("session"))
    assert (reading.question, reading.sql) == ("How many customers?", "select 2")
    assert [str(r.name) for r in cast("Catalog", await found("schema")).user_relations] == ["public.customers"]
    user = await found("user")
    assert isinstance(user, UserContext)
    assert user.preferences == {"zone": "Europe/Berlin"}
    assert [example.sql for example in user.examples] == ["select 3"]
    assert [each.corrected_sql for each in user.corrections] == ["select 3"]
    assert user.patterns.corrected == 1
    forms = [trouble.form for trouble in cast("tuple[Trouble, ...]", await found("system"))]
    assert "SELECT x FROM customers WHERE x = ?" in forms
    other = await found("user", BOB)
    assert isinstance(other, UserContext)
    assert (other.preferences, other.examples, other.corrections) == ({}, (), ())
    assert await found("session", BOB) == ()


async def test_an_unknown_type_of_context_is_named(memory: ContextMemoryAgent) -> None:
    with pytest.raises(InputInvalid, match="weather"):
        await memory.retrieve_context("s", "weather", identity=ADA, database="shop")


async def test_a_structure_that_is_shared_is_the_next_process_s(
    memory: ContextMemoryAgent, schema: SchemaContextAgent, source: MemorySchemaSource, cache: MemoryCache
) -> None:
    structure = to_json(await schema.catalog("shop"))
    await cache.drop("schema:shop")
    await memory.update_schema_cache(structure, WEEK, database="shop")
    source.calls.clear()
    assert (await schema_agent(source, cache).catalog("shop")).version == "first"
    assert source.calls == ["fingerprint"], "nothing was read again"


async def test_a_structure_that_the_server_does_not_have_is_not_kept(
    memory: ContextMemoryAgent, schema: SchemaContextAgent, source: MemorySchemaSource, cache: MemoryCache
) -> None:
    real = to_json(await schema.catalog("shop"))
    await cache.drop("schema:shop")
    for forged in ("", "{}", "no JSON", real.replace("customers", "clients")):
        with pytest.raises(InputInvalid, match="not the structure of shop"):
            await memory.update_schema_cache(forged, WEEK, database="shop")
    source.calls.clear()
    await schema_agent(source, cache).catalog("shop")
    assert "read" in source.calls, "the cache was empty"
