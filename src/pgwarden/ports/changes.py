"""Foretelling, running, keeping and taking back changes of one target."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from pgwarden.domain.approval import Approved, ApprovedUndo, DatabaseIdentity
from pgwarden.domain.backup import Backup, BackupStrategy
from pgwarden.domain.catalog import Catalog, Name
from pgwarden.domain.execution import Execution, Parameter, Progress, StoredImages
from pgwarden.domain.execution_filter import ExecutionFilter
from pgwarden.domain.impact import Impact
from pgwarden.domain.recovery import RowChange, RowConflict, TableProof
from pgwarden.domain.rehearsal_permit import RehearsalPermit
from pgwarden.domain.retention import Erased, Footprint, Kept


class ImpactAnalyst(Protocol):
    """Foretells what a change would do on one target, in one read-only snapshot."""

    async def analyse(self, sql: str, catalog: Catalog, *, parameters: Sequence[Parameter] = ()) -> Impact:
        """The impact of a statement that changes rows. ImpactUnknown for any other, and where it cannot be told."""
        ...


class ImageStore(Protocol):
    """Before-images and records of executions outside of the target, for targets that cannot hold them.

    Every method raises ImagesUnreachable when files cannot be written or read, or are not those that were kept.
    """

    @property
    def place(self) -> str:
        """Where it is, in a user's words."""
        ...

    async def save(self, execution_id: str, name: str, blocks: AsyncIterator[bytes]) -> StoredImages:
        """Keep these bytes, compressed; they survive a crash of this machine once it returns."""
        ...

    def load(self, execution_id: str, stored: StoredImages) -> AsyncIterator[bytes]:
        """The bytes that were kept, after their hash was checked."""
        ...

    async def record(self, execution_id: str, record: Mapping[str, Any]) -> None:
        """Keep or replace what is known of an execution, a JSON object, just as durably."""
        ...

    async def records(self) -> tuple[Mapping[str, Any], ...]:
        """What is known of every execution, in no order."""
        ...

    async def discard(self, execution_id: str) -> int:
        """Delete the images of an execution, not its record. Returns the bytes given back."""
        ...


class ExecutionRecords(Protocol):
    """What ran on one target, from its own ledger. Row values come as they are: whoever shows them masks them."""

    async def executions(self, *, rows: int) -> tuple[Execution, ...]:
        """The newest executions first; none where pgwarden never changed anything."""
        ...

    async def find(self, wanted: ExecutionFilter) -> tuple[Execution, ...]:
        """Those that are wanted, the newest first. UndoImpossible where ``older_than`` names none."""
        ...

    async def execution(self, execution_id: str) -> Execution:
        """One execution. UndoImpossible when the target has none of that id."""
        ...

    async def changes(self, execution_id: str, *, rows: int) -> tuple[RowChange, ...]:
        """The net change of each row, at most so many of each table."""
        ...

    async def skipped(self, undo_id: str, *, rows: int) -> tuple[RowChange, ...]:
        """The changes that an undo left alone, since rows stood in the way; at most so many of each table."""
        ...

    async def proofs(self, execution_id: str) -> tuple[TableProof, ...]:
        """What the images of each touched table say, counted now."""
        ...

    async def conflicts(self, execution_id: str) -> tuple[RowConflict, ...]:
        """The rows that would stand in the way of an undo now; nothing is changed to find out."""
        ...


class BackupMaker(Protocol):
    """Copies tables of one target that is registered for writes (WritesNotAllowed on any other)."""

    async def make(self, strategy: BackupStrategy, tables: Sequence[Name]) -> Backup:
        """A copy of whole tables, all as of one moment. Raises RightMissing where the role may not."""
        ...


class Rehearser(Protocol):
    """Runs changes on one target that is registered for writes, and rolls them back (WritesNotAllowed on any other)."""

    async def identify(self) -> tuple[DatabaseIdentity, str]:
        """Which database this is, and the role that changes run under."""
        ...

    async def rehearse(
        self, impact: Impact, permit: RehearsalPermit, *, now: datetime, parameters: Sequence[Parameter] = ()
    ) -> Impact:
        """The impact with the numbers of a run that was rolled back. Raises what the statement itself would raise."""
        ...


class ChangeRunner(Protocol):
    """Runs approved changes on one target that is registered for writes (WritesNotAllowed on any other)."""

    async def identify(self) -> tuple[DatabaseIdentity, str]:
        """Which database this is, and the role that changes run under."""
        ...

    async def execute(self, approved: Approved, *, now: datetime) -> Execution:
        """Run it once in a watched transaction, or change nothing and raise why."""
        ...

    async def undo(self, approved: ApprovedUndo, *, now: datetime) -> Execution:
        """Take an execution back exactly, or change nothing and raise why."""
        ...

    async def settle(self, execution_id: str) -> Execution | None:
        """The execution if the ledger has it; else None, and the ledger will never take that id any more.

        Waits for a transaction that is still ending. OutcomeUnknown while the target does not answer.
        """
        ...

    async def progress(self, execution_id: str, *, expected_rows: int | None = None) -> Progress | None:
        """How far a running execution is; None when none of that id runs now."""
        ...

    async def cancel(self, execution_id: str) -> bool:
        """Stop a running execution, which rolls it back; False when none of that id runs now."""
        ...


class Retention(Protocol):
    """What pgwarden keeps inside one target, and in files for it: before-images and copies of tables."""

    async def kept(self) -> tuple[Kept, ...]:
        """Everything that takes room. RightMissing where it belongs to another role."""
        ...

    async def drop(self, kept: Kept, *, why: str) -> int:
        """Drop it; the bytes given back. The ledger keeps the execution, with ``why`` it cannot be undone."""
        ...

    async def erase(self, table: Name, key: Mapping[str, str], columns: Collection[str], *, why: str) -> Erased:
        """Blank columns of one row, given by its key as PostgreSQL's text, in all before-images of the database."""
        ...

    async def footprint(self) -> Footprint:
        """What ``uninstall`` would take away."""
        ...

    async def uninstall(self) -> None:
        """Drop pgwarden's schema with everything in it."""
        ...
