from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.people import NOON, PASSWORD, PeopleHouse

from pgwarden.domain.admission import Admission
from pgwarden.domain.errors import (
    AlreadyExists,
    InputInvalid,
    LoginFailed,
    LoginNeeded,
    PasswordUnfit,
    ProofNeeded,
    RightMissing,
    TokenInvalid,
    UnknownPerson,
)
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.login import EVERY_SCOPE
from pgwarden.domain.one_time_code import code_of, step_at
from pgwarden.domain.person import Delegation, Person, Role

ROOT = Person("root", roles=frozenset({Role.ADMIN}))
LEA = Person("lea", roles=frozenset({Role.REQUESTER, Role.APPROVER}), level=2)
MAX = Person("max", roles=frozenset({Role.REQUESTER, Role.APPROVER}), level=1)
JOE = Person("joe")
BOT = Person("bot", IdentityKind.SERVICE, owner="joe")
GUEST = Admission(Identity("root"))
DAY = timedelta(days=1)
NEW = "lanterns for twelve owls"


@pytest.fixture
async def house() -> PeopleHouse:
    made = PeopleHouse(ROOT, LEA, MAX, JOE, BOT)
    await made.give_passwords()
    return made


async def test_only_an_administrator_changes_people(house: PeopleHouse) -> None:
    lea = await house.admitted("lea")
    for by, error in ((GUEST, LoginNeeded), (lea, RightMissing)):
        for work in (
            house.personnel.add(Person("eve"), by=by),
            house.personnel.change("lea", by=by, level=3),
            house.personnel.change("joe", by=by, phone="+491701234567"),
            house.personnel.remove("joe", by=by),
            house.personnel.reset("joe", by=by),
            house.personnel.unlock("joe", by=by),
        ):
            with pytest.raises(error):
                await work
    assert house.held.people == {person.name: person for person in (ROOT, LEA, MAX, JOE, BOT)}


async def test_a_token_without_the_scope_does_not_make_an_administrator(house: PeopleHouse) -> None:
    root = await house.admitted("root")
    made = await house.personnel.make_token(
        "root", "ci", scopes=frozenset({"ask"}), databases=frozenset({"*"}), lifetime=DAY, by=root
    )
    with pytest.raises(RightMissing):
        await house.personnel.add(Person("eve"), by=await house.desk.admit_token(made.secret, "test"))


async def test_a_new_person_gets_a_password_that_only_serves_to_set_another(house: PeopleHouse) -> None:
    root = await house.admitted("root")
    one_time = await house.personnel.add(Person("eve", email="eve@example.org"), by=root)
    opened = await house.desk.log_in("eve", one_time, source="test")
    assert opened.must_change_password
    eve = await house.desk.admit_login(opened.secret, "test")
    with pytest.raises(LoginNeeded, match="Set a password"):
        eve.require_login()
    await house.personnel.set_password(one_time, NEW, by=eve)
    assert (await house.desk.admit_login(opened.secret, "test")).require_login().name == "eve"
    with pytest.raises(LoginFailed):
        await house.desk.log_in("eve", one_time, source="test")
    added = next(entry for entry in house.held.audit if entry.action == "person.added")
    assert added.personal == {"email": "eve@example.org"}
    assert "example.org" not in str(added.details), "contacts can be erased later"
    assert one_time not in repr(house.held.audit)


async def test_services_get_no_password(house: PeopleHouse) -> None:
    assert (
        await house.personnel.add(Person("ci", IdentityKind.SERVICE, owner="joe"), by=await house.admitted("root"))
        == ""
    )
    with pytest.raises(UnknownPerson):
        await house.personnel.add(Person("cd", IdentityKind.SERVICE, owner="nobody"), by=await house.admitted("root"))


async def test_people_change_their_own_phone_but_not_what_decisions_come_through(house: PeopleHouse) -> None:
    joe = await house.admitted("joe")
    assert (await house.personnel.change("joe", by=joe, phone="+491701234567")).phone == "+491701234567"
    for given in ({"slack": "U012AB3CD"}, {"email": "boss@example.org"}, {"level": 3}, {"groups": frozenset({"hr"})}):
        with pytest.raises(RightMissing):
            await house.personnel.change("joe", by=joe, **given)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "aaaaaaaaaaaaaaaa",
        "password1234",
        "Password-Password",
        "joejoejoejoe",
        "123456789012",
        PASSWORD,
        "x" * 300,
    ],
)
async def test_a_password_that_is_no_good_is_refused(house: PeopleHouse, password: str) -> None:
    with pytest.raises(PasswordUnfit):
        await house.personnel.set_password(PASSWORD, password, by=await house.admitted("joe"))
    await house.admitted("joe")


async def test_a_new_password_takes_the_old_one_and_ends_other_logins(house: PeopleHouse) -> None:
    here, there = await house.admitted("joe"), await house.desk.log_in("joe", PASSWORD, source="test")
    with pytest.raises(LoginFailed):
        await house.personnel.set_password("wrong", NEW, by=here)
    await house.personnel.set_password(PASSWORD, NEW, by=here)
    with pytest.raises(TokenInvalid):
        await house.desk.admit_login(there.secret, "test")
    await house.admitted("joe", NEW)


async def test_a_token_changes_no_password(house: PeopleHouse) -> None:
    made = await house.personnel.make_token(
        "joe", "ci", scopes=frozenset({"ask"}), databases=frozenset({"*"}), lifetime=DAY, by=await house.admitted("joe")
    )
    with pytest.raises(RightMissing):
        await house.personnel.set_password(PASSWORD, NEW, by=await house.desk.admit_token(made.secret, "test"))
    with pytest.raises(LoginNeeded):
        await house.personnel.set_password(PASSWORD, NEW, by=GUEST)


async def test_a_second_factor_is_enrolled_with_the_password_and_a_code(house: PeopleHouse) -> None:
    joe = await house.admitted("joe")
    secret = house.personnel.new_second_factor()
    code = code_of(secret, step_at(NOON))
    with pytest.raises(LoginFailed):
        await house.personnel.enrol(secret, "000000", PASSWORD, by=joe)
    with pytest.raises(LoginFailed):
        await house.personnel.enrol(secret, code, "wrong", by=joe)
    codes = await house.personnel.enrol(secret, code, PASSWORD, by=joe)
    assert len({*codes}) == await house.personnel.recovery_codes_left(by=joe) == 10
    assert not [each for each in codes if each in repr(house.held.audit) + repr(house.held.credentials)]
    with pytest.raises(InputInvalid):
        await house.personnel.enrol(house.personnel.new_second_factor(), code, PASSWORD, by=joe)
    with pytest.raises(ProofNeeded):
        await house.desk.log_in("joe", PASSWORD, source="test")
    one_time = await house.personnel.reset("joe", by=await house.admitted("root"), second_factor=True)
    await house.desk.log_in("joe", one_time, source="test")
    assert {"second_factor.enrolled", "second_factor.removed", "password.reset"} <= set(house.told())


async def test_new_recovery_codes_end_the_old_ones_and_all_end_with_the_second_factor(house: PeopleHouse) -> None:
    joe = await house.admitted("joe")
    with pytest.raises(InputInvalid):
        await house.personnel.renew_recovery_codes(by=joe)
    secret = house.personnel.new_second_factor()
    old = await house.personnel.enrol(secret, code_of(secret, step_at(NOON)), PASSWORD, by=joe)
    new = await house.personnel.renew_recovery_codes(by=joe)
    assert not {*old} & {*new}
    with pytest.raises(LoginFailed):
        await house.desk.log_in("joe", PASSWORD, code=old[0], source="test")
    await house.desk.log_in("joe", PASSWORD, code=new[0], source="test")
    assert await house.personnel.recovery_codes_left(by=joe) == 9
    await house.personnel.reset("joe", by=await house.admitted("root"), second_factor=True)
    assert (await house.logins.credential("joe")).recovery_codes == ()
    assert "recovery_codes.renewed" in house.told()


async def test_only_the_approver_makes_a_token_that_approves_and_only_on_purpose(house: PeopleHouse) -> None:
    scopes, everywhere = frozenset({"approve"}), frozenset({"*"})

    async def made(name: str, by: str, on_purpose: bool) -> None:
        await house.personnel.make_token(
            name, "x", scopes=scopes, databases=everywhere, lifetime=DAY, allow_approve=on_purpose,
            by=await house.admitted(by),
        )  # fmt: skip

    with pytest.raises(RightMissing):
        await made("lea", "root", True)
    for name, on_purpose in (("lea", False), ("joe", True)):
        with pytest.raises(InputInvalid):
            await made(name, name, on_purpose)
    await made("lea", "lea", True)


@pytest.mark.parametrize(
    ("scopes", "days", "databases"),
    [
        (frozenset(), 1, frozenset({"*"})),
        (frozenset({"everything"}), 1, frozenset({"*"})),
        (frozenset({"admin"}), 1, frozenset({"*"})),
        (frozenset({"audit"}), 1, frozenset({"*"})),
        (frozenset({"metrics"}), 1, frozenset({"*"})),
        (frozenset({"ask"}), 0, frozenset({"*"})),
        (frozenset({"ask"}), 1000, frozenset({"*"})),
        (frozenset({"ask"}), 1, frozenset()),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(
    house: PeopleHouse, scopes: frozenset[str], days: int, databases: frozenset[str]
) -> None:
    with pytest.raises(InputInvalid):
        await house.personnel.make_token(
            "joe",
            "x",
            scopes=scopes,
            databases=databases,
            lifetime=timedelta(days=days),
            by=await house.admitted("joe"),
        )
    assert house.held.tokens == {}


async def test_tokens_are_seen_and_revoked_by_their_owner_and_by_administrators(house: PeopleHouse) -> None:
    joe, lea, root = [await house.admitted(name) for name in ("joe", "lea", "root")]
    tokens = [
        await house.personnel.make_token(
            name, "x", scopes=frozenset({"ask"}), databases=frozenset({"*"}), lifetime=DAY, by=by
        )
        for name, by in (("joe", joe), ("lea", lea))
    ]
    assert await house.personnel.tokens(by=joe) == (tokens[0].token,)
    assert len(await house.personnel.tokens(by=root)) == 2
    with pytest.raises(RightMissing):
        await house.personnel.revoke(tokens[1].token.id, by=joe)
    await house.personnel.revoke(tokens[0].token.id, by=joe)
    await house.personnel.revoke(tokens[1].token.id, by=root)
    with pytest.raises(InputInvalid):
        await house.personnel.revoke(tokens[1].token.id, by=root)


async def test_one_gives_ones_own_right_away_and_an_administrator_anyones(house: PeopleHouse) -> None:
    given = Delegation("lea", "max", NOON, NOON + DAY, "holiday")
    lea, max_, joe, root = [await house.admitted(name) for name in ("lea", "max", "joe", "root")]
    for by in (max_, joe):
        with pytest.raises(RightMissing):
            await house.personnel.delegate(given, by=by)
    await house.personnel.delegate(given, by=lea)
    with pytest.raises(RightMissing):
        await house.personnel.end_delegation("lea", "max", by=max_)
    await house.personnel.end_delegation("lea", "max", by=root)
    with pytest.raises(InputInvalid):
        await house.personnel.end_delegation("lea", "max", by=lea)
    opened = next(entry for entry in house.held.audit if entry.action == "delegation.opened")
    assert (opened.personal, opened.subject) == ({"reason": "holiday"}, "lea")


async def test_the_first_administrator_is_made_once_and_renewed_until_somebody_logs_in() -> None:
    house = PeopleHouse()
    first = await house.personnel.first_administrator()
    assert await house.personnel.first_administrator() == ""
    name, renewed = await house.personnel.renew_first_administrator()
    assert (name, renewed != first) == ("admin", True)
    with pytest.raises(LoginFailed):
        await house.desk.log_in("admin", first, source="test")
    assert (await house.desk.log_in("admin", renewed, source="test")).must_change_password
    with pytest.raises(RightMissing):
        await house.personnel.renew_first_administrator()


async def test_contacts_of_others_are_for_administrators(house: PeopleHouse) -> None:
    root, joe, lea = [await house.admitted(name) for name in ("root", "joe", "lea")]
    changed = await house.personnel.change("joe", by=root, email="joe@example.org", phone="+491701234567")
    for by, phone in ((root, changed.phone), (joe, changed.phone), (lea, "")):
        assert (await house.personnel.account("joe", by=by)).phone == phone
        assert [person.phone for person in await house.personnel.accounts(by=by) if person.name == "joe"] == [phone]
    with pytest.raises(LoginNeeded):
        await house.personnel.accounts(by=GUEST)
    entry = house.held.audit[-1]
    assert (entry.action, entry.personal) == (
        "person.changed",
        {"email": "joe@example.org", "phone": "+491701234567"},
    )
    assert "example" not in str(entry.details)


async def test_a_removed_account_keeps_its_name_and_loses_its_contacts(house: PeopleHouse) -> None:
    root = await house.admitted("root")
    await house.personnel.change("joe", by=root, email="joe@example.org")
    removed = await house.personnel.remove("joe", by=root)
    assert removed == replace(JOE, active=False)
    with pytest.raises(AlreadyExists):
        await house.personnel.add(Person("joe"), by=root)


def test_every_scope_is_one_that_tokens_can_have() -> None:
    assert {"ask", "request", "execute", "audit", "metrics", "admin", "approve"} == EVERY_SCOPE
