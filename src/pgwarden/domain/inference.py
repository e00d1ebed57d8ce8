"""Which columns might join although no foreign key says so: found by names and types, before any value is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from pgwarden.domain.catalog import Catalog, Column, InferredJoin, Relation
from pgwarden.domain.sensitive import name_words

MOST_CANDIDATES = 400
ENDINGS = ("id", "code", "key", "no", "number", "uuid", "guid", "ref", "fk", "name", "abbr", "iso")
GENERIC = frozenset(
    {"id", "name", "code", "key", "number", "no", "type", "status", "date", "title", "description", "value", "uuid"}
)
"""Words that many tables use; alone they say nothing."""
PREFIXES = ("tbl", "tb", "t", "dim", "fact", "stg", "ref", "lkp", "lu")


@dataclass(frozen=True, slots=True)
class JoinCandidate:
    """A pair that names and types suggest, with the score that names alone give it."""

    relation: Relation
    column: Column
    foreign: Relation
    foreign_column: Column
    score: float
    reason: str

    def joined(self, overlap: float | None) -> InferredJoin | None:
        """The join with the share of values found on the other side (None: not looked at); None when they refute it."""
        if overlap is not None and overlap < 0.5:
            return None
        score = self.score if overlap is None else min(1.0, 0.4 * self.score + 0.6 * overlap)
        told = "values were not compared" if overlap is None else f"{overlap:.0%} of the sampled values exist there"
        return InferredJoin(
            self.relation.oid,
            self.column.number,
            self.foreign.oid,
            self.foreign_column.number,
            round(score, 3),
            f"{self.reason}; {told}",
        )


def join_candidates(catalog: Catalog, *, most: int = MOST_CANDIDATES) -> tuple[JoinCandidate, ...]:
    """Pairs worth comparing, best first, at most ``most``. Cost grows with the number of columns, not of pairs."""
    tables = [r for r in catalog.user_relations if r.kind in "rpmf" and not r.partition_of and r.selectable]
    keys = {relation.oid: _keys(relation) for relation in tables}
    by_word = _by_word(tables)
    declared = {(fk.relation_oid, number) for r in tables for fk in r.foreign_keys for number in fk.columns}
    found: dict[tuple[int, int], list[JoinCandidate]] = {}
    for relation in tables:
        for column in relation.columns:
            if (relation.oid, column.number) in declared or not column.selectable:
                continue
            for candidate in _candidates(catalog, relation, column, by_word, keys):
                found.setdefault((relation.oid, column.number), []).append(candidate)
    best = (max(group, key=_rank) for group in found.values())
    return tuple(islice(sorted(best, key=_rank, reverse=True), most))


def _rank(candidate: JoinCandidate) -> tuple[float, int, int]:
    return candidate.score, -candidate.relation.oid, -candidate.column.number


def _candidates(
    catalog: Catalog,
    relation: Relation,
    column: Column,
    by_word: Mapping[str, list[Relation]],
    keys: Mapping[int, tuple[Column, ...]],
) -> Iterable[JoinCandidate]:
    plain = name_words(column.name)
    words = tuple(singular(word) for word in plain)
    counts = _family(catalog, column.type_oid) == "whole" and plain[-1:] != words[-1:]  # orders int: how many
    if not words or counts:
        return
    own = frozenset(table_words(relation))
    stem = words[:-1] if words[-1] in ENDINGS and len(words) > 1 else _glued(words)
    targets = {r.oid: r for word in {*stem, *words} - GENERIC for r in by_word.get(word, ())[:50]}
    for target in targets.values():
        for key in keys[target.oid]:
            if target.oid == relation.oid and (key.number == column.number or not stem):
                continue
            if not _joinable(catalog, column, key):
                continue
            score, reason = _likeness(words, stem, table_words(target), key, own)
            if score >= 0.5:
                yield JoinCandidate(relation, column, target, key, score, reason)


def _likeness(
    words: tuple[str, ...], stem: tuple[str, ...], target: tuple[str, ...], key: Column, own: frozenset[str]
) -> tuple[float, str]:
    """How well a column's name points at a table's key."""
    key_words = tuple(singular(word) for word in name_words(key.name))
    if stem and stem == target:
        return 0.9, "its name is the other table's name"
    if words == key_words and not set(words) <= GENERIC:
        return (0.85 if not own & set(words) else 0.55), "both columns have the same name"
    if stem and len(stem) > len(target) and stem[-len(target) :] == target:
        return 0.8, "its name ends in the other table's name"
    if stem and set(stem) & set(target) - GENERIC and len(stem) < len(target) and target[-len(stem) :] == stem:
        return 0.6, "its name is part of the other table's name"
    return 0.0, ""


def table_words(relation: Relation) -> tuple[str, ...]:
    """The words of a table's name in the singular, without technical prefixes."""
    words = [singular(word) for word in name_words(relation.name.name)]
    while len(words) > 1 and words[0] in PREFIXES:
        words.pop(0)
    return tuple(words)


def singular(word: str) -> str:
    """A plain guess at the singular of an English noun: categories → category, boxes → box."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def _glued(words: tuple[str, ...]) -> tuple[str, ...]:
    """``customerid`` → (customer,), ``order`` → (order,)."""
    if len(words) == 1:
        for ending in ("uuid", "guid", "id", "code", "key"):
            if words[0].endswith(ending) and len(words[0]) > len(ending) + 2:
                return (singular(words[0][: -len(ending)]),)
    return words


def _by_word(tables: Iterable[Relation]) -> dict[str, list[Relation]]:
    """Tables by every word of their name, and of their keys' names."""
    found: dict[str, list[Relation]] = {}
    for relation in tables:
        words = set(table_words(relation))
        words |= {singular(word) for key in _keys(relation) for word in name_words(key.name)}
        for word in words:
            found.setdefault(word, []).append(relation)
    return found


def _keys(relation: Relation) -> tuple[Column, ...]:
    """Columns that alone identify a row; where none is declared, the one that looks like it."""
    unique = {i.columns[0] for i in relation.indexes if i.unique and len(i.columns) == 1 and i.columns[0]}
    if unique:
        return tuple(column for column in relation.columns if column.number in unique)
    own = table_words(relation)
    for column in relation.columns:
        words = tuple(singular(word) for word in name_words(column.name))
        if words == ("id",) or (words[-1:] == ("id",) and words[:-1] == own):
            return (column,)
    return ()


def _joinable(catalog: Catalog, left: Column, right: Column) -> bool:
    """Whether an equality of the two is natural: same type, or both whole numbers, or both text."""
    kinds = (_family(catalog, left.type_oid), _family(catalog, right.type_oid))
    return kinds[0] == kinds[1] and kinds[0] != ""


WHOLE, TEXT = frozenset({20, 21, 23}), frozenset({25, 1042, 1043, 19})


def _family(catalog: Catalog, oid: int) -> str:
    type_ = catalog.types.get(oid)
    if type_ is not None and type_.kind == "d":
        return _family(catalog, type_.base_oid)
    if oid in WHOLE:
        return "whole"
    if oid in TEXT:
        return "text"
    return "uuid" if oid == 2950 else f"enum {oid}" if type_ is not None and type_.kind == "e" else ""
