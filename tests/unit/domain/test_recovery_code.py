from __future__ import annotations

from pgwarden.domain.recovery_code import LONGEST, POSSIBLE, code_hash, matching_hash, written_code

SECRET, OTHER = b"12345678901234567890", b"09876543210987654321"


def test_a_code_is_written_in_groups_with_its_zeros() -> None:
    assert written_code(7) == "00000-00000-00000-00007"
    assert written_code(POSSIBLE - 1) == "99999-99999-99999-99999"
    assert len(written_code(7)) < LONGEST


def test_a_code_is_known_however_it_was_typed_and_by_its_own_secret_alone() -> None:
    hashes = [code_hash(SECRET, written_code(number)) for number in range(3)]
    assert matching_hash(SECRET, "00000 00000 00000 00002", hashes) == hashes[2]
    assert matching_hash(SECRET, "00000000000000000002 ", hashes) == hashes[2]
    assert matching_hash(SECRET, written_code(3), hashes) == matching_hash(OTHER, written_code(2), hashes) == ""
    assert matching_hash(SECRET, "", hashes) == matching_hash(SECRET, "ä", hashes) == ""


def test_sixty_four_random_bits_at_least() -> None:
    assert POSSIBLE > 2**64
