"""A cache in this process: bounded, least recently used goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class _Entry:
    value: str
    expires: float
    tags: tuple[str, ...]
    size: int


class MemoryCache:
    """``ports.Cache`` with at most ``entries`` entries and ``characters`` characters in all of them together."""

    def __init__(
        self, *, entries: int = 1000, characters: int = 64 * 1024 * 1024, clock: Callable[[], float] = monotonic
    ) -> None:
        self._most_entries = entries
        self._most_characters = characters
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._by_tag: dict[str, set[str]] = {}
        self._characters = 0

    async def get(self, key: str) -> str | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires <= self._clock():
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return entry.value

    async def set(self, key: str, value: str, *, seconds: float, tags: Sequence[str] = ()) -> None:
        self._remove(key)
        size = len(key) + len(value)
        if seconds <= 0 or size > self._most_characters:
            return
        self._entries[key] = _Entry(value, self._clock() + seconds, tuple(tags), size)
        self._characters += size
        for tag in tags:
            self._by_tag.setdefault(tag, set()).add(key)
        while len(self._entries) > self._most_entries or self._characters > self._most_characters:
            self._remove(next(iter(self._entries)))

    async def drop(self, *tags: str) -> None:
        for tag in tags:
            for key in tuple(self._by_tag.get(tag, ())):
                self._remove(key)

    async def close(self) -> None:
        self._entries.clear()
        self._by_tag.clear()
        self._characters = 0

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._characters -= entry.size
        for tag in entry.tags:
            keys = self._by_tag.get(tag, set())
            keys.discard(key)
            if not keys:
                self._by_tag.pop(tag, None)
