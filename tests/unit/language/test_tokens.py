"""Words, numbers, money, quotes, sentences."""

from __future__ import annotations

import pytest

from pgwarden.language.tokens import Kind, split_sentences, tokenize


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("$99.99", "99.99", "$"),
        ("1,500", "1500", ""),
        ("30%", "30", "%"),
        ("5k", "5000", ""),
        ("twelve", "12", ""),
        ("3rd", "3", ""),
    ],
)
def test_numbers(text: str, value: str, unit: str) -> None:
    (token,) = tokenize(text)
    assert (token.kind, token.value, token.unit) == (Kind.NUMBER, value, unit)


@pytest.mark.parametrize("text", ['"a b"', "'a b'", "“a b”", "`a b`", "`` a b ''"])
def test_quotes(text: str) -> None:
    (token,) = tokenize(text)
    assert (token.kind, token.value) == (Kind.QUOTED, "a b")


def test_an_apostrophe_is_no_quote() -> None:
    assert [t.lower for t in tokenize("Ann's and O'Neil's books")] == ["ann", "'s", "and", "o'neil", "'s", "books"]


def test_sentences_end_where_a_capital_follows() -> None:
    found = split_sentences(tokenize("Who lives on Main St. in Leeds? Order by name. Return 3.5 rows"))
    assert [" ".join(t.text for t in s) for s in found] == [
        "Who lives on Main St in Leeds",
        "Order by name",
        "Return 3.5 rows",
    ]
