"""What a question's words can mean in one database: names, synonyms and the shape of tables, ready for look-up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias, TypeVar

from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.language.abbreviations import abbreviates, is_word
from pgwarden.language.entities import Attribute, Entity, Field, Link, choose_key, display_of
from pgwarden.language.lexicon import RELATION_VERBS, SAID_OF_ANY, TABLE_SUFFIXES, UNITS, WEAK_NAME_WORDS
from pgwarden.language.morphology import lemma, root
from pgwarden.language.naming import content, name_words, table_variants, table_words, vocabulary_of
from pgwarden.language.synonyms import ABBREVIATIONS, SYNONYMS

__all__ = ["Attribute", "Entity", "Field", "LexicalIndex", "Link"]

SHORTENED = 0.96
"""What a table's name without its suffix is worth beside one that is just so: games, and not game_masters."""
COMMON = 50
"""Columns that share a word before its look-up is worth doing ahead."""
Shape = TypeVar("Shape")
Meaning = TypeVar("Meaning")
TableShape: TypeAlias = tuple[frozenset[str], tuple[str, ...]]
ColumnShape: TypeAlias = tuple[frozenset[str], float, tuple[str, ...]]

_QUALIFYING = frozenset({"per", "of", "in", "for"})
"""Words of a name after which only its first word is said more closely."""
_UNTELLING = WEAK_NAME_WORDS | RELATION_VERBS | UNITS
"""Words of a comment that tell nothing about what its column is called."""


_MONEY = frozenset({"salary", "wage", "price", "cost", "fee", "revenue", "income", "amount", "charge", "pay"})


@dataclass(slots=True)
class LexicalIndex:
    """Everything about one catalog version that reading a question needs."""

    catalog: Catalog
    entities: dict[int, Entity] = field(default_factory=dict)
    bases: dict[int, int] = field(default_factory=dict)
    """Roles of a table's own rows (see roles.py), by their negative oids, and the tables that they are rows of."""
    closed: set[tuple[str, ...]] = field(default_factory=set)
    """What keys call the tables that they lead to and that the reader may not see."""
    _tables: dict[str, dict[TableShape, list[int]]] = field(default_factory=dict)
    """Tables by each word of a name, those of one shape of name together."""
    _columns: dict[str, dict[ColumnShape, list[Field]]] = field(default_factory=dict)
    _comments: dict[str, list[tuple[Field, int]]] = field(default_factory=dict)
    _memory: dict[tuple[str, ...], tuple[Link, ...]] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    """Words of the schema's names, and what they mean in the grammar's language (see translation.py)."""
    vocabulary: frozenset[str] = frozenset()
    _roles: dict[str, list[tuple[int, frozenset[str]]]] = field(default_factory=dict)
    _schemas: frozenset[str] = frozenset()
    _trusted: dict[int, float] = field(default_factory=dict)
    _words: set[str] = field(default_factory=set)
    _families: dict[str, list[str]] = field(default_factory=dict)
    _stumps: dict[str, list[str]] = field(default_factory=dict)
    _short: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, catalog: Catalog) -> LexicalIndex:
        """Index one catalog; the cost grows with the number of columns (about 10 µs each)."""
        index = cls(catalog)
        relations = [r for r in catalog.user_relations if not r.partition_of and r.selectable]
        vocabulary = index.vocabulary = vocabulary_of(relations)
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
        choose_key(entity)
        entity.display = display_of(entity)
        raw = frozenset({lemma(relation.name.name.lower())})
        for variant in (*table_variants(words), *([raw] if raw != frozenset(words) else [])):
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
                if target is None and key.foreign_oid not in self.catalog.relations and attribute is not None:
                    named = attribute.words[-1] in ("id", "code", "number")
                    self.closed.update([attribute.words[:-1]] if named else [])
                if target is None or attribute is None or len(attribute.words) < 2 or target.oid == entity.oid:
                    continue
                role = frozenset(attribute.words[:-1])
                if attribute.words[-1] in ("id", "code", "number") and not role & set(target.words):
                    for word in role:
                        self._roles.setdefault(word, []).append((target.oid, role))

    def add_role(self, entity: Entity, base: int) -> None:
        """A second instance of a table, called by its role alone."""
        self.entities[entity.oid] = entity
        self.bases[entity.oid] = base
        variant = frozenset(entity.words)
        for word in variant:
            self._tables.setdefault(word, {}).setdefault((variant, entity.words), []).append(entity.oid)
        self._memory.clear()

    def _attribute(self, relation: Relation, column: Column, vocabulary: frozenset[str]) -> Attribute:
        words = name_words(column.name, vocabulary)
        kind = self._kind(column)
        type_ = self.catalog.types.get(column.type_oid)
        lower = column.name.lower()
        identifier = bool(words) and (
            words[-1] in ("id", "uuid", "guid", "no", "nr", "key")
            or (lower.endswith("id") and 2 < len(lower) <= 4 and not column.type_name.startswith("bool"))
        )
        comment = frozenset(content(column.comment)) if column.comment else frozenset()
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
        rest = [w for w in attribute.words if w not in own and not _cut_short(w, own)]
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
        for choice, weight in self._choices(phrase):
            for (variant, words), oids in _rarest(self._tables, choice):
                whole = 1.0 if variant == frozenset(words) or not variant < frozenset(words) else SHORTENED
                score = weight * max(whole * _overlap(choice, variant), _head(choice, words, TABLE_SUFFIXES, 0.78))
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
        for choice, weight in self._choices(phrase):
            for (variant, factor, words), fields in _rarest(self._columns, choice):
                head = _head(choice, words, WEAK_NAME_WORDS, 0.66)
                unsaid = 0.75 if "id" in variant and "id" not in choice and len(variant) > 1 else 1.0
                score = weight * factor * max(_overlap(choice, variant) * unsaid, head)
                if score < 0.4:
                    continue
                for field_ in fields:
                    if weight < 0.9 and phrase & _MONEY and self.attribute(field_).kind != "number":
                        continue  # a salary is no date of payment
                    if score > found.get(field_, 0.0):
                        found[field_] = score
        for field_, score in self._by_part_of_table(phrase):
            if score > found.get(field_, 0.0):
                found[field_] = score
        for field_, score in self._by_comment(phrase):
            if score > found.get(field_, 0.0):
                found[field_] = score
        links = [Link(*f, self._seen(f.relation, score)) for f, score in found.items() if score >= 0.42]
        return tuple(sorted(links, key=lambda link: (-link.score, link.relation, link.column)))

    def _by_part_of_table(self, phrase: frozenset[str]) -> Iterator[tuple[Field, float]]:
        """ "fuel cost": the cost in the table of fuel purchases, which is not called by its full name."""
        for word in phrase if len(phrase) == 2 else ():
            (rest,) = phrase - {word}
            if any(link.score >= 0.6 for link in self.tables((rest,))):
                continue
            for (variant, _, _), fields in self._columns.get(word, {}).items():
                for field_ in fields if variant == {word} and len(fields) <= COMMON else ():
                    words = self.entities[field_.relation].words
                    number = self.attribute(field_).kind == "number"
                    if number and len(words) > 1 and rest in words and word not in words:
                        yield field_, 0.86

    def _by_comment(self, phrase: frozenset[str]) -> Iterator[tuple[Field, float]]:
        strong = [w for w in phrase if w not in _UNTELLING]
        if not strong or len(strong) < len(phrase) == 1 or phrase & SAID_OF_ANY:
            return
        if phrase & _MONEY:
            return
        sets = [{f for f, size in self._comments.get(w, ()) if size <= 12} for w in strong]
        for field_ in set.intersection(*sets):
            size = len(self.attribute(field_).comment)
            yield field_, 0.62 if size <= 4 else 0.55

    def _choices(self, phrase: frozenset[str]) -> Iterator[tuple[frozenset[str], float]]:
        """The phrase's expansions, and the phrase as this schema cuts its words short."""
        yield from _expansions(phrase)
        short = frozenset(self._short.get(w) or self._cut(w) for w in phrase)
        if short != phrase:
            yield short, 0.9

    def _cut(self, word: str) -> str:
        """The one short form of a word that the schema's names use (payment: pymt), or the word."""
        if not self._stumps:
            for known in self.words():
                if len(known) > 1 and not is_word(known):
                    self._stumps.setdefault(known[0], []).append(known)
        found = [s for s in self._stumps.get(word[:1], ()) if abbreviates(s, word)] if len(word) > 3 else []
        self._short[word] = max(found, key=lambda s: (len(s), s)) if found and not self.knows(word) else word
        return self._short[word]

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
        found = tuple(w for w in self._families.get(base, ()) if w != word) if len(base) >= 4 else ()
        noun = f"{word[:-1]}ce" if word.endswith(("ent", "ant")) else ""  # absent, absence
        return (*found, noun) if noun and self.knows(noun) and noun not in found else found

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
            found += [a for a in entity.attributes.values() if self._holds(a, word) and a not in found]
        return found

    def _holds(self, attribute: Attribute, word: str) -> bool:
        """Whether a column's name holds a word, or one that means it in the language of the names."""
        return word in _flat(attribute.words) or any(self.meanings.get(w) == word for w in attribute.words)

    def understand(self, meanings: Mapping[str, str]) -> None:
        """Takes what words of the schema's names mean in the grammar's language, where that is another one."""
        self.meanings = meanings
        for entity in self.entities.values() if meanings else ():
            entity.meaning = meanings.get(entity.words[-1], "") if entity.words else ""


def _cut_short(word: str, own: set[str]) -> bool:
    """Whether a word of a column's name is its table's, cut short: ``wgn_type`` of ``wagon`` is the type."""
    return len(word) > 1 and not is_word(word) and any(abbreviates(word, w) for w in own)


@lru_cache(maxsize=20_000)
def _flat(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(words) | frozenset(e for w in words for e in ABBREVIATIONS.get(w, ()))


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
    while len(body) > 2 and body[-2] in _QUALIFYING:
        body = body[:-2]  # price_per_copy, cost_of_treatment
    while len(body) > 1 and body[-1] in tails:
        body.pop()
    named = body[-1] == said or ABBREVIATIONS.get(body[-1]) == (said,)
    return score if named and said not in WEAK_NAME_WORDS else 0.0


def _weight(word: str) -> float:
    return 0.15 if word in WEAK_NAME_WORDS else 1.0
