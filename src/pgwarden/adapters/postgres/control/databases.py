"""The registered targets in PostgreSQL."""

from __future__ import annotations

from typing import Any

from pgwarden.adapters.postgres.control.connection import Pool, query, transaction
from pgwarden.domain.database import Database, PasswordSource
from pgwarden.domain.errors import AlreadyExists
from pgwarden.domain.registration import require_keepable, unknown_database


class PostgresDatabaseStore:
    """``ports.DatabaseStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, database: Database) -> None:
        if not await self._write("add_target", database):
            raise AlreadyExists(
                f"A database {database.name!r} is registered already.",
                not_done="Nothing was changed.",
                next_step="Choose another name, or change that registration: pgwarden db add … --replace",
            )

    async def replace(self, database: Database) -> None:
        if not await self._write("replace_target", database):
            raise unknown_database(database.name)

    async def get(self, name: str) -> Database:
        async with transaction(self._pool) as connection:
            row = await (await connection.execute(query("target"), {"name": name})).fetchone()
        if row is None:
            raise unknown_database(name)
        return _database(row)

    async def all(self) -> tuple[Database, ...]:
        async with transaction(self._pool) as connection:
            rows = await (await connection.execute(query("targets"))).fetchall()
        return tuple(_database(row) for row in rows)

    async def remove(self, name: str) -> None:
        async with transaction(self._pool) as connection:
            removed = (await connection.execute(query("remove_target"), {"name": name})).rowcount
        if not removed:
            raise unknown_database(name)

    async def _write(self, name: str, database: Database) -> bool:
        require_keepable(database)
        async with transaction(self._pool) as connection:
            return (await connection.execute(query(name), _parameters(database))).rowcount > 0


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
