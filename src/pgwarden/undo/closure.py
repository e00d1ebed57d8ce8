"""What a change sets off along foreign keys: a graph of effects over a catalog, before any row is looked at.

A node says that rows of a table are deleted, or that certain of their columns change. An edge is a foreign key whose
referential action carries the effect on, or forbids it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from pgwarden.domain.catalog import Catalog, Constraint, Relation


class Action(StrEnum):
    """Referential actions, by the letters of ``confdeltype`` and ``confupdtype``."""

    NO_ACTION = "a"
    RESTRICT = "r"
    CASCADE = "c"
    SET_NULL = "n"
    SET_DEFAULT = "d"

    @property
    def words(self) -> str:
        return self.name.replace("_", " ")

    @property
    def forbids(self) -> bool:
        return self in (Action.NO_ACTION, Action.RESTRICT)


@dataclass(frozen=True, slots=True)
class Effect:
    """Rows of ``relation`` are deleted (``columns`` empty), or these of their columns change."""

    relation: int
    columns: frozenset[str] = frozenset()

    @property
    def deletes(self) -> bool:
        return not self.columns


@dataclass(frozen=True, slots=True)
class Edge:
    """A foreign key along which ``source`` reaches ``relation``; ``result`` is None where the action forbids."""

    source: Effect
    constraint: Constraint
    relation: int
    columns: tuple[str, ...]
    """Referencing columns of ``relation``."""
    foreign_columns: tuple[str, ...]
    action: Action
    result: Effect | None


@dataclass(frozen=True, slots=True)
class Closure:
    """Everything within reach."""

    starts: tuple[Effect, ...]
    effects: tuple[Effect, ...]
    """In an order in which sources come before what they reach, cycles apart."""
    edges: tuple[Edge, ...]
    components: tuple[tuple[Effect, ...], ...]
    """Strongly connected components of ``effects`` in that order."""

    @property
    def relations(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(effect.relation for effect in self.effects))

    def into(self, effect: Effect) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.result == effect)

    def out_of(self, effect: Effect) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.source == effect)

    def cyclic(self, component: tuple[Effect, ...]) -> bool:
        return len(component) > 1 or any(edge.source == edge.result == component[0] for edge in self.edges)

    def depth(self) -> int:
        """Levels of foreign keys between a target and the farthest table reached."""
        levels = dict.fromkeys(self.starts, 0)
        for component in self.components:
            inside = set(component)
            found = [
                levels[e.source] + 1
                for c in component
                for e in self.into(c)
                if e.source in levels and e.source not in inside
            ]
            level = max([levels.get(c, 0) for c in component] + found)
            levels.update(dict.fromkeys(component, level + (1 if len(component) > 1 else 0)))
        return max(levels.values(), default=0)


def closure(catalog: Catalog, starts: Iterable[Effect]) -> Closure:
    """The graph of everything that these effects set off."""
    begun = tuple(dict.fromkeys(starts))
    edges: dict[Edge, None] = {}
    seen = dict.fromkeys(begun)
    waiting = list(begun)
    while waiting:
        effect = waiting.pop(0)
        for edge in _edges(catalog, effect):
            edges[edge] = None
            if edge.result is not None and edge.result not in seen:
                seen[edge.result] = None
                waiting.append(edge.result)
    components = tuple(_components(tuple(seen), tuple(edges)))
    ordered = tuple(effect for component in components for effect in component)
    return Closure(begun, ordered, tuple(edges), components)


def unguarded(catalog: Catalog, effects: Iterable[Effect]) -> tuple[Edge, ...]:
    """References that no foreign key declares and that lead to rows which go: nothing sees to what is left."""
    going = {effect.relation: effect for effect in effects if effect.deletes}
    found = []
    for join in catalog.inferred_joins:
        child, parent = catalog.relations.get(join.relation_oid), catalog.relations.get(join.foreign_oid)
        if child is None or parent is None or parent.oid not in going:
            continue
        pair = (join.column,), (join.foreign_column,)
        key = Constraint(0, "", "f", child.oid, pair[0], None, parent.oid, pair[1])
        columns, foreign = names_of(child, pair[0]), names_of(parent, pair[1])
        found.append(Edge(going[parent.oid], key, child.oid, columns, foreign, Action.NO_ACTION, None))
    return tuple(found)


def root(catalog: Catalog, oid: int) -> int:
    """The partitioned table at the top of a partition's tree, or the table itself."""
    relation = catalog.relations.get(oid)
    while relation is not None and relation.partition_of:
        oid, relation = relation.partition_of, catalog.relations.get(relation.partition_of)
    return oid


def names_of(relation: Relation, numbers: Iterable[int]) -> tuple[str, ...]:
    """Column names of attribute numbers."""
    by_number = {column.number: column.name for column in relation.columns}
    return tuple(by_number[number] for number in numbers)


def _edges(catalog: Catalog, effect: Effect) -> Iterator[Edge]:
    for constraint in _referencing(catalog, effect.relation):
        child = catalog.relations[constraint.relation_oid]
        columns = names_of(child, constraint.columns)
        foreign = names_of(catalog.relations[constraint.foreign_oid], constraint.foreign_columns)
        if not effect.deletes and not effect.columns & set(foreign):
            continue
        action = Action(constraint.on_delete if effect.deletes else constraint.on_update)
        yield Edge(
            effect, constraint, child.oid, columns, foreign, action, _result(effect, action, child, constraint, columns)
        )


def _result(
    effect: Effect, action: Action, child: Relation, constraint: Constraint, columns: tuple[str, ...]
) -> Effect | None:
    if action.forbids:
        return None
    if effect.deletes and action is Action.CASCADE:
        return Effect(child.oid)
    changed = (
        names_of(child, constraint.delete_set_columns) if effect.deletes and constraint.delete_set_columns else columns
    )
    return Effect(child.oid, frozenset(changed))


def _referencing(catalog: Catalog, oid: int) -> Iterator[Constraint]:
    """Foreign keys that point at a table; those of the partitioned table above it bind a partition as well."""
    found = dict.fromkeys((oid, root(catalog, oid), *(r.oid for r in catalog.partition_tree(oid))))
    for candidate in found:
        for constraint in catalog.referencing.get(candidate, ()):
            if constraint.enforced and not constraint.parent_oid:
                yield constraint


def _components(nodes: tuple[Effect, ...], edges: tuple[Edge, ...]) -> list[tuple[Effect, ...]]:
    """Tarjan's strongly connected components, sources first, without recursion."""
    following: dict[Effect, list[Effect]] = {node: [] for node in nodes}
    for edge in edges:
        if edge.result is not None:
            following[edge.source].append(edge.result)
    index: dict[Effect, int] = {}
    low: dict[Effect, int] = {}
    stack: list[Effect] = []
    on_stack: set[Effect] = set()
    found: list[tuple[Effect, ...]] = []
    for start in nodes:
        if start in index:
            continue
        work = [(start, iter(following[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, rest = work[-1]
            step = next(rest, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    cut = stack.index(node)
                    component, stack = tuple(stack[cut:]), stack[:cut]
                    on_stack -= set(component)
                    found.append(component)
            elif step not in index:
                index[step] = low[step] = len(index)
                stack.append(step)
                on_stack.add(step)
                work.append((step, iter(following[step])))
            elif step in on_stack:
                low[node] = min(low[node], index[step])
    return found[::-1]
