"""Verbs that stand for a table of events: "products sold", "most borrowed titles", "who never reserved"."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Col, Has
from pgwarden.language.index import Field
from pgwarden.language.lexicon import SUPERLATIVES, VERB_NOUNS
from pgwarden.language.linking import Item
from pgwarden.language.morphology import is_plural, root
from pgwarden.language.outputs import show

PLURAL_LIMIT = 10
"""Rows shown for "the longest reviews", which names no number."""
_LEADS = ("most", "least", "best", "top", "worst")
_PIECES = frozenset({"quantity", "qty", "ticket", "seat", "unit", "piece"})
_SOLD = frozenset({"sell", "buy", "purchase", "order", "ship", "deliver", "return"})


def event_table(draft: Draft, verb: str, subject: int) -> int:
    """The table whose rows are what the verb tells of, reachable from the subject; 0 when there is none."""
    own = set(draft.entity(subject).words)
    if not draft.entity(subject).person and (own & set(VERB_NOUNS.get(verb, ())) or root(verb) in map(root, own)):
        return 0  # "publications published": the table itself
    for noun in (*VERB_NOUNS.get(verb, ()), *((verb,) if verb not in VERB_NOUNS else ())):
        for link in draft.index.tables((noun,)):
            sure = link.score >= 0.75 and draft.entity(link.relation).relation.is_table and link.relation > 0
            if sure and link.relation != subject and draft.graph.path(subject, link.relation, draft.index) is not None:
                return link.relation
    return _derived_table(draft, verb, subject)


def _derived_table(draft: Draft, verb: str, subject: int) -> int:
    """A table called after the verb by derivation: enrolled, enrolments."""
    if len(root(verb)) < 4:
        return 0
    for word in draft.index.family(verb):
        for link in draft.index.tables((word,)):
            entity = draft.entity(link.relation)
            event = link.score >= 0.9 and link.relation > 0 and not entity.person and link.relation != subject
            if event and draft.graph.path(subject, link.relation, draft.index) is not None:
                return link.relation
    return 0


def note_event(draft: Draft, verb: str) -> None:
    """ "cars sold last month": the table of such events is spoken of."""
    if verb not in VERB_NOUNS:
        return
    table = event_table(draft, verb, draft.main)
    if not table:
        return
    draft.focus = table
    if draft.open_negation or draft.negated:
        draft.denied = table
        return
    draft.events.append(table)
    draft.related.append(table)


def nobody(draft: Draft, position: int) -> int | None:
    """ "that nobody borrowed", "did no one drive": no such event is there."""
    pair = draft.is_word(position, "no") and draft.is_word(position + 1, "one")
    if not draft.main or not (pair or draft.is_word(position, "nobody", "noone")):
        return None
    at = draft.skip(position + 1 + pair, "has", "have", "had", "did", "ever", "yet")
    verb = draft.item(at)
    if verb is None or verb.number or verb.values:
        return None
    table = event_table(draft, verb.lemma, draft.main) or _doers(draft, verb.lemma)
    if not table:
        return None
    draft.where.append(Has(table, negated=True))
    draft.open_negation, draft.projecting = len(draft.where), False
    return draft.skip(at + 1, "on", "for", "in", "at", "yet")


def _doers(draft: Draft, verb: str) -> int:
    """The people called after the verb: drive, drivers."""
    for word in draft.index.family(verb):
        for link in draft.index.tables((word,)):
            people = link.score >= 0.9 and link.relation > 0 and draft.entity(link.relation).person
            if people and draft.graph.path(draft.main, link.relation, draft.index):
                return link.relation
    return 0


def most_happened(draft: Draft, position: int) -> int | None:
    """ "the 5 best selling products", "most borrowed titles", "which genre is the most reserved"."""
    verb = draft.item(position + 1)
    if not draft.is_word(position, *_LEADS) or verb is None or not _participle(verb) or verb.lower in SUPERLATIVES:
        return None
    if any(draft.is_word(p, "by") for p in range(position, len(draft.items))):
        return None
    noun = draft.item(position + 2)
    subject = draft.table(position + 2) or draft.main
    column = None
    if noun is not None and noun.columns and not draft.table(position + 2):
        column = draft.column(noun, 0, note=False)
        subject = column.relation if column is not None else 0
    shown = [e.field.relation for e in draft.select if isinstance(e, Col)]
    if column is None and not draft.table(position + 2) and shown and not draft.default_display:
        subject = draft.main = shown[-1]
    if not subject:
        return None
    happened = event_table(draft, verb.lemma, subject)
    if not happened:
        return None
    measure = _pieces(draft, subject, happened, verb.lemma) or Agg("count", None, happened)
    end = position + 2
    plural = False
    if column is not None:
        draft.group.append(Col(column))
        draft.select.append(Col(column))
        draft.mention(subject)
        plural, end = is_plural(draft.items[end].tokens[-1].lower), end + 1
    elif draft.table(position + 2):
        plural = is_plural(draft.items[end].tokens[-1].lower)
    elif draft.select and not draft.default_display:
        draft.group += [e for e in draft.select if isinstance(e, Col) and e not in draft.group]
    draft.order.append((measure, draft.word(position) not in ("least", "worst")))
    if draft.limit is None:
        draft.limit = PLURAL_LIMIT if plural else 1
        if plural:
            draft.evidence.guesses.append(f"the first {PLURAL_LIMIT}")
    draft.bare_limit = False
    return end


def _participle(item: Item) -> bool:
    token = item.tokens[-1]
    return len(item.tokens) == 1 and token.lower != token.lemma and not is_plural(token.lower) and not item.values


def _pieces(draft: Draft, subject: int, happened: int, verb: str) -> Agg | None:
    """The number of pieces on the way to the event, where a verb of selling speaks of them."""
    path = draft.graph.path(subject, happened, draft.index) or ()
    tables = [edge.right.relation for edge in path]
    around = [e.right.relation for e in draft.graph.edges.get(happened, ()) if not e.to_one and e.cost < 1.6]
    lines = [t for t in around if any(e.right.relation == subject for e in draft.graph.edges.get(t, ()))]
    for oid in (*tables, *lines) if verb in _SOLD else ():
        for attribute in draft.entity(oid).attributes.values():
            if attribute.kind == "number" and _PIECES & set(attribute.words) and len(attribute.words) < 3:
                return Agg("sum", Col(attribute.field))
    return None


def told_of_different(draft: Draft) -> None:
    """ "how many products were sold": different ones are counted, which is said, for pieces could be meant."""
    counted = [e for e in draft.select if isinstance(e, Agg) and e.function == "count" and e.over is None]
    if not draft.events or not draft.main or draft.entity(draft.main).person or len(counted) != 1:
        return
    if counted[0].entity in (0, draft.main) and any(i.lemma in _SOLD and _participle(i) for i in draft.first_items):
        name = draft.entity(draft.main).relation.name.name.replace("_", " ")
        draft.evidence.guesses.append(f"each of the {name} counts once; say “units” for pieces")


def units(draft: Draft, position: int) -> int | None:
    """ "how many units were sold": the pieces of the lines of sale."""
    asked = draft.is_word(position, "how") and draft.is_word(position + 1, "many")
    at = position + 2 if asked else draft.skip(position, "number", "of", "total", "the")
    item = draft.item(at)
    if item is None or item.tokens[0].lower not in ("units", "pieces") or item.column_score() > 0.95:
        return None
    if draft.table(at) and draft.entity(draft.table(at)).words[-1] in ("unit", "piece"):
        return None  # rows of a table that is called so
    said = (*item.tokens[1:], *(draft.items[at + 1].tokens if draft.item(at + 1) else ()))
    if not (asked or at > position or any(t.lemma in _SOLD for t in said[:1])):
        return None
    found = [
        Field(entity.oid, attribute.field.column)
        for entity in draft.index.entities.values()
        for attribute in entity.attributes.values()
        if entity.oid > 0 and entity.relation.is_table and attribute.kind == "number"
        if {"quantity", "qty"} & set(attribute.words) and len(attribute.words) == 1
    ]
    if len(found) != 1:
        return None
    show(draft, Agg("sum", Col(found[0])))
    draft.mention(found[0].relation)
    return at + 1
