"""Logins that an identity provider vouches for: whose account they are, and what the provider says about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pgwarden.agents.front_desk import FrontDesk, OpenedLogin
from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.errors import AlreadyExists, LastAdministrator, ProviderRefused
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.login import LoginMethod
from pgwarden.domain.person import Person, Role
from pgwarden.domain.provider import ProviderClaims, ProviderRequest, ProviderRules, refused
from pgwarden.ports import IdentityProvider, LoginStore, PeopleStore

MOST_PENDING = 1000


class ProviderDesk:
    """Begins logins at the provider and finishes each once."""

    def __init__(
        self,
        provider: IdentityProvider,
        rules: ProviderRules,
        people: PeopleStore,
        logins: LoginStore,
        front_desk: FrontDesk,
        now: Callable[[], datetime],
    ) -> None:
        self._provider, self._rules = provider, rules
        self._people, self._logins, self._front_desk, self._now = people, logins, front_desk, now
        self._pending: dict[str, ProviderRequest] = {}

    async def begin(self, redirect_uri: str) -> str:
        """Where to send the browser, which comes back to ``redirect_uri``. ProviderUnavailable."""
        now = self._now()
        self._pending = {state: each for state, each in self._pending.items() if each.expires_at > now}
        if len(self._pending) >= MOST_PENDING:
            raise refused("Too many logins are under way.", "Try again in some minutes.")
        request = await self._provider.begin(redirect_uri)
        self._pending[request.state] = request
        return request.url

    async def finish(self, returned: Mapping[str, str], source: str) -> OpenedLogin:
        """The login of whoever came back with this query. ProviderRefused, ProviderUnavailable."""
        at = self._now()
        try:
            request = self._pending.pop(returned.get("state", ""), None)
            if request is None:
                raise refused("No login with that state is under way, or it was finished already.", "Begin again.")
            person = await self._account(await self._provider.finish(request, returned), source, at)
        except ProviderRefused as error:
            details = {"method": LoginMethod.OIDC.value, "reason": error.why}
            entry = AuditEntry("login.refused", "unknown", at, Outcome.REFUSED, source=source, details=details)
            await self._logins.refuse((entry,))
            raise
        return await self._front_desk.open(person, LoginMethod.OIDC, source)

    async def _account(self, claims: ProviderClaims, source: str, at: datetime) -> Person:
        """The account: by the subject that was linked, else by the verified mail address, else a new one."""
        if name := await self._logins.linked(claims.issuer, claims.subject):
            person = await self._people.get(name)
        else:
            person = await self._found(claims, source, at)
        if not person.active or person.kind is not IdentityKind.PERSON:
            raise refused("Its account here is not active.", "Ask an administrator.")
        return await self._updated(person, claims, source, at)

    async def _found(self, claims: ProviderClaims, source: str, at: datetime) -> Person:
        person = await self._people.find(email=claims.email) if claims.email else None
        if person is None:
            if not self._rules.create_accounts:
                raise refused("There is no account here for whoever that is.", "Ask an administrator for one.")
            person = self._rules.new_account(claims)
            try:
                await self._people.add(person, audit=(_entry("person.added", person, source, at, by="provider"),))
            except AlreadyExists:
                raise refused("An account here has that name already.", "Ask an administrator.") from None
        entry = _entry("login.linked", person, source, at, issuer=claims.issuer)
        await self._logins.link(claims.issuer, claims.subject, person.name, audit=(entry,))
        return person

    async def _updated(self, person: Person, claims: ProviderClaims, source: str, at: datetime) -> Person:
        """The account with the roles and groups of this moment. The last administrator stays one, whatever is said."""
        after = self._rules.applied(person, claims)
        if after == person:
            return person
        try:
            return await self._written(after, person, source, at)
        except LastAdministrator:
            return await self._written(replace(after, roles=after.roles | {Role.ADMIN}), person, source, at)

    async def _written(self, after: Person, before: Person, source: str, at: datetime) -> Person:
        told = {
            "roles": sorted(role.value for role in after.roles),
            "level": after.level,
            "groups": sorted(after.groups),
        }
        await self._people.replace(
            after, expected=before, audit=(_entry("person.changed", after, source, at, by="provider", **told),)
        )
        return after


def _entry(action: str, person: Person, source: str, at: datetime, **details: Any) -> AuditEntry:
    return AuditEntry(action, person.name, at, subject=person.name, source=source, details=details)
