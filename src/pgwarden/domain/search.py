"""Which tables a text is about: lexical ranking over names, columns and comments."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.inference import singular
from pgwarden.domain.sensitive import name_words

TABLE_NAME, COLUMN_NAME, COMMENT, SCHEMA_NAME = 4.0, 2.0, 1.0, 1.0
_STOP_WORDS = (
    "a all an and any are as at by did do does each every for from get give has have how in is it list many me much of "
    "on or per show than that the their there these this those to was were what when where which who whose with"
)
STOP = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True, slots=True)
class TableMatch:
    """A table that a text seems to be about."""

    relation_oid: int
    name: str
    score: float
    matched: tuple[str, ...]
    """The words of the text that were found in it."""


class TableSearch:
    """An index over one catalog, built once: about 20 µs a table."""

    def __init__(self, catalog: Catalog) -> None:
        self._relations = [r for r in catalog.user_relations if not r.partition_of]
        self._weights = [_weights(relation) for relation in self._relations]
        spread = Counter(word for weights in self._weights for word in weights)
        count = len(self._relations) + 1
        self._rarity = {word: math.log(1 + count / tables) for word, tables in spread.items()}
        self._places: dict[str, list[int]] = {}
        for place, weights in enumerate(self._weights):
            for word in weights:
                self._places.setdefault(word, []).append(place)

    def suggest(self, text: str, *, limit: int = 10) -> tuple[TableMatch, ...]:
        """Tables for the words of a text, best first; a word also counts where names only begin like it."""
        scores: dict[int, float] = {}
        matched: dict[int, set[str]] = {}
        for word in text_words(text):
            for known, factor in self._alike(word):
                for place in self._places[known]:
                    weight = self._weights[place][known] * self._rarity[known] * factor
                    scores[place] = scores.get(place, 0.0) + weight
                    matched.setdefault(place, set()).add(word)
        scores = {place: score * _whole(self._relations[place]) for place, score in scores.items()}
        ranked = sorted(scores, key=lambda place: (-scores[place], place))
        return tuple(
            TableMatch(
                self._relations[place].oid,
                str(self._relations[place].name),
                round(scores[place], 3),
                tuple(sorted(matched[place])),
            )
            for place in ranked[:limit]
        )

    def _alike(self, word: str) -> Iterable[tuple[str, float]]:
        if word in self._places:
            return [(word, 1.0)]
        if len(word) < 4:
            return []
        return [
            (known, 0.5)
            for known in self._places
            if known.startswith(word) or (len(known) > 3 and word.startswith(known))
        ]


def text_words(text: str) -> tuple[str, ...]:
    """The telling words of a text in the singular, each once."""
    found = (singular(word) for word in re.findall(r"[0-9a-z\u00c0-\uffff]+", text.lower().replace("_", " ")))
    return tuple(dict.fromkeys(word for word in found if word not in STOP and len(word) > 1))


def _whole(relation: Relation) -> float:
    """Tables before views of the same words."""
    return 1.0 if relation.is_table else 0.9


def _weights(relation: Relation) -> dict[str, float]:
    weights: dict[str, float] = {}

    def add(words: Iterable[str], weight: float) -> None:
        for word in words:
            if word not in STOP:
                weights[singular(word)] = max(weights.get(singular(word), 0.0), weight)

    own = name_words(relation.name.name)
    add(own, TABLE_NAME / math.sqrt(len(own) or 1))
    add(name_words(relation.name.schema), SCHEMA_NAME)
    add(text_words(relation.comment or ""), COMMENT)
    for column in relation.columns:
        add(name_words(column.name), COLUMN_NAME)
        add(text_words(column.comment or ""), COMMENT)
    return weights
