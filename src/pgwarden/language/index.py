"""What a question's words can mean in one database: names, synonyms and the shape of tables, ready for look-up."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, TypeAlias, TypeVar

from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.language.lexicon import (
    ABBREVIATIONS,
    ENGLISH,
    PEOPLE,
    RELATION_VERBS,
    SAID_OF_ANY,
    SYNONYMS,
    TABLE_PREFIXES,
    TABLE_SUFFIXES,
    UNITS,
    WEAK_NAME_WORDS,
)
from pgwarden.language.morphology import lemma, root

COMMON = 50
"""Columns that share a word before its look-up is worth doing ahead."""
Shape = TypeVar("Shape")
Meaning = TypeVar("Meaning")
TableShape: TypeAlias = tuple[frozenset[str], tuple[str, ...]]
ColumnShape: TypeAlias = tuple[frozenset[str], float, tuple[str, ...]]


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


_UNTELLING = WEAK_NAME_WORDS | RELATION_VERBS | UNITS
"""Words of a comment that tell nothing about what its column is called."""


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

    @property
    def person(self) -> bool:
        return bool(self.words) and self.words[-1] in PEOPLE


@dataclass(slots=True)
class LexicalIndex:
    """Everything about one catalog version that reading a question needs."""

    catalog: Catalog
    entities: dict[int, Entity] = field(default_factory=dict)
    _tables: dict[str, dict[TableShape, list[int]]] = field(default_factory=dict)
    """Tables by each word of a name, those of one shape of name together."""
    _columns: dict[str, dict[ColumnShape, list[Field]]] = field(default_factory=dict)
    _comments: dict[str, list[tuple[Field, int]]] = field(default_factory=dict)
    _memory: dict[tuple[str, ...], tuple[Link, ...]] = field(default_factory=dict)
    vocabulary: frozenset[str] = frozenset()
    _roles: dict[str, list[tuple[int, frozenset[str]]]] = field(default_factory=dict)
    _schemas: frozenset[str] = frozenset()
    _trusted: dict[int, float] = field(default_factory=dict)
    _words: set[str] = field(default_factory=set)
    _families: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, catalog: Catalog) -> LexicalIndex:
        """Index one catalog; the cost grows with the number of columns (about 10 µs each)."""
        index = cls(catalog)
        relations = [r for r in catalog.user_relations if not r.partition_of and r.selectable]
        vocabulary = index.vocabulary = _vocabulary(relations)
        for relation in relations:
            index._add(relation, vocabulary)
        index._name_roles()
        return index

    def attribute(self, field_: Field) -> Attribute:
        return self.entities[field_.relation].attributes[field_.column]

    def _add(self, relation: Relation, vocabulary: frozenset[str]) -> None:
        words = table_words(relation.name.name, vocabulary)
        entity = Entity(relation.oid, relation, words, {})
        for column in relation.columns:
            if column.selectable:
                entity.attributes[column.number] = self._attribute(relation, column, vocabulary)
        self.entities[relation.oid] = entity
        _choose_key(entity)
        entity.display = _display(entity)
        raw = frozenset({lemma(relation.name.name.lower())})
        for variant in (*_table_variants(words), *([raw] if raw != frozenset(words) else [])):
            for word in variant:
                self._tables.setdefault(word, {}).setdefault((variant, words), []).append(relation.oid)
        for attribute in entity.attributes.values():
            self._index_column(entity, attribute)

    def _name_roles(self) -> None:
        """A table is also called by the keys that point at it: ``student_id`` → people may say "student"."""
        for entity in self.entities.values():
            for key in entity.relation.foreign_keys:
                target = self.entities.get(key.foreign_oid)
                attribute = entity.attributes.get(key.columns[0]) if len(key.columns) == 1 else None
                if target is None or attribute is None or len(attribute.words) < 2 or target.oid == entity.oid:
                    continue
                role = frozenset(attribute.words[:-1])
                if attribute.words[-1] in ("id", "code", "number") and not role & set(target.words):
                    for word in role:
                        self._roles.setdefault(word, []).append((target.oid, role))

    def _attribute(self, relation: Relation, column: Column, vocabulary: frozenset[str]) -> Attribute:
        words = name_words(column.name, vocabulary)
        kind = self._kind(column)
        type_ = self.catalog.types.get(column.type_oid)
        lower = column.name.lower()
        identifier = bool(words) and (
            words[-1] in ("id", "uuid", "guid")
            or (lower.endswith("id") and 2 < len(lower) <= 4 and not column.type_name.startswith("bool"))
        )
        comment = frozenset(_content(column.comment)) if column.comment else frozenset()
        return Attribute(
            Field(relation.oid, column.number), column.name, words, kind, column.type_name, identifier,
            column.not_null, type_.labels if type_ else (), comment,
        )  # fmt: skip

    def _kind(self, column: Column) -> str:
        type_ = self.catalog.types.get(column.type_oid)
        if type_ is not None and type_.kind == "d":
            type_ = self.catalog.types.get(type_.base_oid, type_)
        if type_ is not None and type_.kind == "e":
            return "text"
        category = type_.category if type_ else ""
        name = column.type_name
        if category == "B" or name == "boolean":
            return "bool"
        if category == "N" or re.match(r"(small|big)?int|integer|numeric|real|double|money", name):
            return "number"
        if category == "D" or name.startswith(("timestamp", "date", "time")):
            return "time"
        if category == "S" or name.startswith(("text", "character", "citext")) or name == "uuid":
            return "text"
        return "other"

    def _index_column(self, entity: Entity, attribute: Attribute) -> None:
        variants: dict[frozenset[str], float] = {frozenset(attribute.words): 1.0}
        own = set(entity.words)
        rest = [w for w in attribute.words if w not in own]
        if rest and len(rest) < len(attribute.words):
            variants.setdefault(frozenset(rest), 0.95)
        expanded = frozenset(e for w in attribute.words for e in ABBREVIATIONS.get(w, (w,)))
        if expanded:
            variants.setdefault(expanded, 0.97)
        if "id" not in attribute.words and attribute.identifier and attribute.field.column == entity.key:
            variants.setdefault(frozenset({"id"}), 0.9)
        if attribute.field.column == entity.key and attribute.identifier:
            variants.setdefault(frozenset({*own, "id"}), 1.0)
        if attribute.kind == "time":
            core = frozenset(w for w in expanded if w not in ("at", "on", "date", "time", "timestamp"))
            for noun in ("date", "time"):
                variants.setdefault(core | {noun}, 0.95)
            if core:
                variants.setdefault(core, 0.93)
        for variant, weight in variants.items():
            for word in variant:
                shapes = self._columns.setdefault(word, {})
                shapes.setdefault((variant, weight, attribute.words), []).append(attribute.field)
        for word in attribute.comment:
            self._comments.setdefault(word, []).append((attribute.field, len(attribute.comment)))

    def tables(self, words: tuple[str, ...]) -> tuple[Link, ...]:
        """Tables that these base forms can name, best first."""
        key = ("table", *words)
        if key not in self._memory:
            self._memory[key] = self._find_tables(words)
        return self._memory[key]

    def _find_tables(self, words: tuple[str, ...]) -> tuple[Link, ...]:
        phrase = frozenset(words)
        found: dict[int, float] = {}
        for choice, weight in _expansions(phrase):
            for (variant, words), oids in _rarest(self._tables, choice):
                score = weight * max(_overlap(choice, variant), _head(choice, words, TABLE_SUFFIXES, 0.78))
                for oid in oids if score >= 0.4 else ():
                    if score > found.get(oid, 0.0):
                        found[oid] = score
        for oid, role in (pair for word in phrase for pair in self._roles.get(word, ())):
            if role == phrase and found.get(oid, 0.0) < 0.84:
                found[oid] = 0.84
        links = [Link(oid, 0, self._discount(oid, score)) for oid, score in found.items() if score >= 0.45]
        return tuple(sorted(links, key=lambda link: (-link.score, link.relation)))

    def _discount(self, oid: int, score: float) -> float:
        relation = self.entities[oid].relation
        found = score * (1.0 if relation.is_table else 0.93)
        return found if relation.name.schema in self._usual_schemas() else found * 0.9

    def _seen(self, oid: int, score: float) -> float:
        """A view's column only counts when the view itself is asked for: its tables hold the same."""
        return score * self._trust(oid)

    def _trust(self, oid: int) -> float:
        if oid not in self._trusted:
            self._trusted[oid] = self._discount(oid, 1.0) * (1.0 if self.entities[oid].relation.is_table else 0.7)
        return self._trusted[oid]

    def _usual_schemas(self) -> frozenset[str]:
        """The schemas that questions are about: those on the search path, or all when none of them holds a table."""
        if not self._schemas:
            path = frozenset(self.catalog.search_path)
            used = {e.relation.name.schema for e in self.entities.values()}
            self._schemas = path if path & used else frozenset(used)
        return self._schemas

    def columns(self, words: tuple[str, ...]) -> tuple[Link, ...]:
        """Columns that these base forms can name, best first."""
        key = ("column", *words)
        if key not in self._memory:
            self._memory[key] = self._find_columns(words)
        return self._memory[key]

    def _find_columns(self, words: tuple[str, ...]) -> tuple[Link, ...]:
        phrase = frozenset(words)
        found: dict[Field, float] = {}
        for choice, weight in _expansions(phrase):
            for (variant, factor, words), fields in _rarest(self._columns, choice):
                head = _head(choice, words, WEAK_NAME_WORDS, 0.66)
                unsaid = 0.75 if "id" in variant and "id" not in choice and len(variant) > 1 else 1.0
                score = weight * factor * max(_overlap(choice, variant) * unsaid, head)
                if score < 0.4:
                    continue
                for field_ in fields:
                    if score > found.get(field_, 0.0):
                        found[field_] = score
        for field_, score in self._by_comment(phrase):
            if score > found.get(field_, 0.0):
                found[field_] = score
        links = [Link(*f, self._seen(f.relation, score)) for f, score in found.items() if score >= 0.42]
        return tuple(sorted(links, key=lambda link: (-link.score, link.relation, link.column)))

    def _by_comment(self, phrase: frozenset[str]) -> Iterator[tuple[Field, float]]:
        strong = [w for w in phrase if w not in _UNTELLING]
        if not strong or len(strong) < len(phrase) == 1 or phrase & SAID_OF_ANY:
            return
        sets = [{f for f, size in self._comments.get(w, ()) if size <= 12} for w in strong]
        for field_ in set.intersection(*sets):
            size = len(self.attribute(field_).comment)
            yield field_, 0.62 if size <= 4 else 0.55

    def knows(self, word: str) -> bool:
        """Whether any name in the schema holds this base form."""
        return word in self._tables or word in self._columns

    def words(self) -> Iterable[str]:
        """Every base form that the schema's names hold."""
        if not self._words:
            self._words.update(w for w in (*self._tables, *self._columns) if w.isalpha())
        return self._words

    def family(self, word: str) -> tuple[str, ...]:
        """Schema words built on the same root (director for direct)."""
        if not self._families:
            for known in self.words():
                self._families.setdefault(root(known), []).append(known)
        base = root(word)
        return tuple(w for w in self._families.get(base, ()) if w != word) if len(base) >= 4 else ()

    def warm(self) -> None:
        """Looks up the words that many columns share once, so that no question has to wait for it."""
        for word, shapes in self._columns.items():
            if sum(map(len, shapes.values())) > COMMON:
                self.columns((word,))
                self.tables((word,))

    def columns_like(self, relation: int, words: Iterable[str]) -> list[Attribute]:
        """The columns of one table whose names hold one of the words, in the order of the words."""
        entity = self.entities[relation]
        found: list[Attribute] = []
        for word in words:
            found += [a for a in entity.attributes.values() if word in _flat(a.words) and a not in found]
        return found


@lru_cache(maxsize=20_000)
def _flat(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(words) | frozenset(e for w in words for e in ABBREVIATIONS.get(w, ()))


def _vocabulary(relations: list[Relation]) -> frozenset[str]:
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
    base = lemma(part)
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
    return (base,)


def table_words(name: str, vocabulary: frozenset[str]) -> tuple[str, ...]:
    """A table's words without technical prefixes and suffixes."""
    words = list(name_words(name, vocabulary - {lemma(name)}))
    while len(words) > 1 and words[0] in TABLE_PREFIXES:
        words.pop(0)
    return tuple(words)


def _table_variants(words: tuple[str, ...]) -> list[frozenset[str]]:
    variants = [frozenset(words)]
    if len(words) > 1 and words[-1] in TABLE_SUFFIXES:
        variants.append(frozenset(words[:-1]))
    expanded = frozenset(e for w in words for e in ABBREVIATIONS.get(w, (w,)))
    if expanded and expanded not in variants:
        variants.append(expanded)
    return variants


def _expansions(phrase: frozenset[str]) -> Iterator[tuple[frozenset[str], float]]:
    """The phrase itself, then with one word replaced by a synonym or a long form."""
    yield phrase, 1.0
    for word in phrase:
        rest = phrase - {word}
        for other in SYNONYMS.get(word, ()):
            yield rest | {other}, 0.82
        if ABBREVIATIONS.get(word):
            yield rest | frozenset(ABBREVIATIONS[word]), 0.95


def _rarest(
    postings: dict[str, dict[Shape, list[Meaning]]], phrase: frozenset[str]
) -> Iterable[tuple[Shape, list[Meaning]]]:
    """The entries of the phrase's rarest word: a name must hold every word, so no other entry can match."""
    found = [postings.get(word) for word in phrase]
    known = [entries for entries in found if entries]
    return min(known, key=len).items() if known and len(known) == len(found) else ()


@lru_cache(maxsize=200_000)
def _overlap(phrase: frozenset[str], variant: frozenset[str]) -> float:
    """1 for the same words; less when the name says more, most of it if only weak words are left over."""
    if phrase == variant:
        return 1.0
    if phrase < variant:
        said = sum(_weight(w) for w in phrase)
        unsaid = sum(_weight(w) for w in variant - phrase)
        return 0.92 * said / (said + unsaid) if said >= 1 else 0.55 * said / (said + unsaid)
    if variant < phrase:
        return 0.0
    return 0.0


@lru_cache(maxsize=200_000)
def _head(phrase: frozenset[str], words: tuple[str, ...], tails: frozenset[str], score: float) -> float:
    """A compound's last word stands for it: "items" for order_items, "price" for sale_price."""
    if len(phrase) != 1 or len(words) < 2:
        return 0.0
    said = next(iter(phrase))
    body = list(words)
    while len(body) > 1 and body[-1] in tails:
        body.pop()
    return score if body[-1] == said and said not in WEAK_NAME_WORDS else 0.0


def _weight(word: str) -> float:
    return 0.15 if word in WEAK_NAME_WORDS else 1.0


def _short_key(column: str, table: str) -> bool:
    """``aid`` in ``author``: an initial (or a few) of the table, then id."""
    name = column.lower()
    return name.endswith("id") and 2 < len(name) <= 5 and table.lower().startswith(name[:-2])


def _content(text: str) -> list[str]:
    stop = {"the", "a", "an", "of", "for", "in", "to", "is", "and", "or", "that", "each", "this", "with", "by", "on",
            "was", "unique", "identifier", "foreign", "key", "referencing", "table", "primary", "column", "s", "e", "g",
            "value", "possible", "if", "not", "null"}  # fmt: skip
    return [lemma(w) for w in re.findall(r"[a-z]+", text.lower()) if w not in stop]


def _choose_key(entity: Entity) -> None:
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
    elif words and words[-1] in ("id", "code", "number") and set(words[:-1]) and set(words[:-1]) <= set(entity.words):
        score = 2.2 if words[-1] != "number" else 2.0
    elif _short_key(name, own):
        score = 1.9
    elif unique and attribute.identifier:
        score = 1.0
    alone = sum(a.identifier for a in entity.attributes.values()) == 1
    if not score and attribute.identifier and alone and attribute.field.column == min(entity.attributes):
        score = 0.9
    return score + (0.2 if score and unique else 0) + (0.1 if score and attribute.not_null else 0)


def _display(entity: Entity) -> tuple[int, ...]:
    """Columns that a person would call a row by: its name or title, first and last name, else its key."""
    texts = [a for a in entity.attributes.values() if a.kind == "text"]
    first_last = [("first", "name"), ("last", "name")]
    named = {a.words: a.field.column for a in reversed(texts)}
    own = entity.words
    if all(words in named for words in first_last) and ("name",) not in named and ("full", "name") not in named:
        return (named[first_last[0]], named[first_last[1]])
    own_names = ((*own, "name"), (*own[-1:], "name"), own, own[-1:], (*own, "title"))
    usual = (("full", "name"), ("username",), ("code",), ("user", "name"), ("label",), (*own, "description"))
    for words in (("name",), ("title",), *own_names, *usual):
        if words in named:
            return (named[words],)
    if ("first", "name") in named and ("last", "name") in named:
        return (named[("first", "name")], named[("last", "name")])
    for a in texts:
        if a.words and a.words[-1] in ("name", "title") and not a.identifier:
            return (a.field.column,)
    if entity.key:
        return (entity.key,)
    for a in texts:
        return (a.field.column,)
    return tuple(entity.attributes)[:1]


def group_by_relation(links: Iterable[Link]) -> dict[int, list[Link]]:
    """Links by their table, each list best first."""
    groups: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        groups[link.relation].append(link)
    return dict(groups)
