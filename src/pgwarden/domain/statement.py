"""A statement and the verdict on it: what it is, what it would touch, and whether it may run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Decision(StrEnum):
    """What pgwarden will do with a statement."""

    ALLOW = "allow"
    NEEDS_APPROVAL = "needs_approval"
    REFUSE = "refuse"


class StatementKind(StrEnum):
    """What the parse tree says the statement is."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    MERGE = "MERGE"
    TRUNCATE = "TRUNCATE"
    EXPLAIN = "EXPLAIN"
    SHOW = "SHOW"
    COPY = "COPY"
    CALL = "CALL"
    DO = "DO"
    DDL = "DDL"
    SETTING = "SETTING"
    TRANSACTION = "TRANSACTION"
    UTILITY = "UTILITY"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is what it is, or a suggestion beside it. ``code`` is stable, e.g. ``function-has-effects``."""

    code: str
    message: str
    position: int | None = None
    """Character offset in the SQL text, 0-based, where it is known."""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column that the statement returns, and every table column its values come from."""

    name: str
    type_oid: int
    """0 when it could not be inferred."""
    lineage: frozenset[tuple[int, int]] = frozenset()
    """(relation oid, attnum) of each base column whose value can show in this output (views are looked through)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on one statement against one catalog.

    Doors never run anything whose decision is not ALLOW; NEEDS_APPROVAL goes the way of tickets.
    """

    sql: str
    kind: StatementKind
    decision: Decision
    reasons: tuple[Reason, ...] = ()
    """Why it needs approval or is refused; empty on ALLOW."""
    suggestions: tuple[Reason, ...] = ()
    reads: frozenset[int] = frozenset()
    """Oids of relations read, views and what stands behind them included."""
    writes: frozenset[int] = frozenset()
    """Oids of relations that the statement itself names as targets."""
    outputs: tuple[OutputColumn, ...] = ()
    conditions: frozenset[tuple[int, int]] = frozenset()
    """(relation oid, attnum) of columns that decide which rows or groups come out (WHERE, JOIN, ORDER BY …)
    or that are read by functions pgwarden cannot look into."""
    functions: frozenset[int] = frozenset()
    """Oids of every function the statement can call, those behind operators, casts and aggregates included."""
    stable: bool = False
    """Whether the answer depends only on data and parameters (no volatile, time- or setting-dependent part)."""
    parameters: int = 0
    """Highest ``$n`` in the text."""
    catalog_version: str = ""

    @property
    def allowed(self) -> bool:
        return self.decision is Decision.ALLOW
