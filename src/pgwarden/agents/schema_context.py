"""SchemaContextAgent: knows each target's structure and what its tables hold, and tells when that changes."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.catalog_json import from_json, to_json
from pgwarden.domain.errors import ControlDatabaseUnavailable, InputInvalid, UnknownTable
from pgwarden.domain.profile import Sample, TableProfile, masked_sample
from pgwarden.domain.relationships import inferred_joins_of, relationships_of
from pgwarden.domain.schema_diff import SchemaDiff, schema_diff
from pgwarden.domain.schema_history import Relationship, SchemaVersion
from pgwarden.domain.search import TableMatch, TableSearch
from pgwarden.domain.value_index import SampledValues
from pgwarden.ports import Cache, SchemaHistory, SchemaSource, ValueIndex

Sources = Callable[[str], Awaitable[SchemaSource]]
"""Finds a registered target by name; raises UnknownDatabase."""
MOST_SHARED_RELATIONS = 2_000
"""A bigger catalog is read from its server as fast as from a cache."""
MOST_WAITING = 100
"""Notices kept for a subscriber that does not listen; older ones are dropped."""

_log = logging.getLogger(__name__)


@contextmanager
def _may_be_missing(database: str) -> Iterator[None]:
    """The history is worth having, and not worth a question: while it cannot be reached, the log tells."""
    try:
        yield
    except ControlDatabaseUnavailable as error:
        _log.warning("the schema history of %s is left out: %s", database, error.what)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things are believed, in seconds."""

    schema: float = 3600
    samples: float = 1800
    statistics: float = 86_400
    check: float = 60
    """How often, while in use, a whole-catalog hash is compared in the background."""


@dataclass(slots=True)
class _Known:
    """What is held in memory of one target."""

    catalog: Catalog
    fingerprint: str
    read_at: float
    checked_at: float
    search: TableSearch | None = None
    values: ValueIndex | None = None
    values_at: float = 0.0


class SchemaContextAgent:
    """One per process. Everything it holds in memory can be read again from the targets or the history."""

    def __init__(
        self,
        sources: Sources,
        cache: Cache,
        history: SchemaHistory,
        *,
        lifetimes: Lifetimes | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._sources, self._cache, self._history = sources, cache, history
        self._lifetimes = lifetimes or Lifetimes()
        self._clock, self._now = clock, now
        self._known: dict[str, _Known] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._subscribers: dict[str, list[asyncio.Queue[tuple[str, ...]]]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def catalog(self, database: str) -> Catalog:
        """The structure, at most an hour old; an older look than a minute is compared in the background."""
        known = await self._current(database)
        if self._clock() - known.checked_at > self._lifetimes.check:
            self._check_later(database)
        return known.catalog

    async def refresh(self, database: str) -> Catalog:
        """Compare the whole-catalog hash now, and read again if it differs."""
        known = await self._current(database)
        source = await self._sources(database)
        fingerprint = await source.reader.fingerprint()
        known.checked_at = self._clock()
        return known.catalog if fingerprint == known.fingerprint else await self.reread(database)

    async def reread(self, database: str) -> Catalog:
        """Read the structure again: for a caller whose own check found a touched object changed."""
        async with self._lock(database):
            return (await self._read(database)).catalog

    async def share(self, database: str, structure: str, *, seconds: float) -> None:
        """Keep a structure in the shared cache, where the next process finds it.

        It decides what a statement may do, so only what the server itself says now is kept. Raises InputInvalid.
        """
        catalog = await self.refresh(database)
        if structure != to_json(catalog):
            raise InputInvalid(
                f"This is not the structure of {database}.",
                why="The server's own differs from it, or it cannot be read.",
                not_done="The cache is as it was.",
                next_step="Read the structure again.",
            )
        text = f"{self._known[database].fingerprint}\n{structure}"
        source = await self._sources(database)
        await self._keep(database, f"schema:{source.key}:catalog", text, seconds)

    async def values(self, database: str) -> ValueIndex:
        """Sampled values of the columns that are not sensitive, at most half an hour old."""
        known = await self._current(database)
        async with self._lock(f"values of {database}"):
            if known.values is None or self._clock() - known.values_at > self._lifetimes.samples:
                known.values = await self._values(database, known.catalog)
                known.values_at = self._clock()
            return known.values

    async def sample(self, database: str, table: str, *, rows: int = 20, masked: bool = True) -> Sample:
        """Representative rows. Unmasked rows are never kept in a cache."""
        catalog = await self.catalog(database)
        relation = find_table(catalog, table)
        source = await self._sources(database)
        if not masked:
            return await source.tables.sample(catalog, relation, rows=rows)
        key = f"schema:{source.key}:sample:{catalog.version}:{relation.oid}:{rows}"
        kept = await self._cache.get(key)
        if kept is not None:
            return Sample.from_dict(json.loads(kept))
        sample = masked_sample(await source.tables.sample(catalog, relation, rows=rows), relation)
        await self._keep(database, key, json.dumps(sample.to_dict()), self._lifetimes.samples)
        return sample

    async def profile(self, database: str, table: str) -> TableProfile:
        """The distribution of each column and what is odd about the data, at most a day old."""
        catalog = await self.catalog(database)
        relation = find_table(catalog, table)
        source = await self._sources(database)
        key = f"schema:{source.key}:profile:{catalog.version}:{relation.oid}"
        kept = await self._cache.get(key)
        if kept is not None:
            return TableProfile.from_dict(json.loads(kept))
        profile = await source.tables.profile(catalog, relation)
        await self._keep(database, key, json.dumps(profile.to_dict()), self._lifetimes.statistics)
        return profile

    async def suggest_tables(self, database: str, words: str, *, limit: int = 10) -> tuple[TableMatch, ...]:
        """The tables that a text seems to be about, best first."""
        known = await self._current(database)
        if known.search is None:
            known.search = TableSearch(known.catalog)
        return known.search.suggest(words, limit=limit)

    async def relationships(self, database: str) -> tuple[Relationship, ...]:
        """Declared foreign keys, then inferred joins with their evidence."""
        return relationships_of(await self.catalog(database))

    async def history(self, database: str, *, limit: int = 100) -> tuple[SchemaVersion, ...]:
        """The versions that this target's structure was seen in, newest first."""
        return await self._history.history(database, limit=limit)

    async def forget(self, database: str) -> None:
        """Drop samples, profiles and values: after a write of ours, or when the target was unregistered."""
        known = self._known.get(database)
        if known is not None:
            known.values = None
        await self._cache.drop(f"schema:{database}")

    async def subscribe(self, database: str) -> AsyncIterator[Sequence[str]]:
        """What changed, in words, each time it is noticed; from the moment that the first item is waited for."""
        queue: asyncio.Queue[tuple[str, ...]] = asyncio.Queue(MOST_WAITING)
        self._subscribers.setdefault(database, []).append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._subscribers[database].remove(queue)

    async def settle(self) -> None:
        """Wait for the background checks that run now."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def close(self) -> None:
        """Cancel background checks."""
        for task in self._tasks.values():
            task.cancel()
        await self.settle()

    async def _current(self, database: str) -> _Known:
        known = self._known.get(database)
        if known is not None and self._clock() - known.read_at < self._lifetimes.schema:
            return known
        async with self._lock(database):
            known = self._known.get(database)  # someone else may have read it while we waited
            if known is not None and self._clock() - known.read_at < self._lifetimes.schema:
                return known
            return await self._from_cache(database) or await self._read(database)

    async def _from_cache(self, database: str) -> _Known | None:
        """What another process read, if its hash still holds."""
        source = await self._sources(database)
        kept = await self._cache.get(f"schema:{source.key}:catalog")
        fingerprint, _, text = (kept or "").partition("\n")
        catalog = from_json(text) if text else None
        if catalog is None or await source.reader.fingerprint() != fingerprint:
            return None
        return self._hold(database, catalog, fingerprint)

    async def _read(self, database: str) -> _Known:
        """From the target itself. The hash is taken first, so that a change in between is found at the next check."""
        source = await self._sources(database)
        fingerprint = await source.reader.fingerprint()
        catalog = await source.reader.read()
        before = self._known.get(database)
        if before is not None and before.catalog.version == catalog.version:
            catalog = replace(catalog, inferred_joins=before.catalog.inferred_joins)
        else:
            catalog = await self._with_joins(database, source, catalog)
            await self._note(database, catalog, before.catalog if before else None)
        known = self._hold(database, catalog, fingerprint)
        if len(catalog.relations) <= MOST_SHARED_RELATIONS:
            text = f"{fingerprint}\n{to_json(catalog)}"
            await self._keep(database, f"schema:{source.key}:catalog", text, self._lifetimes.schema)
        return known

    def _hold(self, database: str, catalog: Catalog, fingerprint: str) -> _Known:
        now = self._clock()
        known = _Known(catalog, fingerprint, now, now)
        before = self._known.get(database)
        if before is not None and before.catalog.version == catalog.version:
            known.values, known.values_at = before.values, before.values_at
        self._known[database] = known
        return known

    async def _with_joins(self, database: str, source: SchemaSource, catalog: Catalog) -> Catalog:
        """Relationships are kept until the structure changes; then, or without a history, they are looked for anew."""
        with _may_be_missing(database):
            stored = await self._history.relationships(database)
            if stored is not None and stored.version == catalog.version:
                return replace(catalog, inferred_joins=inferred_joins_of(catalog, stored.found))
        found = replace(catalog, inferred_joins=await source.tables.inferred_joins(catalog))
        with _may_be_missing(database):
            await self._history.save_relationships(database, catalog.version, relationships_of(found))
        return found

    async def _note(self, database: str, catalog: Catalog, before: Catalog | None) -> None:
        """Keep the new version with what changed since the last one seen, and tell the subscribers."""
        diff = schema_diff(before, catalog) if before else SchemaDiff(())
        with _may_be_missing(database):
            latest = await self._history.latest(database)
            if before is None and latest is not None and latest.version != catalog.version:
                before = from_json(await self._history.snapshot(database, latest.version) or "")
                diff = schema_diff(before, catalog) if before else diff
            snapshot = to_json(catalog, users_only=True)
            kept = diff.to_dict() if diff else {}
            await self._history.record(database, catalog.version, self._now(), kept, snapshot)
        if diff:
            await self._cache.drop(f"schema:{database}")
            self._tell(database, diff.words)

    def _tell(self, database: str, words: tuple[str, ...]) -> None:
        for queue in self._subscribers.get(database, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(words)

    async def _values(self, database: str, catalog: Catalog) -> ValueIndex:
        source = await self._sources(database)
        key = f"schema:{source.key}:values:{catalog.version}"
        kept = await self._cache.get(key)
        if kept is not None:
            return SampledValues.from_json(kept)
        values = await source.tables.values(catalog)
        await self._keep(database, key, values.to_json(), self._lifetimes.samples)
        return values

    async def _keep(self, database: str, key: str, text: str, seconds: float) -> None:
        await self._cache.set(key, text, seconds=seconds, tags=(f"schema:{database}",))

    def _check_later(self, database: str) -> None:
        """One background check a target at a time. Its failure is no news: the next use of the target meets it."""
        running = self._tasks.get(database)
        if running is None or running.done():
            task = asyncio.create_task(self._check(database))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._tasks[database] = task

    async def _check(self, database: str) -> None:
        self._known[database].checked_at = self._clock()
        await self.refresh(database)

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())


def find_table(catalog: Catalog, name: str) -> Relation:
    """The table, view or sequence of that name: ``customers``, ``sales.customers`` or ``"Odd Name"``."""
    schema, table = _split(name)
    relation = catalog.resolve_relation(table, schema)
    if relation is not None:
        return relation
    alike = [str(match.name) for match in TableSearch(catalog).suggest(name.replace(".", " "), limit=3)]
    raise UnknownTable(
        f"There is no table {name}.",
        why="No schema on the search path has it." if schema is None else f"The schema {schema} does not have it.",
        not_done="Nothing was read.",
        next_step=f"Did you mean {', '.join(alike)}?" if alike else "List the tables with: pgwarden schema",
    )


def _split(name: str) -> tuple[str | None, str]:
    """An identifier as SQL reads it: unquoted parts are lower-case."""
    parts: list[str] = []
    rest = name.strip()
    while rest:
        if rest.startswith('"'):
            part, _, rest = rest[1:].replace('""', "\0").partition('"')
            parts.append(part.replace("\0", '"'))
            rest = rest.replace("\0", '""').removeprefix(".")
        else:
            part, _, rest = rest.partition(".")
            parts.append(part.lower())
    return (parts[-2] if len(parts) > 1 else None), parts[-1] if parts else ""
