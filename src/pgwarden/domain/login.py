"""How somebody proves who they are: what is kept of passwords, second factors, tokens and logins. Never a secret."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pgwarden.domain.question import RiskLevel

MOST_FAILURES = 5
"""So many wrong attempts in a row lock a name."""
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)
"""Failures older than this no longer count."""

PROVED_FROM = frozenset({RiskLevel.HIGH, RiskLevel.CRITICAL})
"""A yes to these takes the password or a code again, at every door where somebody sits."""


class Scope(StrEnum):
    """What a token or a login may be used for; a person's roles still decide whether they may."""

    ASK = "ask"
    REQUEST = "request"
    EXECUTE = "execute"
    AUDIT = "audit"
    METRICS = "metrics"
    """The numbers at ``/metrics``, and nothing else."""
    ADMIN = "admin"
    APPROVE = "approve"


EVERY_SCOPE = frozenset(scope.value for scope in Scope)
GUEST_SCOPES = frozenset({Scope.ASK.value, Scope.REQUEST.value, Scope.EXECUTE.value})
"""What nobody has to log in for: to ask, to request, and to run what others approved."""


class LoginMethod(StrEnum):
    """How a login was proved."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class LoginSession:
    """One login. Its secret stands in the login file or a cookie, its SHA-256 in the store."""

    id: str
    person: str
    method: LoginMethod
    source: str
    """The door, with the address where there is one."""
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    def usable(self, at: datetime) -> bool:
        return self.ended_at is None and self.created_at <= at < self.expires_at


@dataclass(frozen=True, slots=True)
class Credential:
    """What a person's password and second factor are checked against."""

    person: str
    password_hash: str = ""
    """Argon2id; '' where no password is set, which nothing matches."""
    must_change: bool = False
    """The password was made by somebody else and serves only to set another."""
    changed_at: datetime | None = None
    totp_secret: bytes = b""
    """b'' without a second factor."""
    totp_step: int = 0
    """The last step of the clock whose code was used: none is taken twice."""
    recovery_codes: tuple[str, ...] = ()
    """Hashes of the recovery codes that are left (``domain.recovery_code``)."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often the password of a name was wrong in a row, this attempt included until it turns out right."""

    failures: int = 0
    locked_until: datetime | None = None

    def locked(self, at: datetime) -> bool:
        return self.locked_until is not None and at < self.locked_until


def lock_after(failures: int) -> timedelta:
    """How long a name is locked after so many failures in a row: nothing, then a minute, doubling to a quarter hour."""
    if failures < MOST_FAILURES:
        return timedelta()
    doublings = min(failures - MOST_FAILURES, 10)
    return min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)


def secret_hash(secret: str) -> str:
    """SHA-256 (hex) of a token or login secret: it has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
