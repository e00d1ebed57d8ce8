"""Several values of one column, counted one by one: "how many male and female patients", "red and blue cars each"."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Col, Compare
from pgwarden.language.index import Field
from pgwarden.language.lexicon import GENDERS

_APART = ("each", "respectively", "separately")


def counted_each(draft: Draft) -> None:
    """One count for each of the values that stand before what is counted; the reading says so."""
    counts = [e for e in draft.select if isinstance(e, Agg) and e.function == "count" and e.over is None]
    if draft.part_of_ratio or len(counts) != 1:
        return
    for condition in draft.where:
        column = condition.left if isinstance(condition, Compare) else None
        if not isinstance(condition, Compare) or not isinstance(column, Col) or column in draft.group:
            continue
        if condition.operator == "=" and len(condition.values) > 1 and _side_by_side(draft, column.field):
            draft.group.append(column)
            draft.evidence.guesses.append(f"one count for each {draft.attribute(column.field).name}")


def _side_by_side(draft: Draft, column: Field) -> bool:
    apart = any(item.lower in _APART for item in draft.items)
    for position in range(len(draft.items) - 2):
        pair = (draft.items[position], draft.items[position + 2])
        if draft.is_word(position + 1, "and") and all(any(v.field == column for v in i.values) for i in pair):
            gendered = all(i.lower in GENDERS for i in pair)
            if apart or gendered or draft.table(position + 3):
                return True
    return False
