"""``ports.PeopleStore`` and ``ports.LoginStore``, in memory and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.adapters.postgres.control.logins import PostgresLoginStore
from pgwarden.adapters.postgres.control.people import PostgresPeopleStore
from pgwarden.adapters.secret_box import SecretBox
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import AlreadyExists, ChangedMeanwhile, InputInvalid, LastAdministrator, UnknownPerson
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.login import LONGEST_LOCK, MOST_FAILURES, Credential, LoginMethod, LoginSession, secret_hash
from pgwarden.domain.person import ApiToken, Delegation, Person, Role
from pgwarden.ports import LoginStore, PeopleStore
from pgwarden.testing.people import MemoryLoginStore, MemoryPeople, MemoryPeopleStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
APPROVER = frozenset({Role.REQUESTER, Role.APPROVER})
ANA = Person("ana", roles=frozenset({Role.ADMIN}), email="Ana@example.org", groups=frozenset({"dba", "sales team"}))
LEA = Person("lea", full_name="Léa Ω", roles=APPROVER, level=1, slack="U01ABC", phone="+491701234567", backup="max")
MAX = Person("max", roles=APPROVER, level=2, zone="Europe/Berlin")
BOT = Person("bot", IdentityKind.AGENT, owner="lea")
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"


@dataclass
class Stores:
    people: PeopleStore
    logins: LoginStore
    actions: Callable[[], Awaitable[list[str]]]
    """What the audit holds, oldest first."""


def said(action: str = "people.changed", at: datetime = NOON) -> tuple[AuditEntry, ...]:
    return (AuditEntry(action, "ana", at),)


@pytest.fixture
def stores(implementation: str, request: pytest.FixtureRequest) -> Stores:
    if implementation == "memory":
        held = MemoryPeople()

        async def remembered() -> list[str]:
            return [entry.action for entry in held.audit]

        return Stores(MemoryPeopleStore(held), MemoryLoginStore(held), remembered)
    control = request.getfixturevalue("control")

    async def written() -> list[str]:
        found = await PostgresAuditLog(control).find(AuditFilter(), limit=1000)
        return [record.entry.action for record in reversed(found)]

    return Stores(PostgresPeopleStore(control), PostgresLoginStore(control, SecretBox(None)), written)


async def add(stores: Stores, *people: Person) -> None:
    for person in people:
        await stores.people.add(person, audit=())


async def test_accounts_come_back_as_they_were(stores: Stores) -> None:
    await add(stores, MAX, ANA, LEA, BOT)
    assert await stores.people.all() == (ANA, BOT, LEA, MAX)
    assert await stores.people.get("lea") == LEA
    assert await stores.people.find(email="ana@EXAMPLE.org") == ANA
    assert await stores.people.find(slack="U01ABC") == LEA
    assert await stores.people.find(slack="U9") is await stores.people.find() is None


async def test_an_unknown_name_is_told(stores: Stores) -> None:
    for work in (
        stores.people.get("nobody"),
        stores.people.replace(replace(ANA, name="nobody"), expected=replace(ANA, name="nobody"), audit=said()),
        stores.people.delegate(Delegation("nobody", "ana", NOON, NOON + HOUR), audit=said()),
        stores.logins.set_password("nobody", HASH, must_change=False, at=NOON, audit=said()),
        stores.logins.set_second_factor("nobody", b"secret", 1, at=NOON, audit=said()),
    ):
        with pytest.raises(UnknownPerson):
            await work
    assert await stores.actions() == []


@pytest.mark.parametrize(
    "other", [replace(BOT, name="ana"), replace(BOT, email="ana@example.ORG"), replace(BOT, slack="U01ABC")]
)
async def test_no_two_accounts_can_be_taken_for_each_other(stores: Stores, other: Person) -> None:
    await add(stores, ANA, LEA)
    with pytest.raises(AlreadyExists):
        await stores.people.add(other, audit=said())
    await add(stores, BOT)
    if other.name == "bot":
        with pytest.raises(AlreadyExists):
            await stores.people.replace(other, expected=BOT, audit=said())
    assert await stores.people.get("bot") == BOT
    assert await stores.actions() == []


@pytest.mark.parametrize(
    "unsound",
    [
        replace(BOT, roles=APPROVER, level=1),
        replace(BOT, roles=frozenset({Role.ADMIN})),
        replace(LEA, level=0),
        replace(LEA, level=4),
        replace(ANA, level=2),
        replace(LEA, backup="lea"),
        replace(LEA, owner="max"),
        replace(LEA, zone="Mars/Olympus"),
        replace(LEA, email="lea"),
        replace(LEA, slack="lea"),
        replace(LEA, phone="0170 1234567"),
        *(
            replace(LEA, name=name)
            for name in ("", "le*", "person:lea", "system", "a\nb", " lea", "lea ", "lea (guest)", "x" * 300)
        ),
    ],
)
async def test_an_account_that_makes_no_sense_is_refused(stores: Stores, unsound: Person) -> None:
    with pytest.raises(InputInvalid):
        await stores.people.add(unsound, audit=said())
    assert await stores.people.all() == ()


async def test_approvers_are_active_people_of_the_level(stores: Stores) -> None:
    away = replace(MAX, name="away", active=False)
    await add(stores, ANA, LEA, MAX, BOT, away)
    assert await stores.people.approvers(1) == (LEA, MAX)
    assert await stores.people.approvers(2) == (MAX,)
    assert await stores.people.approvers(3) == ()


async def test_a_change_of_an_old_state_overwrites_nothing(stores: Stores) -> None:
    await add(stores, ANA, LEA)
    promoted = replace(LEA, level=2)
    await stores.people.replace(promoted, expected=LEA, audit=said())
    with pytest.raises(ChangedMeanwhile):
        await stores.people.replace(replace(LEA, full_name="other"), expected=LEA, audit=said("lost"))
    assert await stores.people.get("lea") == promoted
    assert await stores.actions() == ["people.changed"]


async def test_of_two_administrators_one_stays_whatever_happens_at_once(stores: Stores) -> None:
    other = replace(ANA, name="eve", email="")
    await add(stores, ANA, other)
    steps = (
        stores.people.replace(replace(each, roles=frozenset({Role.AUDITOR})), expected=each, audit=said())
        for each in (ANA, other)
    )
    outcomes = await asyncio.gather(*steps, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LastAdministrator", "NoneType"]
    left = next(person for person in await stores.people.all() if Role.ADMIN in person.roles)
    with pytest.raises(LastAdministrator):
        await stores.people.replace(replace(left, active=False), expected=left, audit=said())


async def test_the_first_administrator_is_added_once(stores: Stores) -> None:
    first = (stores.people.add_first(replace(ANA, name=f"a{n}", email=""), HASH, at=NOON, audit=said()) for n in "123")
    assert sorted(await asyncio.gather(*first)) == [False, False, True]
    (only,) = await stores.people.all()
    assert await stores.logins.credential(only.name) == Credential(only.name, HASH, must_change=True, changed_at=NOON)
    assert await stores.actions() == ["people.changed"]


async def test_whoever_is_no_longer_active_proves_nothing(stores: Stores) -> None:
    await add(stores, ANA, LEA, MAX)
    await stores.logins.set_password("lea", HASH, must_change=False, at=NOON, audit=())
    await stores.logins.open(login("l1", "lea"), secret_hash("s1"), audit=())
    await stores.logins.add_token(token("t1", "lea"), secret_hash("s2"), audit=())
    await stores.logins.link("https://id", "42", "lea", audit=())
    await stores.people.delegate(Delegation("lea", "max", NOON, NOON + 9 * HOUR), audit=())
    later = NOON + HOUR
    await stores.people.replace(replace(LEA, active=False), expected=LEA, audit=said(at=later))
    ended, revoked = await stores.logins.login(secret_hash("s1")), await stores.logins.bearer(secret_hash("s2"))
    assert ended is not None
    assert ended.ended_at == later
    assert revoked == (replace(token("t1", "lea"), revoked_at=later), replace(LEA, active=False))
    assert await stores.logins.linked("https://id", "42") == ""
    assert await stores.people.delegations(later) == ()
    assert (await stores.logins.credential("lea")).password_hash == ""


async def test_a_delegation_holds_for_its_time(stores: Stores) -> None:
    await add(stores, LEA, MAX)
    away = Delegation("max", "lea", NOON, NOON + 2 * HOUR, "holiday")
    await stores.people.delegate(away, audit=said("delegation.opened"))
    with pytest.raises(AlreadyExists):
        await stores.people.delegate(replace(away, reason="again"), audit=said())
    held = [await stores.people.delegations(NOON + h * HOUR) for h in (-1, 0, 1, 2)]
    assert held == [(), (away,), (away,), ()]
    assert await stores.people.end_delegation("max", "lea", NOON + HOUR, audit=said("delegation.ended"))
    assert await stores.people.delegations(NOON + HOUR) == ()
    assert await stores.people.delegations() == (replace(away, end=NOON + HOUR),)
    assert not await stores.people.end_delegation("max", "lea", NOON + HOUR, audit=said("never"))
    assert await stores.actions() == ["delegation.opened", "delegation.ended"]


@pytest.mark.parametrize(
    "unsound",
    [
        Delegation("max", "max", NOON, NOON + HOUR),
        Delegation("max", "bot", NOON, NOON + HOUR),
        Delegation("ana", "max", NOON, NOON + HOUR),
        Delegation("max", "lea", NOON, NOON),
        Delegation("max", "lea", NOON, NOON + timedelta(days=400)),
    ],
)
async def test_a_delegation_that_makes_no_sense_is_refused(stores: Stores, unsound: Delegation) -> None:
    await add(stores, ANA, LEA, MAX, BOT)
    with pytest.raises(InputInvalid):
        await stores.people.delegate(unsound, audit=said())
    assert await stores.people.delegations() == ()


def login(login_id: str, person: str) -> LoginSession:
    return LoginSession(login_id, person, LoginMethod.PASSWORD, "cli", NOON, NOON + 8 * HOUR)


def token(token_id: str, person: str) -> ApiToken:
    return ApiToken(token_id, person, "ci", frozenset({"ask"}), frozenset({"*"}), NOON, NOON + HOUR)


async def test_logins_are_found_by_the_hash_of_their_secret(stores: Stores) -> None:
    await add(stores, ANA)
    assert not await stores.logins.is_claimed()
    await stores.logins.open(login("l1", "ana"), secret_hash("s1"), audit=said("login.opened"))
    assert await stores.logins.is_claimed()
    assert await stores.logins.login(secret_hash("s1")) == login("l1", "ana")
    assert await stores.logins.login("s1") is None
    assert await stores.logins.holder("s1") is None
    assert await stores.logins.holder(secret_hash("s1")) == (login("l1", "ana"), ANA, False)
    await stores.logins.set_password("ana", HASH, must_change=True, at=NOON, keep_login="l1", audit=())
    assert await stores.logins.holder(secret_hash("s1")) == (login("l1", "ana"), ANA, True)
    for _ in range(2):
        await stores.logins.end("l1", NOON + HOUR, audit=said("login.ended"))
    assert await stores.logins.login(secret_hash("s1")) == replace(login("l1", "ana"), ended_at=NOON + HOUR)
    assert await stores.actions() == ["login.opened", "login.ended"]


async def test_the_logins_that_hold_are_listed(stores: Stores) -> None:
    await add(stores, ANA, LEA)
    for name, owner in (("l1", "ana"), ("l2", "ana"), ("l3", "lea")):
        await stores.logins.open(login(name, owner), secret_hash(name), audit=())
    await stores.logins.end("l1", NOON, audit=())
    assert [each.id for each in await stores.logins.open_logins("ana", NOON)] == ["l2"]
    assert await stores.logins.open_logins("ana", login("l2", "ana").expires_at) == ()


async def test_a_new_password_ends_the_other_logins(stores: Stores) -> None:
    await add(stores, ANA)
    for name in ("l1", "l2"):
        await stores.logins.open(login(name, "ana"), secret_hash(name), audit=())
    await stores.logins.set_password("ana", HASH, must_change=False, at=NOON + HOUR, keep_login="l2", audit=said())
    ended = [await stores.logins.login(secret_hash(name)) for name in ("l1", "l2")]
    assert [each.ended_at for each in ended if each] == [NOON + HOUR, None]


async def test_tokens_are_found_listed_and_revoked(stores: Stores) -> None:
    await add(stores, ANA, LEA)
    for name, owner in (("t1", "ana"), ("t2", "lea")):
        await stores.logins.add_token(token(name, owner), secret_hash(name), audit=said("token.created"))
    assert await stores.logins.bearer(secret_hash("t1")) == (token("t1", "ana"), ANA)
    assert await stores.logins.bearer(secret_hash("t3")) is None
    assert await stores.logins.tokens() == (token("t1", "ana"), token("t2", "lea"))
    assert await stores.logins.tokens("lea") == (token("t2", "lea"),)
    assert await stores.logins.revoke("t1", NOON, audit=said("token.revoked"))
    assert not await stores.logins.revoke("t1", NOON, audit=said("never"))
    assert await stores.logins.tokens("ana") == (replace(token("t1", "ana"), revoked_at=NOON),)
    assert await stores.actions() == ["token.created", "token.created", "token.revoked"]


async def test_wrong_attempts_lock_a_name_and_longer_each_time(stores: Stores) -> None:
    for number in range(1, MOST_FAILURES + 1):
        assert (await stores.logins.attempt("ana", NOON)).failures == number
    locked = await stores.logins.attempt("ana", NOON + timedelta(seconds=59))
    assert locked.locked_until == NOON + timedelta(minutes=1)
    assert locked.failures == MOST_FAILURES, "while it is locked nothing is counted"
    now = NOON + timedelta(minutes=1)
    assert not (await stores.logins.attempt("ana", now)).locked(now)
    assert (await stores.logins.attempt("ana", now)).locked_until == now + timedelta(minutes=2)
    assert not (await stores.logins.attempt("lea", NOON)).locked(NOON), "one name, not all"
    for _ in range(9):
        now += LONGEST_LOCK
        await stores.logins.attempt("ana", now)
    assert (await stores.logins.attempt("ana", now)).locked_until == now + LONGEST_LOCK


async def test_a_right_attempt_forgets_the_wrong_ones(stores: Stores) -> None:
    for _ in range(MOST_FAILURES):
        await stores.logins.attempt("ana", NOON)
    await stores.logins.succeed("ana", audit=said("login.unlocked"))
    assert (await stores.logins.attempt("ana", NOON)).failures == 1
    await stores.logins.refuse(said("login.refused"))
    assert await stores.actions() == ["login.unlocked", "login.refused"]


async def test_many_attempts_at_once_are_counted_one_by_one(stores: Stores) -> None:
    attempts = await asyncio.gather(*(stores.logins.attempt("ana", NOON) for _ in range(12)))
    assert sorted(each.failures for each in attempts if not each.locked(NOON)) == list(range(1, MOST_FAILURES + 1))


async def test_each_code_of_the_second_factor_is_taken_once(stores: Stores) -> None:
    await add(stores, ANA)
    assert not await stores.logins.use_code("ana", 5)
    await stores.logins.set_second_factor("ana", b"\x00secret", 5, at=NOON, audit=said())
    assert (await stores.logins.credential("ana")).totp_secret == b"\x00secret"
    outcomes = await asyncio.gather(*(stores.logins.use_code("ana", 6) for _ in range(3)))
    assert sorted(outcomes) == [False, False, True]
    assert not await stores.logins.use_code("ana", 5)


async def test_each_recovery_code_is_taken_once_and_ends_with_the_second_factor(stores: Stores) -> None:
    await add(stores, ANA)
    assert not await stores.logins.set_recovery_codes("ana", ["a"], instead_of=(), audit=said("never"))
    await stores.logins.set_second_factor("ana", b"secret", 5, ["a", "b", "c"], at=NOON, audit=())
    uses = (stores.logins.use_recovery_code("ana", "b", audit=said("recovery_code.used")) for _ in range(3))
    assert sorted(await asyncio.gather(*uses)) == [False, False, True]
    assert (await stores.logins.credential("ana")).recovery_codes == ("a", "c")
    assert not await stores.logins.set_recovery_codes("ana", ["d"], instead_of=("a", "b", "c"), audit=said("never"))
    assert await stores.logins.set_recovery_codes("ana", ["d"], instead_of=("a", "c"), audit=said("recovery.renewed"))
    assert not await stores.logins.use_recovery_code("ana", "a", audit=said("never"))
    await stores.logins.set_second_factor("ana", b"", 0, at=NOON, audit=())
    assert await stores.logins.credential("ana") == Credential("ana", changed_at=NOON)
    assert await stores.actions() == ["recovery_code.used", "recovery.renewed"]


async def test_a_subject_is_linked_once(stores: Stores) -> None:
    await add(stores, ANA, LEA)
    await stores.logins.link("https://id", "42", "ana", audit=said())
    with pytest.raises(AlreadyExists):
        await stores.logins.link("https://id", "42", "lea", audit=said())
    assert await stores.logins.linked("https://id", "42") == "ana"
    assert await stores.logins.linked("https://other", "42") == ""
