"""A question cut into words, numbers, quoted strings and marks, each with its place in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pgwarden.language.lexicon import NUMBER_WORDS
from pgwarden.language.morphology import lemma


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    NUMBER = "number"
    QUOTED = "quoted"
    DATE = "date"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Token:
    """One token. ``value`` is the text inside quotes, the plain number ("1500" for "$1,500"), or the ISO date."""

    text: str
    lower: str
    lemma: str
    kind: Kind
    start: int
    end: int
    value: str = ""
    unit: str = ""
    """``$`` or ``%`` where the number carried one."""

    @property
    def capital(self) -> bool:
        return self.text[:1].isupper()

    def is_word(self, *words: str) -> bool:
        return self.kind is Kind.WORD and self.lower in words


_PATTERN = re.compile(
    r"""
    ``\s*(?P<tex>.+?)\s*'' |
    "(?P<double>[^"]+)" |
    “(?P<curly>[^”]+)” |
    ‘(?P<single_curly>[^’]+)’(?!\w) |
    `(?P<tick>[^`]+)` |
    (?<![\w'])'(?P<single>[^']+(?:'[a-z][^']*)*)'(?!\w) |
    (?P<date>\d{4}-\d{1,2}-\d{1,2}) |
    (?P<code>(?!\d+[kKmM]\b)\d+[A-Za-z][\w-]*|[A-Za-z]+\d[\w-]*) |
    (?P<number>(?:[$€£]\s?)?\d[\d,]*(?:\.\d+)?\s?(?:%|percent\b|[kKmM]\b|thousand\b|million\b|billion\b)?) |
    (?P<operator>>=|<=|<>|!=|>|<|=) |
    (?P<possessive>['’]s\b|(?<=s)['’](?!\w)) |
    (?P<word>[^\W\d_]+(?:[_.&][\w]+|['’](?!s\b)\w+|-(?=[^\W_])\w+)*) |
    (?P<mark>[,;:.?!()/+*-])
    """,
    re.VERBOSE,
)
_ORDINAL = re.compile(r"^(\d+)(st|nd|rd|th)$", re.IGNORECASE)
_SCALE = {"k": 1000, "m": 1_000_000, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_QUOTES = ("tex", "double", "curly", "single_curly", "tick", "single")


def tokenize(text: str) -> tuple[Token, ...]:
    """The tokens of a text, in order; characters that mean nothing here are left out."""
    return tuple(_join_phrases(_split_hyphens([_token(match) for match in _PATTERN.finditer(text)])))


def _token(match: re.Match[str]) -> Token:
    group = match.lastgroup or "mark"
    text, start, end = match.group(), match.start(), match.end()
    if group in _QUOTES:
        inner = match.group(group).strip()
        return Token(inner, inner.lower(), inner.lower(), Kind.QUOTED, start, end, inner)
    if group == "date":
        year, month, day = text.split("-")
        return Token(text, text, text, Kind.DATE, start, end, f"{year}-{int(month):02d}-{int(day):02d}")
    if group == "number":
        return _number(text, start, end)
    if group == "code":
        ordinal = _ORDINAL.match(text)
        if ordinal:
            return Token(text, text.lower(), ordinal[1], Kind.NUMBER, start, end, ordinal[1])
        return Token(text, text.lower(), text.lower(), Kind.WORD, start, end)
    if group == "possessive":
        return Token(text, "'s", "'s", Kind.MARK, start, end)
    if group in ("operator", "mark"):
        return Token(text, text, text, Kind.MARK, start, end)
    lower = text.lower().replace("’", "'")
    if lower in NUMBER_WORDS and lower != "one":
        return Token(text, lower, lower, Kind.NUMBER, start, end, str(NUMBER_WORDS[lower]))
    return Token(text, lower, lemma(lower), Kind.WORD, start, end)


def _number(text: str, start: int, end: int) -> Token:
    unit = "$" if text[0] in "$€£" else "%" if text.endswith(("%", "percent")) else ""
    digits = re.sub(r"[^\d.]", "", re.sub(r"percent|thousand|million|billion", "", text))
    scale = next((factor for word, factor in _SCALE.items() if text.lower().rstrip().endswith(word)), 1)
    digits = digits.rstrip(".") or "0"
    value = str(Decimal(digits) * scale) if scale != 1 else digits
    return Token(text.strip(), text.strip(), value, Kind.NUMBER, start, end, value, unit)


def _split_hyphens(tokens: list[Token]) -> list[Token]:
    """ "highest-rated" is two words; "check-in" stays in both shapes: one word here, cut again by the linker."""
    result: list[Token] = []
    for token in tokens:
        parts = token.lower.split("-")
        if token.kind is Kind.WORD and len(parts) == 2 and (parts[1] in _SECOND_HALVES or parts[0] in _FIRST_HALVES):
            offset = token.start
            for part in token.text.split("-"):
                result.append(Token(part, part.lower(), lemma(part.lower()), Kind.WORD, offset, offset + len(part)))
                offset += len(part) + 1
        else:
            result.append(token)
    return result


_AND_PHRASES = (("as", "well", "as"), ("along", "with"), ("together", "with"), ("in", "addition", "to"))


def _join_phrases(tokens: list[Token]) -> list[Token]:
    """ "as well as" and its kin become one "and"."""
    result: list[Token] = []
    position = 0
    while position < len(tokens):
        for phrase in _AND_PHRASES:
            if tuple(t.lower for t in tokens[position : position + len(phrase)]) == phrase:
                start, end = tokens[position].start, tokens[position + len(phrase) - 1].end
                result.append(Token("and", "and", "and", Kind.WORD, start, end))
                position += len(phrase)
                break
        else:
            result.append(tokens[position])
            position += 1
    return result


_SECOND_HALVES = frozenset(
    {"rated", "paid", "selling", "priced", "ranked", "based", "old", "year", "month", "day", "week"}
)
_FIRST_HALVES = frozenset({"non", "highest", "lowest", "top", "best", "most", "least"})


def split_sentences(tokens: tuple[Token, ...]) -> list[tuple[Token, ...]]:
    """The sentences of a question; abbreviations ("Main St. in") do not end one."""
    sentences: list[tuple[Token, ...]] = []
    current: list[Token] = []
    for position, token in enumerate(tokens):
        following = tokens[position + 1] if position + 1 < len(tokens) else None
        ends = token.text in ("?", "!", ";") or (token.text == "." and (following is None or following.capital))
        if ends:
            if current:
                sentences.append(tuple(current))
            current = []
        elif token.text != ".":
            current.append(token)
    if current:
        sentences.append(tuple(current))
    return sentences
