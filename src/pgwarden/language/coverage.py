"""Which words of a question the SQL accounts for: whatever names a table, a column or a value must leave a trace."""

# ruff: noqa: SIM905 - a word list reads better than hundreds of quoted strings

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pgwarden.language.abbreviations import abbreviates
from pgwarden.language.index import LexicalIndex
from pgwarden.language.lexicon import (
    AGGREGATES,
    ANTONYMS,
    ANYONE,
    COMPARATIVES,
    FILLER,
    GENERIC_VERBS,
    MEASURES,
    MONTHS,
    OPENERS,
    PEOPLE,
    RELATION_VERBS,
    SAME_EVENT,
    SUPERLATIVE_HIGH,
    SUPERLATIVE_LOW,
    SUPERLATIVES,
    UNITS,
    VERB_ATTRIBUTES,
    VERB_NOUNS,
    WEEKDAYS,
)
from pgwarden.language.linking import Item
from pgwarden.language.morphology import is_plural, lemma, root
from pgwarden.language.tokens import Kind
from pgwarden.language.worth import REVENUE_WORDS

SURE = 0.8
"""A name that fits a word this well was meant by it."""
_CLAUSES = frozenset(
    """above below before after since until past ago next previous last today yesterday tomorrow first never without
    nobody none rank ranking ranked alphabetically alphabetical order letter substring prefix suffix character money
    duration second seconds weekend weekends weekday weekdays common inclusive running cumulative growth percentage
    percent proportion share ratio fraction difference rolling moving split break broken grouped group compare
    compared versus vs half round inclusive far away popular""".split()
)
"""Words of comparing, dating, ranking and dividing, beyond those that the lexicon lists for one purpose."""
_GRAMMAR = frozenset().union(
    FILLER, OPENERS, AGGREGATES, SUPERLATIVES, SUPERLATIVE_HIGH, SUPERLATIVE_LOW, COMPARATIVES, UNITS, MONTHS,
    WEEKDAYS, MEASURES, ANTONYMS, _CLAUSES,
)  # fmt: skip
"""Words whose trace is a clause of the SQL rather than a name in it."""
_PREDICATING = frozenset({"is", "are", "was", "were", "been", "be", "still", "not", "never", "has", "have", "had"})
_ATTRIBUTING = frozenset({"many", "the", "all", "which", "of", "any", "no", "each", "every", "what", "our", "with"})
_VERBS = RELATION_VERBS | frozenset(VERB_NOUNS) | frozenset(VERB_ATTRIBUTES)
_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_NAME = re.compile(r'"((?:[^"]|"")+)"|([A-Za-z_]\w*)')


@dataclass(frozen=True, slots=True)
class Coverage:
    """The words that left no trace, by what they are."""

    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Content words that name nothing."""
    states: tuple[str, ...] = ()
    """Of the verbs, those that are said of the rows themselves: nothing after them has left a trace either."""
    head: tuple[str, ...] = ()
    """What is asked for, the first of the content words."""
    people: tuple[str, ...] = ()
    """Kinds of people, where the statement reads no table of people."""

    def features(self) -> dict[str, float]:
        """What this is to the confidence: how many words of each kind, two at most."""
        return {
            f"lost_{kind}": float(min(2, len(found)))
            for kind, found in (
                ("tables", self.tables), ("columns", self.columns), ("values", self.values), ("verbs", self.verbs),
                ("words", self.words), ("states", self.states), ("people", self.people),
                ("head", self.head),
            )
        }  # fmt: skip


def coverage(items: Iterable[Item], index: LexicalIndex, sql: str) -> Coverage:
    """What of the items the statement shows nothing of."""
    items = list(items)
    literals = {m.replace("''", "'").strip("%").lower() for m in _LITERAL.findall(sql)}
    names = {(a or b) for a, b in _NAME.findall(_LITERAL.sub("''", sql))}
    kinds: dict[str, list[str]] = {"tables": [], "columns": [], "values": [], "verbs": [], "words": [], "people": []}
    kinds["states"], kinds["head"] = [], []
    first = next((i for i in items if i.kind is Kind.WORD and not _grammatical(i)), None)
    parts = {part for name in names for part in name.lower().split("_")}
    for position, item in enumerate(items):
        if item.kind in (Kind.MARK, Kind.NUMBER, Kind.DATE) or item.used:
            continue
        if _traced(item, index, names, literals):
            kinds["states"].clear()  # "who worked in Leeds": the verb leads to what was found
            continue
        kind = _kind(item)
        if kind:
            kinds[kind].append(item.text)
        if kind and item is first and _is_noun(items, position):
            kinds["head"].append(item.text)
        if kind == "verbs" and _stative(items, position) and not _akin(item, parts):
            kinds["states"].append(item.text)
    if any(e.person and e.relation.name.name in names for e in index.entities.values()):
        kinds["people"].clear()
    return Coverage(**{kind: tuple(found) for kind, found in kinds.items()})


def _stative(items: list[Item], position: int) -> bool:
    """Whether a verb says how things are or what was done to them: "are open", "built", not "does she own"."""
    item, before = items[position], items[position - 1].lower if position else ""
    told = item.lower != item.lemma and not item.lower.endswith(("s", "ing"))
    following = items[position + 1] if position + 1 < len(items) else None
    noun = following is not None and bool(following.tables) and following.start == item.end  # "open houses"
    qualifies = noun and before in _ATTRIBUTING
    return item.lemma not in GENERIC_VERBS and (told or qualifies or before in _PREDICATING)


def _is_noun(items: list[Item], position: int) -> bool:
    """Whether what is asked for stands here, not an adjective before it nor what somebody did."""
    before = items[position - 1] if position else None
    following = items[position + 1] if position + 1 < len(items) else None
    adjective = following is not None and following.linked and following.start == items[position].end
    told = items[position].lower != items[position].lemma and not is_plural(items[position].lower)
    verb = told or (before is not None and before.lower in ("who", "whom", "most", "least", "best"))
    return before is not None and not adjective and not verb


def _akin(item: Item, parts: set[str]) -> bool:
    """Whether a name holds the verb, or what its event may be called by, in full or cut short."""
    words = {item.lemma, *SAME_EVENT.get(item.lemma, ()), *VERB_NOUNS.get(item.lemma, ())}
    words |= set(VERB_ATTRIBUTES.get(item.lemma, ()))
    roots = {root(w) for w in words}
    short = any(len(p) > 2 and any(abbreviates(p, w) for w in words) for p in parts)
    return short or any(root(lemma(p)) in roots or p.startswith(item.lemma) for p in parts)


def _traced(item: Item, index: LexicalIndex, names: set[str], literals: set[str]) -> bool:
    """Whether a table, a column or a value that the item can mean stands in the statement."""
    least = max(item.table_score(), item.column_score()) - 0.35
    for link in item.tables:
        if link.score >= least and index.entities[link.relation].relation.name.name in names:
            return True
    for link in item.columns:
        table = index.entities[link.relation].relation.name.name
        if link.score >= least and index.attribute(link.field).name in names and table in names:
            return True
    said = item.tokens[0].value.lower() if item.quoted else item.lower
    return said in literals or any(value.value.lower() in literals for value in item.values)


def _grammatical(item: Item) -> bool:
    return all(t.lower in _GRAMMAR or t.lemma in _GRAMMAR for t in item.tokens)


def _kind(item: Item) -> str:
    """What an item without a trace is; '' where it needs none."""
    if item.quoted:
        return "values"
    if _grammatical(item):
        return ""
    if item.lemma in _VERBS and item.lower != item.lemma and not is_plural(item.lower):
        return "verbs"
    if item.lemma in REVENUE_WORDS:
        return ""  # whichever amount stands for it
    if item.table_score() >= SURE:
        return "tables"
    if item.values and item.values[0].score >= 0.9:
        return "values"
    if item.column_score() >= SURE:
        return "columns"
    if item.lemma in _VERBS:
        return "verbs"
    if item.lemma in PEOPLE:
        return "" if item.lemma in ANYONE else "people"
    return "words"
