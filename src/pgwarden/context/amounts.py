"""The numbers of a question: how much, of what unit, and how what is asked for compares with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pgwarden.context.figure_words import (
    AFTER_NUMBER,
    AVERAGE,
    BEFORE_NUMBER,
    DENYING,
    FILLERS,
    LATELY,
    LOOSELY,
    NUMBERS,
    OF_MOMENTS,
    RANKED,
    SCALES,
    SECONDS,
)

_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|‘[^’]*’|`[^`]*`|(?<!\w)'[^']*'(?!\w)")
_TOKEN = re.compile(
    r"(?P<number>(?<![\w.:/])(?<!\w-)\d+(?:,\d{3})*(?:\.\d+)?(?P<scale>k|mn|m|bn)?(?![\w]|[-:/]\d|\.\d))"
    r"|[^\W_]+(?:['’][^\W_]+)?|>=|<=|[<>%$+]",
)
_LONGEST = 6
"""Words of a phrase, at most."""
_BEFORE = {**BEFORE_NUMBER, **LOOSELY, **{sign: sign for sign in (">", ">=", "<", "<=")}}
_REACH = 8
"""Words before a phrase in which a "not" may belong to it."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that a question says."""

    text: str
    value: float
    place: int
    """Which word of the question it is, from 0."""
    unit: str = ""
    """A period's unit in the singular, ``%``, or ''."""
    bound: str = ""
    """``<``, ``<=``, ``>`` or ``>=``: how what is asked for compares with it; '' where nothing says so for sure."""
    phrase: str = ""
    """The words that bound it, and the number itself."""
    exact: bool = False
    """Whether the phrase also says if it may be equal."""

    @property
    def is_year(self) -> bool:
        """Whether it can be a calendar year."""
        return not self.unit and self.value == int(self.value) and 1000 <= self.value <= 2999

    @property
    def values(self) -> tuple[float, ...]:
        """The number, and the share that a percentage is."""
        return (self.value, self.value / 100) if self.unit == "%" else (self.value,)


def words_in_order(text: str) -> tuple[str, ...]:
    """Words, numbers and signs of a question in lower case, quoted texts left out."""
    return tuple(match[0] for match in _tokens(text))


def amounts_of(text: str) -> tuple[Amount, ...]:
    """The numbers of a question in their order; none inside quotes, codes, dates and clock times."""
    matches = _tokens(text)
    words = [match[0] for match in matches]
    found: list[Amount] = []
    for place, match in enumerate(matches):
        value = _value(match)
        if value is not None:
            found.append(_amount(words, place, value, found[-1] if found else None))
    return tuple(found)


def average_bounds(text: str) -> tuple[tuple[str, str], ...]:
    """Each (phrase, bound) that a question bounds by an average: "above the average", ``>``."""
    words = words_in_order(text)
    found = []
    for place, word in enumerate(words):
        if word in AVERAGE:
            phrase, start = _phrase_before(words, place)
            bound = "" if _denied(words, start) else _BEFORE.get(phrase, "")
            if phrase and bound:
                found.append((" ".join(words[start : place + 1]), bound))
    return tuple(found)


def _tokens(text: str) -> list[re.Match[str]]:
    return list(_TOKEN.finditer(_QUOTED.sub(" ", text.lower())))


def _value(match: re.Match[str]) -> float | None:
    if match["number"]:
        bare = match["number"].removesuffix(match["scale"] or "")
        return float(bare.replace(",", "")) * SCALES.get(match["scale"] or "", 1)
    return NUMBERS.get(match[0])


def _amount(words: Sequence[str], place: int, value: float, before: Amount | None) -> Amount:
    after = place + 1
    if after < len(words) and len(words[after]) > 2 and words[after] in SCALES:
        value, after = value * SCALES[words[after]], after + 1
    unit = _unit(words[after]) if after < len(words) else ""
    phrase, start = _phrase_before(words, place)
    bound, exact = _BEFORE.get(phrase, ""), phrase not in LOOSELY
    if not phrase:
        phrase = _phrase_after(words, after + bool(unit)) or _phrase_after(words, after)
        bound, exact = AFTER_NUMBER.get(phrase, ""), True
        beyond = words[after + 2] if phrase and after + 2 < len(words) else ""
        unit = unit or _unit(beyond)
    if not phrase:
        (bound, start), phrase, exact = _between(words, place, before), "between", False
    if not bound and unit in SECONDS and place and words[place - 1] in LATELY:
        bound, phrase, start = "<=", words[place - 1], place - 1
    if _denied(words, start, before) or RANKED.intersection(words) or (unit in SECONDS and phrase in OF_MOMENTS):
        bound = ""
    end = after + (len(phrase.split()) if phrase in AFTER_NUMBER else bool(unit))
    return Amount(words[place], value, place, unit, bound, " ".join(words[start:end]), exact and bool(bound))


def _denied(words: Sequence[str], start: int, before: Amount | None = None) -> bool:
    """Whether a "not" between the number before and a phrase may turn it."""
    reach = max(0, start - _REACH, before.place + 1 if before else 0)
    return any(word in DENYING or word.endswith(("n't", "n’t")) for word in words[reach:start])


def _unit(word: str) -> str:
    bare = word.removesuffix("s")
    return bare if bare in SECONDS else "%" if word in ("%", "percent") else ""


def _phrase_before(words: Sequence[str], place: int) -> tuple[str, int]:
    """The longest phrase that ends right before the number, fillers aside, and where it begins; '' and the place."""
    end = place
    while end > 0:
        for length in range(min(_LONGEST, end), 0, -1):
            phrase = " ".join(words[end - length : end])
            if phrase in _BEFORE:
                return phrase, end - length
        if words[end - 1] not in FILLERS:
            break
        end -= 1
    return "", place


def _phrase_after(words: Sequence[str], at: int) -> str:
    return next((p for length in (2, 1) if (p := " ".join(words[at : at + length])) in AFTER_NUMBER), "")


def _between(words: Sequence[str], place: int, before: Amount | None) -> tuple[str, int]:
    """The side of a number in "between 3 and 7", and where what says so begins."""
    start = place
    while start > 0 and words[start - 1] in FILLERS:
        start -= 1
    if start > 0 and words[start - 1] == "between":
        return ">=", start - 1
    opened = before is not None and before.bound == ">=" and before.phrase.startswith("between")
    closes = opened and start > 0 and words[start - 1] == "and"
    return ("<=", start - 1) if closes else ("", place)
