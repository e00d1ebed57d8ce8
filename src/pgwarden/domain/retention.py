"""What pgwarden keeps in a target beside its ledger: before-images and copies, how long, and what their end means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KeptKind(StrEnum):
    """Why something is kept."""

    IMAGES = "images"
    """Before-images of an execution, in the database or in files."""
    SNAPSHOT = "snapshot"
    """A table copied into the database on purpose."""
    FILE = "file"
    """A table copied into a file on purpose."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that takes room."""

    kind: KeptKind
    id: str
    """Of the execution, or the name of the copy."""
    made_at: datetime | None
    """None where that cannot be told: then no age ends it."""
    bytes: int
    tables: tuple[str, ...] = ()
    undoable: bool = False
    """Whether an execution in force could still be taken back with it."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure of one row found."""

    executions: tuple[str, ...]
    """Those whose images held the row; they can no longer be taken back."""
    images: int
    """Row images in which values were blanked."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Everything that pgwarden keeps inside a target."""

    present: bool
    """Whether its schema is there at all."""
    bytes: int = 0
    executions: int = 0
    undoable: int = 0
    """Executions in force that could still be taken back."""
    snapshots: int = 0
