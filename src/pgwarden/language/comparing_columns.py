"""Two columns compared: "sold for more than the asking price", "paid after the due date"."""

from __future__ import annotations

from pgwarden.language.comparators import Comparator, comparator
from pgwarden.language.comparisons import last_column, said_by_verb
from pgwarden.language.conditions import add
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Col, Compare, Expr
from pgwarden.language.index import Attribute, Field
from pgwarden.language.lexicon import AGGREGATES, SAME_EVENT, VERB_NOUNS
from pgwarden.language.tokens import Kind

_BEFORE_COLUMN = ("the", "a", "an", "their", "its", "his", "her", "own", "of")
_COPULA = ("is", "are", "was", "were", "be", "been")
_PRICED = frozenset({"sell", "buy", "purchase", "pay", "cost", "charge", "rent"})
"""Verbs that a price goes with: "sold for more than …"."""


def columns_compared(draft: Draft, position: int) -> int | None:
    """ "paid amount is less than the amount": both columns are named."""
    item = draft.item(position)
    if item is None or not item.columns or draft.table(position) or (draft.projecting and not _relative(draft)):
        return None
    found = comparator(draft, draft.skip(position + 1, *_COPULA))
    right = _right(draft, found)
    if found is None or right is None:
        return None
    field_, end = right
    left = draft.column(item, field_.relation, draft.attribute(field_).kind, note=False)
    if left is None or left == field_ or draft.attribute(left).kind != draft.attribute(field_).kind:
        return None
    add(draft, Compare(Col(left), found.operator, right=Col(field_)))
    return end


def _relative(draft: Draft) -> bool:
    return any(i.lower in ("where", "whose", "which", "that", "when", "with") for i in draft.items)


def than_column(draft: Draft, position: int) -> int | None:
    """ "sold for more than the asking price", "paid after the due date": the verb says what is compared."""
    found = comparator(draft, position)
    right = _right(draft, found)
    if found is not None and right is None and _named_row(draft, found):
        draft.evidence.unknown.append(draft.items[found.position].text)  # "more orders than X": X's are not counted
    if found is None or right is None:
        return None
    field_, end = right
    timed = draft.attribute(field_).kind == "time"
    left = _moment(draft, position, field_) if timed else _number(draft, position, field_)
    if left is None:
        draft.evidence.unknown.append(draft.items[position].text)
        return None
    add(draft, Compare(left, found.operator, right=Col(field_)))
    return end


def _named_row(draft: Draft, found: Comparator) -> bool:
    """Whether a stored value stands where a number or a column should."""
    item = draft.item(draft.skip(found.position, *_BEFORE_COLUMN))
    return bool(item is not None and item.values and not item.number and draft.is_word(found.position - 1, "than"))


def _right(draft: Draft, found: Comparator | None) -> tuple[Field, int] | None:
    """The column that is compared with, and where its words end."""
    if found is None:
        return None
    at = draft.skip(found.position, *_BEFORE_COLUMN)
    item, following = draft.item(at), draft.item(at + 1)
    if item is None or not item.columns or item.column_score() < 0.75 or item.lower in AGGREGATES or draft.table(at):
        return None
    if following is not None and (following.number or following.quoted or following.kind is Kind.DATE):
        return None
    if draft.is_word(at + 1, "of", "'s", "than") or item.values:
        return None
    column = draft.column(item, draft.focus or draft.main, note=False)
    if column is None or draft.attribute(column).identifier or draft.attribute(column).kind not in ("number", "time"):
        return None
    return column, at + 1


def _spoken(draft: Draft, right: Field) -> list[int]:
    return [oid for oid in dict.fromkeys((right.relation, draft.focus, draft.main, *draft.related)) if oid]


def _verbs(draft: Draft, position: int) -> list[str]:
    return [draft.items[back].lemma for back in range(position - 1, max(-1, position - 4), -1)]


def _moment(draft: Draft, position: int, right: Field) -> Expr | None:
    """The time of what the verb tells of: paid → paid_on."""
    for verb in _verbs(draft, position):
        said = {verb, *SAME_EVENT.get(verb, ())}
        for oid in _spoken(draft, right):
            for attribute in draft.times(oid):
                if attribute.field != right and said & set(attribute.words):
                    return Col(attribute.field)
    return None


def _number(draft: Draft, position: int, right: Field) -> Expr | None:
    """The column said before, or what the verb measures."""
    before = last_column(draft, position - 1)
    if isinstance(before, Col) and before.field != right:
        return before
    said = said_by_verb(draft, position)
    if isinstance(said, Col) and said.field != right:
        return said
    verbs = _PRICED.intersection(_verbs(draft, position))
    priced = [a for oid in _spoken(draft, right) for a in _prices(draft, oid) if a.field != right] if verbs else []
    told = [a for a in priced if any(set(a.words) & _event_words(v) for v in verbs)]
    chosen = told or priced
    return Col(chosen[0].field) if len({a.field for a in chosen}) == 1 else None


def _event_words(verb: str) -> set[str]:
    return {verb, *VERB_NOUNS.get(verb, ()), *SAME_EVENT.get(verb, ())}


def _prices(draft: Draft, oid: int) -> list[Attribute]:
    return [a for a in draft.entity(oid).attributes.values() if a.kind == "number" and "price" in a.words]
