"""Whether the numbers of a question are in the statement, and those of the statement in the question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pgwarden.context.amounts import Amount, amounts_of, words_in_order
from pgwarden.context.directions import period_of
from pgwarden.context.doubt import Doubt
from pgwarden.context.figure_words import BEFORE_MONTH, IMPLIED, MONTHS, SECONDS
from pgwarden.context.ground import Ground
from pgwarden.context.said import Said
from pgwarden.domain.claims import Claims, Literal, LiteralKind, Role

_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})\b.*")
ALWAYS = frozenset({0.0, 1.0, 100.0})
"""Numbers that need nobody to say them: nothing, one, the whole of a percentage."""


def unused_doubts(claims: Claims, text: str) -> Iterator[Doubt]:
    """Numbers, years and months of the question's text that left no trace in the statement."""
    shown = frozenset(figures_in([*(literal.text for literal in claims.literals), *claims.names]))
    texts = " ".join(literal.text.lower() for literal in claims.literals)
    for amount in amounts_of(text):
        if amount.value in (0, 1) or amount.text in texts.split() or not shown.isdisjoint(_forms(amount)):
            continue
        yield Doubt(f"the question's {amount.text} is nowhere in the SQL")
    for number, month in _months(words_in_order(text)):
        if number not in shown and month[:3] not in texts:
            yield Doubt(f"the question's {month.capitalize()} is nowhere in the SQL")


def unsaid_doubts(claims: Claims, said: Said, ground: Ground, vouched: Iterable[float] = ()) -> Iterator[Doubt]:
    """Numbers and years of the statement that neither the question nor what is known of their column holds.

    ``vouched``: numbers that people stand behind in what they defined and verified.
    """
    words = words_in_order(said.text)
    amounts = amounts_of(said.text)
    fine = ALWAYS | said.numbers | {form for amount in amounts for form in _forms(amount)}
    fine |= set(vouched)
    fine |= {number for word in words for number in IMPLIED.get(word, ())}
    fine |= {float(number) for number, _ in _months(words)}
    listed = len({literal.text for literal in claims.literals if literal.kind is LiteralKind.TEXT})
    for literal in claims.literals:
        number = _stated(literal)
        if number is None or abs(number) in fine or 2 <= number <= listed or _explained(literal, number, ground):
            continue
        if literal.kind is LiteralKind.TEXT and {number - 1, number + 1} & fine and literal.role is Role.VALUE:
            continue  # the year after, as the end of one that is said
        yield Doubt(f"the SQL says {literal.text}, and the question does not")


def _stated(literal: Literal) -> float | None:
    """The number that a literal stands for where somebody must have meant it."""
    if literal.kind is LiteralKind.NUMBER and literal.role in (Role.VALUE, Role.COUNT):
        return literal.number
    if literal.kind is not LiteralKind.TEXT:
        return None
    if literal.role is Role.PERIOD:
        period = period_of(literal.text)
        return period[0] if period else None
    date = _DATE.fullmatch(literal.text)
    if date is not None and literal.role is Role.VALUE:
        return float(date[1])
    return None


def _explained(literal: Literal, number: float, ground: Ground) -> bool:
    """Whether the column's comment, or its table's, speaks of the number."""
    found = [ground.column(place) for place in literal.columns]
    comments = [part for pair in found if pair is not None for part in (pair[0].comment, pair[1].comment) if part]
    return number in figures_in(comments)


def _forms(amount: Amount) -> frozenset[float]:
    """The numbers that an amount may be written as: in another unit, as a share, or as the next one on its side."""
    n = amount.value
    found = {n, *amount.values}
    if amount.unit == "%":
        found |= {1 + n / 100, 1 - n / 100, 100 - n, 100 + n}
    if amount.unit in SECONDS:
        of_one = SECONDS[amount.unit]
        found |= {n * of_one / other for other in SECONDS.values()} | {n * of_one}
        found |= {n * days for days in (365, 366, 365.25, 52)} if amount.unit == "year" else set()
        found |= {n + 1, n - 1}
    if amount.bound or amount.is_year:
        found |= {n + 1, n - 1}
    return frozenset(round(number, 9) for number in found)


def _months(words: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Months that are named, with their numbers; words that are also others only where a month is meant."""
    for place, word in enumerate(words):
        if word in MONTHS:
            beside = words[place - 1] if place else "", words[place + 1] if place + 1 < len(words) else ""
            if word not in ("may", "march") or beside[0] in BEFORE_MONTH or beside[1].isdigit():
                yield MONTHS.index(word) + 1, word


def figures_in(texts: Iterable[str]) -> Iterator[float]:
    """The numbers that are written in texts."""
    return (float(figure) for text in texts for figure in _FIGURE.findall(text))
