"""Which tables join to which, declared or guessed from names, and the cheapest tree that connects some of them."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pgwarden.language.index import Attribute, Entity, Field, LexicalIndex
from pgwarden.language.morphology import root


class Edge(NamedTuple):
    """A way from one table to another. ``to_one``: each row on the left meets at most one on the right."""

    left: Field
    right: Field
    cost: float
    to_one: bool
    declared: bool

    def reversed(self, to_one: bool) -> Edge:
        return Edge(self.right, self.left, self.cost, to_one, self.declared)


DECLARED = 1.0
NAMED_AFTER_KEY = 1.15
SAME_NAME = 1.7
ROLE = 2.2
NEARLY = 0.05
"""A difference in cost that decides nothing between two keys."""
HOMELESS = 3.5
"""An id that two tables share although neither is its home (a device, a session) rarely joins what is asked for."""

_KEY_ENDINGS = frozenset({"id", "code", "number", "no", "nr", "num", "nbr", "key", "uuid", "guid", "name"})
"""Last words of columns that may hold a key."""

MOST_SHARING = 12
"""Tables that may share a column's name before the name stops saying anything."""
MOST_ALIKE = 4
"""Tables that a key's name may point at before it is a guess."""

_ROLES = frozenset(
    [
        "sender",
        "receiver",
        "author",
        "owner",
        "creator",
        "manager",
        "buyer",
        "seller",
        "creator",
        "assignee",
        "reporter",
        "approver",
        "recipient",
        "reviewer",
        "requester",
        "uploader",
        "editor",
        "sponsor",
        "supervisor",
        "boss",
    ]
)


@dataclass(slots=True)
class JoinGraph:
    """Edges by the table they start from."""

    edges: dict[int, list[Edge]] = field(default_factory=lambda: defaultdict(list))
    _trees: dict[tuple[int, frozenset[int], frozenset[str], frozenset[int]], tuple[Edge, ...] | None] = field(
        default_factory=dict
    )

    @classmethod
    def of(cls, index: LexicalIndex) -> JoinGraph:
        """Foreign keys first; inferred joins and names only where no key says more."""
        graph = cls()
        _declared(graph, index)
        _inferred(graph, index)
        _by_names(graph, index)
        return graph

    def add(self, index: LexicalIndex, left: Field, right: Field, cost: float, declared: bool) -> None:
        """An edge both ways, unless that pair of columns has one."""
        if any(e.right == right and e.left == left for e in self.edges[left.relation]):
            return
        forward, backward = _unique(index, right), _unique(index, left)
        self.edges[left.relation].append(Edge(left, right, cost, forward, declared))
        if left.relation != right.relation:
            self.edges[right.relation].append(Edge(right, left, cost, backward, declared))

    def between(self, left: int, right: int) -> list[Edge]:
        return sorted((e for e in self.edges.get(left, ()) if e.right.relation == right), key=lambda e: e.cost)

    def undecided(self, edge: Edge, index: LexicalIndex, hints: frozenset[str]) -> bool:
        """Whether another key between the same two tables would have done as well: nothing said tells the roles."""
        cost = edge.cost - _hinted(index, edge, hints)
        others = (e for e in self.between(edge.left.relation, edge.right.relation) if e != edge)
        return edge.left.relation != edge.right.relation and any(
            e.cost - _hinted(index, e, hints) < cost + NEARLY for e in others
        )

    def path(
        self,
        start: int,
        goal: int,
        index: LexicalIndex,
        hints: frozenset[str] = frozenset(),
        via: frozenset[int] = frozenset(),
    ) -> tuple[Edge, ...] | None:
        """The cheapest way from one table to another; empty when they are the same, None when there is none."""
        return self.tree(start, frozenset({goal}), index, hints, via)

    def tree(
        self,
        root: int,
        goals: Iterable[int],
        index: LexicalIndex,
        hints: frozenset[str] = frozenset(),
        via: frozenset[int] = frozenset(),
    ) -> tuple[Edge, ...] | None:
        """Edges, in joining order, that connect the root with every goal at low cost (greedy Steiner tree)."""
        wanted = frozenset(goals) - {root}
        key = (root, wanted, hints, via)
        if key not in self._trees:
            if len(self._trees) > 5000:
                self._trees.clear()
            self._trees[key] = self._grow(root, set(wanted), index, hints, via)
        return self._trees[key]

    def _grow(
        self, root: int, wanted: set[int], index: LexicalIndex, hints: frozenset[str], via: frozenset[int]
    ) -> tuple[Edge, ...] | None:
        reached, chosen = {root}, list[Edge]()
        while wanted:
            path = self._nearest(reached, wanted, index, hints, via)
            if path is None:
                return None
            for edge in path:
                reached.add(edge.right.relation)
                chosen.append(edge)
            wanted -= reached
        return tuple(chosen)

    def _nearest(
        self,
        sources: set[int],
        goals: set[int],
        index: LexicalIndex,
        hints: frozenset[str],
        via: frozenset[int],
        limit: float = 7.5,
    ) -> list[Edge] | None:
        queue: list[tuple[float, int, int, tuple[Edge, ...]]] = [(0.0, i, s, ()) for i, s in enumerate(sorted(sources))]
        heapq.heapify(queue)
        done: set[int] = set()
        serial = len(queue)
        while queue:
            cost, _, table, path = heapq.heappop(queue)
            if table in goals:
                return list(path)
            if table in done:
                continue
            done.add(table)
            for edge in self.edges.get(table, ()):
                further = (
                    cost
                    + edge.cost
                    - _hinted(index, edge, hints)
                    + (0.4 if path else 0.0)
                    - (0.7 if edge.right.relation in via else 0.0)
                )
                if edge.right.relation not in done and further < limit:
                    serial += 1
                    heapq.heappush(queue, (further, serial, edge.right.relation, (*path, edge)))
        return None


def _hinted(index: LexicalIndex, edge: Edge, hints: frozenset[str]) -> float:
    """A discount when the question says the role ("receiver") that the joining column is named after."""
    if not hints:
        return 0.0
    own = {w for f in (edge.left, edge.right) for w in index.entities[f.relation].words}
    words = (
        (set(index.attribute(edge.left).words) | set(index.attribute(edge.right).words)) - {"id", "code", "key"} - own
    )
    return 0.35 if (words | {root(w) for w in words}) & hints else 0.0


def _unique(index: LexicalIndex, field_: Field) -> bool:
    entity = index.entities[field_.relation]
    if entity.key == field_.column:
        return True
    unique = (i.columns for i in entity.relation.indexes if i.unique and i.predicate is None)
    return any(columns == (field_.column,) for columns in unique)


def _declared(graph: JoinGraph, index: LexicalIndex) -> None:
    for entity in index.entities.values():
        for key in entity.relation.foreign_keys:
            target = index.entities.get(key.foreign_oid)
            if target is None or len(key.columns) != 1:
                continue
            left, right = Field(entity.oid, key.columns[0]), Field(target.oid, key.foreign_columns[0])
            if left.column in entity.attributes and right.column in target.attributes:
                graph.add(index, left, right, DECLARED + _role_cost(entity, left), declared=True)


def _role_cost(entity: Entity, field_: Field) -> float:
    """In ``friend(student_id, friend_id)`` the row belongs to the student: the column named after the table is its
    object."""
    words = set(entity.attributes[field_.column].words) - {"id", "code"}
    own = {*entity.words, *(word.removesuffix("e") for word in entity.words)}  # liked_id of likes
    return 0.2 if words and words <= own else 0.001 * field_.column


def _inferred(graph: JoinGraph, index: LexicalIndex) -> None:
    for join in index.catalog.inferred_joins:
        left, right = Field(join.relation_oid, join.column), Field(join.foreign_oid, join.foreign_column)
        known = left.relation in index.entities and right.relation in index.entities
        if known and left.column in index.entities[left.relation].attributes and not graph.between(*_ends(left, right)):
            graph.add(index, left, right, DECLARED + 1.2 * (1 - join.score), declared=False)


def _ends(left: Field, right: Field) -> tuple[int, int]:
    return left.relation, right.relation


@dataclass(slots=True)
class _Targets:
    """Tables with a single-column key, by their words, by the name of their key, and those of people."""

    by_words: dict[tuple[str, ...], list[Entity]] = field(default_factory=lambda: defaultdict(list))
    by_key: dict[str, list[Entity]] = field(default_factory=lambda: defaultdict(list))
    people: list[Entity] = field(default_factory=list)

    @classmethod
    def of(cls, index: LexicalIndex) -> _Targets:
        targets = cls()
        for entity in index.entities.values():
            if entity.key in entity.attributes and entity.relation.is_table:
                targets.by_words[entity.words].append(entity)
                key = entity.attributes[entity.key].name.lower()
                if len(key) > 3:
                    targets.by_key[key].append(entity)
                if entity.person and entity.words[-1] in ("user", "person", "member", "employee"):
                    targets.people.append(entity)
        return targets


def _by_names(graph: JoinGraph, index: LexicalIndex) -> None:
    targets = _Targets.of(index)
    same: dict[str, list[Attribute]] = defaultdict(list)
    for entity in index.entities.values():
        for attribute in entity.attributes.values():
            if attribute.kind in ("number", "text", "other") and entity.relation.is_table:
                _toward_key(graph, index, entity, attribute, targets)
                if _joinable_name(attribute):
                    same[attribute.name.lower()].append(attribute)
    for attributes in same.values():
        if 1 < len(attributes) <= MOST_SHARING:
            _same_names(graph, index, attributes)


def _joinable_name(attribute: Attribute) -> bool:
    words = attribute.words
    return (
        len(attribute.name) > 2
        and words not in (("id",), ("name",), ("code",), ("number",))
        and words[-1:] != ()
        and (attribute.identifier or words[-1] in _KEY_ENDINGS or words in (("email",), ("state",)))
    )


def _toward_key(graph: JoinGraph, index: LexicalIndex, entity: Entity, attribute: Attribute, targets: _Targets) -> None:
    """``customer_id`` → the key of ``customers``; ``manager_id`` → a table of people, if nothing closer."""
    words = attribute.words
    pieces = attribute.name.lower().split("_")
    for start in range(1, len(pieces)):
        for target in targets.by_key.get("_".join(pieces[start:]), ())[:MOST_ALIKE]:
            if target.oid != entity.oid:
                _link(graph, index, attribute, target, NAMED_AFTER_KEY + 0.1)
    if len(words) < 2 or words[-1] not in _KEY_ENDINGS - {"name"}:
        return
    for start in range(len(words) - 1):
        stem = words[start:-1]
        for target in targets.by_words.get(stem, ())[:MOST_ALIKE]:
            if target.oid != entity.oid or start > 0:
                _link(graph, index, attribute, target, NAMED_AFTER_KEY + 0.15 * start)
        if stem in targets.by_words:
            return
    if words[-2] in _ROLES and len(targets.people) <= MOST_ALIKE:
        for target in targets.people:
            if target.oid != entity.oid:
                _link(graph, index, attribute, target, ROLE)


def _link(graph: JoinGraph, index: LexicalIndex, attribute: Attribute, target: Entity, cost: float) -> None:
    key = target.attributes.get(target.key)
    if key is None or key.kind != attribute.kind:
        return
    declared = any(e.left == attribute.field and e.declared for e in graph.edges[attribute.field.relation])
    if not declared:
        graph.add(index, attribute.field, key.field, cost, declared=False)


def _same_names(graph: JoinGraph, index: LexicalIndex, attributes: list[Attribute]) -> None:
    """Columns of one name: all meet at their home table's key if there is one, else pairwise at a higher cost."""
    homes = [a for a in attributes if index.entities[a.field.relation].key == a.field.column
             and index.entities[a.field.relation].relation.is_table]  # fmt: skip
    named = [a for a in homes if set(a.words) & set(index.entities[a.field.relation].words) or a.identifier]
    plain = attributes[0].words[-1] in ("name", "number") and len(attributes[0].words) < 2
    if plain or attributes[0].words in (("first", "name"), ("last", "name"), ("phone", "number"), ("full", "name")):
        return
    for position, one in enumerate(attributes):
        for other in attributes[position + 1 :]:
            if one.kind != other.kind or one.field.relation == other.field.relation:
                continue
            keyed = all(any(e.declared for e in graph.edges[a.field.relation]) for a in (one, other))
            if keyed and not one.identifier:
                continue
            if graph.between(one.field.relation, other.field.relation):
                continue
            home = one in named or other in named
            cost = NAMED_AFTER_KEY if home else SAME_NAME if not one.identifier else HOMELESS
            if not home and any(
                e.declared for a in (one, other) for e in graph.edges[a.field.relation] if e.left == a.field
            ):
                continue
            graph.add(index, one.field, other.field, cost, declared=False)
