from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pgwarden.domain.one_time_code import (
    PERIOD,
    code_of,
    matching_step,
    provisioning_uri,
    read_secret,
    step_at,
    written_secret,
)

SECRET = b"12345678901234567890"
SEED_32 = b"12345678901234567890123456789012"
SEED_64 = b"1234567890123456789012345678901234567890123456789012345678901234"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "algorithm", "secret", "code"),
    [
        (59, hashlib.sha1, SECRET, "94287082"),
        (59, hashlib.sha256, SEED_32, "46119246"),
        (59, hashlib.sha512, SEED_64, "90693936"),
        (1111111109, hashlib.sha1, SECRET, "07081804"),
        (1111111109, hashlib.sha256, SEED_32, "68084774"),
        (1111111109, hashlib.sha512, SEED_64, "25091201"),
        (1111111111, hashlib.sha1, SECRET, "14050471"),
        (1234567890, hashlib.sha1, SECRET, "89005924"),
        (2000000000, hashlib.sha1, SECRET, "69279037"),
        (20000000000, hashlib.sha1, SECRET, "65353130"),
        (20000000000, hashlib.sha256, SEED_32, "77737706"),
        (20000000000, hashlib.sha512, SEED_64, "47863826"),
    ],
)
def test_the_vectors_of_rfc_6238(
    seconds: int, algorithm: Callable[..., hashlib._Hash], secret: bytes, code: str
) -> None:
    step = step_at(datetime.fromtimestamp(seconds, UTC))
    assert code_of(secret, step, digits=8, algorithm=algorithm) == code


@pytest.mark.parametrize(
    ("count", "code"), [(0, "755224"), (1, "287082"), (2, "359152"), (3, "969429"), (7, "162583"), (9, "520489")]
)
def test_the_vectors_of_rfc_4226(count: int, code: str) -> None:
    assert code_of(SECRET, count) == code


def test_the_codes_next_to_the_current_one_are_taken_and_no_others() -> None:
    now = step_at(NOON)
    taken = [matching_step(SECRET, code_of(SECRET, now + off), NOON) for off in range(-3, 4)]
    assert taken == [None, None, now - 1, now, now + 1, None, None]
    later = NOON + timedelta(seconds=PERIOD)
    assert matching_step(SECRET, code_of(SECRET, now), later) == now, "the same step, so that it is taken once"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "Ω" * 6])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert matching_step(SECRET, code, NOON) is None


def test_the_secret_as_apps_read_it() -> None:
    assert read_secret(written_secret(SECRET)) == SECRET
    assert read_secret("gezd gnbv GY3TQOJQ GEZDGNBVGY3TQOJQ") == SECRET
    assert provisioning_uri(SECRET, "ana b@x") == (
        "otpauth://totp/pgwarden%3Aana%20b%40x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=pgwarden&digits=6&period=30"
    )
