"""Names cut into the base forms that they are made of: ``vinNumber``, ``vin_number``, ``vinnumber``."""

from __future__ import annotations

import re
from functools import lru_cache

from pgwarden.domain.catalog import Relation
from pgwarden.language.lexicon import ENGLISH, TABLE_PREFIXES, TABLE_SUFFIXES
from pgwarden.language.morphology import lemma
from pgwarden.language.synonyms import ABBREVIATIONS, USUAL_ENDINGS

_UNITS_OF_SIZE = frozenset({"sqm", "sqft", "cm", "kg", "km", "usd", "eur", "gbp"})


def vocabulary_of(relations: list[Relation]) -> frozenset[str]:
    words = set(ENGLISH)
    for relation in relations:
        for name in (relation.name.name, *(column.name for column in relation.columns)):
            parts = [lemma(p) for p in _parts(name) if len(p) > 2]
            if len(parts) > 1 or name == relation.name.name:
                words.update(parts)
    return frozenset(words)


def _parts(name: str) -> list[str]:
    name = name.replace("IDs", "Ids")
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [p for p in re.split(r"[^0-9a-zA-Z\u00c0-\uffff]+", spaced.lower()) if p]


def name_words(name: str, vocabulary: frozenset[str]) -> tuple[str, ...]:
    """The base forms that a name is made of: ``vinNumber`` and ``vin_number`` → (vin, number)."""
    words: list[str] = []
    for part in _parts(name):
        words += segment(part, vocabulary)
    return tuple(words)


@lru_cache(maxsize=100_000)
def segment(part: str, vocabulary: frozenset[str]) -> tuple[str, ...]:
    """One run of letters cut into known words, or itself: ``authorname`` → (author, name)."""
    base = USUAL_ENDINGS.get(part) or lemma(part)
    if len(part) < 5 or base in ENGLISH:
        return (base,)
    for cut in range(len(part) - 2, 2, -1):
        head, tail = part[:cut], part[cut:]
        if (lemma(head) in vocabulary or head in ABBREVIATIONS) and len(head) >= 3:
            if lemma(tail) in vocabulary and len(tail) >= 2:
                return (lemma(head), lemma(tail))
            rest = segment(tail, vocabulary) if len(tail) >= 4 else ()
            if len(rest) > 1:
                return (lemma(head), *rest)
        if head.endswith("ing") and len(head) > 5 and tail in ENGLISH and len(tail) > 3:
            return (head, tail)  # askingprice
        if lemma(head) in vocabulary and tail in _UNITS_OF_SIZE:
            return (lemma(head), tail)
    if part.startswith(("has", "is")) and len(part) > 6:
        said = part.removeprefix("has").removeprefix("is")
        return ("have" if part.startswith("has") else "be", lemma(said)) if said in vocabulary else (base,)
    return (base,)


def table_words(name: str, vocabulary: frozenset[str]) -> tuple[str, ...]:
    """A table's words without technical prefixes and suffixes."""
    words = list(name_words(name, vocabulary - {lemma(name)}))
    while len(words) > 1 and words[0] in TABLE_PREFIXES:
        words.pop(0)
    return tuple(words)


def table_variants(words: tuple[str, ...]) -> list[frozenset[str]]:
    variants = [frozenset(words)]
    if len(words) > 1 and words[-1] in TABLE_SUFFIXES:
        variants.append(frozenset(words[:-1]))
    expanded = frozenset(e for w in words for e in ABBREVIATIONS.get(w, (w,)))
    if expanded and expanded not in variants:
        variants.append(expanded)
    return variants


def content(text: str) -> list[str]:
    stop = {"the", "a", "an", "of", "for", "in", "to", "is", "and", "or", "that", "each", "this", "with", "by", "on",
            "was", "unique", "identifier", "foreign", "key", "referencing", "table", "primary", "column", "s", "e", "g",
            "value", "possible", "if", "not", "null"}  # fmt: skip
    return [lemma(w) for w in re.findall(r"[a-z]+", text.lower()) if w not in stop]
