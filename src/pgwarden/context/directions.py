"""Whether a statement compares in the direction in which the question does: "at least", "before", "no later than"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwarden.context.amounts import Amount, amounts_of, average_bounds
from pgwarden.context.doubt import Doubt
from pgwarden.context.figure_words import SECONDS
from pgwarden.domain.claims import Claims, Literal, LiteralKind, Role

_PERIOD = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+?)s?\s*")
_SHORT = {"sec": "second", "min": "minute", "hr": "hour", "mon": "month", "yr": "year"}


def direction_doubts(claims: Claims, text: str) -> Iterator[Doubt]:
    """Numbers of the question's text that the statement bounds from the other side, or with the very number on the
    wrong one. What a statement compares in several ways, or inside a "not", is given the benefit of the doubt."""
    for amount in amounts_of(text):
        beside = [literal for literal in claims.literals if amount.bound and _means(literal, amount)]
        bounds = {literal.bound for literal in beside}
        if not bounds or "" in bounds or any(_is_next(literal, amount) for literal in claims.literals):
            continue
        shown = beside[0]
        if not any(bound[0] == amount.bound[0] for bound in bounds):
            yield Doubt(f"the question says “{amount.phrase}”, and the SQL compares with {shown.bound} {shown.text}")
        elif amount.exact and amount.bound not in bounds and shown.kind is LiteralKind.NUMBER:
            may = "may" if amount.bound.endswith("=") else "may not"
            yield Doubt(f"“{amount.phrase}” {may} be equal to it, and the SQL compares with {shown.bound} {shown.text}")
    for phrase, bound in average_bounds(text):
        if claims.averages and not any(each[:1] in ("", bound[0]) for each in claims.averages):
            yield Doubt(f"the question says “{phrase}”, and the SQL compares with {claims.averages[0]} the average")


def period_of(text: str) -> tuple[float, str] | None:
    """The number and the unit of an interval that has one of each."""
    found = _PERIOD.fullmatch(text.lower())
    unit = _SHORT.get(found[2], found[2]) if found else ""
    return (float(found[1]), unit) if found is not None and unit in SECONDS else None


def _is_next(literal: Literal, amount: Amount) -> bool:
    """Whether a literal says the same with the next whole number: "3 or more" as ``> 2``."""
    if literal.kind is not LiteralKind.NUMBER or literal.role is not Role.VALUE or not literal.bound:
        return False
    step = -1 if amount.bound in (">=", "<") else 1
    turned = amount.bound[0] if amount.bound.endswith("=") else amount.bound + "="
    return literal.bound == turned and literal.number == amount.value + step


def _means(literal: Literal, amount: Amount) -> bool:
    """Whether a literal is the amount that is said."""
    if literal.role is Role.PERIOD:
        period = period_of(literal.text)
        if period is None:
            return False
        number, unit = period
        return number * SECONDS[unit] == amount.value * SECONDS.get(amount.unit, SECONDS[unit])
    if literal.role is not Role.VALUE:
        return False
    if literal.kind is LiteralKind.NUMBER:
        return any(abs(literal.number - value) < 1e-9 for value in amount.values)
    return literal.kind is LiteralKind.TEXT and amount.is_year and literal.text.startswith(f"{amount.value:.0f}-")
