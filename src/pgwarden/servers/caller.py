"""Who stands behind a call, and what that caller may ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pgwarden.domain.admission import OAUTH, Admission
from pgwarden.domain.errors import RightMissing
from pgwarden.domain.identity import Identity, IdentityKind

EVERY_DATABASE = frozenset({"*"})
AGENT_SCOPES = frozenset({"ask", "request", "execute"})
"""What a caller may do when nothing says otherwise."""
OFFERED = AGENT_SCOPES | {"audit"}
"""What a token can be used for here. Deciding is not among it: a token inside an agent is no signature."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity of a call, from a token or from the process's own settings, never from an argument."""

    identity: Identity
    source: str
    """The door, for the audit: ``mcp stdio`` or ``mcp http``."""
    scopes: frozenset[str] = AGENT_SCOPES
    databases: frozenset[str] = EVERY_DATABASE
    can_ask_for_more: bool = False
    """Whether an authorization server may give its program a token with more scopes."""

    @property
    def account(self) -> str:
        """Whose budget a call is counted on: the token's, else the identity's."""
        return self.identity.token or self.identity.name

    def require(self, scope: str) -> None:
        """Raises RightMissing when the caller's token does not carry the scope."""
        if scope not in self.scopes:
            raise RightMissing(
                f"This token may not {scope}.",
                why=f"Its scopes are {', '.join(sorted(self.scopes)) or 'none'}.",
                not_done="Nothing was read or run.",
                next_step="Ask an administrator for a token with that scope.",
            )

    def require_database(self, name: str) -> None:
        """Raises RightMissing when the caller's token was not made for this database."""
        if "*" not in self.databases and name not in self.databases:
            raise RightMissing(
                f"This token may not use the database {name!r}.",
                why=f"It was made for {', '.join(sorted(self.databases)) or 'none'}.",
                not_done="Nothing was read or run.",
                next_step="Use one of these, or ask an administrator for a token with that database.",
            )


def caller_of(admission: Admission, source: str) -> Caller:
    """Whoever was let in, as an agent: whoever configured it, a model types. A right to approve is left at the door."""
    identity = replace(admission.identity, kind=IdentityKind.AGENT)
    return Caller(
        identity,
        source,
        admission.scopes & OFFERED,
        admission.databases,
        can_ask_for_more=admission.source == OAUTH,
    )
