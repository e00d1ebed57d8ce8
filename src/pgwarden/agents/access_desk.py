"""Access tokens that an authorization server gave to somebody's program: whose account stands behind one here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from pgwarden.agents.front_desk import FrontDesk
from pgwarden.domain.access_token import AccessRules, Grant, grant_of
from pgwarden.domain.admission import OAUTH, Admission
from pgwarden.domain.errors import ProviderRefused, UnknownPerson
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.login import Scope
from pgwarden.domain.person import Person, Role
from pgwarden.ports import LoginStore, PeopleStore, TokenIssuer


class AccessDesk:
    """Admits their bearers, anew each time: what is taken from an account is gone with the next call."""

    def __init__(
        self,
        issuer: TokenIssuer,
        rules: AccessRules,
        people: PeopleStore,
        logins: LoginStore,
        front_desk: FrontDesk,
        now: Callable[[], datetime],
    ) -> None:
        self._issuer, self._rules = issuer, rules
        self._people, self._logins, self._front_desk, self._now = people, logins, front_desk, now

    @property
    def issuer(self) -> str:
        """The authorization server's name, which is its address."""
        return self._rules.issuer

    @property
    def scopes(self) -> tuple[str, ...]:
        """What its scopes are called there that give something here."""
        return tuple(self._rules.scopes)

    def asked_for(self, scope: str) -> str:
        """What the scope of ours is called there; '' where none gives it."""
        return next((theirs for theirs, ours in self._rules.scopes.items() if ours.value == scope), "")

    async def admit(self, token: str, resources: Collection[str], source: str) -> Admission:
        """Whose token that is, and what it may do. ``resources``: the addresses that this server goes by.

        Raises TokenInvalid, and ProviderUnavailable while the server's keys cannot be had.
        """
        try:
            content = await self._issuer.verified(token)
        except ProviderRefused as error:
            raise await self._front_desk.not_valid("token", error.why, source=source) from None
        grant = grant_of(content, self._rules, resources=resources, at=self._now())
        if isinstance(grant, str):
            raise await self._front_desk.not_valid("token", f"{grant}.", source=source)
        person = await self._account(grant)
        if person is None or not person.active:
            why = "No active account belongs to it."
            raise await self._front_desk.not_valid("token", why, person=person, source=source)
        audits = not person.roles.isdisjoint({Role.AUDITOR, Role.ADMIN})
        return Admission(
            identity=Identity(person.name, person.kind, person.groups, f"oauth:{grant.client}:{person.name}"),
            person=person,
            source=OAUTH,
            scopes=grant.scopes if audits else grant.scopes - {Scope.AUDIT.value},
            databases=grant.databases,
        )

    async def _account(self, grant: Grant) -> Person | None:
        """By the subject that a login, or an administrator for a program, linked; else by the mail address that the
        provider verified, which only a person's account is found by."""
        name = await self._logins.linked(grant.issuer, grant.subject)
        try:
            if name:
                return await self._people.get(name)
        except UnknownPerson:
            return None
        found = await self._people.find(email=grant.email) if grant.email else None
        return found if found is not None and found.kind is IdentityKind.PERSON else None
