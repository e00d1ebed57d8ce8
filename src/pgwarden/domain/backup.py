"""A copy of tables made on purpose before a change, besides the before-images that every execution keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BackupStrategy(StrEnum):
    """Where the copy goes."""

    SNAPSHOT = "snapshot"
    """Into tables of the schema ``pgwarden`` of the database itself."""
    FILE = "file"
    """Into compressed files outside the database, in pgwarden's home."""
    RESTORE_POINT = "restore_point"
    """No copy: a named point in the write-ahead log, for point-in-time recovery of the whole server."""


@dataclass(frozen=True, slots=True)
class TableBackup:
    """One table's copy: where it lies and how many rows it holds."""

    table: str
    location: str
    rows: int


@dataclass(frozen=True, slots=True)
class Backup:
    """A consistent copy of some tables, with how to bring it back."""

    id: str
    made_at: datetime
    tables: tuple[TableBackup, ...]
    instructions: tuple[str, ...]
    lsn: str = ""
    """Where the write-ahead log stood, for point-in-time recovery."""
