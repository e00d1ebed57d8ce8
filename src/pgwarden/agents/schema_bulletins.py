"""SchemaBulletins: whether the schema agent announced a change while a conversation was elsewhere."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import datetime

from pgwarden.agents.schema_context import SchemaContextAgent

MOST_CONVERSATIONS = 10_000
"""Conversations that are remembered; the one that was silent for longest is forgotten first, and begins anew."""


class SchemaBulletins:
    """Listens to targets that were asked about in this process. What changed is found for each reader's eyes."""

    def __init__(self, schema: SchemaContextAgent, now: Callable[[], datetime]) -> None:
        self._schema, self._now = schema, now
        self._listening: dict[str, asyncio.Task[None]] = {}
        self._announced: Counter[str] = Counter()
        self._here: OrderedDict[tuple[str, str], tuple[int, datetime]] = OrderedDict()

    async def listen(self, database: str) -> None:
        """Hear of a target's changes from now on."""
        task = self._listening.get(database)
        if task is None or task.done():
            self._listening[database] = asyncio.create_task(self._listen(database))
            await asyncio.sleep(0)  # it subscribes with its first step

    def missed_since(self, database: str, conversation: str) -> datetime | None:
        """When this conversation was here last, if anything was announced since then; it counts as told."""
        announced = self._announced[database]
        before, moment = self._here.pop((database, conversation), (announced, self._now()))
        self._here[(database, conversation)] = announced, self._now()
        if len(self._here) > MOST_CONVERSATIONS:
            self._here.popitem(last=False)
        return moment if announced > before else None

    async def close(self) -> None:
        """Stop listening."""
        tasks = tuple(self._listening.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, database: str) -> None:
        async for _ in self._schema.subscribe(database):
            self._announced[database] += 1
