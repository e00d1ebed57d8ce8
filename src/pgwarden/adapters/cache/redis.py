"""A cache that processes share, on any server that speaks Redis. When it is down, everything is a miss.

Values are stored as JSON text, never pickled: whoever can write to the cache must not be able to run code here.
A tag is a key that holds a random stamp; an entry remembers the stamps of its tags and is valid while they are the
same. Dropping a tag gives it a new stamp, and a stamp that the server evicted makes its entries misses.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from pgwarden.domain.errors import SettingsError

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger("pgwarden.cache")

PREFIX = "pgwarden:"
TIMEOUT_SECONDS = 0.5
"""For connecting and for each answer: a cache that is slower than that costs more than it saves."""
REST_SECONDS = 5.0
"""How long a server that failed is left alone."""
STAMP_SECONDS = 30 * 86400


class RedisCache:
    """``ports.Cache`` on a ``redis://``, ``rediss://`` or ``unix://`` URL. Connects at the first use."""

    def __init__(self, url: str, *, clock: Callable[[], float] = monotonic) -> None:
        """Raises SettingsError when the client library is not installed or the URL is malformed."""
        self._clock = clock
        self._rest_until = 0.0
        self._redis, self._failures = _client(url)

    async def get(self, key: str) -> str | None:
        if self._resting():
            return None
        try:
            entry = _entry(await self._redis.get(PREFIX + key))
            if entry is None:
                return None
            value, stamps = entry
            return value if await self._stamps(list(stamps)) == list(stamps.values()) else None
        except self._failures as failure:
            self._rest(failure)
            return None

    async def set(self, key: str, value: str, *, seconds: float, tags: Sequence[str] = ()) -> None:
        if self._resting() or seconds <= 0:
            return
        try:
            for tag in tags:
                await self._redis.set(_tag_key(tag), secrets.token_hex(8), nx=True, ex=STAMP_SECONDS)
            stamps = dict(zip(tags, await self._stamps(tags), strict=True))
            text = json.dumps({"value": value, "stamps": stamps})
            await self._redis.set(PREFIX + key, text, px=max(1, int(seconds * 1000)))
        except self._failures as failure:
            self._rest(failure)

    async def drop(self, *tags: str) -> None:
        """A drop is tried even while the server rests: a stale entry is worse than a short wait."""
        try:
            for tag in tags:
                await self._redis.set(_tag_key(tag), secrets.token_hex(8), ex=STAMP_SECONDS)
        except self._failures as failure:
            self._rest(failure)

    async def close(self) -> None:
        try:
            await self._redis.aclose()
        except self._failures as failure:
            self._rest(failure)

    async def _stamps(self, tags: Sequence[str]) -> list[Any]:
        return list(await self._redis.mget([_tag_key(tag) for tag in tags])) if tags else []

    def _resting(self) -> bool:
        return self._clock() < self._rest_until

    def _rest(self, failure: Exception) -> None:
        if not self._resting():
            logger.warning("the cache does not answer (%s); going on without it", type(failure).__name__)
        self._rest_until = self._clock() + REST_SECONDS


def _client(url: str) -> tuple[Redis, tuple[type[Exception], ...]]:
    """The client, and what it raises when the server is away."""
    try:
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError
    except ImportError:
        raise SettingsError(
            "A Redis URL is set, but the Redis client is not installed.",
            why="It is an optional part.",
            not_done="Nothing was started.",
            next_step="Install it with: pip install 'pgwarden[redis]'",
        ) from None
    options: dict[str, Any] = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    try:
        client = Redis.from_url(url, decode_responses=True, retry=Retry(NoBackoff(), 0), **options)
    except ValueError:
        raise SettingsError(
            "The Redis URL cannot be read.",
            why="It is no well-formed redis://, rediss:// or unix:// URL.",
            not_done="Nothing was started.",
            next_step="Write it like redis://host:6379/0.",
        ) from None
    return client, (RedisError, OSError, TimeoutError)


def _tag_key(tag: str) -> str:
    return f"{PREFIX}tag:{tag}"


def _entry(text: Any) -> tuple[str, dict[str, str]] | None:
    """What an entry holds; None for nothing, and for what someone else wrote there."""
    if text is None:
        return None
    try:
        entry = json.loads(text)
        value, stamps = entry["value"], entry["stamps"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return (value, stamps) if isinstance(value, str) and isinstance(stamps, dict) else None
