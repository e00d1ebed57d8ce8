"""Words that are values: stored just so, in another usual form, or nearly."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache

from pgwarden.language.index import Field, LexicalIndex
from pgwarden.language.lexicon import GENDERS
from pgwarden.language.morphology import lemma
from pgwarden.language.places import COUNTRY_CODES, DEMONYMS, STATES
from pgwarden.ports import ValueIndex

MISSPELLED = 0.8
"""Score of a value that the words are a misspelling of: enough to be read so, and the answer says it."""
FEW_VALUES = 20
"""Values of a column that holds states or kinds rather than names."""


@dataclass(frozen=True, slots=True)
class ValueLink:
    """A column that holds a value like the words."""

    field: Field
    value: str
    score: float


@dataclass(slots=True)
class StoredValues:
    """The values of one database's columns, looked up by words; keeps what it learned about single phrases."""

    index: LexicalIndex
    values: ValueIndex
    _hits: dict[str, tuple[ValueLink, ...]] = field(default_factory=dict)
    _stored: frozenset[str] | None = None
    _bases: dict[str, list[tuple[Field, str]]] | None = None

    def stored(self) -> frozenset[str]:
        """Every known value in plain form: telling quickly that a phrase is none saves most look-ups."""
        if self._stored is None:
            fields = (a.field for e in self.index.entities.values() for a in e.attributes.values())
            self._stored = frozenset(plain(v) for f in fields for v in self.values.values(*f))
        return self._stored

    def bases(self) -> dict[str, list[tuple[Field, str]]]:
        """One-word values of columns that hold few, by their base form: withdrew, withdrawn."""
        if self._bases is None:
            self._bases = {}
            for entity in self.index.entities.values():
                for attribute in entity.attributes.values():
                    stored = self.values.values(*attribute.field) if attribute.kind == "text" else ()
                    for value in stored if len(stored) <= FEW_VALUES else ():
                        if value.isalpha() and value.islower():
                            self._bases.setdefault(lemma(value), []).append((attribute.field, value))
        return self._bases

    def words(self) -> frozenset[str]:
        """The one-word values of columns that hold few."""
        return frozenset(value for found in self.bases().values() for _, value in found)

    def links(self, text: str, quoted: bool = False, loose: bool = False) -> tuple[ValueLink, ...]:
        """Columns that hold the words, one of their usual other forms (state and country codes), or near misses."""
        key = ("'" if quoted else "~" if loose else "") + text.lower()
        if key not in self._hits:
            if len(self._hits) > 20_000:
                self._hits.clear()
            self._hits[key] = self._find(text, quoted, loose)
        return self._hits[key]

    def _find(self, text: str, quoted: bool, loose: bool) -> tuple[ValueLink, ...]:
        found: dict[tuple[Field, str], float] = {}
        for phrase, weight in spellings(text):
            if not (quoted or loose or plain(phrase) in self.stored()):
                continue
            for hit in self.values.find(phrase):
                field_ = Field(hit.relation_oid, hit.column)
                entity = self.index.entities.get(field_.relation)
                if entity is None or field_.column not in entity.attributes:
                    continue
                exact = plain(hit.value) == plain(phrase)
                near = 0.0 if exact else min(hit.score, 0.9) * nearness(phrase, hit.value, quoted)
                if loose and not exact and misspelled(phrase, hit.value):
                    near = max(near, MISSPELLED)
                score = weight * (1.0 if exact else near)
                if score >= (0.5 if quoted else 0.72):
                    found[(field_, hit.value)] = max(score, found.get((field_, hit.value), 0.0))
        base = lemma(text.lower())
        if not found and not quoted and " " not in text and not self.index.knows(base):
            found.update(dict.fromkeys(self.bases().get(base, ()), 0.9))
        for stored in GENDERS.get(text.lower(), ()):
            for hit in self.values.find(stored):
                field_ = Field(hit.relation_oid, hit.column)
                entity = self.index.entities.get(field_.relation)
                attribute = entity.attributes.get(field_.column) if entity is not None else None
                if (
                    attribute is not None
                    and {"gender", "sex"} & set(attribute.words)
                    and hit.value.lower() == stored.lower()
                ):
                    found[(field_, hit.value)] = 0.95
        links = [ValueLink(field_, value, score) for (field_, value), score in found.items()]
        return tuple(sorted(links, key=lambda v: (-v.score, v.field, v.value)))[:24]


def plain(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").replace("_", " ").replace("-", " ").rstrip("!.?").split())


def nearness(phrase: str, value: str, quoted: bool) -> float:
    """How well an inexact value fits: same words matter more than same letters."""
    a, b = plain(phrase), plain(value)
    if not a or not b:
        return 0.0
    ratio = min(SequenceMatcher(None, a, b).ratio(), 0.94)  # a slip in a long name is one, too
    left, right = set(a.split()), set(b.split())
    if [lemma(w) for w in a.split()] == [lemma(w) for w in b.split()]:
        return 1.0
    if left <= right:
        return max(ratio, 0.75 if len(left) > 1 or quoted else 0.62)
    return ratio if ratio > 0.86 else ratio * 0.6


def misspelled(phrase: str, value: str) -> bool:
    """Whether a phrase is a value with a slip of the pen: a letter or two more, fewer or swapped, not the first."""
    a, b = plain(phrase), plain(value)
    if min(len(a), len(b)) < 5 or abs(len(a) - len(b)) > 2 or a[0] != b[0] or a.count(" ") != b.count(" "):
        return False
    return SequenceMatcher(None, a, b).ratio() >= 0.85


@lru_cache(maxsize=4096)
def spellings(text: str) -> tuple[tuple[str, float], ...]:
    lower = text.lower().strip()
    forms: list[tuple[str, float]] = [(text, 1.0)]
    if "’" in text or "'" in text:
        forms.append((text.replace("’", "'") if "’" in text else text.replace("'", "’"), 1.0))
    forms += [(other, 0.9) for other in DEMONYMS.get(lower, ())]
    if lower in STATES:
        forms.append((STATES[lower], 0.97))
    forms += [(name.title(), 0.9) for name, code in STATES.items() if code == text]
    if lower in COUNTRY_CODES:
        forms.append((COUNTRY_CODES[lower], 0.93))
        forms += [(name.title() if len(name) > 3 else name.upper(), 0.9)
                  for name, code in COUNTRY_CODES.items()
                  if code == COUNTRY_CODES[lower] and name != lower]  # fmt: skip
    base = lemma(lower)
    if base != lower and " " not in lower:
        forms.append((base, 0.92))
    return tuple(forms)
