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
    SHAPE = "other shape"
    """The same rows by another way of joining or grouping: shown with its cost, for whoever knows the data better."""
    DIFFERENT = "different"
    """Less than was asked for, with less work; what differs is said."""


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
class Choice:
    """Another statement that a question could be answered by."""

    kind: str
    """another reading, or a purpose of a rewrite."""
    sql: str
    explanation: str
    estimate: Estimate | None
    """None where it cannot be planned."""
    same: bool
    """Whether it gives the rows of the answer."""


@dataclass(frozen=True, slots=True)
class IndexWish:
    """An index that a statement could use."""

    table: Name
    columns: tuple[str, ...]
    """Columns or expressions, each as SQL."""
    reason: str
    costs: tuple[float, float] | None = None
    """What the planner says the statement costs without it and with it; None where that could not be asked."""

    @property
    def definition(self) -> str:
        """CREATE INDEX, in the form that does not block writers."""
        return self.plain_definition.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1)

    @property
    def plain_definition(self) -> str:
        """CREATE INDEX, as an index is imagined by."""
        keys = ", ".join(self.columns)
        return f"CREATE INDEX ON {self.table} ({keys})"


@dataclass(frozen=True, slots=True)
class SettingWish:
    """Settings of the planner that were seen to help a statement, for that statement alone."""

    settings: tuple[tuple[str, str], ...]
    reason: str
    before: Estimate
    after: Estimate

    @property
    def words(self) -> str:
        """As they are given to a read."""
        return " ".join(f"{name}={value}" for name, value in self.settings)


@dataclass(frozen=True, slots=True)
class Advice:
    """Everything worth saying about one statement."""

    sql: str
    estimate: Estimate
    plan: str
    """The plan in one line."""
    alternatives: tuple[Alternative, ...] = ()
    indexes: tuple[IndexWish, ...] = ()
    """Indexes that are not there. None is made; ``costs`` tells whether the planner would use it."""
    settings: tuple[SettingWish, ...] = ()
    """Planner settings that help this statement, as its estimate or its time shows."""
    commented: str = ""
    """The statement with comments that explain its parts, where asked for."""
    notes: tuple[str, ...] = field(default_factory=tuple)
    """What was not looked at, and why."""
