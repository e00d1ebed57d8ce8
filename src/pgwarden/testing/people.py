"""People and their logins, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import AlreadyExists, ChangedMeanwhile
from pgwarden.domain.login import FORGOTTEN_AFTER, Attempts, Credential, LoginSession, lock_after
from pgwarden.domain.person import ApiToken, Delegation, Person, Role
from pgwarden.domain.personnel import (
    last_administrator,
    require_sound,
    require_sound_delegation,
    taken,
    unknown_person,
)


class MemoryPeople:
    """What both stores hold: pass the same one to both."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self.people = {person.name: person for person in people}
        self.delegations: list[Delegation] = []
        self.credentials: dict[str, Credential] = {}
        self.attempts: dict[str, tuple[Attempts, datetime]] = {}
        self.logins: dict[str, LoginSession] = {}
        self.tokens: dict[str, ApiToken] = {}
        self.subjects: dict[tuple[str, str], str] = {}
        self.audit: list[AuditEntry] = []


class MemoryPeopleStore:
    """``ports.PeopleStore``."""

    def __init__(self, held: MemoryPeople | None = None) -> None:
        self.held = held or MemoryPeople()

    async def get(self, name: str) -> Person:
        if name not in self.held.people:
            raise unknown_person(name)
        return self.held.people[name]

    async def find(self, *, email: str = "", slack: str = "") -> Person | None:
        people = self.held.people.values()
        if email:
            return next((person for person in people if person.email.lower() == email.lower()), None)
        return next((person for person in people if slack and person.slack == slack), None)

    async def all(self) -> tuple[Person, ...]:
        return tuple(sorted(self.held.people.values(), key=lambda person: person.name))

    async def approvers(self, level: int) -> tuple[Person, ...]:
        return tuple(person for person in await self.all() if person.may_approve(level))

    async def add(self, person: Person, *, audit: Sequence[AuditEntry]) -> None:
        require_sound(person)
        if person.name in self.held.people:
            raise taken(person)
        self._require_own_contacts(person)
        self.held.people[person.name] = person
        self.held.audit += audit

    async def add_first(self, person: Person, password_hash: str, *, at: datetime, audit: Sequence[AuditEntry]) -> bool:
        if self.held.people:
            return False
        await self.add(person, audit=audit)
        self.held.credentials[person.name] = Credential(person.name, password_hash, True, at)
        return True

    async def replace(self, person: Person, *, expected: Person, audit: Sequence[AuditEntry]) -> None:
        require_sound(person)
        if await self.get(expected.name) != expected or person.name != expected.name:
            raise ChangedMeanwhile(f"Someone else changed the account {expected.name!r}.")
        self._require_own_contacts(person)
        others = [each for each in self.held.people.values() if each.name != person.name]
        if Role.ADMIN in expected.roles and not any(
            each.active and Role.ADMIN in each.roles for each in (*others, person)
        ):
            raise last_administrator()
        self.held.people[person.name] = person
        if not person.active:
            self._shut_out(person.name, audit[0].at)
        self.held.audit += audit

    async def delegations(self, at: datetime | None = None) -> tuple[Delegation, ...]:
        found = (each for each in self.held.delegations if at is None or each.holds(at))
        return tuple(sorted(found, key=lambda each: (each.start, each.giver, each.deputy)))

    async def delegate(self, delegation: Delegation, *, audit: Sequence[AuditEntry]) -> None:
        require_sound_delegation(delegation, await self.get(delegation.giver), await self.get(delegation.deputy))
        key = (delegation.giver, delegation.deputy, delegation.start)
        if any((each.giver, each.deputy, each.start) == key for each in self.held.delegations):
            raise AlreadyExists(f"{delegation.deputy!r} stands in for {delegation.giver!r} from then on already.")
        self.held.delegations.append(delegation)
        self.held.audit += audit

    async def end_delegation(self, giver: str, deputy: str, at: datetime, *, audit: Sequence[AuditEntry]) -> bool:
        ended = self._end_delegations({giver}, {deputy}, at)
        self.held.audit += audit if ended else ()
        return ended

    def _require_own_contacts(self, person: Person) -> None:
        for other in self.held.people.values():
            same = person.email and other.email.lower() == person.email.lower()
            if other.name != person.name and (same or (person.slack and other.slack == person.slack)):
                raise taken(person)

    def _shut_out(self, name: str, at: datetime) -> None:
        held = self.held
        end_logins(held, name, at)
        for secret, token in held.tokens.items():
            if token.person == name and token.revoked_at is None:
                held.tokens[secret] = replace(token, revoked_at=at)
        for each in [each for each in held.delegations if name in (each.giver, each.deputy)]:
            self._end_delegations({each.giver}, {each.deputy}, at)
        held.credentials.pop(name, None)
        held.subjects = {subject: person for subject, person in held.subjects.items() if person != name}

    def _end_delegations(self, givers: set[str], deputies: set[str], at: datetime) -> bool:
        ended = False
        for position, each in enumerate(self.held.delegations):
            if each.giver in givers and each.deputy in deputies and each.end > at:
                self.held.delegations[position] = replace(each, end=max(each.start, at))
                ended = True
        return ended


class MemoryLoginStore:
    """``ports.LoginStore``."""

    def __init__(self, held: MemoryPeople | None = None) -> None:
        self.held = held or MemoryPeople()

    async def credential(self, name: str) -> Credential:
        return self.held.credentials.get(name, Credential(name))

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
        before = self._credential_of(name)
        self.held.credentials[name] = replace(
            before, password_hash=password_hash, must_change=must_change, changed_at=at
        )
        end_logins(self.held, name, at, keep=keep_login)
        self.held.audit += audit

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
        before = self._credential_of(name)
        self.held.credentials[name] = replace(
            before,
            totp_secret=secret,
            totp_step=step,
            recovery_codes=tuple(recovery_codes),
            changed_at=before.changed_at or at,
        )
        self.held.audit += audit

    async def set_recovery_codes(
        self, name: str, recovery_codes: Sequence[str], *, instead_of: Sequence[str], audit: Sequence[AuditEntry]
    ) -> bool:
        known = await self.credential(name)
        if not known.totp_secret or known.recovery_codes != tuple(instead_of):
            return False
        self.held.credentials[name] = replace(known, recovery_codes=tuple(recovery_codes))
        self.held.audit += audit
        return True

    async def use_recovery_code(self, name: str, code_hash: str, *, audit: Sequence[AuditEntry]) -> bool:
        known = await self.credential(name)
        if code_hash not in known.recovery_codes:
            return False
        left = tuple(each for each in known.recovery_codes if each != code_hash)
        self.held.credentials[name] = replace(known, recovery_codes=left)
        self.held.audit += audit
        return True

    async def use_code(self, name: str, step: int) -> bool:
        known = await self.credential(name)
        if not known.totp_secret or known.totp_step >= step:
            return False
        self.held.credentials[name] = replace(known, totp_step=step)
        return True

    async def attempt(self, name: str, at: datetime) -> Attempts:
        attempts = self.held.attempts
        for other, (known, last) in list(attempts.items()):
            if last < at - FORGOTTEN_AFTER and not known.locked(at):
                del attempts[other]
        before = attempts.get(name, (Attempts(), at))[0]
        if before.locked(at):
            return before
        failures = before.failures + 1
        lock = lock_after(failures)
        attempts[name] = (Attempts(failures, at + lock if lock else None), at)
        return Attempts(failures)

    async def refuse(self, audit: Sequence[AuditEntry]) -> None:
        self.held.audit += audit

    async def is_claimed(self) -> bool:
        return bool(self.held.logins or self.held.tokens)

    async def succeed(self, name: str, *, audit: Sequence[AuditEntry] = ()) -> None:
        self.held.attempts.pop(name, None)
        self.held.audit += audit

    async def open(self, login: LoginSession, secret_hash: str, *, audit: Sequence[AuditEntry]) -> None:
        self.held.logins[secret_hash] = login
        await self.succeed(login.person, audit=audit)

    async def login(self, secret_hash: str) -> LoginSession | None:
        return self.held.logins.get(secret_hash)

    async def holder(self, secret_hash: str) -> tuple[LoginSession, Person, bool] | None:
        login = self.held.logins.get(secret_hash)
        if login is None:
            return None
        return login, self.held.people[login.person], (await self.credential(login.person)).must_change

    async def end(self, login_id: str, at: datetime, *, audit: Sequence[AuditEntry]) -> None:
        for secret, login in self.held.logins.items():
            if login.id == login_id and login.ended_at is None:
                self.held.logins[secret] = replace(login, ended_at=at)
                self.held.audit += audit

    async def open_logins(self, name: str, at: datetime) -> tuple[LoginSession, ...]:
        mine = [login for login in self.held.logins.values() if login.person == name and login.usable(at)]
        return tuple(sorted(mine, key=lambda login: (-login.created_at.timestamp(), login.id)))

    async def add_token(self, token: ApiToken, secret_hash: str, *, audit: Sequence[AuditEntry]) -> None:
        self.held.tokens[secret_hash] = token
        self.held.audit += audit

    async def bearer(self, secret_hash: str) -> tuple[ApiToken, Person] | None:
        token = self.held.tokens.get(secret_hash)
        return (token, self.held.people[token.person]) if token else None

    async def tokens(self, person: str | None = None) -> tuple[ApiToken, ...]:
        found = (token for token in self.held.tokens.values() if person in (None, token.person))
        return tuple(sorted(found, key=lambda token: (token.created_at, token.id)))

    async def revoke(self, token_id: str, at: datetime, *, audit: Sequence[AuditEntry]) -> bool:
        for secret, token in self.held.tokens.items():
            if token.id == token_id and token.revoked_at is None:
                self.held.tokens[secret] = replace(token, revoked_at=at)
                self.held.audit += audit
                return True
        return False

    async def linked(self, issuer: str, subject: str) -> str:
        return self.held.subjects.get((issuer, subject), "")

    async def link(self, issuer: str, subject: str, name: str, *, audit: Sequence[AuditEntry]) -> None:
        if (issuer, subject) in self.held.subjects:
            raise AlreadyExists("That subject of the provider is linked already.")
        self.held.subjects[issuer, subject] = name
        self.held.audit += audit

    def _credential_of(self, name: str) -> Credential:
        if name not in self.held.people:
            raise unknown_person(name)
        return self.held.credentials.get(name, Credential(name))


def end_logins(held: MemoryPeople, name: str, at: datetime, keep: str = "") -> None:
    """End the logins of an account, but for the one of that id."""
    for secret, login in held.logins.items():
        if login.person == name and login.ended_at is None and login.id != keep:
            held.logins[secret] = replace(login, ended_at=at)
