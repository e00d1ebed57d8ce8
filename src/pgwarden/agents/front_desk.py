"""Who comes in, and as whom: logins with a password and a second factor, tokens, and guests who only claim a name."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pgwarden.domain.admission import LOGIN, TOKEN, Admission
from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.errors import InputInvalid, LoginFailed, LoginLocked, ProofNeeded, TokenInvalid, UnknownPerson
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.login import EVERY_SCOPE, Credential, LoginMethod, LoginSession, Scope, secret_hash
from pgwarden.domain.one_time_code import matching_step
from pgwarden.domain.password_rules import LONGEST
from pgwarden.domain.person import Person, Role
from pgwarden.domain.personnel import NAME
from pgwarden.domain.recovery_code import matching_hash
from pgwarden.ports import LoginStore, Passwords, PeopleStore

LOGIN_PREFIX = "pgwl_"
"""Starts every login's secret, so that scanners for leaked secrets find them."""
ONE_TIME_LOGIN = timedelta(minutes=15)
"""How long a login lasts that only serves to set a password."""
TOLD_EVERY = timedelta(minutes=1)
"""How often the same refused login or token from the same place becomes an entry of the audit."""
MOST_REFUSALS = 10_000
INVALID = "It is unknown, expired, ended or revoked, or its account is not active."
UNPROVEN = frozenset({Scope.APPROVE.value, Scope.ADMIN.value})
"""What services and agents never may, whatever their token says."""


@dataclass(frozen=True, slots=True)
class OpenedLogin:
    """A new login, with the secret that proves it from now on. It is shown to nobody and kept nowhere else."""

    login: LoginSession
    secret: str
    must_change_password: bool


class FrontDesk:
    """Lets people in."""

    def __init__(
        self,
        people: PeopleStore,
        logins: LoginStore,
        passwords: Passwords,
        now: Callable[[], datetime],
        *,
        lifetime: timedelta = timedelta(hours=12),
    ) -> None:
        self._people, self._logins, self._passwords = people, logins, passwords
        self._now, self._lifetime = now, lifetime
        self._told: OrderedDict[tuple[str, str, str], datetime] = OrderedDict()

    async def guest(self, name: str) -> Admission:
        """Somebody who proved nothing. Where an account has that name, the guest is marked and gets nothing of it."""
        claimed = await self._logins.is_claimed()
        if await self._account(name) is None:
            return Admission(Identity(name), own_house=not claimed)
        return Admission(Identity(f"{name} (not logged in)", claims=name), own_house=not claimed)

    async def log_in(self, name: str, password: str, *, code: str = "", source: str) -> OpenedLogin:
        """A login with the password and, where one is enrolled, a code of the second factor or a recovery code.

        Raises LoginFailed, LoginLocked, and ProofNeeded when the password is right and the code is missing.
        """
        at = self._now()
        person, credential = await self._proved(name, password, at, source)
        if credential.totp_secret:
            if not code:
                raise ProofNeeded(
                    "This account has a second factor.",
                    not_done="Nobody was logged in.",
                    next_step="Give a code of it, or a recovery code.",
                )
            if not await self._code_is_right(credential, code, at, source):
                raise await self._refused(person, "wrong code", source, at)
        return await self.open(person, LoginMethod.PASSWORD, source, must_change=credential.must_change)

    async def open(self, person: Person, method: LoginMethod, source: str, *, must_change: bool = False) -> OpenedLogin:
        """Open a login for whom another part of pgwarden has proved (the password above, an identity provider)."""
        at = self._now()
        login = LoginSession(
            id=f"l-{secrets.token_hex(6)}",
            person=person.name,
            method=method,
            source=source,
            created_at=at,
            expires_at=at + (ONE_TIME_LOGIN if must_change else self._lifetime),
        )
        secret = LOGIN_PREFIX + secrets.token_urlsafe(32)
        details = {"method": method.value} | ({"one_time": True} if must_change else {})
        entry = AuditEntry("login.opened", person.name, at, subject=login.id, source=source, details=details)
        await self._logins.open(login, secret_hash(secret), audit=(entry,))
        return OpenedLogin(login, secret, must_change)

    async def log_out(self, admission: Admission, source: str) -> None:
        """End a login at once, wherever its secret may be. A token stays: it is revoked."""
        if admission.login_id:
            at = self._now()
            entry = AuditEntry("login.ended", admission.identity.name, at, subject=admission.login_id, source=source)
            await self._logins.end(admission.login_id, at, audit=(entry,))

    async def logins(self, admission: Admission) -> tuple[LoginSession, ...]:
        """The open logins of one's own account, newest first."""
        return await self._logins.open_logins(admission.require_login().name, self._now())

    async def end_login(self, login_id: str, admission: Admission, source: str) -> None:
        """End one of one's own logins, wherever it is open. InputInvalid when there is none that holds."""
        await self._end_one(login_id, await self.logins(admission), admission, source)

    async def logins_of(self, name: str, admission: Admission) -> tuple[LoginSession, ...]:
        """The open logins of somebody's account, for administrators. UnknownPerson."""
        admission.require(Scope.ADMIN, Role.ADMIN)
        person = await self._people.get(name)
        return await self._logins.open_logins(person.name, self._now())

    async def end_login_of(self, name: str, login_id: str, admission: Admission, source: str) -> None:
        """End somebody's login, for administrators. InputInvalid when there is none that holds."""
        await self._end_one(login_id, await self.logins_of(name, admission), admission, source)

    async def _end_one(self, login_id: str, among: tuple[LoginSession, ...], admission: Admission, source: str) -> None:
        if login_id not in {login.id for login in among}:
            raise InputInvalid(
                "There is no such login that still holds.",
                not_done="Nothing was ended.",
                next_step="List the logins again.",
            )
        at = self._now()
        entry = AuditEntry("login.ended", admission.identity.name, at, subject=login_id, source=source)
        await self._logins.end(login_id, at, audit=(entry,))

    async def admit_login(self, secret: str, source: str) -> Admission:
        """Whose login this is. TokenInvalid when it ended or its account is not active any more."""
        at = self._now()
        login, person, must_change = await self._logins.holder(secret_hash(secret)) or (None, None, False)
        if login is None or person is None or not person.active or not login.usable(at):
            subject = login.id if login else ""
            raise await self.not_valid("login", INVALID, subject=subject, person=person, source=source)
        return Admission(
            identity=Identity(person.name, person.kind, person.groups),
            person=person,
            source=LOGIN,
            scopes=EVERY_SCOPE,
            login_id=login.id,
            must_change_password=must_change and login.method is LoginMethod.PASSWORD,
        )

    async def admit_token(self, secret: str, source: str) -> Admission:
        """Whose token this is, with what it may do. TokenInvalid when it expired, was revoked, or never was."""
        at = self._now()
        token, person = await self._logins.bearer(secret_hash(secret)) or (None, None)
        if token is None or person is None or not person.active or not token.usable(at):
            subject = token.id if token else ""
            raise await self.not_valid("token", INVALID, subject=subject, person=person, source=source)
        human = person.kind is IdentityKind.PERSON
        return Admission(
            identity=Identity(person.name, person.kind, person.groups, token.id),
            person=person,
            source=TOKEN,
            scopes=token.scopes if human else token.scopes - UNPROVEN,
            databases=token.databases,
        )

    async def prove(self, admission: Admission, *, password: str = "", code: str = "", source: str) -> None:
        """A fresh proof of who decides: a code, as for a login, where a second factor is enrolled, else the password.

        Raises ProofNeeded when what is needed is not given, LoginFailed or LoginLocked when it is wrong.
        """
        at, person = self._now(), admission.require_login()
        credential = await self._logins.credential(person.name)
        given = code if credential.totp_secret else password
        if not given:
            raise self._proof_needed(credential)
        if credential.totp_secret:
            await self._attempt(person.name, at, source)
            if not await self._code_is_right(credential, code, at, source):
                raise await self._refused(person, "wrong code", source, at)
        else:
            await self._proved(person.name, password, at, source)
        entry = AuditEntry("proof.given", person.name, at, subject=admission.login_id, source=source)
        await self._logins.succeed(person.name, audit=(entry,))

    async def proof_of(self, admission: Admission) -> str:
        """What ``prove`` would ask for: ``code``, ``password``, or '' where the account has neither."""
        credential = await self._logins.credential(admission.require_login().name)
        return "code" if credential.totp_secret else "password" if credential.password_hash else ""

    async def _proved(self, name: str, password: str, at: datetime, source: str) -> tuple[Person, Credential]:
        """The account whose password this is. An unknown name takes as long and reads the same as a wrong password."""
        if not NAME.fullmatch(name) or len(password) > LONGEST:
            raise await self._refused(None, "malformed", source, at)
        await self._attempt(name, at, source)
        person, credential = await self._account(name), await self._logins.credential(name)
        right = await self._passwords.matches(credential.password_hash, password)
        if person is None or not right or not person.active or person.kind is not IdentityKind.PERSON:
            raise await self._refused(person, "wrong name or password", source, at)
        return person, credential

    async def _attempt(self, name: str, at: datetime, source: str) -> None:
        attempts = await self._logins.attempt(name, at)
        if attempts.locked(at):
            await self._logins.refuse(_refusal("login.refused", await self._account(name), "locked", source, at))
            raise LoginLocked(
                "This name is locked after too many wrong attempts.",
                why=f"The lock ends at {attempts.locked_until:%H:%M:%S} UTC.",
                not_done="Nothing was looked at.",
                next_step="Wait, or have an administrator lift it: pgwarden people unlock",
            )

    async def _code_is_right(self, credential: Credential, code: str, at: datetime, source: str) -> bool:
        """Whether it is one of the app's for this moment, or a recovery code that is left; it is used up either way."""
        name, step = credential.person, matching_step(credential.totp_secret, code, at)
        if step is not None:
            return await self._logins.use_code(name, step)
        spare = matching_hash(credential.totp_secret, code, credential.recovery_codes)
        entry = AuditEntry("recovery_code.used", name, at, subject=name, source=source)
        return bool(spare) and await self._logins.use_recovery_code(name, spare, audit=(entry,))

    async def _refused(self, person: Person | None, why: str, source: str, at: datetime) -> LoginFailed:
        await self._logins.refuse(_refusal("login.refused", person, why, source, at))
        return LoginFailed(
            "The name, the password or the code is wrong.",
            not_done="Nobody was let in.",
            next_step="Try again; an administrator can set a new one-time password: pgwarden people reset NAME",
        )

    async def not_valid(
        self, what: str, why: str, *, source: str, subject: str = "", person: Person | None = None
    ) -> TokenInvalid:
        """The error for a login or token that lets nobody in, once it is told in the audit."""
        at = self._now()
        if self._worth_telling((what, subject, source), at):
            await self._logins.refuse(_refusal(f"{what}.refused", person, why, source, at, subject))
        return TokenInvalid(
            f"The {what} is not valid.",
            why=why,
            not_done="Nothing was done; pgwarden does not go on as somebody else.",
            next_step="pgwarden login" if what == "login" else "Have a new token made, or unset PGWARDEN_TOKEN.",
        )

    def _worth_telling(self, refusal: tuple[str, str, str], at: datetime) -> bool:
        """Whether this refusal was not told of late: whoever sends nonsense over and over must not fill the audit."""
        last = self._told.get(refusal)
        if last is not None and last <= at < last + TOLD_EVERY:
            return False
        self._told[refusal] = at
        self._told.move_to_end(refusal)
        if len(self._told) > MOST_REFUSALS:
            self._told.popitem(last=False)
        return True

    async def _account(self, name: str) -> Person | None:
        try:
            return await self._people.get(name)
        except UnknownPerson:
            return None

    def _proof_needed(self, credential: Credential) -> ProofNeeded:
        has = bool(credential.totp_secret or credential.password_hash)
        return ProofNeeded(
            "This needs a fresh proof of who you are.",
            not_done="Nothing was done.",
            next_step="Give a code of your second factor, or a recovery code."
            if credential.totp_secret
            else "Give your password."
            if has
            else "Enrol a second factor first: pgwarden people second-factor",
        )


def _refusal(
    action: str, person: Person | None, why: str, source: str, at: datetime, subject: str = ""
) -> Sequence[AuditEntry]:
    """The entry of an attempt. A name without an account is left out: it may be a password."""
    actor = person.name if person else "unknown"
    return (AuditEntry(action, actor, at, Outcome.REFUSED, subject=subject, source=source, details={"reason": why}),)
