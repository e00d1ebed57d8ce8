"""Bringing a backup into a database where pgwarden keeps nothing yet: all of it, in one transaction, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeAlias
from zipfile import BadZipFile, ZipFile

import psycopg
from psycopg import sql

from pgwarden.adapters.postgres.control.backup import (
    LARGEST_MANIFEST,
    MANIFEST,
    Manifest,
    SequenceState,
    TableCopy,
    backup_sql,
    copy_statement,
)
from pgwarden.adapters.postgres.control.connection import Connection, Pool, transaction
from pgwarden.adapters.postgres.control.migrate import (
    Migration,
    applied_migrations,
    known_migrations,
    migrate,
    migrate_in,
)
from pgwarden.domain.errors import BackupInvalid, RestoreRefused

BLOCK = 256 * 1024
STATES = {"O": "enable", "A": "enable always", "R": "enable replica"}
"""How a trigger was enabled (``tgenabled``), in words."""

Table: TypeAlias = tuple[str, str]
"""Schema and name."""


async def restore(pool: Pool, file: Path) -> Manifest:
    """Make the tables as the backup's version had them, fill them, then bring them up to date.

    Raises BackupInvalid when the file is damaged, RestoreRefused when the database holds something already or a newer
    version of pgwarden made the backup.
    """
    try:
        with ZipFile(file) as archive:
            manifest = _manifest(archive)
            _require_whole(archive, manifest)
            migrations = _migrations(manifest)
            async with transaction(pool) as connection:
                await _require_empty(connection)
                await migrate_in(connection, migrations)
                await _fill(connection, archive, manifest)
    except (OSError, BadZipFile, EOFError) as error:
        raise _invalid(f"{error}.") from None
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
        raise _invalid(f"PostgreSQL does not take it: {str(error).partition(chr(10))[0]}.") from error
    await migrate(pool)
    return manifest


def _manifest(archive: ZipFile) -> Manifest:
    try:
        with archive.open(MANIFEST) as member:
            return Manifest.from_text(member.read(LARGEST_MANIFEST).decode())
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _invalid("It has no manifest that this version understands.") from None


def _require_whole(archive: ZipFile, manifest: Manifest) -> None:
    """Every table's rows are as they were written: looked at before anything is changed."""
    members = set(archive.namelist())
    for table in manifest.tables:
        if table.member not in members:
            raise _invalid(f"The rows of {table.name} are missing.")
        digest = hashlib.sha256()
        with archive.open(table.member) as member:
            while block := member.read(BLOCK):
                digest.update(block)
        if digest.hexdigest() != table.sha256:
            raise _invalid(f"The rows of {table.name} are not those that were written: their SHA-256 differs.")


def _migrations(manifest: Manifest) -> Sequence[Migration]:
    """The migrations that the backup's database had, from those of this version."""
    known = known_migrations()
    ours = [(migration.number, migration.name, migration.sha256) for migration in known]
    count = len(manifest.migrations)
    if not count or list(manifest.migrations) != ours[:count]:
        raise _refused(
            "It was made by a version of pgwarden with other migrations.",
            "Restore it with that version or a newer one of the same line.",
        )
    return known[:count]


async def _require_empty(connection: Connection) -> None:
    if await applied_migrations(connection):
        raise _refused("pgwarden keeps its things there already.", "Create an empty database, and restore there.")


async def _fill(connection: Connection, archive: ZipFile, manifest: Manifest) -> None:
    await connection.execute(backup_sql("same_everywhere"))
    triggers = await (await connection.execute(backup_sql("triggers"))).fetchall()
    for schema, table, name, _ in triggers:
        await _set_trigger(connection, (schema, table), name, "disable")
    order = await _order(connection, manifest)
    for entry in reversed(order):
        await _clear(connection, (entry.schema, entry.name))
    for entry in order:
        await _copy_in(connection, archive, entry)
    for sequence in manifest.sequences:
        await _set_sequence(connection, sequence)
    for schema, table, name, state in triggers:
        await _set_trigger(connection, (schema, table), name, STATES[state])


async def _order(connection: Connection, manifest: Manifest) -> Sequence[TableCopy]:
    """The tables, each after those that it refers to."""
    tables: Mapping[Table, TableCopy] = {(table.schema, table.name): table for table in manifest.tables}
    before: dict[Table, set[Table]] = {table: set() for table in tables}
    references = await (await connection.execute(backup_sql("references"))).fetchall()
    for schema, name, foreign_schema, foreign_name in references:
        before.setdefault((schema, name), set()).add((foreign_schema, foreign_name))
    try:
        return [tables[table] for table in TopologicalSorter(before).static_order() if table in tables]
    except CycleError:
        raise _invalid("Its tables refer to each other in a circle.") from None


async def _clear(connection: Connection, table: Table) -> None:
    """Take away what a migration put there; the backup has its own. Where the owner may not delete, it is lent."""
    name = sql.Identifier(*table)
    parameters = {"schema": table[0], "table": table[1]}
    row = await (await connection.execute(backup_sql("may_delete"), parameters)).fetchone()
    if row is None:
        raise _invalid(f"This version has no table {table[1]}.")
    if row[0]:
        await connection.execute(sql.SQL("delete from {}").format(name))
    else:
        await connection.execute(sql.SQL("grant delete on {} to current_user").format(name))
        await connection.execute(sql.SQL("delete from {}").format(name))
        await connection.execute(sql.SQL("revoke delete on {} from current_user").format(name))


async def _copy_in(connection: Connection, archive: ZipFile, table: TableCopy) -> None:
    statement = copy_statement(table.schema, table.name, table.columns, "from stdin")
    async with connection.cursor() as cursor:
        with archive.open(table.member) as member:
            async with cursor.copy(statement) as copy:
                while block := member.read(BLOCK):
                    await copy.write(block)
        if cursor.rowcount != table.rows:
            raise _invalid(f"{table.name} has {cursor.rowcount} rows where {table.rows} were written.")


async def _set_sequence(connection: Connection, sequence: SequenceState) -> None:
    name = sql.Identifier(sequence.schema, sequence.name).as_string(connection)
    await connection.execute("select setval(%s::regclass, %s, %s)", [name, sequence.value, sequence.called])


async def _set_trigger(connection: Connection, table: Table, trigger: str, state: str) -> None:
    """``state`` is one of our own words."""
    statement = sql.SQL("alter table {} " + state + " trigger {}")
    await connection.execute(statement.format(sql.Identifier(*table), sql.Identifier(trigger)))


def _invalid(why: str) -> BackupInvalid:
    return BackupInvalid(
        "The backup cannot be restored.",
        why=why,
        not_done="The database is as it was.",
        next_step="Use another backup.",
    )


def _refused(why: str, next_step: str) -> RestoreRefused:
    return RestoreRefused(
        "The backup is not restored there.", why=why, not_done="The database is as it was.", next_step=next_step
    )
