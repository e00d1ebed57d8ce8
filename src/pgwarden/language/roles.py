"""A table met a second time as a role of its own rows: the managers of employees, the parents of categories.

Each self-reference becomes an entity of its own with a negative oid: a second instance of its table (the base), reached
by a join. Its columns are no words of their own; they are found through the table they belong to.
"""

from __future__ import annotations

from dataclasses import replace

from pgwarden.language.index import Attribute, Entity, Field, LexicalIndex
from pgwarden.language.joins import NAMED_AFTER_KEY, JoinGraph

_SELF = frozenset({"manager", "supervisor", "boss", "mentor", "parent", "lead", "leader", "referrer", "superior"})
_SAID_AS = {("report", "to"): ("manager",), ("refer", "by"): ("referrer",), ("manage", "by"): ("manager",)}
_TAILS = ("id", "code", "number", "key", "uuid", "ref")


def add_roles(index: LexicalIndex, graph: JoinGraph) -> None:
    """Gives every self-reference its entity and its join."""
    for entity in list(index.entities.values()):
        if not entity.key or not entity.relation.is_table:
            continue
        for attribute in _references(entity, graph):
            words = _role_words(attribute, entity)
            if words and not any(link.score >= 0.95 for link in index.tables(words)):
                _add(index, graph, entity, attribute, words)


def _references(entity: Entity, graph: JoinGraph) -> list[Attribute]:
    """The columns that point back at their own table, by a key or by their name."""
    known = {e.left.column for e in graph.edges.get(entity.oid, ()) if e.right == Field(entity.oid, entity.key)}
    found = [entity.attributes[c] for c in sorted(known) if c in entity.attributes and c != entity.key]
    key = entity.attributes[entity.key]
    for attribute in entity.attributes.values():
        named = len(attribute.words) > 1 and attribute.words[-2] in _SELF and attribute.words[-1] in _TAILS
        free = not any(e.left == attribute.field for e in graph.edges.get(entity.oid, ()))
        if named and free and attribute.kind == key.kind:
            found.append(attribute)
    return found


def _role_words(attribute: Attribute, entity: Entity) -> tuple[str, ...]:
    """``manager_id`` → manager; ``parent_category_id`` of categories → parent."""
    words = [w for w in attribute.words if w not in _TAILS]
    if tuple(words[:2]) in _SAID_AS:
        return _SAID_AS[(words[0], words[1])]
    rest = tuple(w for w in words if w not in entity.words)
    return rest if len(rest) <= 2 else ()


def _add(index: LexicalIndex, graph: JoinGraph, entity: Entity, reference: Attribute, words: tuple[str, ...]) -> None:
    oid = -(len(index.bases) + 1)
    attributes = {n: replace(a, field=Field(oid, n)) for n, a in entity.attributes.items()}
    role = Entity(oid, entity.relation, words, attributes, entity.key, entity.display, entity.keyed)
    index.add_role(role, entity.oid)
    graph.add(index, reference.field, Field(oid, entity.key), NAMED_AFTER_KEY, declared=False)
