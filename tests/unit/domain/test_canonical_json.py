from __future__ import annotations

import json
import math
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgwarden.domain.canonical_json import LARGEST, canonical_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-LARGEST, LARGEST) | st.floats(-LARGEST, LARGEST)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(VALUES)
def test_what_is_written_reads_back_and_is_written_the_same(value: Any) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@settings(deadline=None)
@given(st.dictionaries(TEXT, NUMBERS, min_size=2, max_size=6), st.randoms())
def test_the_order_of_members_makes_no_difference(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert canonical_json(dict(items)) == canonical_json(value)


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: 0 < abs(x) <= LARGEST))
def test_numbers_are_shortest_and_exact(number: float) -> None:
    text = canonical_json(number)
    assert float(text) == number
    assert "+" not in text
    assert len(text.lstrip("-").replace(".", "").lstrip("0").split("e")[0]) <= 17


@pytest.mark.parametrize(
    ("bits", "text"),
    [  # from the table in RFC 8785, appendix B, as far as numbers are not beyond 2^53 - 1
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
    ],
)
def test_numbers_are_written_as_the_standard_says(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.25e-9, "1.25e-9"),
        (123e3, "123000"),
    ],
)
def test_ordinary_numbers_look_ordinary(number: float, text: str) -> None:
    assert canonical_json(number) == text


def test_members_are_sorted_by_their_utf_16_code_units() -> None:
    """The example of RFC 8785, section 3.2.3."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(json.loads(canonical_json(dict.fromkeys(names, 0)))) == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


def test_text_is_escaped_as_little_as_can_be() -> None:
    assert canonical_json('€$\x0f\nA\'B"\\\\"/\x7f') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'


def test_what_has_no_exact_form_is_refused() -> None:
    deep: Any = []
    for _ in range(100):
        deep = [deep]
    for value in (math.nan, math.inf, LARGEST + 1, -1e300, b"x", {1: 2}, {"\ud800": 1}, "\udfff", object(), deep):
        with pytest.raises(ValueError, match=r"number|value|text|levels"):
            canonical_json(value)
