"""Stretches between two times that the question names: "days between order and delivery", "closed within 2 days"."""

from __future__ import annotations

from pgwarden.language.comparators import comparator
from pgwarden.language.conditions import add
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Compare, Duration
from pgwarden.language.index import Attribute, Field
from pgwarden.language.lexicon import AGGREGATES, SAME_EVENT
from pgwarden.language.linking import Item
from pgwarden.language.morphology import lemma
from pgwarden.language.outputs import show

_UNITS = ("minute", "hour", "day")
_BEGINNINGS = frozenset(
    {"start", "begin", "open", "order", "place", "receive", "report", "raise", "issue", "submit", "request", "create",
     "book", "ship", "admit", "log"}
)  # fmt: skip
"""What a row's first time is called by."""
_TAKE = ("take", "last", "need", "require")
_STEM = 4
"""Letters that two derived words share at least: submission, submitted."""


def between_times(draft: Draft, position: int) -> int | None:
    """ "average number of days between X and Y", "how many days … from X to Y", "… hours to close a request"."""
    at = _unit_asked(draft, position)
    if at is None:
        return None
    said = [AGGREGATES[i.lower] for i in draft.items if i.lower in AGGREGATES]
    unit = draft.items[at].lemma
    found = _two_named(draft, at + 1) or _to_do(draft, at + 1)
    if found is None or len(set(said)) != 1 or said[0] == "sum":
        return None
    start, end, after = found
    draft.mention(start.relation)
    show(draft, Agg(said[0], Duration(start, end, unit)))
    return after


def _unit_asked(draft: Draft, position: int) -> int | None:
    """The position of the unit after "how many" or "average (number of)"."""
    if draft.is_word(position, "how") and draft.is_word(position + 1, "many"):
        at = position + 2
    elif draft.is_word(position, *AGGREGATES):
        at = draft.skip(position + 1, "number", "of", "the")
    else:
        return None
    item = draft.item(at)
    return at if item is not None and item.lemma in _UNITS and not item.values else None


def _two_named(draft: Draft, position: int) -> tuple[Field, Field, int] | None:
    """between X and Y; from X to Y."""
    for at in range(position, min(position + 7, len(draft.items))):
        joint = {"between": "and", "from": "to"}.get(draft.word(at))
        middle = next((p for p in range(at + 1, min(at + 7, len(draft.items))) if draft.is_word(p, joint or "")), None)
        if joint is None or middle is None:
            continue
        last = draft.skip(middle + 1, "the", "its", "their", "being", "a")
        for oid in _tables(draft):
            start = _named_time(draft, oid, draft.items[at + 1 : middle])
            end = _named_time(draft, oid, draft.items[last : last + 1])
            if start is not None and end is not None and start != end:
                return start.field, end.field, last + 1
    return None


def _to_do(draft: Draft, position: int) -> tuple[Field, Field, int] | None:
    """ "days to close a request": from the row's first time to the verb's."""
    at = draft.skip(position, "it", "takes", "take", "does", "needed", "until", "we", "need")
    verb = draft.item(at + 1)
    if not draft.is_word(at, "to", "until", "before") or verb is None:
        return None
    for oid in _tables(draft):
        end = _named_time(draft, oid, [verb])
        start = _first_time(draft, oid, end)
        if end is not None and start is not None:
            return start.field, end.field, at + 2
    return None


def lasting(draft: Draft, position: int) -> int | None:
    """ "that took more than 7 days", "closed within 24 hours": a condition on the stretch."""
    within = draft.is_word(position, "within")
    found = comparator(draft, position)
    if found is None and not within:
        return None
    at = position + 1 if within or found is None else found.position
    number, unit = draft.item(draft.skip(at, "an", "a")), draft.item(at + 1)
    if number is None or not number.number or unit is None or unit.lemma not in _UNITS or not draft.main:
        return None
    verb = draft.item(position - 1)
    if verb is None or draft.is_word(at + 2, "ago", "of", "before", "after", "from"):
        return None
    for oid in dict.fromkeys((draft.focus, draft.main)):
        if verb.lemma in _TAKE:
            end = next((a for a in reversed(draft.times(oid)) if "due" not in a.words), None)
        else:
            end = _named_time(draft, oid, [verb]) if within else None
        start = _first_time(draft, oid, end)
        if start is not None and end is not None:
            operator = "<=" if found is None else found.operator
            stretch = Duration(start.field, end.field, unit.lemma)
            add(draft, Compare(stretch, operator, (number.tokens[0].value,)))
            return at + 2
    return None


def _tables(draft: Draft) -> list[int]:
    """The tables spoken of, then those named anywhere."""
    return [oid for oid in dict.fromkeys((draft.focus, draft.main, *sorted(draft.ahead))) if oid > 0]


def _named_time(draft: Draft, oid: int, items: list[Item]) -> Attribute | None:
    """The time column of a table that the words speak of."""
    words = {lemma(t.lower) for i in items for t in i.tokens}
    for attribute in draft.times(oid):
        names = [w for w in attribute.words if w not in ("date", "time", "at", "on", "day")]
        if any(_akin(word, name) for word in words for name in names):
            return attribute
    return None


def _akin(word: str, name: str) -> bool:
    if word == name or name in SAME_EVENT.get(word, ()):
        return True
    short = min(len(word), len(name))
    if short > _STEM + 1:
        return word[:_STEM] == name[:_STEM]
    return short > 2 and word[:short] == name[:short]


def _first_time(draft: Draft, oid: int, end: Attribute | None) -> Attribute | None:
    """The time that a row begins with: the only one called so, besides the end."""
    if end is None:
        return None
    times = [a for a in draft.times(oid) if a.field != end.field and _BEGINNINGS & set(a.words)]
    return times[0] if len(times) == 1 else None
