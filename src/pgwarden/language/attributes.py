"""Conditions that begin with a column: "rating above 4", "state is not Ohio", "name contains ..."."""

from __future__ import annotations

from pgwarden.language.comparators import after_number, comparator
from pgwarden.language.conditions import add
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Both, Col, Compare
from pgwarden.language.index import Field
from pgwarden.language.lexicon import SUPERLATIVE_HIGH, SUPERLATIVE_LOW, SUPERLATIVES
from pgwarden.language.linking import Item
from pgwarden.language.measures import numeric
from pgwarden.language.tokens import Kind
from pgwarden.language.values import escaped, more_values, text_operator, text_pattern, value_condition

_COPULA = ("is", "are", "was", "were", "be", "been", "being", "of", "as", "=", "has", "have", "had", "equal",
           "equals", "to", "the", "a",
           "an", ":", "value", "either", "in", "that", "by", "at", "'s", "called", "named", "with", "exactly",
           "both")  # fmt: skip


_NEGATIONS = ("not", "isn't", "aren't", "wasn't", "weren't", "don't", "doesn't", "didn't", "never", "except",
              "excluding", "non",
              "haven't", "hasn't", "cannot", "nor", "neither")  # fmt: skip


_DENYING = ("never", "don't", "doesn't", "didn't", "haven't", "hasn't")
"""Negations of a deed; "not" is one after "did", "has", …"""


def negation(draft: Draft, position: int) -> int | None:
    """not, never, without, no, other than: the next condition or related table is denied."""
    if comparator(draft, position) is not None:
        return None
    if draft.is_word(position, "other") and draft.is_word(position + 1, "than"):
        draft.negated, draft.denying, draft.projecting = True, False, False
        return position + 2
    if draft.is_word(position, "without", "no", "lacking"):
        if draft.word(position) == "no" and position == 0:
            return None
        draft.negated, draft.denying, draft.projecting = True, True, False
        return draft.skip(position + 1, "any", "a", "an", "the", "single")
    if draft.is_word(position, *_NEGATIONS):
        if draft.is_word(position + 1, "only"):
            return position + 2
        draft.negated, draft.projecting = True, False
        draft.denying = draft.word(position) in _DENYING or draft.is_word(
            position - 1, "do", "does", "did", "have", "has"
        )
        return draft.skip(position + 1, "any", "been", "a", "the")
    return None


def on_column(draft: Draft, position: int) -> int | None:
    """A column named first: "rating above 4", "state is not Ohio", "name contains 'x'", "age between 3 and 5"."""
    item = draft.item(position)
    if item is None or not item.columns or item.quoted:
        return None
    following = draft.skip(position + 1, *_COPULA)
    negated = False
    if draft.is_word(following, *_NEGATIONS) and not comparator(draft, following):
        negated, following = True, draft.skip(following + 1, *_COPULA, "from")
    pattern = _pattern(draft, item, following)
    if pattern is not None:
        return pattern
    found = comparator(draft, following)
    if found is not None:
        end = _compared(draft, item, found.operator, found.position)
        if end is not None:
            return end
    if draft.is_word(following, "between") and (end := _range(draft, item, following)) is not None:
        return end
    target = draft.item(following)
    if target is None or following == position:
        return None
    if draft.is_word(following, "null", "empty", "missing", "unknown"):
        column = draft.column(item, draft.focus)
        if column is not None:
            add(draft, Compare(Col(column), "not-null" if negated else "null"))
            return following + 1
    return _equal(draft, item, position, following, negated)


def _compared(draft: Draft, item: Item, operator: str, position: int) -> int | None:
    start = draft.skip(position, "the", "a", "an", "of", "to")
    if draft.is_word(start, "average", "mean"):
        return None
    number = draft.item(start)
    if number is None or not (number.number or number.kind is Kind.DATE):
        return None
    if (
        draft.item(start + 1) is not None
        and draft.items[start + 1].lemma in ("day", "week", "month", "quarter", "hour")
        and not draft.items[start + 1].columns
    ):
        return None
    if draft.table(start + 1) and number.number and not after_number(draft, start + 1) and draft.word(start) != "year":
        column = draft.column(item, draft.focus, "number", note=False)
        if column is None or draft.attribute(column).kind != "number":
            return None
    column = draft.column(item, draft.focus, "number" if number.number else "time")
    if column is None:
        return None
    attribute = draft.attribute(column)
    if attribute.kind == "time" and (number.number or number.kind is Kind.DATE):
        return None
    if attribute.kind not in ("number", "text") or (number.number and not numeric(draft, column)):
        return None
    later = after_number(draft, start + 1)
    add(draft, Compare(Col(column), later.operator if later else operator, (number.tokens[0].value,)))
    return later.position if later else start + 1


def _range(draft: Draft, item: Item, position: int) -> int | None:
    low, high = draft.item(position + 1), draft.item(position + 3)
    if low is None or high is None or not (low.number and high.number) or not draft.is_word(position + 2, "and", "to"):
        return None
    column = draft.column(item, draft.focus, "number")
    if column is None or draft.attribute(column).kind != "number":
        return None
    add(
        draft,
        Both((Compare(Col(column), ">=", (low.tokens[0].value,)), Compare(Col(column), "<=", (high.tokens[0].value,)))),
    )
    return position + 4


_CONTAINS = ("contains", "contain", "containing", "include", "includes", "including", "like", "having")


_PATTERN_FILLER = ("the", "a", "an", "word", "words", "substring", "letter", "letters", "string", "text", "phrase",
                   "character",
                   "characters", "with", "prefix", "suffix", "in")  # fmt: skip


def _pattern(draft: Draft, item: Item, position: int) -> int | None:
    """contains, starts with, ends with."""
    word = draft.word(position)
    if word in _CONTAINS:
        shape = "%{}%"
    elif word in ("start", "starts", "starting", "begin", "begins", "beginning", "started"):
        shape = "{}%"
    elif word in ("end", "ends", "ending"):
        shape = "%{}"
    else:
        return None
    at = draft.skip(position + 1, *_PATTERN_FILLER)
    value = draft.item(at)
    if value is None or not (value.quoted or value.values or (value.tokens[0].capital and not value.named)):
        return None
    column = _of_which(draft, item) or draft.column(item, draft.focus, "text")
    if column is None or draft.attribute(column).kind != "text":
        return None
    add(draft, Compare(Col(column), "ilike", (shape.format(escaped(value.tokens[0].value or value.text)),)))
    return at + 1


def _of_which(draft: Draft, item: Item) -> Field | None:
    """ "the state whose name contains": the name of a state is the state itself."""
    position = draft.items.index(item)
    if item.lemma not in ("name", "title") or not draft.is_word(position - 1, "whose", "'s"):
        return None
    before = draft.item(position - 2)
    if before is None or not before.columns or draft.table(position - 2):
        return None
    column = draft.column(before, draft.focus, "text", note=False)
    return column if column is not None and draft.attribute(column).kind == "text" else None


def inverted_pattern(draft: Draft, position: int) -> int | None:
    """ "having 'Hey' in its name", "with the word 'x' in the title"."""
    item = draft.item(position)
    if item is None or not item.quoted or not draft.is_word(position + 1, "in"):
        return None
    at = draft.skip(position + 2, "its", "their", "the", "his", "her")
    column_item = draft.item(at)
    if column_item is None or not column_item.columns:
        return None
    if not draft.is_word(at - 1, "its", "their", "his", "her", "the"):
        return None
    column = draft.column(column_item, draft.focus, "text")
    if column is None or draft.attribute(column).kind != "text":
        return None
    add(draft, Compare(Col(column), "ilike", (f"%{escaped(item.tokens[0].value)}%",)))
    return at + 1


def _equal(draft: Draft, item: Item, position: int, following: int, negated: bool) -> int | None:
    """A column and its value: "state of Indiana", "id 3", "hometown is not 'X'"."""
    target = draft.item(following)
    assert target is not None
    if target.number or target.kind is Kind.DATE:
        if target.kind is Kind.DATE or draft.table(following + 1):
            return None
        if draft.is_word(following + 1, *SUPERLATIVES, *SUPERLATIVE_HIGH, *SUPERLATIVE_LOW):
            return None  # "the price of the three cheapest beers"
        year = target.number and len(target.tokens[0].value) == 4 and target.tokens[0].value[:2] in ("19", "20")
        if year and draft.is_word(following - 1, "in") and not any(t.lemma == "year" for t in item.tokens):
            return None
        column = draft.column(item, draft.focus)
        if column is None or not _takes_number(draft, column, target.tokens[0].value):
            return None
        _deny(draft, negated)
        add(draft, Compare(Col(column), "=", (target.tokens[0].value,)))
        return more_values(draft, column, following + 1)
    named = (
        target.quoted
        or target.values
        or (
            draft.is_word(following - 1, "named", "called", "is", "=") and target.tokens[0].capital and not target.named
        )
    )
    if not named or (following == position + 1 and not target.quoted and not target.values):
        return None
    owned = {link.field: link.score for link in item.columns if link.score >= 0.5}
    hits = [v for v in target.values if v.field in owned]
    generic = item.lemma in ("name", "title")
    if not hits and generic and target.values:
        near = {draft.focus, draft.main}
        hits = [
            v
            for v in target.values
            if v.field.relation in near and draft.attribute(v.field).words[-1:] in (("name",), ("title",))
        ]
        owned |= {v.field: 0.5 for v in hits}
    if hits:
        best = max(hits, key=lambda v: v.score + owned[v.field] + draft.nearness(v.field.relation, draft.focus))
        if best.field.relation not in draft.mentioned:
            draft.evidence.weak.append(best.score)
        _deny(draft, negated)
        add(draft, value_condition(draft, best, target))
        return more_values(draft, best.field, following + 1)
    elsewhere = any(v.score >= 0.97 for v in target.values)
    if elsewhere and not target.quoted and not generic:
        return None
    if not target.quoted and target.values and not draft.is_word(following - 1, "is", "named", "=", "are", "not", "be"):
        return None
    column = draft.column(item, draft.focus, "text" if not target.text.isdigit() else "")
    if column is None or draft.attribute(column).kind not in ("text", "other", "number"):
        return None
    draft.evidence.ungrounded.append(target.text)
    _deny(draft, negated)
    add(
        draft,
        Compare(
            Col(column),
            text_operator(draft),
            (text_pattern(draft, target.tokens[0].value if target.quoted else target.text),),
        ),
    )
    return more_values(draft, column, following + 1)


def _deny(draft: Draft, negated: bool) -> None:
    if negated:
        draft.negated, draft.denying = True, False


def _takes_number(draft: Draft, column: Field, value: str) -> bool:
    attribute = draft.attribute(column)
    if attribute.kind == "number":
        return True
    if attribute.kind != "text":
        return False
    stored = draft.linker.values.values(column.relation, column.column)
    return attribute.identifier or value in stored or "year" in attribute.words or not stored
