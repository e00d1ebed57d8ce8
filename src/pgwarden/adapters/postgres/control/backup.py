"""A backup of the control database as one file: as of one moment, by COPY, without any program of PostgreSQL's.

The file is a zip archive: the rows of each table in COPY's text form, and ``manifest.json``, which says what they are,
how many, and the SHA-256 of each. It holds everything, hashes of passwords and the audit's personal values included.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from psycopg import sql

from pgwarden.adapters.postgres.control.connection import OLDEST_MAJOR, Connection, Pool, transaction
from pgwarden.adapters.postgres.control.migrate import applied_migrations
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.audit_chain import moment
from pgwarden.domain.errors import BackupInvalid

FORMAT = 1
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 16 * 1024**2
"""Bytes that are read of a manifest."""


@dataclass(frozen=True, slots=True)
class TableCopy:
    """One table's rows in the archive."""

    schema: str
    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str

    @property
    def member(self) -> str:
        return f"{self.schema}.{self.name}.copy"


@dataclass(frozen=True, slots=True)
class SequenceState:
    """Where a sequence stood."""

    schema: str
    name: str
    value: int
    called: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds."""

    made_at: str
    migrations: tuple[tuple[int, str, str], ...]
    """(number, name, sha256)."""
    tables: tuple[TableCopy, ...]
    sequences: tuple[SequenceState, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    def to_text(self) -> str:
        return json.dumps({"pgwarden_backup": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> Manifest:
        """ValueError, TypeError or KeyError for what is none."""
        value: Mapping[str, Any] = json.loads(text)
        if value["pgwarden_backup"] != FORMAT:
            raise ValueError("another format")
        return cls(
            str(value["made_at"]),
            tuple((int(number), str(name), str(digest)) for number, name, digest in value["migrations"]),
            tuple(TableCopy(**{**table, "columns": tuple(table["columns"])}) for table in value["tables"]),
            tuple(SequenceState(**sequence) for sequence in value["sequences"]),
        )


def backup_sql(name: str) -> bytes:
    """One of the queries of a backup."""
    return named_queries("backup.sql", OLDEST_MAJOR)[name]


async def back_up(pool: Pool, file: Path, at: datetime) -> Manifest:
    """Write everything into a new file that only its owner can read. Raises BackupInvalid when it cannot be written."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            with os.fdopen(descriptor, "w+b") as stream:
                with ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=6) as archive:
                    async with transaction(pool) as connection:
                        await connection.execute("set transaction isolation level repeatable read, read only")
                        manifest = await _copy_all(connection, archive, at)
                stream.flush()
                os.fsync(stream.fileno())
            draft.rename(file)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()
    except OSError as error:
        raise BackupInvalid(
            f"The backup {file} could not be written.",
            why=f"{error.strerror}.",
            not_done="There is no backup.",
            next_step="Choose another place, or free space there.",
        ) from None
    return manifest


async def _copy_all(connection: Connection, archive: ZipFile, at: datetime) -> Manifest:
    await connection.execute(backup_sql("same_everywhere"))
    found = await (await connection.execute(backup_sql("tables"))).fetchall()
    tables = [await _copy_out(connection, archive, *row) for row in found]
    named = await (await connection.execute(backup_sql("sequences"))).fetchall()
    sequences = [await _sequence(connection, *row) for row in named]
    manifest = Manifest(moment(at), await applied_migrations(connection), tuple(tables), tuple(sequences))
    archive.writestr(MANIFEST, manifest.to_text())
    return manifest


async def _copy_out(
    connection: Connection, archive: ZipFile, schema: str, name: str, columns: Sequence[str]
) -> TableCopy:
    digest = hashlib.sha256()
    statement = copy_statement(schema, name, columns, "to stdout")
    async with connection.cursor() as cursor:
        with archive.open(f"{schema}.{name}.copy", "w", force_zip64=True) as member:
            async with cursor.copy(statement) as copy:
                async for block in copy:
                    digest.update(block)
                    member.write(block)
        return TableCopy(schema, name, tuple(columns), cursor.rowcount, digest.hexdigest())


async def _sequence(connection: Connection, schema: str, name: str) -> SequenceState:
    statement = sql.SQL("select last_value, is_called from {}").format(sql.Identifier(schema, name))
    row = await (await connection.execute(statement)).fetchone()
    assert row is not None, "a sequence has one row"
    return SequenceState(schema, name, row[0], row[1])


def copy_statement(schema: str, name: str, columns: Sequence[str], direction: str) -> sql.Composed:
    """``direction`` is ours, never a caller's: ``to stdout`` or ``from stdin``."""
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    text = sql.SQL("copy {} ({}) " + direction)
    return text.format(sql.Identifier(schema, name), listed)
