"""One number less another: "the difference between the highest and the lowest price"."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Binary, Col
from pgwarden.language.lexicon import AGGREGATES, SUPERLATIVE_HIGH, SUPERLATIVE_LOW
from pgwarden.language.outputs import owner_after, show


def difference(draft: Draft, position: int) -> int | None:
    """difference between/of F and G of X, for two aggregates of one column."""
    if not draft.is_word(position, "difference", "gap"):
        return None
    first = draft.skip(position + 1, "between", "of", "the")
    second = draft.skip(first + 1, "and", "the")
    functions = [_function(draft.word(at)) for at in (first, second)]
    at = draft.skip(second + 1, "of", "the")
    owner = draft.table(at)
    at += bool(owner and draft.item(at + 1) and draft.has_column(draft.items[at + 1], owner, 0.75))
    item = draft.item(at)
    if not all(functions) or functions[0] == functions[1] or item is None or not item.columns:
        return None
    column = draft.column(item, owner or owner_after(draft, at) or draft.focus, "number")
    if column is None or draft.attribute(column).kind != "number" or draft.attribute(column).identifier:
        return None
    if not draft.main:
        draft.mention(column.relation)
    show(draft, Binary("-", Agg(functions[0], Col(column)), Agg(functions[1], Col(column))))
    return at + 1


def _function(word: str) -> str:
    if word in SUPERLATIVE_HIGH:
        return "max"
    return "min" if word in SUPERLATIVE_LOW else AGGREGATES.get(word, "")
