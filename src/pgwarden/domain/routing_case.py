"""What the approval policy looks at when it says who decides: facts about a request, its requester and the moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.request import Urgency

READ = "SELECT"
"""The operation of a request to see sensitive values unmasked."""


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """How the requester's past tickets ended."""

    executed: int = 0
    denied: int = 0
    failed: int = 0
    undone: int = 0

    def __str__(self) -> str:
        if self == TrackRecord():
            return "no ticket before this one"
        counts = (
            ("executed", self.executed),
            ("denied", self.denied),
            ("failed", self.failed),
            ("undone", self.undone),
        )
        return "past tickets: " + ", ".join(f"{number} {what}" for what, number in counts if number)


@dataclass(frozen=True, slots=True)
class RoutingCase:
    """One request, as the policy sees it. What is None is not known, and counts as the worse."""

    database: str
    operation: str
    """The statement's kind (INSERT, UPDATE …), UNDO, or SELECT for an unmasked read."""
    risk: RiskLevel
    rows: int | None
    """Rows touched in all tables; of a figure with an interval, its upper end."""
    tables: tuple[str, ...]
    """``schema.table`` of every table that changes or may change, or that is read unmasked."""
    at: datetime
    """When it is asked, with a time zone."""
    sensitivities: frozenset[str] = frozenset()
    """Kinds of sensitive data that change or show unmasked (``SensitiveKind`` values). Masked data is none."""
    cascades: bool = False
    """Whether foreign keys carry the change to other rows."""
    unknown_effects: bool = False
    """Whether it sets something off that pgwarden cannot foresee."""
    requester: str = ""
    requester_kind: IdentityKind = IdentityKind.PERSON
    groups: frozenset[str] = frozenset()
    """The requester's groups."""
    record: TrackRecord = TrackRecord()
    urgency: Urgency = Urgency.NORMAL
    load: float | None = None
    """The part of the server's connections that are at work, 0 to 1."""

    @property
    def is_read(self) -> bool:
        return self.operation == READ

    @property
    def schemas(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(table.rpartition(".")[0] for table in self.tables))

    @property
    def subjects(self) -> frozenset[str]:
        """The requester as rules name them."""
        groups = (f"group:{group}" for group in self.groups)
        return frozenset({f"person:{self.requester}", f"kind:{self.requester_kind.value}", *groups})
