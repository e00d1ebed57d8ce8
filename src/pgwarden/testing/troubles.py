"""What failed before, in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pgwarden.domain.trouble import Occurrence, Trouble


class MemoryTroubleStore:
    """``ports.TroubleStore``."""

    def __init__(self) -> None:
        self._troubles: dict[tuple[str, str, str, str], Trouble] = {}

    async def note(self, happened: Occurrence, *, before: datetime, kept: int) -> None:
        o = happened
        key = (o.database, o.pattern, o.code, o.question)
        fresh = Trouble(o.database, o.code, o.pattern, o.form, o.question, 0, o.at, o.at)
        known = self._troubles.get(key, fresh)
        self._troubles[key] = replace(
            known,
            times=known.times + 1,
            last_at=max(known.last_at, o.at),
            worst_ms=max(known.worst_ms, o.milliseconds),
            what=o.what,
        )
        own = sorted((t for t in self._troubles.values() if t.database == o.database), key=lambda t: t.last_at)
        beyond = {id(trouble) for trouble in own[:-kept]}
        self._troubles = {
            key: trouble
            for key, trouble in self._troubles.items()
            if trouble.last_at >= before and id(trouble) not in beyond
        }

    async def of_statement(self, database: str, pattern: str, question: str) -> tuple[Trouble, ...]:
        found = [
            t
            for t in self._troubles.values()
            if t.database == database and (t.pattern == pattern or (question and t.question == question))
        ]
        return tuple(sorted(found, key=lambda trouble: trouble.last_at, reverse=True)[:20])

    async def all(self, database: str | None = None, *, limit: int = 100) -> tuple[Trouble, ...]:
        found = [t for t in self._troubles.values() if database in (None, t.database)]
        return tuple(sorted(found, key=lambda trouble: (trouble.times, trouble.last_at), reverse=True)[:limit])

    async def remedy(self, trouble: Trouble, helped: str, at: datetime) -> None:
        key = (trouble.database, trouble.pattern, trouble.code, trouble.question)
        if key in self._troubles:
            self._troubles[key] = replace(self._troubles[key], helped=helped, helped_at=at)
