"""Versions of a structure, in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from pgwarden.domain.schema_history import SNAPSHOTS_KEPT, Relationship, Relationships, SchemaVersion


class MemorySchemaHistory:
    """``ports.SchemaHistory``."""

    def __init__(self) -> None:
        self._versions: dict[str, list[tuple[SchemaVersion, str]]] = {}
        self._relationships: dict[str, Relationships] = {}

    async def latest(self, database: str) -> SchemaVersion | None:
        return next(iter(await self.history(database, limit=1)), None)

    async def record(
        self, database: str, version: str, at: datetime, diff: Mapping[str, object], snapshot: str
    ) -> bool:
        latest = await self.latest(database)
        if latest is not None and latest.version == version:
            return False
        self._versions.setdefault(database, []).append((SchemaVersion(version, at, _json_copy(diff)), snapshot))
        return True

    async def history(self, database: str, *, limit: int = 100) -> tuple[SchemaVersion, ...]:
        return tuple(version for version, _ in reversed(self._versions.get(database, [])))[:limit]

    async def snapshot(self, database: str, version: str) -> str | None:
        kept = reversed(self._versions.get(database, [])[-SNAPSHOTS_KEPT:])
        return next((snapshot for seen, snapshot in kept if seen.version == version), None)

    async def relationships(self, database: str) -> Relationships | None:
        return self._relationships.get(database)

    async def save_relationships(self, database: str, version: str, found: Sequence[Relationship]) -> None:
        self._relationships[database] = Relationships(version, tuple(found))


def _json_copy(values: Mapping[str, object]) -> dict[str, object]:
    """What JSON gives back, so that a test meets here what it would meet in a database."""
    copy: dict[str, object] = json.loads(json.dumps(values, allow_nan=False))
    return copy
