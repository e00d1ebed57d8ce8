"""A conversation and what was said in it: the memory that lets "and by month?" mean something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pgwarden.domain.storable import require_storable, require_zone

TURNS_KEPT = 50
"""Turns that a session remembers; the oldest is forgotten first."""

LONGEST_QUESTION = 20_000
LONGEST_SQL = 2_000_000


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation of one identity. Nobody else can read, continue or delete it."""

    id: str
    """Chosen by the caller; the same id of two identities is two sessions."""
    identity: str
    """``Identity.name`` of its owner."""
    database: str
    """The registered name of the target that the conversation started on."""
    started: datetime
    """With time zone, as every moment here."""
    last_used: datetime
    title: str = ""

    def __post_init__(self) -> None:
        require_storable("session's id", self.id, most=200)
        require_storable("session's title", self.title, most=500)
        require_zone(self.started)
        require_zone(self.last_used)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a session and how it was read."""

    id: str
    """What feedback refers to; chosen by the caller, unique for its identity."""
    at: datetime
    database: str
    question: str
    sql: str | None
    """The SQL that answered it, or None when the engine asked back."""
    state: Mapping[str, object] = field(default_factory=dict)
    """The reading as JSON values (objects, lists, text, finite numbers, true, false, null)."""

    def __post_init__(self) -> None:
        require_storable("turn's id", self.id, most=200)
        require_storable("question", self.question, most=LONGEST_QUESTION)
        require_storable("statement", self.sql or "", most=LONGEST_SQL)
        require_zone(self.at)
