"""What the audit keeps of one event: who, what, when, from where, with which outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How it ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One event, before the log gives it a number and chains it. It never holds a secret or a masked value."""

    action: str
    """The event as ``noun.participle``: ticket.opened, read.run, execution.committed, login.refused."""
    actor: str
    """The identity's name; ``system`` for timers."""
    at: datetime
    outcome: Outcome = Outcome.DONE
    database: str = ""
    """The target's registered name."""
    subject: str = ""
    """Id of what it is about: a ticket, an execution, a turn."""
    source: str = ""
    """The door, with the address where there is one: ``cli``, ``mcp stdio``, ``web 10.0.0.5``."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """JSON values."""
    personal: Mapping[str, str] = field(default_factory=dict)
    """Values that a person may have erased later: the chain holds salted commitments to them only."""
