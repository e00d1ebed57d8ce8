"""Tables and columns as the language room sees them: their words, what names a row, what identifies it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pgwarden.domain.catalog import Relation
from pgwarden.language.abbreviations import abbreviates, is_word
from pgwarden.language.lexicon import PEOPLE
from pgwarden.language.synonyms import ABBREVIATIONS


class Field(NamedTuple):
    """One column of one relation, by oid and ``attnum``."""

    relation: int
    column: int


class Link(NamedTuple):
    """A meaning of some words: a column, or a table when ``column`` is 0; ``score`` is 0–1."""

    relation: int
    column: int
    score: float

    @property
    def field(self) -> Field:
        return Field(self.relation, self.column)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column as the language room sees it. ``kind``: number, text, time, bool or other."""

    field: Field
    name: str
    words: tuple[str, ...]
    kind: str
    type_name: str
    identifier: bool
    not_null: bool
    labels: tuple[str, ...] = ()
    comment: frozenset[str] = frozenset()


@dataclass(slots=True)
class Entity:
    """A table as the language room sees it."""

    oid: int
    relation: Relation
    words: tuple[str, ...]
    attributes: dict[int, Attribute]
    key: int = 0
    """Its single-column key, declared or guessed, else 0."""
    display: tuple[int, ...] = ()
    """The columns that name a row for a person."""
    keyed: bool = False
    """Whether the key is declared."""
    meaning: str = ""
    """What its last word means, where the names are not in the grammar's language."""

    @property
    def person(self) -> bool:
        return bool(self.words) and (self.meaning or self.words[-1]) in PEOPLE


def _short_key(column: str, table: str) -> bool:
    """``aid`` in ``author``: an initial (or a few) of the table, then id."""
    name = column.lower()
    return name.endswith("id") and 2 < len(name) <= 5 and table.lower().startswith(name[:-2])


_KEY_WORDS = ("id", "code", "number", "no", "nr", "num", "key", "uuid")


def _called(entity: Entity) -> frozenset[str]:
    """The words of a table, and how its columns cut them short (claim: clm)."""
    parts = {w for a in entity.attributes.values() for w in a.words}
    cut = {p for p in parts for w in entity.words if len(p) > 1 and not is_word(p) and abbreviates(p, w)}
    return frozenset(entity.words) | cut


def choose_key(entity: Entity) -> None:
    primary = entity.relation.primary_key
    if primary is not None:
        entity.keyed = True
        entity.key = primary.columns[0] if len(primary.columns) == 1 else 0
        return
    singles = {index.columns[0] for index in entity.relation.indexes if index.unique and len(index.columns) == 1}
    best, rank = 0, 0.0
    for attribute in entity.attributes.values():
        score = _key_score(entity, attribute, attribute.field.column in singles)
        if score > rank:
            best, rank = attribute.field.column, score
    entity.key = best


def _key_score(entity: Entity, attribute: Attribute, unique: bool) -> float:
    name, words = attribute.name.lower(), attribute.words
    own = "".join(entity.words)
    score = 0.0
    if words == ("id",):
        score = 2.0
    elif attribute.identifier and len(words) > 1 and own.startswith(words[0]) and len(words) == 2:
        score = 2.1
    elif attribute.identifier and (set(words) - {"id"} <= set(entity.words) and len(words) > 1):
        score = 2.5
    elif words and words[-1] in _KEY_WORDS and words[:-1] and set(words[:-1]) <= _called(entity):
        score = 2.2 if words[-1] != "number" else 2.0
    elif _short_key(name, own):
        score = 1.9
    elif unique and attribute.identifier:
        score = 1.0
    alone = sum(a.identifier for a in entity.attributes.values()) == 1
    if not score and attribute.identifier and alone and attribute.field.column == min(entity.attributes):
        score = 0.9
    return score + (0.2 if score and unique else 0) + (0.1 if score and attribute.not_null else 0)


_GIVEN_NAMES = (("first", "name"), ("given", "name"), ("forename",), ("fname",), ("first",))
_FAMILY_NAMES = (("last", "name"), ("family", "name"), ("surname",), ("lname",), ("last",))


_LABELS = frozenset({"label", "designation", "sign", "plate", "reference", "abbreviation"})


def _initialled(texts: list[Attribute]) -> int | None:
    """A name with an initial run into it: ``jname`` of judges."""
    found = (a for a in texts if len(a.words) == 1 and a.name.lower().endswith("name") and len(a.name) <= 6)
    return next((a.field.column for a in found), None)


def _labelled(texts: list[Attribute]) -> int | None:
    """What is written on things that have no name: ``tank_label``, ``call_sign``."""
    return next((a.field.column for a in texts if a.words and a.words[-1] in _LABELS), None)


def display_of(entity: Entity) -> tuple[int, ...]:
    """Columns that a person would call a row by: its name or title, first and last name, else its key."""
    texts = [a for a in entity.attributes.values() if a.kind == "text"]
    named = {a.words: a.field.column for a in reversed(texts)}
    for a in texts:
        named.setdefault(tuple(e for w in a.words for e in ABBREVIATIONS.get(w, (w,))), a.field.column)
    own = entity.words
    parts = tuple(next((named[w] for w in said if w in named), 0) for said in (_GIVEN_NAMES, _FAMILY_NAMES))
    if all(parts) and ("name",) not in named and ("full", "name") not in named:
        return parts
    own_names = ((*own, "name"), (*own[-1:], "name"), own, own[-1:], (*own, "title"))
    usual = (("full", "name"), ("username",), ("company",), ("company", "name"), ("code",), ("user", "name"),
             ("label",),
        ("number",), (*own, "description")
    )  # fmt: skip
    coded = () if entity.keyed else tuple((*w, end) for end in ("code", "number") for w in (own, own[-1:]))
    told = ((*own, "description"), (*own[-1:], "description"), ("description",))
    for words in (("name",), ("title",), *own_names, *usual, *coded):
        if words in named:
            said = next((named[w] for w in told if w in named), 0) if words in coded else 0
            return (named[words], said) if said else (named[words],)
    if all(parts):
        return parts
    for a in texts:
        if a.words and a.words[-1] in ("name", "title") and not a.identifier:
            foreign = entity.key and len(a.words) > 1 and own[-1] not in a.words  # the customer's, of an invoice
            return (entity.key, a.field.column) if foreign else (a.field.column,)
    if (label := _initialled(texts) or _labelled(texts)) is not None:
        return (label,) if not entity.key else (entity.key, label)
    if ("address",) in named:
        return (named[("address",)],)
    if entity.key:
        return (entity.key,)
    for a in texts:
        return (a.field.column,)
    return tuple(entity.attributes)[:1]
