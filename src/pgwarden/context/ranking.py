"""Which tables a question is about, best first."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.inference import singular
from pgwarden.domain.sensitive import name_words
from pgwarden.ports import ValueIndex

NEIGHBOUR = 0.3
"""The share of a table's score that its neighbours along keys get."""
LONGEST_PHRASE = 3


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in their singular, lower-case."""
    return tuple(singular(word) for word in re.findall(r"[^\W_]+", text.lower()))


def name_terms(name: str) -> frozenset[str]:
    """The words that a name is made of, in their singular."""
    return frozenset(singular(word) for word in name_words(name))


def rank(text: str, catalog: Catalog, values: ValueIndex, examples: Iterable[str] = ()) -> tuple[Relation, ...]:
    """Every table that may be read, the likeliest first. ``examples``: SQL that people vouched for, as usage."""
    asked = words_of(text)
    wanted = frozenset(asked)
    used = frozenset(word for sql in examples for word in re.findall(r"\w+", sql.lower()))
    relations = [r for r in catalog.user_relations if r.selectable and not r.partition_of]
    scores = {relation.oid: _lexical(relation, wanted, used) for relation in relations}
    for size in range(1, LONGEST_PHRASE + 1):
        for start in range(len(asked) - size + 1):
            for hit in values.find(" ".join(asked[start : start + size])):
                if hit.relation_oid in scores:
                    scores[hit.relation_oid] += hit.score * size
    ranked = dict(scores)
    for relation in relations:
        for other in _neighbours(relation, catalog):
            if other in ranked:
                ranked[other] = max(ranked[other], scores[other] + NEIGHBOUR * scores[relation.oid])
                ranked[relation.oid] = max(ranked[relation.oid], scores[relation.oid] + NEIGHBOUR * scores[other])
    return tuple(sorted(relations, key=lambda r: (-ranked[r.oid], r.name)))


def _lexical(relation: Relation, wanted: frozenset[str], used: frozenset[str]) -> float:
    score = 4.0 * len(name_terms(relation.name.name) & wanted)
    score += 1.0 * len(wanted.intersection(words_of(relation.comment or "")))
    for column in relation.columns:
        score += 1.5 * len(name_terms(column.name) & wanted)
        score += 0.5 * len(wanted.intersection(words_of(column.comment or "")))
    return score + (0.5 if relation.name.name in used else 0.0)


def _neighbours(relation: Relation, catalog: Catalog) -> set[int]:
    found = {key.foreign_oid for key in relation.foreign_keys}
    return found | {j.foreign_oid for j in catalog.inferred_joins if j.relation_oid == relation.oid}
