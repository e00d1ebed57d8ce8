"""What values columns hold, for linking the words of a question to them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

MOST_HITS = 20
FUZZY_FROM = 0.6
"""Share of common letter triples from which a value resembles a phrase."""
COMMON_WORD = 2_000
"""A word that more values hold than this does not select any."""


class Hit(NamedTuple):
    """``ports.ValueHit``: a column that holds a value like the phrase; ``score`` is 1 for the same value."""

    relation_oid: int
    column: int
    value: str
    score: float


class SampledValues:
    """``ports.ValueIndex`` over sampled values in memory. ``columns``: (relation oid, column) → most common first."""

    def __init__(self, columns: Mapping[tuple[int, int], Sequence[str]]) -> None:
        self._columns = {place: tuple(values) for place, values in columns.items() if values}
        self._places: dict[str, list[tuple[int, int, str, int]]] = {}
        for (relation, column), values in self._columns.items():
            for rank, value in enumerate(values):
                self._places.setdefault(folded(value), []).append((relation, column, value, rank))
        self._by_word: dict[str, list[str]] = {}
        self._by_triple: dict[str, list[str]] = {}
        for text in self._places:
            for word in set(text.split()):
                self._by_word.setdefault(word, []).append(text)
            for triple in _triples(text):
                self._by_triple.setdefault(triple, []).append(text)

    def find(self, phrase: str) -> Sequence[Hit]:
        """Columns whose values equal or resemble the phrase, best first, at most 20."""
        wanted = folded(phrase)
        if not wanted:
            return ()
        scores: dict[str, float] = {wanted: 1.0} if wanted in self._places else {}
        for text, score in (*self._holding(wanted), *self._resembling(wanted)):
            scores[text] = max(scores.get(text, 0.0), score)
        hits = [
            (Hit(relation, column, value, round(score, 3)), rank)
            for text, score in scores.items()
            for relation, column, value, rank in self._places[text]
        ]
        hits.sort(key=lambda found: (-found[0].score, found[1], found[0]))
        return tuple(hit for hit, _ in hits[:MOST_HITS])

    def values(self, relation_oid: int, column: int) -> Sequence[str]:
        """Known values of a column, most common first."""
        return self._columns.get((relation_oid, column), ())

    def to_json(self) -> str:
        """For a cache."""
        return json.dumps([[*place, list(values)] for place, values in self._columns.items()], ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> SampledValues:
        return cls({(relation, column): values for relation, column, values in json.loads(text)})

    def _holding(self, wanted: str) -> Iterable[tuple[str, float]]:
        """Values that hold all words of the phrase: "california" in "southern california"."""
        words = wanted.split()
        places = [self._by_word.get(word, []) for word in words]
        if any(not found or len(found) > COMMON_WORD for found in places):
            return []
        whole = set.intersection(*(set(found) for found in places))
        return [(text, 0.6 + 0.3 * len(wanted) / max(len(text), 1)) for text in whole if text != wanted]

    def _resembling(self, wanted: str) -> Iterable[tuple[str, float]]:
        """Values spelled nearly so: "Califronia". Short phrases are not guessed at."""
        if len(wanted) < 4:
            return []
        triples = _triples(wanted)
        shared = Counter(text for triple in triples for text in self._by_triple.get(triple, ())[:COMMON_WORD])
        found = []
        for text, common in shared.most_common(50):
            likeness = 2 * common / (len(triples) + len(_triples(text)))
            if likeness >= FUZZY_FROM and text != wanted:
                found.append((text, 0.9 * likeness))
        return found


def folded(text: str) -> str:
    """Lower case, no accents, single blanks: what two spellings of one value share."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^0-9a-z\u0370-\uffff&+#%.@/-]+", " ", plain.lower()).split())


def _triples(text: str) -> frozenset[str]:
    padded = f"  {text} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))
