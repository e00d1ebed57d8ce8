"""Advice on one reading statement: other ways to write it with their costs, indexes, settings, a simpler version."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pgwarden.domain.catalog import Name, quote_identifier


class Purpose(StrEnum):
    """What a rewrite is for."""

    FASTER = "faster"
    """Offered only where the planner agrees."""
    SIMPLER = "simpler"
    """Less text for the same rows, whatever the planner says."""
    SHAPE = "shape"
    """Another way to the same rows; worth knowing with its cost."""


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
class IndexAdvice:
    """An index that is not there, and whether the planner would use it."""

    wish: IndexWish
    verified: bool
    """Whether the planner was asked, with a hypothetical index that exists for one session and takes no space."""
    cost: float | None = None
    """Of the statement with it."""
    why_not: str = ""
    """Why it was not verified."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A planner setting, for this statement alone, that was measured to help."""

    settings: tuple[tuple[str, str], ...]
    milliseconds: float
    """With the settings."""
    before: float
    """Without."""
    sql: str
    """How to use it: SET LOCAL before the statement in one transaction, or pg_hint_plan's comment."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Everything worth saying about one statement."""

    sql: str
    estimate: Estimate
    plan: str
    """The plan in one line."""
    alternatives: tuple[Alternative, ...] = ()
    indexes: tuple[IndexAdvice, ...] = ()
    hints: tuple[Hint, ...] = ()
    commented: str = ""
    """The statement with comments that explain its parts, where asked for."""
    notes: tuple[str, ...] = field(default_factory=tuple)
    """What was not looked at, and why."""


def column_key(name: str) -> str:
    """A column as a key of CREATE INDEX."""
    return quote_identifier(name)
