"""Comparisons in words: "more than 5", "at least two", "5 or more", "between 3 and 7", "above"."""

from __future__ import annotations

from typing import NamedTuple

from pgwarden.language.draft import Draft


class Comparator(NamedTuple):
    """An operator in words, and where what it compares with begins."""

    operator: str
    position: int
    word: str = ""


_SYMBOLS = {">": ">", "<": "<", ">=": ">=", "<=": "<=", "=": "=", "!=": "<>", "<>": "<>"}
_GRADES = {"expensive": "dearer", "costly": "dearer", "pricey": "dearer", "populous": "populous"}
"""Adjectives compared with more and less, and the comparative that grades the same column."""
_MORE = ("more", "greater", "higher", "larger", "bigger", "older", "longer", "taller", "heavier", "better", "faster",
         "richer", "newer", "later")  # fmt: skip
_LESS = ("less", "fewer", "lower", "smaller", "younger", "shorter", "cheaper", "lighter", "worse", "slower", "earlier")
_ABOVE = ("above", "over", "exceeding", "exceed", "exceeds", "exceeded", "beyond", "after")
_BELOW = ("under", "below", "beneath", "before")
_AFTER_NUMBER = {"more": ">=", "above": ">=", "greater": ">=", "higher": ">=", "older": ">=", "over": ">=",
                 "longer": ">=", "later": ">=", "less": "<=", "fewer": "<=", "below": "<=", "lower": "<=",
                 "under": "<=", "younger": "<=", "earlier": "<=", "shorter": "<=", "smaller": "<="}  # fmt: skip


def comparator(draft: Draft, position: int) -> Comparator | None:
    """The comparison that begins at this item, or None."""
    word = draft.word(position)
    if word in _SYMBOLS:
        return Comparator(_SYMBOLS[word], position + 1, word)
    if word in _MORE and draft.is_word(position + 1, "than"):
        return Comparator(*_or_equal(draft, ">", position + 2), word)
    if word in _LESS and draft.is_word(position + 1, "than"):
        return Comparator(*_or_equal(draft, "<", position + 2), word)
    if word in _ABOVE:
        return Comparator(">", position + 1, word)
    if word in _BELOW:
        return Comparator("<", position + 1, word)
    if word in ("more", "less") and draft.word(position + 1) in _GRADES and draft.is_word(position + 2, "than"):
        low = (word == "less") != (draft.word(position + 1) == "cheap")
        return Comparator("<" if low else ">", position + 3, _GRADES[draft.word(position + 1)])
    return _phrase(draft, position, word)


def _phrase(draft: Draft, position: int, word: str) -> Comparator | None:
    following = draft.word(position + 1)
    if word == "at" and following in ("least", "most"):
        return Comparator(">=" if following == "least" else "<=", position + 2, word)
    if word == "up" and following == "to":
        return Comparator("<=", position + 2, word)
    if word in ("no", "not") and draft.is_word(position + 2, "than"):
        if following in _MORE:
            return Comparator("<=", position + 3, word)
        if following in _LESS:
            return Comparator(">=", position + 3, word)
    if word in ("exactly", "equals", "equal", "equaling"):
        return Comparator("=", draft.skip(position + 1, "to"), word)
    if word in ("minimum", "maximum") and following == "of":
        return Comparator(">=" if word == "minimum" else "<=", position + 2, word)
    return None


def _or_equal(draft: Draft, operator: str, position: int) -> tuple[str, int]:
    if draft.is_word(position, "or") and draft.is_word(position + 1, "equal", "equals"):
        return operator + "=", draft.skip(position + 2, "to")
    return operator, position


def after_number(draft: Draft, position: int) -> Comparator | None:
    """What follows a number: "5 or more", "30 and above", "4+"."""
    if draft.is_word(position, "+"):
        return Comparator(">=", position + 1)
    if draft.is_word(position, "or", "and") and draft.word(position + 1) in _AFTER_NUMBER:
        following = draft.item(position + 2)
        if draft.word(position) == "and" and following is not None and (following.number or following.lower == "than"):
            return None
        return Comparator(_AFTER_NUMBER[draft.word(position + 1)], position + 2)
    return None
