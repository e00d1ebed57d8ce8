"""A cache, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence


class MemoryCache:
    """``ports.Cache`` without a limit; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[float, str, frozenset[str]]] = {}

    async def get(self, key: str) -> str | None:
        until, value, _ = self._entries.get(key, (0.0, "", frozenset()))
        return value if key in self._entries and self._clock() < until else None

    async def set(self, key: str, value: str, *, seconds: float, tags: Sequence[str] = ()) -> None:
        self._entries[key] = self._clock() + seconds, value, frozenset(tags)

    async def drop(self, *tags: str) -> None:
        self._entries = {key: entry for key, entry in self._entries.items() if not entry[2] & set(tags)}

    async def close(self) -> None:
        self._entries.clear()
