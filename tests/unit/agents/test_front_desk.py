from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.people import PASSWORD, PeopleHouse

from pgwarden.domain.audit import Outcome
from pgwarden.domain.errors import LoginFailed, LoginLocked, LoginNeeded, ProofNeeded, RightMissing, TokenInvalid
from pgwarden.domain.identity import Access, DataRight, DataRights, IdentityKind
from pgwarden.domain.login import EVERY_SCOPE, MOST_FAILURES, Scope
from pgwarden.domain.one_time_code import PERIOD, code_of, step_at
from pgwarden.domain.person import Person, Role
from pgwarden.domain.recovery_code import code_hash, written_code

ROOT = Person("root", roles=frozenset({Role.ADMIN}))
LEA = Person("lea", roles=frozenset({Role.REQUESTER, Role.APPROVER}), level=2, groups=frozenset({"dba"}))
BOT = Person("bot", IdentityKind.AGENT)
SECRET = b"12345678901234567890"


@pytest.fixture
async def house() -> PeopleHouse:
    made = PeopleHouse(ROOT, LEA, BOT)
    await made.give_passwords()
    return made


async def enrolled(house: PeopleHouse, *recovery_codes: str) -> None:
    hashes = [code_hash(SECRET, each) for each in recovery_codes]
    await house.logins.set_second_factor("lea", SECRET, 0, hashes, at=house.now, audit=())


def code(house: PeopleHouse) -> str:
    return code_of(SECRET, step_at(house.now))


async def test_a_login_proves_the_person_with_groups_and_every_scope(house: PeopleHouse) -> None:
    admission = await house.admitted("lea")
    assert admission.authenticated
    assert (admission.identity.name, admission.identity.groups) == ("lea", frozenset({"dba"}))
    assert admission.require_approver(2) == LEA
    with pytest.raises(RightMissing):
        admission.require_approver(3)
    with pytest.raises(RightMissing):
        admission.require(Scope.ADMIN, Role.ADMIN)
    assert house.told() == ["login.opened"]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("lea", "wr-ng"),
        ("nobody", PASSWORD),
        ("bot", PASSWORD),
        ("", ""),
        ("lea", ""),
        ("lea", "x" * 2000),
        ("l\n", "x"),
    ],
)
async def test_a_wrong_attempt_is_refused_and_told_without_what_was_typed(
    house: PeopleHouse, name: str, password: str
) -> None:
    with pytest.raises(LoginFailed) as caught:
        await house.desk.log_in(name, password, source="test 10.0.0.1")
    assert caught.value.what == "The name, the password or the code is wrong."
    (entry,) = house.held.audit
    assert (entry.action, entry.outcome, entry.source) == ("login.refused", Outcome.REFUSED, "test 10.0.0.1")
    assert entry.actor in ("lea", "bot", "unknown")
    assert "nobody" not in repr(entry)
    assert password not in repr(entry) or password == ""


async def test_five_wrong_attempts_lock_the_name_even_for_the_right_password(house: PeopleHouse) -> None:
    for _ in range(MOST_FAILURES):
        with pytest.raises(LoginFailed):
            await house.desk.log_in("lea", "wrong", source="test")
    with pytest.raises(LoginLocked):
        await house.desk.log_in("lea", PASSWORD, source="test")
    house.now += timedelta(minutes=1)
    await house.desk.log_in("lea", PASSWORD, source="test")
    with pytest.raises(LoginFailed):
        await house.desk.log_in("lea", "wrong", source="test")


async def test_a_name_without_an_account_locks_as_well_so_that_both_look_the_same(house: PeopleHouse) -> None:
    for _ in range(MOST_FAILURES):
        with pytest.raises(LoginFailed):
            await house.desk.log_in("nobody", "wrong", source="test")
    with pytest.raises(LoginLocked):
        await house.desk.log_in("nobody", "wrong", source="test")


async def test_whoever_is_not_active_stays_out_at_once(house: PeopleHouse) -> None:
    opened = await house.desk.log_in("lea", PASSWORD, source="test")
    root = await house.admitted("root")
    await house.personnel.remove("lea", by=root)
    with pytest.raises(TokenInvalid):
        await house.desk.admit_login(opened.secret, "test")
    with pytest.raises(LoginFailed):
        await house.desk.log_in("lea", PASSWORD, source="test")


async def test_nonsense_sent_over_and_over_is_told_once_a_minute_from_each_place(house: PeopleHouse) -> None:
    async def nonsense(place: str) -> None:
        with pytest.raises(TokenInvalid):
            await house.desk.admit_login("junk", place)
        with pytest.raises(TokenInvalid):
            await house.desk.admit_token("junk", place)

    for _ in range(50):
        await nonsense("web 10.0.0.1")
    assert house.told() == ["login.refused", "token.refused"]
    await nonsense("web 10.0.0.2")
    house.now += timedelta(minutes=1)
    await nonsense("web 10.0.0.1")
    assert house.told() == ["login.refused", "token.refused"] * 3


async def test_a_login_ends_by_itself_or_by_hand(house: PeopleHouse) -> None:
    first, second = [await house.desk.log_in("lea", PASSWORD, source="test") for _ in range(2)]
    await house.desk.log_out(await house.desk.admit_login(first.secret, "test"), "test")
    with pytest.raises(TokenInvalid):
        await house.desk.admit_login(first.secret, "test")
    house.now += timedelta(hours=12)
    with pytest.raises(TokenInvalid):
        await house.desk.admit_login(second.secret, "test")
    for wrong in ("", "pgwl_x", first.login.id):
        with pytest.raises(TokenInvalid):
            await house.desk.admit_login(wrong, "test")
    assert house.told().count("login.ended") == 1


async def test_a_token_acts_for_its_account_within_its_scopes(house: PeopleHouse) -> None:
    made = await house.personnel.make_token(
        "bot",
        "nightly",
        scopes=frozenset({"ask"}),
        databases=frozenset({"shop"}),
        lifetime=timedelta(days=1),
        by=await house.admitted("root"),
    )
    admission = await house.desk.admit_token(made.secret, "test")
    assert (admission.identity.name, admission.identity.kind) == ("bot", IdentityKind.AGENT)
    assert admission.identity.token == made.token.id
    admission.require_database("shop")
    with pytest.raises(RightMissing):
        admission.require_database("hr")
    with pytest.raises(RightMissing):
        admission.require(Scope.REQUEST)
    house.now += timedelta(days=1)
    with pytest.raises(TokenInvalid):
        await house.desk.admit_token(made.secret, "test")
    with pytest.raises(TokenInvalid):
        await house.desk.admit_token(made.token.id, "test")


async def test_an_agents_token_never_approves_even_if_the_store_says_so(house: PeopleHouse) -> None:
    made = await house.personnel.make_token(
        "bot", "x", scopes=frozenset({"ask"}), databases=frozenset({"*"}), lifetime=timedelta(days=1),
        by=await house.admitted("root"),
    )  # fmt: skip
    (secret,) = [key for key, token in house.held.tokens.items() if token.id == made.token.id]
    house.held.tokens[secret] = replace(made.token, scopes=EVERY_SCOPE)
    admission = await house.desk.admit_token(made.secret, "test")
    assert admission.scopes.isdisjoint({"approve", "admin"})
    with pytest.raises(RightMissing):
        admission.require_approver()


async def test_a_guest_is_nobody_and_gets_nothing_of_an_account_whose_name_it_claims(house: PeopleHouse) -> None:
    guest, claiming = await house.desk.guest("visitor"), await house.desk.guest("lea")
    assert (guest.identity.name, claiming.identity.name) == ("visitor", "lea (not logged in)")
    assert claiming.identity.claims == "lea"
    lines = (
        DataRight("*", Access.MASKED),
        DataRight("person:lea", Access.READ, table="orders"),
        DataRight("group:dba", Access.READ),
        DataRight("person:lea", Access.DENY, table="pay"),
    )
    seen = {
        name: [
            DataRights.of(identity, lines).on("shop", "public", table, "c", sensitive=False)
            for table in ("orders", "pay", "other")
        ]
        for name, identity in (
            ("visitor", guest.identity),
            ("claiming", claiming.identity),
            ("lea", (await house.admitted("lea")).identity),
        )
    }
    assert seen == {
        "visitor": [Access.MASKED] * 3,
        "claiming": [Access.MASKED, Access.DENY, Access.MASKED],
        "lea": [Access.READ, Access.DENY, Access.READ],
    }
    for admission in (guest, claiming):
        for need in (admission.require_login, admission.require_approver):
            with pytest.raises(LoginNeeded):
                need()


async def test_a_house_where_nobody_ever_logged_in_is_its_starters_own(house: PeopleHouse) -> None:
    (await house.desk.guest("visitor")).require_arranging()
    root = await house.admitted("root")
    root.require_arranging()
    with pytest.raises(LoginNeeded):
        (await house.desk.guest("visitor")).require_arranging()
    with pytest.raises(RightMissing):
        (await house.admitted("lea")).require_arranging()


async def test_a_second_factor_is_asked_for_and_each_code_taken_once(house: PeopleHouse) -> None:
    await enrolled(house)
    with pytest.raises(ProofNeeded):
        await house.desk.log_in("lea", PASSWORD, source="test")
    with pytest.raises(LoginFailed):
        await house.desk.log_in("lea", PASSWORD, code="000000", source="test")
    with pytest.raises(LoginFailed):
        await house.desk.log_in("lea", "wrong", code=code(house), source="test")
    await house.desk.log_in("lea", PASSWORD, code=code(house), source="test")
    with pytest.raises(LoginFailed):
        await house.desk.log_in("lea", PASSWORD, code=code(house), source="test")
    house.now += timedelta(seconds=PERIOD)
    await house.desk.log_in("lea", PASSWORD, code=code(house), source="test")


async def test_codes_cannot_be_guessed_by_whoever_knows_the_password(house: PeopleHouse) -> None:
    await enrolled(house)
    for _ in range(MOST_FAILURES):
        with pytest.raises(LoginFailed):
            await house.desk.log_in("lea", PASSWORD, code="000000", source="test")
    with pytest.raises(LoginLocked):
        await house.desk.log_in("lea", PASSWORD, code=code(house), source="test")


async def test_a_recovery_code_stands_in_for_a_code_once_at_the_login_and_at_a_decision(house: PeopleHouse) -> None:
    first, second = written_code(1), written_code(2)
    await enrolled(house, first, second)
    with pytest.raises(LoginFailed):
        await house.desk.log_in("lea", PASSWORD, code=written_code(3), source="test")
    with pytest.raises(LoginFailed):
        await house.desk.log_in("lea", "wrong", code=first, source="test")
    opened = await house.desk.log_in("lea", PASSWORD, code=f" {first.replace('-', ' ')} ", source="web 10.0.0.1")
    with pytest.raises(LoginFailed):
        await house.desk.log_in("lea", PASSWORD, code=first, source="test")
    admission = await house.desk.admit_login(opened.secret, "test")
    await house.desk.prove(admission, code=second, source="test")
    with pytest.raises(LoginFailed):
        await house.desk.prove(admission, code=second, source="test")
    used = [entry for entry in house.held.audit if entry.action == "recovery_code.used"]
    assert [(entry.actor, entry.source) for entry in used] == [("lea", "web 10.0.0.1"), ("lea", "test")]
    assert not [code for code in (first, second) if code in repr(house.held.audit)]


async def test_recovery_codes_cannot_be_guessed_by_whoever_knows_the_password(house: PeopleHouse) -> None:
    await enrolled(house, written_code(0))
    for number in range(1, MOST_FAILURES + 1):
        with pytest.raises(LoginFailed):
            await house.desk.log_in("lea", PASSWORD, code=written_code(number), source="test")
    with pytest.raises(LoginLocked):
        await house.desk.log_in("lea", PASSWORD, code=written_code(0), source="test")


async def test_a_risky_decision_takes_a_fresh_proof(house: PeopleHouse) -> None:
    admission = await house.admitted("lea")
    assert await house.desk.proof_of(admission) == "password"
    with pytest.raises(ProofNeeded):
        await house.desk.prove(admission, source="test")
    with pytest.raises(LoginFailed):
        await house.desk.prove(admission, password="wrong", source="test")
    await house.desk.prove(admission, password=PASSWORD, source="test")
    await enrolled(house)
    assert await house.desk.proof_of(admission) == "code"
    with pytest.raises(ProofNeeded):
        await house.desk.prove(admission, password=PASSWORD, source="test")
    await house.desk.prove(admission, code=code(house), source="test")
    with pytest.raises(LoginFailed):
        await house.desk.prove(admission, code=code(house), source="test")
    assert house.told().count("proof.given") == 2


async def test_guesses_at_a_proof_lock_the_name(house: PeopleHouse) -> None:
    admission = await house.admitted("lea")
    for _ in range(MOST_FAILURES):
        with pytest.raises(LoginFailed):
            await house.desk.prove(admission, password="wrong", source="test")
    with pytest.raises(LoginLocked):
        await house.desk.prove(admission, password=PASSWORD, source="test")
