"""Who stands behind a door's calls, how that is known, and what it lets them do."""

from __future__ import annotations

from dataclasses import dataclass

from pgwarden.domain.errors import LoginNeeded, RightMissing
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.login import GUEST_SCOPES, Scope
from pgwarden.domain.person import Person, Role

EVERY_DATABASE = frozenset({"*"})
GUEST = "guest"
LOGIN = "login"
TOKEN = "token"  # noqa: S105 - the name of a source
OAUTH = "oauth"
"""An access token of an authorization server, which may give its bearer another one."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What the door found out. A guest only claims a name: it has no groups and no roles."""

    identity: Identity
    person: Person | None = None
    """The account, when it was proved; None for a guest."""
    source: str = GUEST
    """guest, login, token or oauth."""
    scopes: frozenset[str] = GUEST_SCOPES
    databases: frozenset[str] = EVERY_DATABASE
    login_id: str = ""
    """Id of the login, or ''."""
    must_change_password: bool = False
    """The login only serves to set a password."""
    own_house: bool = False
    """Nobody ever logged in to this installation: it is its starter's own, who arranges databases and data rights
    without a login. From the first login or token on, an administrator does."""

    @property
    def authenticated(self) -> bool:
        return self.person is not None

    @property
    def roles(self) -> frozenset[Role]:
        return self.person.roles if self.person else frozenset()

    def require_login(self) -> Person:
        """The account behind the call. Raises LoginNeeded for a guest."""
        if self.person is None:
            raise LoginNeeded(
                "This needs a login.",
                why=f"{self.identity.name!r} is only what this process calls itself; nobody proved it.",
                not_done="Nothing was done.",
                next_step="Log in (pgwarden login), or set PGWARDEN_TOKEN.",
            )
        if self.must_change_password:
            raise LoginNeeded(
                "Set a password of your own first.",
                why="The one of this login was made by somebody else.",
                not_done="Nothing was done.",
                next_step="pgwarden people password",
            )
        return self.person

    def require_scope(self, scope: Scope) -> None:
        """Raises RightMissing for a token that was not made for that; what guests may do needs no login."""
        if scope.value not in self.scopes:
            self.require(scope)

    def require(self, scope: Scope, role: Role | None = None) -> Person:
        """The account behind the call, when it has the scope and the role. Raises LoginNeeded or RightMissing."""
        person = self.require_login()
        if scope.value not in self.scopes:
            raise _missing(
                f"This {self.source} may not {scope.value}.",
                f"Its scopes are {', '.join(sorted(self.scopes)) or 'none'}.",
                "Use a login or a token with that scope.",
            )
        if role is not None and role not in person.roles:
            raise _missing(
                f"{person.name!r} is no {role.value}.",
                f"Their roles are {', '.join(sorted(person.roles)) or 'none'}.",
                f"Ask an administrator for the role {role.value}.",
            )
        return person

    def require_arranging(self) -> None:
        """Whoever may arrange databases, data rights and settings. Raises LoginNeeded or RightMissing."""
        if not (self.own_house and self.person is None):
            self.require(Scope.ADMIN, Role.ADMIN)

    def require_switching(self) -> None:
        """Whoever may freeze all writes, by a scope of theirs that can. Raises LoginNeeded or RightMissing."""
        senior = self.require_login().may_approve(2) and Scope.APPROVE.value in self.scopes
        self.require(Scope.APPROVE if senior else Scope.ADMIN)

    def require_approver(self, level: int = 1) -> Person:
        """The approver behind the call. Raises LoginNeeded or RightMissing; an agent or service never passes."""
        person = self.require(Scope.APPROVE, Role.APPROVER)
        if person.kind is not IdentityKind.PERSON or not person.may_approve(level):
            raise _missing(
                f"{person.name!r} may not approve at level {level}.",
                f"It is a {person.kind.value} with level {person.level}.",
                "Ask an approver of that level.",
            )
        return person

    def require_database(self, name: str) -> None:
        """Raises RightMissing when the token was not made for this database."""
        if "*" not in self.databases and name not in self.databases:
            raise _missing(
                f"This token may not use the database {name!r}.",
                f"It was made for {', '.join(sorted(self.databases)) or 'none'}.",
                "Use one of these, or ask an administrator for another token.",
            )


def _missing(what: str, why: str, next_step: str) -> RightMissing:
    return RightMissing(what, why=why, not_done="Nothing was done.", next_step=next_step)
