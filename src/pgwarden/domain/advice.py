"""Advice on one reading statement: other ways to write it with their costs, indexes, settings, a simpler version."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pgwarden.domain.catalog import Name


class Purpose(StrEnum):
    """What a rewrite is for."""

    FASTER = "faster"
    """Offered only where the planner agrees."""
    SIMPLER = "simpler"
    """Less text for the same rows, whatever the planner says."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The same statement, written another way."""

    code: str
    sql: str
    reasons: tuple[str, ...]
    """What was changed, and why that gives the same rows."""
    purpose: Purpose = Purpose.FASTER
    same: bool = True
    """Whether it gives the same rows for whatever data; False: ``reasons`` say how it differs."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the planner, or a run, says of a statement. Times are in milliseconds."""

    cost: float
    """In the planner's units: only their relation means something."""
    rows: float
    milliseconds: float | None = None
    """Measured by EXPLAIN ANALYZE; None where nothing was run."""
    guess: float | None = None
    """The time that the cost stands for, by the reads of this kind that were measured; None where nothing was."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A rewrite with its cost."""

    rewrite: Rewrite
    estimate: Estimate
    faster: bool
    """Whether the planner, or the measurement, finds it clearly cheaper than what was given."""


@dataclass(frozen=True, slots=True)
class IndexWish:
    """An index that a statement could use."""

    table: Name
    columns: tuple[str, ...]
    """Columns or expressions, each as SQL."""
    reason: str

    @property
    def definition(self) -> str:
        """CREATE INDEX, in the form that does not block writers."""
        keys = ", ".join(self.columns)
        return f"CREATE INDEX CONCURRENTLY ON {self.table} ({keys})"


@dataclass(frozen=True, slots=True)
class Advice:
    """Everything worth saying about one statement."""

    sql: str
    estimate: Estimate
    plan: str
    """The plan in one line."""
    alternatives: tuple[Alternative, ...] = ()
    indexes: tuple[IndexWish, ...] = ()
    """Indexes that are not there. None is made, and whether the planner would use them was not verified."""
    commented: str = ""
    """The statement with comments that explain its parts, where asked for."""
    notes: tuple[str, ...] = field(default_factory=tuple)
    """What was not looked at, and why."""
