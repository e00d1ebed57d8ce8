"""A protected execution: what bounds it, what it changed, and the record that the target's ledger keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Isolation(StrEnum):
    """How the transaction sees others. The capture's locks keep writers off the captured tables at every level."""

    READ_COMMITTED = "READ COMMITTED"
    REPEATABLE_READ = "REPEATABLE READ"
    SERIALIZABLE = "SERIALIZABLE"


class ExecutionKind(StrEnum):
    """An execution changes, an undo takes an execution (or another undo) back."""

    EXECUTE = "execute"
    UNDO = "undo"


class CaptureWay(StrEnum):
    """How the images of a table were taken."""

    TRIGGERS = "triggers"
    """By statement triggers; other writers of the table waited until the end."""
    RETURNING = "returning"
    """By the statement itself, which returned each row that it changed; others waited for these rows only."""

    @property
    def words(self) -> str:
        """The way as people read it."""
        if self is CaptureWay.RETURNING:
            return "captured by the statement itself: other writers waited for its rows only"
        return "captured by triggers: other writers of the tables waited until the end"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed value of a statement, in PostgreSQL's text form. ``type_oid`` 0 lets the server infer the type."""

    type_oid: int
    value: str | None


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Row operations on one table."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        return self.inserted + self.updated + self.deleted

    @property
    def images(self) -> int:
        """How many row images a complete capture of these operations holds."""
        return self.inserted + self.deleted + 2 * self.updated

    def __add__(self, other: RowCounts) -> RowCounts:
        return RowCounts(self.inserted + other.inserted, self.updated + other.updated, self.deleted + other.deleted)

    def __sub__(self, other: RowCounts) -> RowCounts:
        return RowCounts(self.inserted - other.inserted, self.updated - other.updated, self.deleted - other.deleted)

    def to_dict(self) -> dict[str, int]:
        return {"inserted": self.inserted, "updated": self.updated, "deleted": self.deleted}


@dataclass(frozen=True, slots=True)
class ImageCounts:
    """Row images that are kept of one table, by the operation that each comes from."""

    inserted: int = 0
    before: int = 0
    """Of updated rows, as they were."""
    after: int = 0
    """Of updated rows, as they became."""
    deleted: int = 0

    def complete(self, counts: RowCounts) -> bool:
        """Whether there is an image for each of these operations, of updated rows both, and none besides."""
        found = (self.inserted, self.before, self.after, self.deleted)
        return found == (counts.inserted, counts.updated, counts.updated, counts.deleted)


@dataclass(frozen=True, slots=True)
class ExecutionLimits:
    """Bounds on one execution. Reaching one rolls everything back."""

    statement_seconds: float = 300.0
    lock_seconds: float = 1.0
    """How long one attempt waits for a lock."""
    attempts: int = 5
    """How often a transient failure (lock not free, deadlock, serialization) is tried again."""
    backoff_seconds: float = 0.2
    """Wait before the second attempt; doubled for each further one."""
    transaction_seconds: float = 900.0
    """How long one attempt may take as a whole, the wait for locks included."""
    idle_seconds: float = 60.0
    """Silence of the client after which the server ends the transaction."""
    progress_rows: int = 200_000
    """From so many approved rows on, progress is reported row by row; below, it would cost more than it tells."""
    rows: int = 1_000_000
    undo_bytes: int = 4 * 1024**3
    free_bytes: int = 1024**3
    """Room that must be left on the server's disk beside the expected images, where the disk can be seen."""
    lock_free: bool = True
    """Whether a change of one table that sets nothing off is captured by RETURNING, without locking writers out."""


@dataclass(frozen=True, slots=True)
class TableImages:
    """Where the row images of one table (a whole partition tree, under its root) are kept, and what they count."""

    relation: int
    schema: str
    name: str
    images: str
    """Name of the image table in the schema ``pgwarden``."""
    mark: str
    """Its column that says which operation the image comes from: d, o (before), i, n (after)."""
    columns: tuple[str, ...]
    types: tuple[str, ...]
    counts: RowCounts = RowCounts()
    bytes: int = 0
    space: str = "pgwarden"
    """The schema of ``images``; ``pg_temp`` where they are kept in a file and loaded for a while."""
    file: str = ""
    """The file with the images, '' where they are in the database."""
    digest: str = ""
    """SHA-256 of that file."""
    way: CaptureWay = CaptureWay.TRIGGERS
    changed: tuple[str, ...] = ()
    """Where each row is kept once, as it was before, with only these columns as they became: ``images`` is then a
    view that shows both images of each row."""
    gone: str = ""
    """Why they can no longer be used, '' while they can."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "relation": self.relation,
            "schema": self.schema,
            "name": self.name,
            "images": self.images,
            "mark": self.mark,
            "columns": list(self.columns),
            "types": list(self.types),
            "counts": self.counts.to_dict(),
            "bytes": self.bytes,
            "space": self.space,
            "file": self.file,
            "digest": self.digest,
            "way": self.way.value,
            "changed": list(self.changed),
            "gone": self.gone,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> TableImages:
        return cls(
            relation=value["relation"],
            schema=value["schema"],
            name=value["name"],
            images=value["images"],
            mark=value["mark"],
            columns=tuple(value["columns"]),
            types=tuple(value["types"]),
            counts=RowCounts(**value["counts"]),
            bytes=value["bytes"],
            space=value.get("space", "pgwarden"),
            file=value.get("file", ""),
            digest=value.get("digest", ""),
            way=CaptureWay(value.get("way", CaptureWay.TRIGGERS)),
            changed=tuple(value.get("changed", ())),
            gone=value.get("gone", ""),
        )


@dataclass(frozen=True, slots=True)
class StoredImages:
    """One file of before-images: its name within the execution, its size and its SHA-256."""

    file: str
    bytes: int
    digest: str


EXTERNAL_LIMITS = (
    "The before-images lie in files outside of the database: whoever loses the files cannot undo.",
    "Whether it was committed is told by its transaction number, which the server forgets some day; then nobody knows.",
    "Another machine that does not see these files does not know that this has run.",
)


@dataclass(frozen=True, slots=True)
class Execution:
    """What ran: one row of the ledger in the target database."""

    id: str
    kind: ExecutionKind
    statement: str
    seal: str
    """SHA-256 of everything that was approved."""
    requested_by: str
    approved_by: str
    role: str
    isolation: Isolation
    started_at: datetime
    finished_at: datetime | None = None
    transaction: int = 0
    """The full 64-bit transaction id."""
    undoes: str | None = None
    undone_by: str | None = None
    tables: tuple[TableImages, ...] = ()
    sequences: Mapping[str, int | None] = field(default_factory=dict)
    """Last values of the sequences in reach after the change; undo never moves them back."""
    skipped: int = 0
    """Rows that a partial undo left as they were."""
    milliseconds: float = 0.0
    files: str = ""
    """The directory that holds images and record, '' where these are in the database."""

    @property
    def counts(self) -> Mapping[str, RowCounts]:
        """Row operations by ``schema.table``."""
        return {f"{table.schema}.{table.name}": table.counts for table in self.tables}

    @property
    def undone(self) -> bool:
        return self.undone_by is not None

    @property
    def external(self) -> bool:
        """Whether images and record lie in files outside of the database."""
        return bool(self.files)

    @property
    def limits(self) -> tuple[str, ...]:
        """What this execution promises less than one whose images and ledger row are in the database itself."""
        return EXTERNAL_LIMITS if self.external else ()


@dataclass(frozen=True, slots=True)
class OtherSession:
    """A session beside a running execution: one that waits for it, or that it waits for."""

    pid: int
    """0 stands for a prepared transaction, which no session holds."""
    user: str
    application: str
    """As its client calls itself."""
    seconds: float | None
    """How long it waits, or how long its transaction has been open; None where this role may not see it."""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A table that a running execution has locked."""

    table: str
    modes: tuple[str, ...]
    """PostgreSQL's names of the lock's modes, such as ``ShareRowExclusiveLock``."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A running execution, seen from outside. What cannot be known is None, with the reason in ``unknown``."""

    execution_id: str
    pid: int
    seconds: float
    rows_done: int
    """Rows of the target that are through, in steps of a thousand; small changes report none."""
    rows_per_second: float | None
    seconds_left: float | None
    waiting_for: str
    """What the backend itself waits for, '' while it works."""
    locks: int
    waiters: tuple[int, ...]
    """Process ids of sessions that wait for locks of this execution."""
    blocked_by: tuple[int, ...] = ()
    """Process ids of sessions that hold the lock it waits for; 0 stands for a prepared transaction."""
    wal_bytes: int | None = None
    """What the whole server wrote to its log since this began: this execution's part is not more."""
    buffers: int | None = None
    """Pages that it read or changed."""
    temp_bytes: int | None = None
    """Its temporary files."""
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    read_bytes: int | None = None
    """Read from files, cached by the operating system or not."""
    written_bytes: int | None = None
    disk_free_bytes: int | None = None
    """Room left on the server's disk."""
    held: tuple[HeldLock, ...] = ()
    """Tables among the locks."""
    waiting: tuple[OtherSession, ...] = ()
    """The sessions behind ``waiters``."""
    blockers: tuple[OtherSession, ...] = ()
    """The sessions behind ``blocked_by``."""
    unknown: Mapping[str, str] = field(default_factory=dict)
