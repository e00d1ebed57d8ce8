"""Who may rehearse: run a change and roll it back, to know its numbers. A rehearsal is a write that leaves traces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pgwarden.domain.approval import DatabaseIdentity
from pgwarden.domain.errors import RehearsalRefused
from pgwarden.domain.identity import Identity, IdentityKind

HOLDS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RehearsalRules:
    """What the installation allows."""

    rows: int = 10_000
    """A change that touches more, as far as is known, is not rehearsed; one that turns out to is rolled back."""
    seconds: float = 10.0
    per_hour: int = 10
    """For one identity."""
    agents: bool = False
    """Whether agents and service accounts may."""


@dataclass(frozen=True, slots=True)
class RehearsalPermit:
    """Someone's right to rehearse on one database, checked and recorded by whoever issues it."""

    database: DatabaseIdentity
    role: str
    requested_by: str
    until: datetime
    rows: int = 10_000
    """Cap: a rehearsal that touches more is rolled back and says so."""
    seconds: float = 10.0


def permit_of(
    identity: Identity,
    target: tuple[DatabaseIdentity, str],
    rules: RehearsalRules,
    *,
    rows: int,
    recent: int,
    at: datetime,
) -> RehearsalPermit:
    """The permit, or RehearsalRefused. ``rows``: as the analysis knows them; ``recent``: those of the last hour."""
    if identity.kind is not IdentityKind.PERSON and not rules.agents:
        raise _refused("Agents and service accounts do not rehearse here.", "An administrator can allow it.")
    if rows > rules.rows:
        raise _refused(f"It touches {rows:,} rows; {rules.rows:,} are rehearsed at most.", "Go by the counted numbers.")
    if recent >= rules.per_hour:
        raise _refused(f"{identity.name} rehearsed {recent} times in the last hour.", "Wait, or go by the numbers.")
    database, role = target
    return RehearsalPermit(database, role, identity.name, at + HOLDS, rules.rows, rules.seconds)


def _refused(why: str, next_step: str) -> RehearsalRefused:
    return RehearsalRefused("It is not rehearsed.", why=why, not_done="Nothing was run.", next_step=next_step)
