"""Taking things back: the plan that is shown before a change, and the conflicts that an undo may meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pgwarden.domain.errors import UndoConflict
from pgwarden.domain.execution import ImageCounts, RowCounts
from pgwarden.domain.quantity import counted
from pgwarden.domain.stored import digest

Row = tuple[str | None, ...]
"""A row as PostgreSQL's text of each column."""


class ConflictKind(StrEnum):
    """What others did since the execution."""

    CHANGED = "changed"
    """The row is no longer as the execution left it."""
    GONE = "gone"
    """A row that the execution left is not there any more."""
    TAKEN = "taken"
    """The key of a row that must come back is used by another row."""
    CHILD = "child"
    """A row that must go is referenced by a row that came later."""
    PARENT = "parent"
    """A row that must come back references one that is gone."""


@dataclass(frozen=True, slots=True)
class RowConflict:
    """One row that stands in the way, as it was before the execution, after it, and now."""

    kind: ConflictKind
    table: str
    columns: tuple[str, ...]
    before: Row | None
    after: Row | None
    now: Row | None

    def __str__(self) -> str:
        return f"{self.table}: {self.kind.value}"


def conflicts_digest(conflicts: Sequence[RowConflict]) -> str:
    """SHA-256 over rows that stand in the way, '' without any. The rows themselves stay in their database."""
    return digest(sorted(digest(conflict) for conflict in conflicts)) if conflicts else ""


class RowsChangedSince(UndoConflict):
    """Rows were changed by others since the execution; nothing was overwritten."""

    conflicts: tuple[RowConflict, ...] = ()

    @classmethod
    def of(cls, conflicts: tuple[RowConflict, ...]) -> RowsChangedSince:
        tables = sorted({str(conflict) for conflict in conflicts})
        error = cls(
            f"{counted(len(conflicts), 'row')} {'stands' if len(conflicts) == 1 else 'stand'} in the way of the undo.",
            why=", ".join(tables),
            not_done="Nothing was taken back, nothing was overwritten.",
            next_step="Look at the rows, then skip them or ask for approval to overwrite them.",
        )
        error.conflicts = conflicts
        return error


@dataclass(frozen=True, slots=True)
class RowChange:
    """The net change of one row: ``before`` None where it was inserted, ``after`` None where it was deleted."""

    table: str
    columns: tuple[str, ...]
    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class TableProof:
    """What the images of one table say of an execution, counted anew. ``images`` None: they are gone (``gone``)."""

    table: str
    images: ImageCounts | None
    rows: RowCounts | None
    """Distinct rows: one that several operations touched counts once."""
    gone: str = ""
    unmirrored: int | None = None
    """Of an undo: rows of the execution's net effect that it did not put back. None where it is no undo."""


@dataclass(frozen=True, slots=True)
class CapturePlan:
    """What capture will take of one table."""

    table: str
    rows: int
    bytes: int
    """Estimated from the average row width."""


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """How the change would be taken back, shown to whoever approves it."""

    captured: tuple[CapturePlan, ...]
    steps: tuple[str, ...]
    seconds: float
    """Estimated duration of the undo."""
    irreversible: tuple[str, ...] = ()
    """What cannot be taken back, each with the reason."""

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.captured)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.captured)

    def to_dict(self) -> dict[str, Any]:
        return {
            "captured": [{"table": p.table, "rows": p.rows, "bytes": p.bytes} for p in self.captured],
            "rows": self.rows,
            "bytes": self.bytes,
            "steps": list(self.steps),
            "seconds": self.seconds,
            "irreversible": list(self.irreversible),
        }
