"""What rows are or have been: "blocked members", "unpaid invoices", "loans not yet returned", "overdue invoices"."""

from __future__ import annotations

from pgwarden.language.conditions import add, negate
from pgwarden.language.dates import read_span
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Both, Col, Compare, Cond, Has, Period
from pgwarden.language.index import Attribute, Field
from pgwarden.language.lexicon import ANTONYMS, FILLER, SAME_EVENT
from pgwarden.language.linking import Item
from pgwarden.language.mentions import flagged
from pgwarden.language.morphology import lemma, root
from pgwarden.language.periods import main_time

_SETTLING = frozenset(
    {"pay", "settle", "return", "finish", "complete", "close", "deliver", "resolve", "clear", "end", "submit", "answer"}
)
"""What ends a row's being due."""
_EXPIRY = frozenset({"expire", "expiry", "expir", "exp", "expiration", "lapse"})
"""Roots of the words that such a column is called by."""
_TAKING = ("by", "to", "from", "with", "on", "in", "at", "for", "the", "a", "an", "than", "more", "less", "before",
           "after", "since", "between", "during", "within", "until", "as")  # fmt: skip
"""Words after a participle that make it a verb with an object or a time, not a state."""
_PREDICATING = ("not", "been", "is", "are", "was", "were", "has", "have", "had", "yet", "never", "who", "that",
                "which", "already", "still", "be", "being", "getting", "and", "or", "nor", "but", "where")  # fmt: skip


def state(draft: Draft, position: int) -> int | None:
    """An adjective or participle that a yes/no column or a time column of the table spoken of knows."""
    item = draft.item(position)
    if item is None or len(item.tokens) != 1 or item.quoted or item.number or item.lower in FILLER:
        return None
    owner = draft.table(position + 1) or draft.focus or draft.main
    if not owner or any(v.field.relation in (owner, draft.main) and v.score >= 0.9 for v in item.values):
        return None
    special = _overdue(draft, position, owner) or _coming(draft, position, owner) or _expired(draft, position, owner)
    if special is not None:
        return special
    if (told := _told_elsewhere(draft, position, item)) is not None:
        return told
    called = frozenset(w for oid in {owner, draft.main or owner} for a in draft.times(oid) for w in a.words)
    for base, opposed in _readings(item, draft.word(position + 1), called):
        for oid in dict.fromkeys((owner, draft.main or owner)):
            found = _state_of(draft, position, oid, base, adverse=opposed)
            if found is not None:
                _conclude(draft, found if not opposed else negate(found), oid)
                particle = base != item.lemma and draft.is_word(position + 1, *_PARTICLES)
                return draft.skip(position + 1 + particle, "yet", "already")
    return None


_PARTICLES = ("in", "up", "out", "off")


def _readings(item: Item, particle: str, told: frozenset[str]) -> list[tuple[str, bool]]:
    """(base form, whether its opposite is said): unpaid → (pay, True). Of a word that the times are called by
    (``told``), the opposite of another is not meant: what is closed has a time of closing."""
    token = item.tokens[0]
    readings = [(token.lemma, False)]
    if particle in _PARTICLES:
        readings.append((f"{token.lemma}{particle}", False))
    if token.lower in ANTONYMS and token.lemma not in told:
        readings.append((lemma(ANTONYMS[token.lower]), True))
    for prefix in ("un", "non-", "non", "in"):
        rest = token.lower.removeprefix(prefix)
        if rest != token.lower and len(rest) > 3:
            readings.append((lemma(rest), True))
    return readings


def _state_of(draft: Draft, position: int, oid: int, base: str, *, adverse: bool) -> Cond | None:
    item = draft.items[position]
    adjective = draft.table(position + 1) == oid
    if not (adjective or adverse or draft.is_word(position - 1, *_PREDICATING) or draft.negated):
        return None
    participle = adverse or item.tokens[0].lower != item.tokens[0].lemma
    attributes = draft.entity(oid).attributes.values()
    for attribute in attributes:
        if (base in attribute.words or root(base) in {root(w) for w in attribute.words}) and len(attribute.words) < 4:
            kept, draft.main = draft.main, draft.main or oid
            found = flagged(draft, attribute.field) if oid in (draft.main, draft.focus) or adjective else None
            draft.main = kept
            if found is not None and (attribute.kind == "bool" or participle):
                return found
    following = draft.item(position + 1)
    taking = draft.is_word(position + 1, *_TAKING) or (following is not None and following.start and following.number)
    dated = read_span(draft.tokens, item.end, draft.today) is not None
    if not participle or dated or (taking and not adverse and not draft.negated):
        return None
    said = _same_event(base)
    for attribute in attributes:
        if attribute.kind == "time" and said & set(attribute.words) and not attribute.identifier:
            return Compare(Col(attribute.field), "not-null")
    return None


def _told_elsewhere(draft: Draft, position: int, item: Item) -> int | None:
    """ "have never been absent": a table of many rows for each tells when it was so."""
    if not draft.is_word(position - 1, "been", "be", "was", "were", "is", "are") or not item.columns or item.tables:
        return None
    field_ = item.columns[0].field
    path = draft.graph.path(draft.main, field_.relation, draft.index) if draft.main else None
    named = item.columns[0].score >= 0.9 and draft.attribute(field_).kind == "time"
    if not path or not named or all(edge.to_one for edge in path) or item.tokens[0].lower != item.lemma:
        return None
    add(draft, Has(field_.relation))
    draft.focus = field_.relation
    return position + 1


def _same_event(base: str) -> frozenset[str]:
    """The verb and those that say the same of a time column: bought → purchased."""
    return frozenset({base}) | SAME_EVENT.get(base, frozenset())


def _conclude(draft: Draft, condition: Cond, oid: int) -> None:
    """Adds the condition; what stands before a noun leaves the outputs open."""
    projecting = draft.projecting
    if isinstance(condition, Compare) and condition.operator == "not-null" and not draft.negated:
        column = condition.left
        assert isinstance(column, Col)
        if draft.attribute(column.field).not_null:
            return  # "registered users", where every user has a date: nothing to test
    add(draft, condition)
    draft.projecting = projecting and (not draft.select or draft.default_display or not draft.main)
    if not draft.main:
        draft.focus = oid


def _overdue(draft: Draft, position: int, owner: int) -> int | None:
    """overdue, past due: due before today and not paid, returned, … yet."""
    end = position + 1
    if draft.is_word(position, "past") and draft.is_word(position + 1, "due"):
        end = position + 2
    elif not draft.is_word(position, "overdue"):
        return None
    times = draft.times(owner)
    due = [a for a in times if "due" in a.words or "deadline" in a.words]
    done = [_settled(a) for a in draft.entity(owner).attributes.values() if _SETTLING & set(a.words)]
    open_ = [c for c in done if c is not None]
    if len(due) != 1 or len(open_) != 1:
        return None
    clock = f"DATE '{draft.today.isoformat()}'" if draft.today else "current_date"
    _conclude(draft, Both((Period(Col(due[0].field), None, clock), negate(open_[0]))), owner)
    draft.evidence.guesses.append(f"overdue means {due[0].name} is before today")
    return end


def _expired(draft: Draft, position: int, owner: int) -> int | None:
    """expired, lapsed: the time up to which a row holds has passed."""
    dated = read_span(draft.tokens, draft.items[position].end, draft.today) is not None
    if not draft.is_word(position, "expired", "lapsed") or dated or draft.is_word(position + 1, *_TAKING):
        return None
    oid = owner if draft.table(position + 1) == owner else draft.main or owner
    ends = [a for a in draft.times(oid) if {root(w) for w in a.words} & _EXPIRY or set(a.words) >= {"valid", "until"}]
    if len(ends) != 1:
        return None
    clock = f"DATE '{draft.today.isoformat()}'" if draft.today else "current_date"
    past = Period(Col(ends[0].field), None, clock)
    _conclude(draft, Period(Col(ends[0].field), clock, None) if draft.negated else past, oid)
    return position + 1


def _coming(draft: Draft, position: int, owner: int) -> int | None:
    """upcoming, future, past events: by their own time."""
    if not draft.is_word(position, "upcoming", "future", "past") or draft.table(position + 1) != owner:
        return None
    time = main_time(draft, owner)
    if time is None:
        return None
    clock = f"DATE '{draft.today.isoformat()}'" if draft.today else "current_date"
    past = draft.is_word(position, "past")
    _conclude(draft, Period(Col(time.field), None if past else clock, clock if past else None), owner)
    return position + 1


def _settled(attribute: Attribute) -> Cond | None:
    if attribute.kind == "time" and "due" not in attribute.words:
        return Compare(Col(attribute.field), "not-null")
    return Compare(Col(attribute.field), "true") if attribute.kind == "bool" else None


def is_stated(draft: Draft, field_: Field) -> bool:
    """Whether a condition on the column has been read already."""
    return any(isinstance(c, Compare) and c.left == Col(field_) for c in draft.where)
