"""Accounts and what proves them: made, changed and taken away by those who may, and always written down."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from pgwarden.domain.admission import LOGIN, Admission
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import ChangedMeanwhile, InputInvalid, LoginFailed, PasswordUnfit, RightMissing
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.login import Scope, secret_hash
from pgwarden.domain.one_time_code import SECRET_BYTES, matching_step
from pgwarden.domain.password_rules import require_fit
from pgwarden.domain.person import ApiToken, Delegation, Person, Role
from pgwarden.domain.personnel import require_sound_token, unknown_person
from pgwarden.domain.recovery_code import COUNT, POSSIBLE, code_hash, written_code
from pgwarden.domain.storable import require_storable
from pgwarden.ports import LoginStore, Passwords, PeopleStore

TOKEN_PREFIX = "pgw_"  # noqa: S105 - what every token starts with, so that scanners for leaked secrets find them
CONTACTS = ("email", "phone", "slack", "full_name")
"""Fields whose values a person may have erased from the audit."""


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token, with the secret that is shown once."""

    token: ApiToken
    secret: str


class Personnel:
    """Changes of people. Every method says who asks; whoever lacks the right gets LoginNeeded or RightMissing."""

    def __init__(
        self, people: PeopleStore, logins: LoginStore, passwords: Passwords, now: Callable[[], datetime], source: str
    ) -> None:
        """``source`` is the door, for the audit."""
        self._people, self._logins, self._passwords = people, logins, passwords
        self._now, self._source = now, source

    async def first_administrator(self, name: str = "admin") -> str:
        """Make the first account when there is none; its one-time password, or '' when there are accounts already."""
        if await self._people.all():
            return ""
        password, at = one_time_password(), self._now()
        person = Person(name, full_name="First administrator", roles=frozenset({Role.ADMIN}))
        entry = self._entry("person.added", "system", at, name, first=True)
        made = await self._people.add_first(person, await self._passwords.hash(password), at=at, audit=(entry,))
        return password if made else ""

    async def renew_first_administrator(self) -> tuple[str, str]:
        """(name, a new one-time password) as long as nobody ever logged in: the first one may have been overlooked.

        RightMissing afterwards.
        """
        people = await self._people.all()
        if await self._logins.is_claimed() or len(people) > 1:
            raise RightMissing(
                "The first administrator is made once.",
                why="Somebody has logged in already.",
                not_done="Nothing was changed.",
                next_step="Ask an administrator: pgwarden people reset NAME",
            )
        if not people:
            return "admin", await self.first_administrator()
        return people[0].name, await self._one_time(people[0].name, "system")

    async def accounts(self, *, by: Admission) -> tuple[Person, ...]:
        """Every account; the contacts of others only for administrators."""
        person = by.require_login()
        return tuple(_shown(each, person) for each in await self._people.all())

    async def account(self, name: str, *, by: Admission) -> Person:
        """One account, as ``accounts`` shows it. UnknownPerson."""
        person = by.require_login()
        return _shown(await self._people.get(name), person)

    async def has_second_factor(self, name: str, *, by: Admission) -> bool:
        """Whether an account has enrolled one: one's own, or as an administrator anybody's."""
        if by.require_login().name != name:
            _administrator(by)
        return bool((await self._logins.credential(name)).totp_secret)

    async def recovery_codes_left(self, *, by: Admission) -> int:
        """How many recovery codes one's own account still has."""
        return len((await self._logins.credential(by.require_login().name)).recovery_codes)

    async def add(self, person: Person, *, by: Admission) -> str:
        """Keep a new account; for a person the one-time password to hand over, for others ''."""
        actor = _administrator(by)
        await self._require_known(person.backup, person.owner)
        entry = self._entry("person.added", actor, self._now(), person.name, **_told(person, None))
        await self._people.add(person, audit=(_with_contacts(entry, person, None),))
        return await self._one_time(person.name, actor) if person.kind.value == "person" else ""

    async def change(self, name: str, *, by: Admission, **given: Any) -> Person:
        """Change an account. People may change their own phone, time zone and full name, administrators everything."""
        before = await self._people.get(name)
        after = replace(before, **given)
        own = by.require_login().name == name and set(given) <= {"phone", "zone", "full_name"}
        actor = by.require(Scope.ADMIN).name if own else _administrator(by)
        if after == before:
            return before
        await self._require_known(after.backup, after.owner)
        entry = self._entry("person.changed", actor, self._now(), name, **_told(after, before))
        await self._people.replace(after, expected=before, audit=(_with_contacts(entry, after, before),))
        return after

    async def remove(self, name: str, *, by: Admission) -> Person:
        """Take an account out of use: its logins, tokens, delegations and contacts end; its name stays taken."""
        actor, before = _administrator(by), await self._people.get(name)
        after = replace(before, active=False, email="", phone="", slack="", backup="")
        entry = self._entry("person.removed", actor, self._now(), name)
        await self._people.replace(after, expected=before, audit=(entry,))
        return after

    async def reset(self, name: str, *, by: Admission, second_factor: bool = False) -> str:
        """A new one-time password for somebody who lost theirs; with ``second_factor`` that one is taken away, too."""
        actor, person = _administrator(by), await self._people.get(name)
        if not person.active or person.kind.value != "person":
            raise unknown_person(name)
        if second_factor:
            at = self._now()
            entry = self._entry("second_factor.removed", actor, at, name)
            await self._logins.set_second_factor(name, b"", 0, at=at, audit=(entry,))
        await self.unlock(name, by=by)
        return await self._one_time(name, actor)

    async def reset_last_second_factor(self, name: str) -> None:
        """Take the lost second factor from the only administrator, whom nobody else can help. The password stays.

        Whoever does it needs this machine: what its key sealed must open. RightMissing where another administrator
        could do it, SecretKeyInvalid, UnknownPerson.
        """
        people = await self._people.all()
        admins = [p for p in people if p.active and Role.ADMIN in p.roles and p.kind.value == "person"]
        if name not in [each.name for each in admins]:
            raise unknown_person(name)
        if len(admins) > 1:
            raise RightMissing(
                f"{name} is not the only administrator.",
                why=f"{', '.join(sorted(p.name for p in admins if p.name != name)[:5])} can do it, after a login.",
                not_done="Nothing was changed.",
                next_step=f"Have one of them run: pgwarden people reset {name} --second-factor",
            )
        if not (await self._logins.credential(name)).totp_secret:
            raise InputInvalid(f"{name} has no second factor.", not_done="Nothing was changed.")
        at = self._now()
        entry = self._entry("second_factor.removed", "system", at, name, by="machine")
        await self._logins.set_second_factor(name, b"", 0, at=at, audit=(entry,))

    async def link(self, name: str, issuer: str, subject: str, *, by: Admission) -> None:
        """Let access tokens of a provider's subject act for a service or an agent: client credentials have no login.

        AlreadyExists when the subject stands for an account already; InputInvalid for a person, who logs in instead.
        """
        actor, person = _administrator(by), await self._people.get(name)
        if person.kind is IdentityKind.PERSON or not person.active:
            raise InputInvalid(
                f"{name} is no service or agent in use.",
                why="People are linked by logging in at the provider.",
                not_done="Nothing was linked.",
            )
        for what, text in (("issuer", issuer), ("subject", subject)):
            require_storable(what, text, most=1000)
            if not text:
                raise InputInvalid(f"The {what} is missing.", not_done="Nothing was linked.")
        entry = self._entry("login.linked", actor, self._now(), name, issuer=issuer)
        await self._logins.link(issuer, subject, name, audit=(entry,))

    async def unlock(self, name: str, *, by: Admission) -> None:
        """Lift the lock of a name after wrong attempts."""
        actor, person = _administrator(by), await self._people.get(name)
        entry = self._entry("login.unlocked", actor, self._now(), person.name)
        await self._logins.succeed(person.name, audit=(entry,))

    async def set_password(self, old: str, new: str, *, by: Admission) -> None:
        """One's own password; every other login of the account ends. LoginFailed, PasswordUnfit."""
        person = self._self(by)
        await self._require_password(person.name, old)
        require_fit(new, person.name)
        if await self._passwords.matches((await self._logins.credential(person.name)).password_hash, new):
            raise PasswordUnfit(
                "That is the old password.", not_done="Nothing was changed.", next_step="Choose another."
            )
        at = self._now()
        await self._logins.set_password(
            person.name,
            await self._passwords.hash(new),
            must_change=False,
            at=at,
            keep_login=by.login_id,
            audit=(self._entry("password.changed", person.name, at, person.name),),
        )

    def new_second_factor(self) -> bytes:
        """A secret to put into an authenticator app; nothing is kept until ``enrol`` proves that it is there."""
        return secrets.token_bytes(SECRET_BYTES)

    async def enrol(self, secret: bytes, code: str, password: str, *, by: Admission) -> tuple[str, ...]:
        """Keep a second factor once the password and a code of it are right; its recovery codes. LoginFailed.

        They are to be shown this once: only their hashes are kept.
        """
        person, at = self._self(by), self._now()
        known = await self._logins.credential(person.name)
        if known.totp_secret:
            raise InputInvalid(
                "There is a second factor already.",
                not_done="Nothing was changed.",
                next_step="An administrator takes a lost one away: pgwarden people reset NAME --second-factor",
            )
        if known.password_hash:
            await self._require_password(person.name, password)
        step = matching_step(secret, code, at)
        if step is None:
            raise _wrong("That is not the code that the app should show now.", "Check the clocks, and try again.")
        codes = recovery_codes()
        hashes = [code_hash(secret, each) for each in codes]
        entry = self._entry("second_factor.enrolled", person.name, at, person.name, recovery_codes=len(codes))
        await self._logins.set_second_factor(person.name, secret, step, hashes, at=at, audit=(entry,))
        return codes

    async def renew_recovery_codes(self, *, by: Admission) -> tuple[str, ...]:
        """Recovery codes in place of all that were there, to be shown this once. Whoever calls had a fresh proof.

        InputInvalid without a second factor, ChangedMeanwhile when a code was used or renewed at the same moment.
        """
        person, at = self._self(by), self._now()
        known = await self._logins.credential(person.name)
        if not known.totp_secret:
            raise InputInvalid(
                "There is no second factor that codes could stand in for.",
                not_done="No codes were made.",
                next_step="Enrol one first: pgwarden people second-factor",
            )
        codes = recovery_codes()
        hashes = [code_hash(known.totp_secret, each) for each in codes]
        entry = self._entry("recovery_codes.renewed", person.name, at, person.name, recovery_codes=len(codes))
        if not await self._logins.set_recovery_codes(
            person.name, hashes, instead_of=known.recovery_codes, audit=(entry,)
        ):
            raise ChangedMeanwhile(
                "The recovery codes were changed at the same moment.",
                not_done="No codes were made.",
                next_step="Try again.",
            )
        return codes

    async def make_token(
        self,
        name: str,
        label: str,
        *,
        scopes: frozenset[str],
        databases: frozenset[str],
        lifetime: timedelta,
        allow_approve: bool = False,
        by: Admission,
    ) -> MadeToken:
        """A token for an account: people make their own after a login, administrators those of services and agents.

        One that may approve is made by the approver alone, after a login. InputInvalid for one that makes no sense.
        """
        person, actor, at = await self._people.get(name), by.require_login(), self._now()
        own = actor.name == name and by.source == LOGIN
        if not own:
            _administrator(by)
            if Scope.APPROVE in scopes:
                raise RightMissing(
                    f"Only {name!r} makes a token that approves for them.",
                    why="Whoever holds it decides as that person.",
                    not_done="No token was made.",
                    next_step="Let them log in and make it with --allow-approve.",
                )
        token = ApiToken(f"t-{secrets.token_hex(6)}", name, label, scopes, databases, at, at + lifetime)
        require_sound_token(token, person, allow_approve=allow_approve)
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        told = {"person": name, "scopes": sorted(scopes), "databases": sorted(databases), "until": _moment(token)}
        entry = self._entry("token.created", actor.name, at, token.id, **told)
        await self._logins.add_token(token, secret_hash(secret), audit=(entry,))
        return MadeToken(token, secret)

    async def tokens(self, *, by: Admission) -> tuple[ApiToken, ...]:
        """An administrator sees all, everyone else their own."""
        person = by.require_login()
        return await self._logins.tokens(None if Role.ADMIN in person.roles else person.name)

    async def revoke(self, token_id: str, *, by: Admission) -> None:
        """End a token at once: one's own, or as an administrator any. InputInvalid when there is none that holds."""
        person = by.require_login()
        if token_id not in {token.id for token in await self._logins.tokens(person.name)}:
            _administrator(by)
        at = self._now()
        entry = self._entry("token.revoked", person.name, at, token_id)
        if not await self._logins.revoke(token_id, at, audit=(entry,)):
            raise InputInvalid(
                f"There is no token {token_id} that still holds.",
                not_done="Nothing was changed.",
                next_step="`pgwarden token list` shows them.",
            )

    async def delegate(self, delegation: Delegation, *, by: Admission) -> None:
        """Let another approver stand in: the giver's right, or an administrator's for somebody who is ill."""
        actor = self._giver(delegation.giver, by)
        told = {"deputy": delegation.deputy, "until": delegation.end.isoformat()}
        entry = self._entry("delegation.opened", actor, self._now(), delegation.giver, **told)
        if delegation.reason:
            entry = replace(entry, personal={"reason": delegation.reason})
        await self._people.delegate(delegation, audit=(entry,))

    async def delegations(self, *, by: Admission, over: bool = False) -> tuple[Delegation, ...]:
        """Who stands in for whom, now and later; with ``over`` those that ended, too."""
        by.require_login()
        now = self._now()
        return tuple(each for each in await self._people.delegations() if over or each.end > max(now, each.start))

    async def end_delegation(self, giver: str, deputy: str, *, by: Admission) -> None:
        """End it now. InputInvalid when there is none."""
        actor, at = self._giver(giver, by), self._now()
        entry = self._entry("delegation.ended", actor, at, giver, deputy=deputy)
        if not await self._people.end_delegation(giver, deputy, at, audit=(entry,)):
            raise InputInvalid(f"{deputy!r} does not stand in for {giver!r}.", not_done="Nothing was changed.")

    def _giver(self, giver: str, by: Admission) -> str:
        person = by.require_login()
        if person.name != giver:
            return _administrator(by)
        return by.require_approver().name

    def _self(self, by: Admission) -> Person:
        """The person behind a login: a token changes no password."""
        if by.source != LOGIN or by.person is None:
            by.require_login()
            raise RightMissing(
                "A token cannot change how its owner logs in.",
                not_done="Nothing was changed.",
                next_step="pgwarden login",
            )
        return by.person

    async def _require_password(self, name: str, password: str) -> None:
        attempts, at = await self._logins.attempt(name, self._now()), self._now()
        credential = await self._logins.credential(name)
        if attempts.locked(at) or not await self._passwords.matches(credential.password_hash, password):
            raise _wrong("The password is wrong.", "Try again; too many wrong attempts lock the name for a while.")
        await self._logins.succeed(name)

    async def _require_known(self, *names: str) -> None:
        for name in filter(None, names):
            await self._people.get(name)

    async def _one_time(self, name: str, actor: str) -> str:
        password, at = one_time_password(), self._now()
        await self._logins.set_password(
            name,
            await self._passwords.hash(password),
            must_change=True,
            at=at,
            audit=(self._entry("password.reset", actor, at, name),),
        )
        return password

    def _entry(self, action: str, actor: str, at: datetime, subject: str, **details: Any) -> AuditEntry:
        return AuditEntry(action, actor, at, subject=subject, source=self._source, details=details)


def one_time_password() -> str:
    """100 random bits, in groups that can be read out."""
    text = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(20))
    return "-".join(text[start : start + 5] for start in range(0, 20, 5))


def recovery_codes() -> tuple[str, ...]:
    """As many as an account has at most, none twice but by a chance of one in 10^18."""
    return tuple(written_code(secrets.randbelow(POSSIBLE)) for _ in range(COUNT))


def _shown(person: Person, to: Person) -> Person:
    if to.name == person.name or Role.ADMIN in to.roles:
        return person
    return replace(person, email="", phone="", slack="")


def _administrator(by: Admission) -> str:
    return by.require(Scope.ADMIN, Role.ADMIN).name


def _told(after: Person, before: Person | None) -> dict[str, Any]:
    """What changed, contacts by their field alone: their values stand among what can be erased."""
    changed = [f.name for f in fields(after) if before is None or getattr(after, f.name) != getattr(before, f.name)]
    values = {name: getattr(after, name) for name in changed if name not in (*CONTACTS, "name")}
    plain = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()}
    return plain | {"contacts": [name for name in changed if name in CONTACTS and getattr(after, name)]}


def _with_contacts(entry: AuditEntry, after: Person, before: Person | None) -> AuditEntry:
    values = {name: getattr(after, name) for name in CONTACTS}
    changed = {name: value for name, value in values.items() if before is None or value != getattr(before, name)}
    return replace(entry, personal={name: value for name, value in changed.items() if value})


def _moment(token: ApiToken) -> str:
    return token.expires_at.isoformat()


def _wrong(what: str, next_step: str) -> LoginFailed:
    return LoginFailed(what, not_done="Nothing was changed.", next_step=next_step)
