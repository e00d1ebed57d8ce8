"""What a statement would do: rows by table and by path, what would stop it, what it sets off besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pgwarden.domain.approval import Expectation
from pgwarden.domain.execution import RowCounts
from pgwarden.domain.recovery import RecoveryPlan
from pgwarden.domain.sensitive import SensitiveKind
from pgwarden.domain.statement import StatementKind
from pgwarden.domain.table_use import TableUse


class Basis(StrEnum):
    """How a number was found, the surest first."""

    EXACT = "exact"
    """Counted in one snapshot."""
    REHEARSED = "rehearsed"
    """Run and rolled back."""
    SAMPLED = "sampled"
    """From a sample of blocks, with an interval that covers the truth 95 times of 100."""
    ESTIMATED = "estimated"
    """The planner's guess."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of rows, how it was found, and how far it may be off."""

    rows: int
    basis: Basis
    low: int | None = None
    high: int | None = None

    @property
    def certain(self) -> bool:
        return self.basis in (Basis.EXACT, Basis.REHEARSED)

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"rows": self.rows, "basis": self.basis.value}
        if self.low is not None:
            found |= {"low": self.low, "high": self.high}
        return found


@dataclass(frozen=True, slots=True)
class TableImpact:
    """What happens to the rows of one table (a partition tree counts as its root)."""

    relation: int
    name: str
    inserted: Figure
    updated: Figure
    deleted: Figure
    target: bool
    """Whether the statement itself names it; else a foreign key or a trigger reaches it."""
    moves: bool = False
    """Whether rows may change their partition or their key, and so count as deleted and inserted."""
    note: str = ""

    @property
    def rows(self) -> int:
        return self.inserted.rows + self.updated.rows + self.deleted.rows

    @property
    def certain(self) -> bool:
        return self.inserted.certain and self.updated.certain and self.deleted.certain

    @property
    def counts(self) -> RowCounts:
        return RowCounts(self.inserted.rows, self.updated.rows, self.deleted.rows)

    def to_dict(self) -> dict[str, Any]:
        return {
            "table": self.name,
            "inserted": self.inserted.to_dict(),
            "updated": self.updated.to_dict(),
            "deleted": self.deleted.to_dict(),
            "target": self.target,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class CascadeStep:
    """One foreign key that carries the change on, with the rows it reaches."""

    constraint: str
    source: str
    table: str
    columns: tuple[str, ...]
    action: str
    """CASCADE, SET NULL, SET DEFAULT, RESTRICT or NO ACTION."""
    event: str
    """What happens to the source's rows: DELETE or UPDATE."""
    figure: Figure
    depth: int
    missing_index: str = ""
    """The CREATE INDEX without which each parent row costs a scan of the child table, or ''."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "constraint": self.constraint,
            "from": self.source,
            "table": self.table,
            "columns": list(self.columns),
            "action": self.action,
            "event": self.event,
            "rows": self.figure.to_dict(),
            "depth": self.depth,
            "missing_index": self.missing_index,
        }


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that would make the statement fail."""

    constraint: str
    table: str
    rows: int
    message: str
    certain: bool = True

    def to_dict(self) -> dict[str, Any]:
        return {
            "constraint": self.constraint,
            "table": self.table,
            "rows": self.rows,
            "message": self.message,
            "certain": self.certain,
        }


class SideEffectKind(StrEnum):
    """What else a change touches."""

    TRIGGER = "trigger"
    RULE = "rule"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    GENERATED = "generated column"
    ROW_SECURITY = "row security"
    PARTITION = "partition"
    PUBLICATION = "publication"
    FOREIGN_TABLE = "foreign table"
    INDEX = "index"
    CONSTRAINT = "constraint"
    FUNCTION = "function"
    CALL = "function call"
    LOCK = "lock"
    APPLICATION = "application"
    SEQUENCE = "sequence"
    ORPHAN = "orphan"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SideEffect:
    """One thing beside the rows. ``known`` False: what it does cannot be told, which raises the risk."""

    kind: SideEffectKind
    table: str
    name: str
    message: str
    known: bool = True
    writes: tuple[str, ...] = ()
    """Tables that a trigger's body writes, as written there."""
    reads: tuple[str, ...] = ()
    """Tables that it reads."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "table": self.table,
            "name": self.name,
            "message": self.message,
            "known": self.known,
            "writes": list(self.writes),
            "reads": list(self.reads),
        }


class Archiving(StrEnum):
    """Whether the write-ahead log is kept outside the server, which point-in-time recovery needs."""

    ON = "on"
    STREAMED = "streamed"
    """Not archived, but a replica or a backup tool receives it."""
    FAILING = "failing"
    """The last attempt to archive failed."""
    OFF = "off"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FrozenValue:
    """A drifting value in a condition that became a literal when the request was made."""

    expression: str
    literal: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What running it takes, roughly."""

    wal_bytes: int = 0
    seconds: float = 0.0
    undo_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Impact:
    """The analysis of one statement in one snapshot of one database."""

    sql: str
    """With drifting values frozen: what an approval is for."""
    original: str
    kind: StatementKind
    targets: tuple[int, ...]
    tables: tuple[TableImpact, ...]
    cascades: tuple[CascadeStep, ...]
    violations: tuple[Violation, ...]
    side_effects: tuple[SideEffect, ...]
    frozen: tuple[FrozenValue, ...]
    doubts: tuple[str, ...]
    """Why numbers may not be exact, as sentences."""
    reach: tuple[int, ...]
    definitions: str
    depth: int
    estimate: Figure
    """The planner's guess for the rows that the statement itself touches."""
    cost: Cost = Cost()
    recovery: RecoveryPlan | None = None
    open_tables: tuple[int, ...] = ()
    """Tables that triggers may write to any extent: an approval of unknown numbers."""
    names: Mapping[int, str] | None = None
    unfiltered: bool = False
    """Whether a branch has no WHERE."""
    always_true: bool = False
    multiplying: bool = False
    """Whether a join gives a target row several matches."""
    assigned: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """Columns that an UPDATE sets, by relation."""
    volatile: tuple[str, ...] = ()
    """Functions in conditions whose result changes from call to call and cannot be frozen."""
    taken: tuple[str, ...] = ()
    """Values such as ``now()`` that are merely assigned: they are taken when the statement runs."""
    detected: Mapping[tuple[int, str], SensitiveKind] = field(default_factory=dict)
    """What sampled values of columns look like, by relation and column."""
    users: tuple[TableUse, ...] = ()
    """Who was seen to use the tables."""
    archiving: Archiving = Archiving.UNKNOWN

    @property
    def rows(self) -> int:
        """Rows touched in all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def certain(self) -> bool:
        return not self.open_tables and not self.doubts and all(table.certain for table in self.tables)

    def expectations(self) -> Iterator[Expectation]:
        """What an approval of this impact approves."""
        names = self.names or {}
        for table in self.tables:
            counts = table.counts if table.certain and table.relation not in self.open_tables else None
            yield Expectation(table.relation, table.name, counts, moves=table.moves)
        listed = {table.relation for table in self.tables}
        for oid in self.open_tables:
            if oid not in listed:
                yield Expectation(oid, names.get(oid, str(oid)), None)

    def to_dict(self) -> dict[str, Any]:
        """The analysis as every door's JSON shows it."""
        return {
            "sql": self.sql,
            "kind": self.kind.value,
            "rows": self.rows,
            "certain": self.certain,
            "estimate": self.estimate.to_dict(),
            "tables": [table.to_dict() for table in self.tables],
            "cascades": [step.to_dict() for step in self.cascades],
            "violations": [violation.to_dict() for violation in self.violations],
            "side_effects": [effect.to_dict() for effect in self.side_effects],
            "users": [use.to_dict() for use in self.users],
            "archiving": self.archiving.value,
            "frozen": [{"expression": f.expression, "literal": f.literal} for f in self.frozen],
            "taken_when_run": list(self.taken),
            "doubts": list(self.doubts),
            "volatile": list(self.volatile),
            "depth": self.depth,
            "cost": {
                "wal_bytes": self.cost.wal_bytes,
                "seconds": self.cost.seconds,
                "undo_bytes": self.cost.undo_bytes,
            },
            "recovery": self.recovery.to_dict() if self.recovery else None,
        }
