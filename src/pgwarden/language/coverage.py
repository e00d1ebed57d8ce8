"""Which words of a question the SQL accounts for: whatever names a table, a column or a value must leave a trace."""

# ruff: noqa: SIM905 - a word list reads better than hundreds of quoted strings

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pgwarden.language.index import LexicalIndex
from pgwarden.language.lexicon import (
    AGGREGATES,
    ANTONYMS,
    COMPARATIVES,
    FILLER,
    MEASURES,
    MONTHS,
    OPENERS,
    PEOPLE,
    RELATION_VERBS,
    SUPERLATIVE_HIGH,
    SUPERLATIVE_LOW,
    SUPERLATIVES,
    UNITS,
    VERB_ATTRIBUTES,
    VERB_NOUNS,
    WEEKDAYS,
)
from pgwarden.language.linking import Item
from pgwarden.language.morphology import is_plural
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

    def features(self) -> dict[str, float]:
        """What this is to the confidence: how many words of each kind, two at most."""
        return {
            f"lost_{kind}": float(min(2, len(found)))
            for kind, found in (
                ("tables", self.tables), ("columns", self.columns), ("values", self.values), ("verbs", self.verbs),
                ("words", self.words),
            )
        }  # fmt: skip


def coverage(items: Iterable[Item], index: LexicalIndex, sql: str) -> Coverage:
    """What of the items the statement shows nothing of."""
    literals = {m.replace("''", "'").strip("%").lower() for m in _LITERAL.findall(sql)}
    names = {(a or b) for a, b in _NAME.findall(_LITERAL.sub("''", sql))}
    kinds: dict[str, list[str]] = {"tables": [], "columns": [], "values": [], "verbs": [], "words": []}
    for item in items:
        if item.kind in (Kind.MARK, Kind.NUMBER, Kind.DATE) or _traced(item, index, names, literals):
            continue
        kind = _kind(item)
        if kind:
            kinds[kind].append(item.text)
    return Coverage(**{kind: tuple(found) for kind, found in kinds.items()})


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


def _kind(item: Item) -> str:
    """What an item without a trace is; '' where it needs none."""
    if item.quoted:
        return "values"
    if all(t.lower in _GRAMMAR or t.lemma in _GRAMMAR for t in item.tokens):
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
        return ""
    return "words"
