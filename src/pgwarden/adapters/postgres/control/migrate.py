"""Bringing the control database to the state that this version of pgwarden needs.

Plain SQL files, numbered, applied once and in order, all pending ones in one transaction under an advisory lock:
any number of processes may start at once, and a failure leaves nothing half done. What was applied is recorded with
the SHA-256 of its file, and compared on every start. There is no way down: a backup is the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from itertools import zip_longest

import psycopg

from pgwarden.adapters.jobs import schema as job_schema
from pgwarden.adapters.postgres.control.connection import OLDEST_MAJOR, Connection, Pool, query, transaction
from pgwarden.domain.errors import ControlDatabaseOutdated

WAIT_FOR_OTHERS = "60s"
"""How long a starter waits for another one that is migrating."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: bytes

    @property
    def sha256(self) -> str:
        return sha256(self.sql).hexdigest()


def known_migrations() -> tuple[Migration, ...]:
    """The migrations that come with this version, in order."""
    folder = files("pgwarden.adapters.postgres.control") / "migrations"
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return tuple(Migration(int(f.name.partition("_")[0]), f.name.removesuffix(".sql"), f.read_bytes()) for f in found)


async def migrate(pool: Pool, known: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Apply what is pending; the names of what was applied now.

    Needs no superuser: a role that owns the schema ``pgwarden_control``, or may create it. Raises
    ``ControlDatabaseOutdated`` when what was applied before is not how ``known`` begins, or a migration fails.
    """
    known = known_migrations() if known is None else known
    if not await pending_migrations(pool, known) and await _queue_is_current(pool):
        return ()  # the usual start: one look, no lock
    async with transaction(pool) as connection:
        return await migrate_in(connection, known)


async def migrate_in(connection: Connection, known: Sequence[Migration]) -> tuple[str, ...]:
    """The same as a part of the caller's transaction."""
    await connection.execute("select set_config('lock_timeout', %s, true)", (WAIT_FOR_OTHERS,))
    await connection.execute(query("lock_migrations"))
    pending = _pending(known, await _applied(connection))
    await _prepare(connection)
    for migration in pending:
        await _apply(connection, migration)
    await job_schema.bring_up_to_date(connection)
    return tuple(migration.name for migration in pending)


async def applied_migrations(connection: Connection) -> tuple[tuple[int, str, str], ...]:
    """(number, name, sha256) of every migration in the database, in order; none in a new one."""
    return tuple(await _applied(connection))


async def pending_migrations(pool: Pool, known: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """The names of what ``migrate`` would apply; changes nothing."""
    known = known_migrations() if known is None else known
    async with transaction(pool) as connection:
        return tuple(migration.name for migration in _pending(known, await _applied(connection)))


async def _queue_is_current(pool: Pool) -> bool:
    async with transaction(pool) as connection:
        return await job_schema.is_current(connection)


async def _applied(connection: Connection) -> list[tuple[int, str, str]]:
    """(number, name, sha256) of every migration in the database; none in a new one."""
    if await _one(connection, "schema_is_ours") is False:
        raise _outdated("Its schema pgwarden_control belongs to another role.", "Use that role, or another database.")
    if not await _one(connection, "migration_table_exists"):
        return []
    return [
        (row[0], row[1], row[2]) for row in await (await connection.execute(query("applied_migrations"))).fetchall()
    ]


def _pending(known: Sequence[Migration], applied: Sequence[tuple[int, str, str]]) -> tuple[Migration, ...]:
    for migration, row in zip_longest(known, applied):
        if row is None:
            break
        number, name, digest = row
        if migration is None:
            raise _outdated(f"It has migration {name}, which this version does not know.", "Install that version.")
        if migration.number != number:
            raise _outdated(f"It has migration {name} where {migration.name} is expected.", "Install that version.")
        if migration.sha256 != digest:
            raise _outdated(
                f"Migration {name} is not the one that was applied: its SHA-256 differs.",
                "Reinstall pgwarden; a released migration is never edited.",
            )
    return tuple(known[len(applied) :])


async def _prepare(connection: Connection) -> None:
    """The schema and the table of migrations; and refuse a server where text would not come back as it was."""
    encoding = await _one(connection, "encoding")
    if encoding != "UTF8" or connection.info.server_version < OLDEST_MAJOR * 10000:
        version = connection.info.server_version // 10000
        raise _outdated(
            f"It is PostgreSQL {version}, encoding {encoding}; version {OLDEST_MAJOR} or newer and UTF8 are needed.",
            "Create it with encoding UTF8, on a supported server.",
        )
    if await _one(connection, "schema_is_ours") is None:
        await connection.execute(query("create_schema"))
    if not await _one(connection, "migration_table_exists"):
        await connection.execute(query("create_migration_table"))


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        await connection.execute(migration.sql)  # several statements: no parameters, so psycopg sends them as one text
    except (psycopg.errors.InsufficientPrivilege, psycopg.OperationalError):
        raise  # said better by transaction(): it is about the server, not about this file
    except psycopg.Error as error:
        raise _outdated(
            f"Migration {migration.name} failed: {error}.", "Restore it from a backup, or report it."
        ) from error
    await connection.execute(
        query("record_migration"), {"number": migration.number, "name": migration.name, "sha256": migration.sha256}
    )


async def _one(connection: Connection, name: str) -> object:
    row = await (await connection.execute(query(name))).fetchone()
    return row[0] if row else None


def _outdated(why: str, next_step: str) -> ControlDatabaseOutdated:
    return ControlDatabaseOutdated(
        "The control database does not fit this version of pgwarden.",
        why=why,
        not_done="Nothing was changed in it, and pgwarden did not start.",
        next_step=next_step,
    )
