"""Secrets that must be read again lie sealed; the key lies elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pgwarden.adapters.secret_box import SecretBox, is_sealed
from pgwarden.domain.errors import SecretKeyInvalid

SECRET = b"twenty bytes, secret"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "secrets.key"


def test_what_was_sealed_is_opened_with_the_key_alone(file: Path, tmp_path: Path) -> None:
    box = SecretBox(file)
    kept = box.seal(SECRET, "lea")
    assert is_sealed(kept)
    assert SECRET not in kept
    assert box.seal(SECRET, "lea") != kept, "nobody sees that two are the same"
    assert SecretBox(file).open(kept, "lea") == SECRET
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    another = SecretBox(tmp_path / "another.key")
    another.seal(SECRET, "lea")
    for unfit in (another, SecretBox(None), SecretBox(tmp_path / "none.key")):
        with pytest.raises(SecretKeyInvalid):
            unfit.open(kept, "lea")


def test_one_persons_secret_is_not_anothers_and_no_byte_of_it_can_be_changed(file: Path) -> None:
    box = SecretBox(file)
    kept = box.seal(SECRET, "lea")
    with pytest.raises(SecretKeyInvalid):
        box.open(kept, "max")
    for place in range(5, len(kept)):
        with pytest.raises(SecretKeyInvalid):
            box.open(kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :], "lea")
    for short in (5, 10, 17, 20, 40):
        with pytest.raises(SecretKeyInvalid):
            box.open(kept[:short], "lea")


def test_nothing_stays_nothing_and_without_a_file_nothing_is_sealed(file: Path) -> None:
    assert SecretBox(file).seal(b"", "lea") == b"" == SecretBox(file).open(b"", "lea")
    assert not file.exists()
    assert SecretBox(None).seal(SECRET, "lea") == SECRET == SecretBox(file).open(SECRET, "lea")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.chmod(0o640),
        lambda file: file.write_text("not a key"),
        lambda file: file.write_text("ab" * 16),
        lambda file: file.unlink(),
    ],
)
def test_a_key_that_is_gone_open_to_others_or_no_key_opens_nothing(file: Path, spoil: Callable[[Path], object]) -> None:
    kept = SecretBox(file).seal(SECRET, "lea")
    spoil(file)
    with pytest.raises(SecretKeyInvalid) as caught:
        SecretBox(file).open(kept, "lea")
    assert "not a key" not in str(caught.value.to_dict())


def test_of_many_that_make_the_key_at_once_one_does(file: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda _: SecretBox(file).seal(SECRET, "lea"), range(16)))
    assert {SecretBox(file).open(each, "lea") for each in kept} == {SECRET}
    assert [each.name for each in file.parent.iterdir()] == ["secrets.key"]
