"""What is asked for, exactly as it would run and as the approver is shown it, and what the policy demands for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from pgwarden.domain.approval import DatabaseIdentity, Expectation, OnConflict, RowChoice, Tolerance
from pgwarden.domain.execution import Isolation, Parameter
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.stored import digest, to_stored


class RequestKind(StrEnum):
    """What a yes would allow."""

    CHANGE = "change"
    UNDO = "undo"
    """Taking one execution back."""
    READ = "read"
    """Showing sensitive values unmasked."""


class Urgency(StrEnum):
    """How soon an answer is needed; it decides how approvers are told, never whether they must be asked."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Window:
    """When an approved request may run. None: at once, or as long as the approval holds."""

    start: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class UndoTarget:
    """The execution that an undo takes back, and what it does with the rows that others changed since."""

    execution_id: str
    on_conflict: OnConflict = OnConflict.REFUSE
    conflicts: int = 0
    """Rows that stood in the way when it was asked for."""
    conflicts_digest: str = ""
    """SHA-256 over exactly these rows, '' without any: a yes to overwriting them covers no others."""
    choices: tuple[RowChoice, ...] = ()
    """With ``OnConflict.EACH``: what becomes of each of them."""


@dataclass(frozen=True)  # without slots, so that the seal is made once
class Request:
    """Exactly what is asked for, and what the approver is shown. Its seal is what every yes is recorded for."""

    kind: RequestKind
    database: str
    """The target's registered name."""
    target: DatabaseIdentity
    role: str
    """The database role that it runs under."""
    sql: str
    """The exact bytes that would run, drifting values frozen; '' for an undo."""
    requester: str
    requester_kind: IdentityKind
    reason: str
    operation: str
    """The statement's kind, or UNDO."""
    risk: RiskLevel
    rows: int
    """Rows touched in all tables."""
    tables: tuple[str, ...]
    """Names (schema.table) of every table that changes."""
    parameters: tuple[Parameter, ...] = ()
    search_path: str = ""
    reach: tuple[int, ...] = ()
    definitions: str = ""
    """Content hash of the definitions of the tables in reach."""
    expectations: tuple[Expectation, ...] = ()
    tolerance: Tolerance = Tolerance()  # noqa: RUF009 - it is frozen
    isolation: Isolation = Isolation.READ_COMMITTED
    assessment: Mapping[str, Any] = field(default_factory=dict)
    """``Assessment.to_dict()``: impact, risk and recovery plan as the approver sees them."""
    original: str = ""
    """The statement as it was asked for, before values were frozen."""
    question: str = ""
    """The plain words that it came from, if it did."""
    behind: str = ""
    """The person who answers for a service account or agent that asks, or whose name was claimed without a login."""
    urgency: Urgency = Urgency.NORMAL
    window: Window = Window()
    run_when_approved: bool = False
    """Whether a worker runs it as soon as it may run; else somebody says ``pgwarden execute``."""
    undo: UndoTarget | None = None

    @cached_property
    def seal(self) -> str:
        """SHA-256 (hex) over every field: one literal, one parameter, one space more makes another seal."""
        content = to_stored(self)
        if self.undo and not self.undo.choices:
            del content["undo"]["choices"]  # so that what was sealed before rows could be chosen singly stays sealed
        return digest(content)

    @property
    def recovery_shown(self) -> bool:
        """Whether the approver sees how it would be taken back, and nothing in it cannot be."""
        plan = self.assessment.get("impact", {}).get("recovery")
        return plan is not None and not plan["irreversible"]

    @property
    def own(self) -> frozenset[str]:
        """Who may never decide on it: the requester and the person behind."""
        return frozenset({self.requester, self.behind} - {""})


@dataclass(frozen=True, slots=True)
class Seat:
    """Approvals that are needed: so many different people of at least this level."""

    level: int
    quorum: int = 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What the policy demands for one revision of a request, fixed when it was made."""

    seats: tuple[Seat, ...]
    """Each needs its own people; nobody fills two."""
    expires_at: datetime
    """Without a decision until then, the ticket is over."""
    rule: str = ""
    """The rule that approves it without a person, or ''."""
    holds_seconds: float = 86_400.0
    """How long an approval holds."""
    remind_at: tuple[datetime, ...] = ()
    escalate_at: tuple[datetime, ...] = ()
    """When silence takes it to the next level, and to the one after."""
    approvers: tuple[str, ...] = ()
    """``person:NAME`` and ``group:NAME`` of whom every approver must be one; none: anyone of the level."""
    override_seniors: int = 2
    override_level: int = 2
    """Who counts as senior for an emergency override."""
    override_seconds: float = 900.0
    """How long an overriding approval holds."""
    review_seconds: float = 86_400.0
    """How soon an override must be reviewed."""
    undo_days: int = 7
    """For so long the approval covers the change's conflict-free undo."""
    factors: tuple[str, ...] = ()
    """Why it is so, as sentences for the approver."""

    @property
    def level(self) -> int:
        """The highest level that is needed, 0 where none is."""
        return max((seat.level for seat in self.seats), default=0)
