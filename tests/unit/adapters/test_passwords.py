from __future__ import annotations

from tests.support.people import quick_hasher

from pgwarden.adapters.passwords import NOBODYS, ArgonPasswords, strong_hasher


async def test_only_the_password_itself_matches_its_hash() -> None:
    passwords = ArgonPasswords(quick_hasher)
    hashed = await passwords.hash("kites over nine oceans")
    assert hashed.startswith("$argon2id$")
    assert await passwords.matches(hashed, "kites over nine oceans")
    for wrong in ("kites over nine ocean", "", "KITES OVER NINE OCEANS", hashed):
        assert not await passwords.matches(hashed, wrong)
    assert await passwords.hash("kites over nine oceans") != hashed, "each hash has its own salt"


async def test_nothing_matches_where_no_password_is_set() -> None:
    passwords = ArgonPasswords(quick_hasher)
    for kept in ("", "!", "plain text"):
        assert not await passwords.matches(kept, kept)
        assert not await passwords.matches(kept, "anything")


def test_a_name_without_a_password_takes_as_much_work_as_one_with() -> None:
    assert not strong_hasher().check_needs_rehash(NOBODYS), "the same parameters as new hashes"
