"""One measure in two periods: "orders this month versus last month", "compare fines in March with April"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from pgwarden.language.dates import Span, read_span
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Binary, Col, Either, Expr, Period
from pgwarden.language.sums import added_up, amount_of, is_paid
from pgwarden.language.tokens import Token

_JOINS = (
    ("compared", "with"), ("compared", "to"), ("as", "compared", "to"), ("compare", "with"), ("compare", "to"),
    ("versus",), ("vs",), ("against",), ("with",), ("to",), ("and",),
)  # fmt: skip
_ONLY_COMPARED = frozenset({"with", "to", "and"})
"""Words that join two periods only where the sentence begins with "compare" or asks how they compare."""


class Contrast(NamedTuple):
    """A sentence without its second period, and the two periods."""

    sentence: tuple[Token, ...]
    first: Span
    second: Span


def find_contrast(tokens: Sequence[Token], today: date | None) -> Contrast | None:
    """The two periods that a sentence compares, None when it compares none."""
    asked = any(t.lower in ("compare", "compared") for t in tokens)
    for start in range(len(tokens)):
        first = read_span(tokens, start, today)
        if first is None or first.lower is None or first.upper is None:
            continue
        after = start + first.tokens
        for joint in _JOINS:
            if tuple(t.lower for t in tokens[after : after + len(joint)]) != joint:
                continue
            if joint[0] in _ONLY_COMPARED and len(joint) == 1 and not asked:
                continue
            second = read_span(tokens, after + len(joint), today)
            if second is None or second.lower is None or second.upper is None:
                return None
            begin = 1 if tokens[0].lower == "compare" else 0
            rest = (*tokens[begin:after], *tokens[after + len(joint) + second.tokens :])
            return Contrast(rest, first, second)
    return None


def contrasted(draft: Draft, contrast: Contrast) -> bool:
    """Puts the read measure beside itself in the other period, and their difference; False if it was not read so."""
    period = next((c for c in draft.where if isinstance(c, Period) and c.lower == contrast.first.lower), None)
    measures = _measures(draft)
    if period is None or not measures:
        return False
    other = replace(period, lower=contrast.second.lower, upper=contrast.second.upper)
    shown: list[Expr] = []
    for measure in measures:
        one = replace(measure, where=(*measure.where, period), called=_name(contrast.first))
        two = replace(measure, where=(*measure.where, other), called=_name(contrast.second))
        shown += [one, two, Binary("-", one, two)]
    kept = [e for e in draft.select if e not in measures and e in draft.group]
    draft.select, draft.default_display = [*kept, *shown], False
    draft.where = [Either((period, other)) if c is period else c for c in draft.where]
    return True


def _measures(draft: Draft) -> list[Agg]:
    """What is compared: the aggregates read, the sum of the one amount shown, or the number of rows."""
    found = [e for e in draft.select if isinstance(e, Agg)]
    shown = draft.select[0] if len(draft.select) == 1 else None
    if not found and isinstance(shown, Col) and not draft.default_display:
        return [Agg("sum", shown, shown.field.relation)] if added_up(draft.attribute(shown.field)) else []
    if not found and draft.main:
        paid = amount_of(draft, draft.main) if is_paid(draft) else None  # "fines collected this month"
        return [Agg("sum", paid, draft.main) if paid else Agg("count", None, draft.main)]
    return [replace(e, entity=e.entity or draft.main) for e in found]


def _name(span: Span) -> str:
    words = [w for w in span.words.lower().split() if w not in ("in", "the", "during", "of", "for", "on")]
    return "_".join("".join(c for c in w if c.isalnum()) for w in words)
