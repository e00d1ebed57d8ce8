"""The registered targets in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.connection import Pool, query, rows, transaction
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.database import Database, PasswordSource
from pgwarden.domain.errors import AlreadyExists
from pgwarden.domain.registration import require_keepable, unknown_database


class PostgresDatabaseStore:
    """``ports.DatabaseStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:
        if not await self._write("add_target", database, audit):
            raise AlreadyExists(
                f"A database {database.name!r} is registered already.",
                not_done="Nothing was changed.",
                next_step="Choose another name, or change that registration: pgwarden db add … --replace",
            )

    async def replace(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:
        if not await self._write("replace_target", database, audit):
            raise unknown_database(database.name)

    async def get(self, name: str) -> Database:
        found = await rows(self._pool, "target", {"name": name})
        if not found:
            raise unknown_database(name)
        return _database(found[0])

    async def all(self) -> tuple[Database, ...]:
        return tuple(_database(row) for row in await rows(self._pool, "targets"))

    async def remove(self, name: str, *, audit: Sequence[AuditEntry] = ()) -> None:
        async with transaction(self._pool) as connection:
            removed = (await connection.execute(query("remove_target"), {"name": name})).rowcount
            await append_entries(connection, audit if removed else ())
        if not removed:
            raise unknown_database(name)

    async def _write(self, name: str, database: Database, audit: Sequence[AuditEntry]) -> bool:
        require_keepable(database)
        async with transaction(self._pool) as connection:
            written = (await connection.execute(query(name), _parameters(database))).rowcount > 0
            await append_entries(connection, audit if written else ())
        return written


def _database(row: tuple[Any, ...]) -> Database:
    name, conninfo, variable, passfile, command, allow_writes, owner, notes = row
    return Database(name, conninfo, PasswordSource(variable, passfile, tuple(command)), allow_writes, owner, notes)


def _parameters(database: Database) -> dict[str, object]:
    return {
        "name": database.name,
        "conninfo": database.conninfo,
        "variable": database.password.variable,
        "passfile": database.password.passfile,
        "command": list(database.password.command),
        "allow_writes": database.allow_writes,
        "owner": database.owner,
        "notes": database.notes,
    }
