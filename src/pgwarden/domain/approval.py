"""What a person approved, sealed: the only value that opens the road to a write.

The seal is a SHA-256 over the exact bytes of the statement, its typed parameters, the database, the role, the
search path, the definitions in reach, the numbers that were shown and how far the truth may differ from them.
(libpg_query's fingerprint must never serve here: it ignores constants.)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from pgwarden.domain.execution import Isolation, Parameter, RowCounts


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """Which database this is, whatever name it was reached by."""

    system_identifier: str
    oid: int
    name: str


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far the truth may be from the approved numbers."""

    exact_rows: int = 10_000
    """Up to this many rows of a kind the numbers must be equal."""
    fraction: float = 0.01
    """Above, they may differ by this part."""

    def accepts(self, approved: int, actual: int) -> bool:
        allowed = 0.0 if approved <= self.exact_rows else approved * self.fraction
        return abs(approved - actual) <= allowed


@dataclass(frozen=True, slots=True)
class Expectation:
    """What was approved for one table. ``counts`` None: any number, since it was said to be unknown."""

    relation: int
    name: str
    counts: RowCounts | None
    moves: bool = False
    """Whether rows may change their partition or key: such a row may count as deleted and inserted."""

    def accepts(self, actual: RowCounts, tolerance: Tolerance) -> bool:
        """Whether what really happened is near enough to what was approved."""
        expected = self.counts
        if expected is None:
            return True
        if self.moves:
            before = (expected.updated + expected.deleted, actual.updated + actual.deleted)
            after = (expected.updated + expected.inserted, actual.updated + actual.inserted)
            return tolerance.accepts(*before) and tolerance.accepts(*after)
        kinds = ("inserted", "updated", "deleted")
        return all(tolerance.accepts(getattr(expected, k), getattr(actual, k)) for k in kinds)


@dataclass(frozen=True, slots=True)
class Difference:
    """One table where the truth differs from what was approved."""

    name: str
    approved: RowCounts
    actual: RowCounts

    def __str__(self) -> str:
        pairs = [
            (word, getattr(self.approved, word), getattr(self.actual, word))
            for word in ("inserted", "updated", "deleted")
        ]
        parts = [f"{word} {actual} (approved {approved})" for word, approved, actual in pairs if approved != actual]
        return f"{self.name}: {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class Approved:
    """A person's yes to one statement, once, on one database. Issued from a ticket's events, never by a door."""

    execution_id: str
    """A UUID; the ledger takes each only once."""
    sql: str
    parameters: tuple[Parameter, ...]
    database: DatabaseIdentity
    role: str
    search_path: str
    reach: tuple[int, ...]
    """Oids of the tables that the change can touch, as analysed."""
    definitions: str
    """Content hash of the definitions of those tables."""
    expectations: tuple[Expectation, ...]
    requested_by: str
    approved_by: str
    until: datetime
    seal: str
    """What the person's yes was recorded for; compared with ``seal_of`` before anything runs."""
    tolerance: Tolerance = Tolerance()
    isolation: Isolation = Isolation.READ_COMMITTED

    def differences(self, actual: Mapping[int, tuple[str, RowCounts]]) -> tuple[Difference, ...]:
        """Every table whose actual operations, by oid with the table's name, are outside what was approved."""
        approved = {expectation.relation: expectation for expectation in self.expectations}
        found = []
        for oid in sorted(approved.keys() | actual.keys()):
            name, counts = actual.get(oid, (approved[oid].name if oid in approved else "", RowCounts()))
            expectation = approved.get(oid, Expectation(oid, name, RowCounts()))
            if expectation.counts is not None and not expectation.accepts(counts, self.tolerance):
                found.append(Difference(name, expectation.counts, counts))
        return tuple(found)


def seal_of(approved: Approved) -> str:
    """The SHA-256 (hex) of all that the approval covers, the seal itself left out."""
    content = asdict(approved)
    del content["seal"]
    content["until"] = approved.until.isoformat()
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class OnConflict(StrEnum):
    """What an undo does with rows that others changed since."""

    REFUSE = "refuse"
    SKIP = "skip"
    OVERWRITE = "overwrite"
    EACH = "each"
    """As was chosen for each row."""


@dataclass(frozen=True, slots=True)
class RowChoice:
    """What becomes of one row that stands in the way of an undo."""

    row: str
    """Its ``undo_choice.RowInTheWay.id``: a row that looks otherwise by then has another one, and no choice."""
    choice: OnConflict


@dataclass(frozen=True, slots=True)
class ApprovedUndo:
    """A yes to taking one execution back. A conflict-free undo may be covered by the execution's own approval."""

    undo_id: str
    execution_id: str
    database: DatabaseIdentity
    role: str
    requested_by: str
    approved_by: str
    until: datetime
    on_conflict: OnConflict = OnConflict.REFUSE
    isolation: Isolation = Isolation.READ_COMMITTED
    conflicts_digest: str = ""
    """``recovery.conflicts_digest`` of the rows that may be skipped or overwritten: no others are, whatever changes
    between the approval and the undo's own locks."""
    choices: tuple[RowChoice, ...] = ()
    """With ``OnConflict.EACH``: one for each of these rows."""

    @property
    def seal(self) -> str:
        content = asdict(self)
        content["until"] = self.until.isoformat()
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
