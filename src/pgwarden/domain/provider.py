"""Logging in at an OpenID Connect provider: what is asked, what must hold for the answer, and whose account it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pgwarden.domain.errors import ProviderRefused
from pgwarden.domain.person import Person, Role
from pgwarden.domain.personnel import EMAIL, NAME
from pgwarden.domain.token_claims import audiences, first_broken, names_somebody, of_its_time, text, texts

ROLE = re.compile(r"(?P<group>.+)=(?P<role>requester|auditor|admin|approver:(?P<level>[123]))")


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """One login that was begun. It is finished once: whoever holds it takes it away before."""

    url: str
    """Where the browser goes."""
    state: str
    nonce: str
    verifier: str
    """PKCE: who finishes the login proves with it that they began it."""
    redirect_uri: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ProviderClaims:
    """Who somebody is, by a token whose signature and claims were found right."""

    issuer: str
    subject: str
    email: str = ""
    """'' unless the provider says that it verified it."""
    name: str = ""
    username: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """What the provider's word counts for."""

    roles: tuple[tuple[str, Role, int], ...] = ()
    """(group, role, level). With any, the provider decides on roles, level and groups at each login."""
    create_accounts: bool = False

    @classmethod
    def of(cls, written: Iterable[str], *, create_accounts: bool) -> ProviderRules:
        """From ``GROUP=approver:2`` and the like. ValueError for anything else."""
        return cls(tuple(_rule(text) for text in written), create_accounts)

    def applied(self, person: Person, claims: ProviderClaims) -> Person:
        """The account as the provider says it is now."""
        if not self.roles:
            return person
        held = [(role, level) for group, role, level in self.roles if group in claims.groups]
        return replace(
            person,
            roles=frozenset({Role.REQUESTER, *(role for role, _ in held)}),
            level=max((level for _, level in held), default=0),
            groups=frozenset(group for group in claims.groups if NAME.fullmatch(group)),
        )

    def new_account(self, claims: ProviderClaims) -> Person:
        """An account for somebody new, named by their verified mail address, else by their name at the provider.

        ProviderRefused when neither can be a name here.
        """
        for name in (claims.email, claims.username):
            if name and NAME.fullmatch(name):
                return self.applied(Person(name, full_name=claims.name[:200], email=claims.email), claims)
        raise refused("It names neither a verified mail address nor a user name.", "Ask an administrator.")


def _rule(text: str) -> tuple[str, Role, int]:
    found = ROLE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not like GROUP=approver:2")
    return found["group"], Role(found["role"].partition(":")[0]), int(found["level"] or 0)


def claims_of(
    content: Mapping[str, Any],
    request: ProviderRequest,
    *,
    issuer: str,
    client_id: str,
    groups_claim: str,
    at: datetime,
) -> ProviderClaims:
    """Who an ID token speaks of, its signature being right. ProviderRefused when it is not meant for this login."""
    meant = audiences(content)
    broken = first_broken(
        (
            (content.get("iss") == issuer, "another provider issued it"),
            (client_id in meant, "it is meant for another application"),
            (len(meant) == 1 or content.get("azp") == client_id, "it was handed to another application"),
            (content.get("azp", client_id) == client_id, "it was handed to another application"),
            *of_its_time(content, at),
            (content.get("nonce") == request.nonce, "it belongs to another login"),
            names_somebody(content),
        )
    )
    if broken:
        raise refused(
            f"The provider's token does not prove this login: {broken}.", "Begin again: pgwarden login --oidc"
        )
    email = content.get("email")
    verified = isinstance(email, str) and content.get("email_verified") is True and EMAIL.fullmatch(email)
    return ProviderClaims(
        issuer,
        content["sub"],
        str(email) if verified else "",
        text(content.get("name")),
        text(content.get("preferred_username")),
        texts(content.get(groups_claim)),
    )


def refused(why: str, next_step: str) -> ProviderRefused:
    """The error for a login at the provider that lets nobody in."""
    return ProviderRefused(
        "The login at the identity provider is not accepted.",
        why=why,
        not_done="Nobody was logged in.",
        next_step=next_step,
    )
