"""Values on their own: "in Texas", "Italian restaurants", "the author ...", and several of them."""

from __future__ import annotations

from pgwarden.language.comparators import comparator
from pgwarden.language.conditions import add, multiplied
from pgwarden.language.dates import read_span
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Col, Compare, Cond
from pgwarden.language.index import Field
from pgwarden.language.lexicon import PLACE_WORDS
from pgwarden.language.linking import Item
from pgwarden.language.stored_values import ValueLink


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def more_values(draft: Draft, column: Field, position: int) -> int:
    """Further values of the same column: "is A or B", "1948 or 1949", "in A, B and C"."""
    while True:
        at = draft.skip(position, ",")
        joined = draft.is_word(at, "or", "and")
        start = draft.skip(at + 1, "the", "a", "either", "an") if joined else at
        item = draft.item(start)
        if item is None or not (joined or at > position):
            return position
        if item.named and draft.has_column(item, column.relation, 0.9) and draft.item(start + 1) is not None:
            inner = draft.skip(start + 1, "of", "is", "the")
            nested = draft.item(inner)
            if nested is not None and any(v.field == column for v in nested.values):
                item, start = nested, inner
        hit = next((v for v in item.values if v.field == column), None)
        numeric = (
            item.number
            and not draft.table(start + 1)
            and draft.attribute(column).kind in ("number", "text")
            and not comparator(draft, start + 1)
        )
        if hit is None and not numeric and not item.quoted:
            return position
        value = hit.value if hit else item.tokens[0].value
        last = draft.where[-1] if draft.where else None
        same = isinstance(last, Compare) and last.left == Col(column) and last.operator in ("=", "<>")
        conjunct = draft.is_word(at, "and") and multiplied(draft, column)
        if not same or ((draft.both or conjunct) and not draft.is_word(at, "or")):
            draft.both = draft.both or conjunct
            return position
        assert isinstance(last, Compare)
        draft.where[-1] = Compare(last.left, last.operator, (*last.values, value))
        position = start + 1


def text_operator(draft: Draft) -> str:
    """How an unverified text is compared."""
    return {"ilike": "ilike", "lower": "ilike"}.get(draft.exact_text, "=")


def text_pattern(draft: Draft, text: str) -> str:
    return f"%{escaped(text)}%" if draft.exact_text == "ilike" else text


def value_condition(draft: Draft, link: ValueLink, item: Item) -> Cond:
    """Equality with the stored value; a contained phrase matches as a pattern."""
    phrase = item.tokens[0].value if item.quoted else item.text
    inexact = link.score < 0.86 and phrase.lower() in link.value.lower() and phrase.lower() != link.value.lower()
    if draft.exact_text == "exact" and item.quoted:
        return Compare(Col(link.field), "=", (phrase if inexact else link.value,))
    if inexact or (draft.exact_text == "ilike" and phrase.lower() in link.value.lower()):
        return Compare(Col(link.field), "ilike", (f"%{escaped(phrase)}%",))
    return Compare(Col(link.field), "=", (link.value,))


def value(draft: Draft, position: int) -> int | None:
    """A value on its own: "in Texas", "Italian restaurants", "the author 'X'"."""
    item = draft.item(position)
    if item is None or item.number:
        return None
    _look_near(draft, item)
    if not (item.values or item.quoted):
        return None
    if (
        item.named
        and not item.quoted
        and max(item.table_score(), item.column_score()) >= 0.95
        and not (item.tokens[0].capital and item.start)
    ):
        known = item.values[0].score if item.values else 0.0
        if known < 1.0 or draft.table(position) or not _value_context(draft, position):
            return None
    transitive = item.tokens[-1].lower.endswith("ed") and draft.is_word(position + 1, "the", "a", "an", "any", "more")
    if _dated(draft, item):
        return None
    passive = draft.is_word(position - 1, "is", "are", "was", "were")
    if transitive and not passive and not item.quoted and not item.tokens[0].capital:
        return None
    if not item.values:
        return _unknown_value(draft, position, item)
    ranked = sorted(item.values, key=lambda v: (-_value_rank(draft, position, v), v.field, v.value))
    best = ranked[0]
    if item.named and not item.quoted and not _value_context(draft, position) and best.score < 1.0:
        return None
    rivals = [
        v
        for v in ranked[1:]
        if v.field != best.field and _value_rank(draft, position, v) > _value_rank(draft, position, best) - 0.05
    ]
    if rivals and rivals[0].field.relation != best.field.relation:
        draft.evidence.ambiguous.append(
            f"{item.text}: {draft.qualified(best.field)} or {draft.qualified(rivals[0].field)}"
        )
    draft.evidence.weak.append(best.score)
    condition = value_condition(draft, best, item)
    if best.score < 0.86 and isinstance(condition, Compare) and condition.operator == "=":
        draft.evidence.guesses.append(f"“{item.text}” is read as “{best.value}”")
        draft.evidence.misspelled.append(f"“{item.text}”, where “{best.value}” is stored")
    add(draft, condition)
    if best.field.relation not in draft.mentioned:
        draft.mentioned.append(best.field.relation)
    following = draft.item(position + 1)
    if following is not None and following.lower == "'s":
        draft.projecting = True
        return position + 2
    end = position + 1
    repeated = following is not None and any(c.field == best.field and c.score > 0.6 for c in following.columns)
    if repeated and draft.table(position + 1) in (0, best.field.relation):
        end += 1
    return more_values(draft, best.field, end)


def _look_near(draft: Draft, item: Item) -> None:
    """In a wide schema the value index names only some of the columns that hold a value: the near ones are asked."""
    near = {oid for oid in (draft.main, draft.focus, *draft.mentioned) if oid}
    if len(item.values) < MANY or any(link.field.relation in near for link in item.values):
        return
    text = (item.tokens[0].value if item.quoted else item.text).lower()
    found = [
        ValueLink(attribute.field, stored, 1.0)
        for oid in near
        for attribute in draft.entity(oid).attributes.values()
        if attribute.kind == "text"
        for stored in draft.linker.values.values(*attribute.field)
        if stored.lower() == text
    ]
    item.values = (*found, *item.values)


MANY = 12
"""Columns that hold a value before the index may have left others out."""


def _dated(draft: Draft, item: Item) -> bool:
    """ "delivered yesterday" speaks of delivered_at, not of a status."""
    token = item.tokens[-1]
    if item.quoted or not token.lower.endswith("ed") or len(item.tokens) > 1:
        return False
    times = [a for oid in {draft.main, draft.focus} if oid for a in draft.times(oid)]
    return any(token.lemma in a.words for a in times) and read_span(draft.tokens, item.end, draft.today) is not None


def _value_context(draft: Draft, position: int) -> bool:
    """Whether a value is expected here: after a preposition or a copula, or before the table it qualifies."""
    before = draft.is_word(
        position - 1,
        "in",
        "from",
        "is",
        "are",
        "as",
        "to",
        "by",
        "at",
        "of",
        "not",
        "=",
        "or",
        "named",
        "only",
        "language",
        "with",
    )
    return (
        before
        or bool(draft.table(position + 1))
        or (draft.item(position + 1) is not None and bool(draft.items[position + 1].columns))
    )


def _value_rank(draft: Draft, position: int, link: ValueLink) -> float:
    attribute = draft.attribute(link.field)
    score = link.score + 0.6 * draft.nearness(link.field.relation, 0)
    previous = draft.items[position - 1] if position else None
    back = position - 1
    while previous is not None and previous.lower in (
        "the",
        "of",
        "a",
        "is",
        "named",
        "called",
        "=",
        "in",
        "by",
        "with",
        "are",
        "not",
        "'s",
        "either",
        "for",
        "both",
    ):
        back -= 1
        previous = draft.item(back)
    following = draft.item(position + 1)
    for neighbour, weight in ((previous, 0.45), (following, 0.45)):
        if neighbour is None:
            continue
        if any(c.field == link.field for c in neighbour.columns):
            score += weight
        elif any(t.relation == link.field.relation and t.score > 0.8 for t in neighbour.tables[:3]):
            score += weight * (0.7 if link.field.column in draft.entity(link.field.relation).display else 0.4)
    placed = draft.is_word(position - 1, "in", "from", "at")
    if placed and set(attribute.words) & PLACE_WORDS:
        score += 0.25
    if link.field.column in draft.entity(link.field.relation).display:
        score += 0.06
    if not draft.entity(link.field.relation).relation.is_table:
        score -= 0.2
    return score


def _unknown_value(draft: Draft, position: int, item: Item) -> int | None:
    """A quoted text that the database does not show: it goes to the column or the table named beside it."""
    table = 0
    for back in range(position - 1, max(-1, position - 4), -1):
        table = draft.table(back)
        if table or draft.word(back) in ("and", "or", ","):
            break
    following = draft.item(position + 1)
    target: Field | None = None
    if following is not None and following.columns and not draft.table(position + 1):
        target = draft.column(following, draft.focus, "text")
    elif table:
        target = next((f for f in draft.displays(table) if draft.attribute(f).kind == "text"), None)
    draft.evidence.ungrounded.append(item.text)
    if target is None or draft.attribute(target).kind != "text":
        draft.evidence.unknown.append(item.text)
        return position + 1
    add(draft, Compare(Col(target), text_operator(draft), (text_pattern(draft, item.tokens[0].value),)))
    return position + 1
