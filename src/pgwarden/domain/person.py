"""The people and accounts that ask, decide, watch and administer, and what stands in for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pgwarden.domain.identity import IdentityKind


class Role(StrEnum):
    """What an account may do besides asking. Only a person's approver role counts; nobody decides their own request."""

    REQUESTER = "requester"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


TEAM_LEAD, MANAGER, DIRECTOR = 1, 2, 3
"""The approver levels of the requirements' matrix."""


@dataclass(frozen=True, slots=True)
class Person:
    """One account: a person, a service or an agent. Never a password or a token: those live hashed in the store."""

    name: str
    """Unique; what ``Identity.name`` says."""
    kind: IdentityKind = IdentityKind.PERSON
    full_name: str = ""
    roles: frozenset[Role] = frozenset({Role.REQUESTER})
    level: int = 0
    """The highest approver level, 1 to 3; 0 approves nothing."""
    groups: frozenset[str] = frozenset()
    email: str = ""
    phone: str = ""
    """E.164, for urgent text messages."""
    slack: str = ""
    """Slack member id (U…)."""
    zone: str = "UTC"
    """IANA time zone, for quiet and business hours."""
    backup: str = ""
    """Who is asked when this approver is away."""
    active: bool = True
    owner: str = ""
    """Of a service or agent account: the person who answers for it, and so never decides on what it asks for."""

    def may_approve(self, level: int) -> bool:
        return (
            self.active
            and self.kind is IdentityKind.PERSON
            and Role.APPROVER in self.roles
            and self.level >= level >= 1
        )


@dataclass(frozen=True, slots=True)
class Delegation:
    """An approver's right, given to another approver for a time. It never lifts the deputy's right to oneself's own."""

    giver: str
    deputy: str
    start: datetime
    end: datetime
    reason: str = ""

    def holds(self, at: datetime) -> bool:
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is known of a token; its secret is shown once and kept as a hash only."""

    id: str
    person: str
    label: str
    scopes: frozenset[str]
    """ask, request, execute, audit, admin and, only when made so on purpose, approve."""
    databases: frozenset[str]
    """Registered names, or ``*``."""
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def usable(self, at: datetime) -> bool:
        return self.revoked_at is None and self.created_at <= at < self.expires_at
