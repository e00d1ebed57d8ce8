"""Registered databases, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.database import Database
from pgwarden.domain.errors import AlreadyExists
from pgwarden.domain.registration import require_keepable, unknown_database


class MemoryDatabaseStore:
    """``ports.DatabaseStore``. Audit entries are for the real one, whose transaction they are part of."""

    def __init__(self, databases: Iterable[Database] = ()) -> None:
        self._databases = {database.name: database for database in databases}

    async def add(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002 - as above
        require_keepable(database)
        if database.name in self._databases:
            raise AlreadyExists(f"A database {database.name!r} is registered already.")
        self._databases[database.name] = database

    async def replace(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002 - as above
        require_keepable(database)
        await self.get(database.name)
        self._databases[database.name] = database

    async def get(self, name: str) -> Database:
        if name not in self._databases:
            raise unknown_database(name)
        return self._databases[name]

    async def all(self) -> tuple[Database, ...]:
        return tuple(sorted(self._databases.values(), key=lambda database: database.name))

    async def remove(self, name: str, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002 - as above
        await self.get(name)
        del self._databases[name]
