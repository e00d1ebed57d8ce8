"""Accounts, and how somebody proves to be one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.login import Attempts, Credential, LoginSession
from pgwarden.domain.person import ApiToken, Delegation, Person
from pgwarden.domain.provider import ProviderClaims, ProviderRequest


class PeopleStore(Protocol):
    """The accounts and who stands in for whom. Each change is kept together with its audit entries, or not at all."""

    async def get(self, name: str) -> Person:
        """The account of that name, active or not; UnknownPerson."""
        ...

    async def find(self, *, email: str = "", slack: str = "") -> Person | None:
        """The one account with that mail address (in any case of letters) or Slack member id."""
        ...

    async def all(self) -> tuple[Person, ...]:
        """Every account, in the order of names."""
        ...

    async def approvers(self, level: int) -> tuple[Person, ...]:
        """Who may approve at this level (or above), in the order of names."""
        ...

    async def add(self, person: Person, *, audit: Sequence[AuditEntry]) -> None:
        """AlreadyExists when the name, the mail address or the Slack member is taken."""
        ...

    async def add_first(self, person: Person, password_hash: str, *, at: datetime, audit: Sequence[AuditEntry]) -> bool:
        """Add the first administrator with a password to be changed; False, and nothing kept, when there are people."""
        ...

    async def replace(self, person: Person, *, expected: Person, audit: Sequence[AuditEntry]) -> None:
        """Change an account. ChangedMeanwhile when it is not as expected, LastAdministrator, AlreadyExists.

        One that is no longer active loses its logins, tokens and delegations at once, at the moment of the first entry
        of ``audit``, which must not be empty then.
        """
        ...

    async def delegations(self, at: datetime | None = None) -> tuple[Delegation, ...]:
        """Those that hold at a moment; without one, all that ever were."""
        ...

    async def delegate(self, delegation: Delegation, *, audit: Sequence[AuditEntry]) -> None:
        """AlreadyExists when there is one between the two from that moment on."""
        ...

    async def end_delegation(self, giver: str, deputy: str, at: datetime, *, audit: Sequence[AuditEntry]) -> bool:
        """End those between the two that hold or will; False, and no entry, when there are none."""
        ...


class LoginStore(Protocol):
    """What people prove themselves with: hashes of passwords, tokens and logins, second factors, wrong attempts."""

    async def credential(self, name: str) -> Credential:
        """Empty where the account has none, or is none."""
        ...

    async def set_password(
        self,
        name: str,
        password_hash: str,
        *,
        must_change: bool,
        at: datetime,
        keep_login: str = "",
        audit: Sequence[AuditEntry],
    ) -> None:
        """Also ends the account's logins, but for the one of that id. UnknownPerson."""
        ...

    async def set_second_factor(
        self,
        name: str,
        secret: bytes,
        step: int,
        recovery_codes: Sequence[str] = (),
        *,
        at: datetime,
        audit: Sequence[AuditEntry],
    ) -> None:
        """``step`` is that of the code that proved it; an empty secret takes the factor away, with its codes.

        ``recovery_codes`` are hashes, in place of those that were there.
        """
        ...

    async def set_recovery_codes(
        self, name: str, recovery_codes: Sequence[str], *, instead_of: Sequence[str], audit: Sequence[AuditEntry]
    ) -> bool:
        """Keep these hashes in place of those; False, and no entry, when the account has others meanwhile."""
        ...

    async def use_code(self, name: str, step: int) -> bool:
        """Whether the code of this step of the clock was never used, nor a later one; from now on it was."""
        ...

    async def use_recovery_code(self, name: str, code_hash: str, *, audit: Sequence[AuditEntry]) -> bool:
        """Whether a recovery code was there; from now on it is not. Only then the entries are kept."""
        ...

    async def attempt(self, name: str, at: datetime) -> Attempts:
        """Count an attempt for a name, before it is checked. While the name is locked nothing is counted."""
        ...

    async def refuse(self, audit: Sequence[AuditEntry]) -> None:
        """Keep the entries of an attempt that failed."""
        ...

    async def is_claimed(self) -> bool:
        """Whether anyone ever logged in or had a token made."""
        ...

    async def succeed(self, name: str, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Forget the wrong attempts of a name."""
        ...

    async def open(self, login: LoginSession, secret_hash: str, *, audit: Sequence[AuditEntry]) -> None:
        """Keep a login, and forget the wrong attempts of that name."""
        ...

    async def login(self, secret_hash: str) -> LoginSession | None: ...

    async def holder(self, secret_hash: str) -> tuple[LoginSession, Person, bool] | None:
        """A login, the account that it belongs to, and whether that must set another password."""
        ...

    async def end(self, login_id: str, at: datetime, *, audit: Sequence[AuditEntry]) -> None: ...

    async def open_logins(self, name: str, at: datetime) -> tuple[LoginSession, ...]:
        """The logins of an account that hold at a moment, newest first."""
        ...

    async def add_token(self, token: ApiToken, secret_hash: str, *, audit: Sequence[AuditEntry]) -> None: ...

    async def bearer(self, secret_hash: str) -> tuple[ApiToken, Person] | None:
        """The token with its account, both as they are at one moment; each call of an agent asks for it."""
        ...

    async def tokens(self, person: str | None = None) -> tuple[ApiToken, ...]:
        """Those of one account, or all, oldest first; revoked ones, too."""
        ...

    async def revoke(self, token_id: str, at: datetime, *, audit: Sequence[AuditEntry]) -> bool:
        """False, and no entry, when there is no such token that still holds."""
        ...

    async def linked(self, issuer: str, subject: str) -> str:
        """The account that a provider's subject was linked to, or ''."""
        ...

    async def link(self, issuer: str, subject: str, name: str, *, audit: Sequence[AuditEntry]) -> None:
        """AlreadyExists when the subject is linked."""
        ...


class Passwords(Protocol):
    """Slow hashing of passwords, off the event loop."""

    async def hash(self, password: str) -> str: ...

    async def matches(self, password_hash: str, password: str) -> bool:
        """Whether the password is the one; takes as long for an empty hash, which nothing matches."""
        ...


class TokenIssuer(Protocol):
    """Whoever signs tokens, with the keys it publishes."""

    async def verified(self, token: str) -> Mapping[str, Any]:
        """What a token says, when it was signed with one of the keys. ProviderRefused, ProviderUnavailable."""
        ...


class IdentityProvider(Protocol):
    """An OpenID Connect provider that people may log in with."""

    async def begin(self, redirect_uri: str) -> ProviderRequest:
        """A login to send a browser on. ProviderUnavailable."""
        ...

    async def finish(self, request: ProviderRequest, returned: Mapping[str, str]) -> ProviderClaims:
        """Who came back with these query parameters. ProviderRefused, ProviderUnavailable."""
        ...
