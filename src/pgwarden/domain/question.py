"""A question in plain words, the intent found in it, and the SQL that answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from pgwarden.domain.identity import Identity


class Complexity(StrEnum):
    """How much of the pipeline a request deserves."""

    SIMPLE = "SIMPLE"
    MEDIUM = "MEDIUM"
    COMPLEX = "COMPLEX"


class RiskLevel(StrEnum):
    """Risk, lowest first."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class Taught(StrEnum):
    """Which of the questions that people vouched for may help with an answer."""

    ALL = "all"
    OTHERS = "others"
    """All but the very same question: what is known without having been told the answer."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Errand:
    """For whom a question is answered, and how; what an engine needs that looks beyond the words."""

    database: str
    """The registered name."""
    identity: Identity
    engine: str = "auto"
    """``auto``, ``built-in`` or ``model``."""
    may_read: bool = False
    """Whether reads may run, to compare candidates by their rows."""
    taught: Taught = Taught.ALL
    tell: Callable[[str], None] = lambda _what: None
    """Told what happens, for people who wait."""
    hidden: Callable[[int, int], bool] = lambda _relation, _column: True
    """Whether a column's values (relation oid, attnum) are kept from this identity, wholly or by masks."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a person or an agent asked. ``history`` holds earlier turns of the session, oldest first."""

    text: str
    instructions: str = ""
    """Definitions and rules that come with the call, e.g. "revenue = sum of price minus discount"."""
    glossary: tuple[tuple[str, str], ...] = ()
    """(term, meaning) pairs of this database."""
    history: tuple[Reading, ...] = ()
    today: date | None = None
    """What "today" means; None leaves it to the database (``current_date``)."""
    errand: Errand | None = field(default=None, compare=False, repr=False)
    troubles: tuple[str, ...] = ()
    """What went wrong with it before, and what helped, as sentences without values."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter, in the requirements' form."""

    column: str
    operator: str
    value: object


@dataclass(frozen=True, slots=True)
class Intent:
    """The requirements' intent object: where both language engines meet."""

    intent_type: str
    """SELECT, INSERT, UPDATE or DELETE."""
    entities: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    complexity: Complexity = Complexity.SIMPLE
    estimated_risk: RiskLevel = RiskLevel.LOW


@dataclass(frozen=True, slots=True)
class Option:
    """One concrete way to resolve a doubt; choosing it means asking again with ``question``."""

    label: str
    question: str = ""
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Clarification:
    """What must be settled before an answer: options to choose from, never an open question alone."""

    message: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How a question was read. ``sql`` is None when the engine asks back or says the data does not hold the answer."""

    question: str
    sql: str | None
    confidence: float
    """0–1, calibrated: of readings at 0.9, nine in ten are right."""
    engine: str
    intent: Intent | None = None
    explanation: str = ""
    """The reading in plain words, e.g. "customers whose state is California, newest first"."""
    clarification: Clarification | None = None
    assumptions: tuple[str, ...] = field(default_factory=tuple)
    alternatives: tuple[Reading, ...] = field(default_factory=tuple)
    state: object = None
    """The engine's own logical form, for follow-up questions."""
    bound_sql: str | None = None
    """``sql`` with $1, $2, … in place of the question's values, where the engine can tell them. They are in
    ``parameters``, in order, as PostgreSQL's text; their types are those of the columns beside them."""
    parameters: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What whoever reads the answer has to know about how it came about, e.g. which model gave none."""
    failed: bool = False
    """Whether the engine could not be asked at all, so that another one goes on."""
    final: bool = False
    """Whether a doubt was come to by checking, so that no further engine is asked to answer over it."""
