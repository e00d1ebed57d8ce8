"""The targets that can be reached: those of the settings and the registered ones, each with its pool."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from pgwarden.adapters.postgres.analyst import PostgresImpactAnalyst
from pgwarden.adapters.postgres.backups import PostgresBackups
from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.changes import PostgresChangeRunner
from pgwarden.adapters.postgres.pool import Pools, TargetPool
from pgwarden.adapters.postgres.records import PostgresExecutionRecords
from pgwarden.adapters.postgres.retention import PostgresRetention
from pgwarden.adapters.postgres.runner import PostgresReadRunner
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.adapters.postgres.statistics import PostgresStatementStatistics
from pgwarden.adapters.postgres.tables import PostgresTableReader
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.database import Database
from pgwarden.domain.errors import AlreadyExists, InputInvalid, PgwardenError, UnknownDatabase
from pgwarden.ports import DatabaseStore, ImageStore

LOAD_SECONDS = 3.0
OLDEST_MAJOR = 14
DEFAULT = "default"
"""The target that is meant where none is named."""


class Source:
    """``ports.SchemaSource`` on a target's pool."""

    def __init__(self, pool: TargetPool) -> None:
        self.key = f"{pool.database.name}:{pool.database.conninfo}"
        self.reader = PostgresCatalogReader(pool.connection)
        self.tables = PostgresTableReader(pool.connection)


class Targets:
    """Finds a target by name; the settings' word goes before the store's."""

    def __init__(
        self,
        settled: Mapping[str, Database],
        store: DatabaseStore,
        pools: Pools,
        *,
        images: ImageStore | None = None,
    ) -> None:
        """``images`` keeps before-images of targets that cannot hold them."""
        self._images = images
        self._settled = dict(settled)
        self._store = store
        self._pools = pools
        self._sources: dict[str, tuple[TargetPool, Source]] = {}

    async def get(self, name: str) -> Database:
        """The target of that name. Raises UnknownDatabase."""
        return self._settled.get(name) or await self._store.get(name)

    async def all(self) -> tuple[Database, ...]:
        """Every target in the order of names."""
        known = {database.name: database for database in await self._store.all()} | self._settled
        return tuple(known[name] for name in sorted(known))

    async def names(self) -> tuple[str, ...]:
        """Of every target, in order."""
        return tuple(database.name for database in await self.all())

    async def choose(self, name: str | None) -> str:
        """The name that is meant: the given one, else ``default``, else the only one there is."""
        if name is not None:
            return (await self.get(name)).name
        if DEFAULT in self._settled:
            return DEFAULT
        names = [database.name for database in await self.all()]
        if DEFAULT in names:
            return DEFAULT
        if len(names) == 1:
            return names[0]
        if not names:
            raise UnknownDatabase(
                "No database is registered.",
                not_done="Nothing was done.",
                next_step="Register one: pgwarden db add NAME URL, or try `./run demo`.",
            )
        raise InputInvalid(
            "Several databases are registered; which one is meant?",
            why=f"There are {', '.join(names)}.",
            not_done="Nothing was done.",
            next_step="Name one with --database.",
        )

    def add_for_now(self, database: Database) -> None:
        """Use a target in this process only; nothing is kept."""
        self._settled[database.name] = database

    async def add(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Register a target. Raises AlreadyExists, InputInvalid."""
        self._refuse_settled(database.name)
        await self._store.add(database, audit=audit)

    async def replace(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Change a registration. Raises UnknownDatabase."""
        self._refuse_settled(database.name)
        await self._store.replace(database, audit=audit)

    async def remove(self, name: str, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Forget a registration. Raises UnknownDatabase."""
        self._refuse_settled(name)
        await self._store.remove(name, audit=audit)

    def is_settled(self, name: str) -> bool:
        """Whether the settings file or the environment names it, and so only they change it."""
        return name in self._settled

    async def pool(self, name: str) -> TargetPool:
        return self._pools.of(await self.get(name))

    async def load(self, name: str) -> float | None:
        """The part of the server's connections that are at work, 0 to 1; None where it does not tell in time."""
        pool = await self.pool(name)
        try:
            async with asyncio.timeout(LOAD_SECONDS), pool.monitor() as connection:
                asked = await connection.execute(named_queries("target.sql", OLDEST_MAJOR)["load"])
                row = await asked.fetchone()
        except (TimeoutError, PgwardenError, psycopg.Error):
            return None
        return min(float(row[0]), 1.0) if row else None

    async def runner(self, name: str) -> PostgresReadRunner:
        return PostgresReadRunner(await self.pool(name))

    async def statistics(self, name: str) -> PostgresStatementStatistics:
        return PostgresStatementStatistics(await self.pool(name))

    async def analyst(self, name: str) -> PostgresImpactAnalyst:
        return PostgresImpactAnalyst(await self.get(name))

    async def records(self, name: str) -> PostgresExecutionRecords:
        return PostgresExecutionRecords(await self.pool(name), self._images)

    async def changes(self, name: str) -> PostgresChangeRunner:
        """What runs approved changes there. Raises WritesNotAllowed where the target is only read."""
        return PostgresChangeRunner(await self.get(name), store=self._images)

    async def backups(self, name: str, directory: Path) -> PostgresBackups:
        """What copies tables there, into files below ``directory``. Raises WritesNotAllowed where it is only read."""
        return PostgresBackups(await self.get(name), directory)

    async def retention(self, name: str, directory: Path) -> PostgresRetention:
        """What ends before-images and copies there; ``directory`` is the one that ``backups`` was given."""
        return PostgresRetention(await self.get(name), directory, self._images)

    async def source(self, name: str) -> Source:
        """What the schema agent reads a target through."""
        pool = await self.pool(name)
        known = self._sources.get(name)
        if known is None or known[0] is not pool:
            known = (pool, Source(pool))
            self._sources[name] = known
        return known[1]

    def _refuse_settled(self, name: str) -> None:
        if name in self._settled:
            raise AlreadyExists(
                f"The settings file or the environment names {name!r} already.",
                not_done="Nothing was changed.",
                next_step="Change it there, or choose another name.",
            )
