"""A copy of tables made on purpose before a change, besides the before-images that every execution keeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pgwarden.domain.catalog import Relation


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


PAGE_BYTES = 8192


@dataclass(frozen=True, slots=True)
class PlannedCopy:
    """A table that is copied whole before a change of it runs, with what is known of its size."""

    schema: str
    name: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What is kept before a DELETE: each row that goes, and where the policy says so the tables whole."""

    images: int
    """Rows that are captured one by one as they go, in any case: what an undo brings back."""
    copies: tuple[PlannedCopy, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """As sentences."""
        kept = (f"each row that goes is kept as it was: {self.images:,}",)
        return kept + tuple(
            f"{copy.schema}.{copy.name} is copied whole first: about {copy.rows:,} rows, {copy.bytes / 1e6:,.1f} MB"
            for copy in self.copies
        )


def backup_plan(tables: Iterable[tuple[Relation, int]], *, copied: bool) -> BackupPlan:
    """``tables``: those that lose rows, with how many; ``copied``: whether they are copied whole, too."""
    found = [(relation, rows) for relation, rows in tables if rows]
    copies = tuple(
        PlannedCopy(r.name.schema, r.name.name, max(0, round(r.estimated_rows)), max(0, r.pages) * PAGE_BYTES)
        for r, _ in found
        if copied
    )
    return BackupPlan(sum(rows for _, rows in found), copies)
