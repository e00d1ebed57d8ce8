from __future__ import annotations

import pytest

from pgwarden.domain.quantity import counted, duration, plural, size


@pytest.mark.parametrize(
    ("number", "word", "text"),
    [(0, "row", "0 rows"), (1, "row", "1 row"), (12_345, "row", "12,345 rows"), (2, "index", "2 indexes")],
)
def test_numbers_with_their_word(number: int, word: str, text: str) -> None:
    assert counted(number, word) == text


def test_a_verb_follows_the_number() -> None:
    assert [plural(number, "references") for number in (1, 2)] == ["references", "reference"]
    assert [plural(number, "is") for number in (1, 2)] == ["is", "are"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "less than 0.1 MB"), (50_000, "less than 0.1 MB"), (1_300_000, "about 1.2 MB"), (2**31, "about 2.0 GB")],
)
def test_sizes(number: float, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "less than 0.1 s"), (2.54, "2.5 s"), (89.9, "89.9 s"), (600, "10 min"), (9000, "2.5 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
