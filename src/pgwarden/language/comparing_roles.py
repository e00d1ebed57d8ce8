"""Rows compared with, shown beside or told by another row of their table: "who earn more than their manager"."""

from __future__ import annotations

from pgwarden.language.comparators import comparator
from pgwarden.language.comparisons import compared_attribute, last_column, said_by_verb
from pgwarden.language.conditions import add
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Col, Compare, Expr
from pgwarden.language.index import Field

_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
_POSSESSIVE = ("their", "his", "her", "its", "the", "own", "a", "an")
_MORE = {"higher": ">", "greater": ">", "larger": ">", "bigger": ">", "more": ">", "lower": "<", "smaller": "<",
         "less": "<", "fewer": "<"}  # fmt: skip


def than_role(draft: Draft, position: int) -> int | None:
    """ "more than their manager", "older than their mentor", "a higher salary than their manager"."""
    column: Expr | None = None
    found = comparator(draft, position)
    operator, at, word = (found.operator, found.position, found.word) if found is not None else ("", 0, "")
    item = draft.item(position + 1)
    if found is None and draft.word(position) in _MORE and item is not None and item.columns:
        if not draft.is_word(position + 2, "than"):
            return None
        chosen = draft.column(item, draft.focus, "number", note=False)
        column, operator, at = (Col(chosen) if chosen else None), _MORE[draft.word(position)], position + 3
    at = draft.skip(at, *_POSSESSIVE)
    role = draft.table(at)
    base = draft.index.bases.get(role, 0)
    if not operator or not base or base not in (draft.main, draft.focus):
        return None
    column = column or compared_attribute(draft, word) or said_by_verb(draft, position) or last_column(draft, position)
    if not isinstance(column, Col) or column.field.relation != base:
        return None
    if word in ("older", "younger") and draft.attribute(column.field).kind == "time":
        operator = _FLIPPED[operator]
    add(draft, Compare(column, operator, right=Col(Field(role, column.field.column))))
    following = draft.item(at + 2) if draft.is_word(at + 1, "'s") else draft.item(at + 1)
    repeated = following is not None and any(link.field == column.field for link in following.columns)
    return at + (2 if draft.is_word(at + 1, "'s") else 1) + repeated if repeated else at + 1


def role_is(draft: Draft, position: int) -> int | None:
    """ "whose manager is X", "managed by X": the role's name."""
    role = draft.table(position)
    base = draft.index.bases.get(role, 0)
    at = draft.skip(position + 1, "is", "was", "named", "called", "=", "are")
    item = draft.item(at)
    if not base or item is None or at == position + 1 or base != draft.main:
        return None
    hit = next((v for v in item.values if v.field.relation == base and v.score >= 0.9), None)
    if hit is None:
        return None
    add(draft, Compare(Col(Field(role, hit.field.column)), "=", (hit.value,)))
    return at + 1


def beside(draft: Draft, position: int) -> bool:
    """Whether "with" here only asks to see the role too: "with their manager", "with the name of their mentor"."""
    at = draft.skip(position, "the", "names", "name", "of", *_POSSESSIVE)
    if draft.table(at) not in draft.index.bases:
        return False
    at = draft.skip(at + 1, "'s")
    following = draft.item(at)
    return following is None or following.lower in ("?", ".", "name", "names", ",", "and")
