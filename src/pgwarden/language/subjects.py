"""What a sentence is about before it is read: the table behind "who", the verb that asks, the table never named."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Col
from pgwarden.language.index import Entity
from pgwarden.language.lexicon import RELATION_VERBS, UNITS, VERB_ATTRIBUTES, VERB_NOUNS
from pgwarden.language.linking import Item
from pgwarden.language.morphology import root

FAMILY = 0.8
"""The score, at most, of a name that a word is only akin to."""
_AUXILIARIES = ("do", "does", "did")
_BEFORE_NOUNS = ("each", "every", "the", "a", "an", "all", "our", "their", "any", "of", "per", "by", "which", "what",
                 "many", "much", "and", "or", "do", "does", "did", "'s", "its", "his", "her", "different")  # fmt: skip
_MEASURING = frozenset(VERB_ATTRIBUTES) - {"make", "pay", "spend", "hold", "charge"}


def subject(draft: Draft) -> int:
    """The table the sentence is about when it does not name it, else 0."""
    if draft.first_items is draft.items and draft.items and draft.items[0].lower in ("who", "whom"):
        person = _person(draft)
        if person:
            return person
    return _named_by_parts(draft)


def note_closed(draft: Draft) -> None:
    """ "the latest order" where orders may not be read: no other table may answer in their place."""
    for position, item in enumerate(draft.items):
        token = item.tokens[0]
        plain = len(item.tokens) == 1 and token.lower in (token.lemma, f"{token.lemma}s", f"{token.lemma}es")
        sorting = draft.is_word(position + 1, "by") or draft.is_word(position - 1, "in", "ascending", "descending")
        if plain and (token.lemma,) in draft.index.closed and item.table_score() < 0.9 and not sorting:
            draft.evidence.closed.append(item.text)
            draft.evidence.unknown.append(item.text)


def settle_verbs(draft: Draft) -> None:
    """ "how many trips did each driver make": a verb after do, does or did is no column, though one is called so."""
    start = next((p for p in range(len(draft.items)) if draft.is_word(p, *_AUXILIARIES)), None)
    if start is None or not any(draft.is_word(p, "how", "what", "which", "who") for p in range(start)):
        return
    for position in range(start + 2, len(draft.items)):
        item = draft.items[position]
        token = item.tokens[0]
        known = token.lemma in RELATION_VERBS or token.lemma in VERB_NOUNS
        last = position + 1 == len(draft.items) or draft.is_word(position + 1, "?", ".")
        derived = last and max(item.table_score(), item.column_score()) <= FAMILY  # "… do we brew", of brewed_on
        verb = token.lower == token.lemma and (known or derived)
        if len(item.tokens) == 1 and verb and not draft.is_word(position - 1, *_BEFORE_NOUNS):
            if token.lemma not in _MEASURING:
                item.tables, item.columns = (), ()
            return


def _person(draft: Draft) -> int:
    """The people that "who" asks for: named after the verb (teach, teacher), or the nearest to what is spoken of."""
    named = [t for t in (draft.table(p) for p in range(len(draft.items))) if t]
    if draft.is_word(1, "is", "are", "was", "were") or (named and draft.entity(named[0]).person):
        return 0
    verb = next((i for i in draft.items[1:] if i.lemma in RELATION_VERBS or i.lemma in VERB_NOUNS or not i.named), None)
    for role, base in draft.index.bases.items():
        if verb is not None and root(draft.entity(role).words[-1]) == root(verb.lemma):
            draft.select += [Col(f) for f in draft.displays(role)]
            return base
    people = [e for e in draft.index.entities.values() if e.person and e.relation.is_table and e.oid > 0]
    called = [e for e in people if verb is not None and _agent(verb, e)]
    earning = verb is not None and verb.lemma in ("earn", "make")
    if earning:
        words = VERB_ATTRIBUTES["earn"]
        called = [e for e in people if draft.index.columns_like(e.oid, words)]
    if len(called) == 1:
        return called[0].oid
    spoken = set(named) or _valued(draft)
    if not spoken or earning or any(draft.entity(t).person for t in spoken):
        return 0
    ranked = sorted((d, e.oid) for e in people if (d := _distance(draft, e.oid, spoken)) is not None)
    if not ranked or (len(ranked) > 1 and ranked[1][0] < ranked[0][0] + 0.5):
        return 0
    return ranked[0][1]


def _agent(verb: Item, entity: Entity) -> bool:
    """Whether people are called after what they do: borrow, borrower."""
    noun = entity.words[-1]
    return noun.endswith(("er", "or", "ist", "ant", "ent")) and root(noun) == root(verb.lemma)


def _valued(draft: Draft) -> set[int]:
    """The tables that hold the sentence's most certain value."""
    best = max((v.score for i in draft.items for v in i.values), default=0.0)
    return {v.field.relation for i in draft.items for v in i.values if v.score == best >= 0.9}


def _distance(draft: Draft, oid: int, goals: set[int]) -> float | None:
    costs = []
    for goal in goals:
        path = draft.graph.path(oid, goal, draft.index)
        if path is None:
            return None
        costs.append(sum(e.cost for e in path))
    return max(costs)


def _named_by_parts(draft: Draft) -> int:
    """The table the sentence is about, when it can be told before reading: helps every later choice of columns."""
    best, best_score = 0, 0.0
    for position in range(len(draft.items)):
        table = draft.table(position)
        if table:
            return 0
    scores: dict[int, float] = {}
    for item in draft.items:
        if item.lemma in UNITS and len(item.tokens) == 1:
            continue  # "last month" speaks of no table that has a month
        seen: dict[int, float] = {}
        for link in item.columns:
            if link.score >= 0.6:
                seen[link.relation] = max(seen.get(link.relation, 0.0), link.score)
        for value in item.values:
            seen[value.field.relation] = max(seen.get(value.field.relation, 0.0), value.score)
        for relation, score in seen.items():
            scores[relation] = scores.get(relation, 0.0) + score
    for relation, score in sorted(scores.items()):
        if score > best_score + 0.01:
            best, best_score = relation, score
    if best:
        close = [r for r, s in scores.items() if s > best_score - 0.1 and r != best]
        if close:
            draft.evidence.ambiguous.append("the table is not named")
    return best
