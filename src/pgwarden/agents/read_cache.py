"""Results of reads that are given out again while nothing that they depend on is another."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.identity import DataRights
from pgwarden.domain.read_request import ReadRequest
from pgwarden.domain.result import Result
from pgwarden.domain.result_json import result_from_text, result_to_text
from pgwarden.domain.statement import Verdict
from pgwarden.ports import Cache
from pgwarden.sql.policy import ReadPolicy


class ReadCache:
    """Kept for ``seconds``; not longer than until the next write of ours to the database."""

    def __init__(self, cache: Cache, seconds: float, policy: ReadPolicy) -> None:
        self._cache, self._seconds, self._policy = cache, seconds, policy
        self._writes: Counter[str] = Counter()

    def key(
        self, wanted: ReadRequest, verdict: Verdict, catalog: Catalog, rights: DataRights, masked: frozenset[int]
    ) -> str:
        """Everything that the rows depend on, hashed; '' where the statement's answer may differ each time."""
        if not verdict.stable or self._seconds <= 0:
            return ""
        parts = [
            wanted.database,
            verdict.sql,
            [[type(value).__name__, repr(value)] for value in wanted.parameters],
            [catalog.database_oid, catalog.role, catalog.version, catalog.search_path],
            [repr(line) for line in rights.lines],
            sorted(masked),
            [repr(wanted.limits), sorted(self._policy.extensions), sorted(self._policy.functions)],
            [self._policy.foreign_tables, self._policy.security_definer, sorted(self._policy.relations)],
        ]
        return "read:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    async def get(self, key: str) -> Result | None:
        """A kept result, which says that it is one."""
        text = await self._cache.get(key) if key else None
        if text is None:
            return None
        try:
            result = result_from_text(text)
        except ValueError:  # another version of pgwarden wrote it
            return None
        return replace(result, statistics=replace(result.statistics, cached=True))

    def writes(self, database: str) -> int:
        """How many writes of ours there were: to be asked before a read, and given to ``keep`` after it."""
        return self._writes[database]

    async def keep(self, key: str, result: Result, database: str, *, writes: int) -> None:
        """Keep a result, unless something was written while it was read."""
        if not key or writes != self._writes[database]:
            return
        try:
            text = result_to_text(result)
        except TypeError:  # a value of a type that only this process knows
            return
        await self._cache.set(key, text, seconds=self._seconds, tags=_tags(database))

    async def written(self, database: str) -> None:
        """To be called after every write of ours: no result from before it is given out any more."""
        self._writes[database] += 1
        for tag in _tags(database):
            await self._cache.drop(tag)


def _tags(database: str) -> Sequence[str]:
    return [f"reads:{database}"]
