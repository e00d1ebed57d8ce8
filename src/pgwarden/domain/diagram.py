"""The entity-relationship graph of a catalog: which tables to show, and the graph as Mermaid text.

A database of a thousand tables gives no readable picture; the best connected tables around the asked ones are shown,
and how many are not.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pgwarden.domain.catalog import Catalog, Relation

MOST_TABLES = 40
MOST_COLUMNS = 14


@dataclass(frozen=True, slots=True)
class Edge:
    """A reference from ``table`` to ``foreign``, both by oid."""

    table: int
    columns: tuple[int, ...]
    foreign: int
    foreign_columns: tuple[int, ...]
    label: str
    optional: bool
    """Whether the referencing columns may be null."""
    unique: bool
    """Whether at most one row refers to each."""
    inferred: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """The tables to draw, best connected first, the edges among them, and how many tables were left out."""

    tables: tuple[Relation, ...]
    edges: tuple[Edge, ...]
    left_out: int


def entity_graph(catalog: Catalog, tables: Sequence[Relation] = (), *, limit: int = MOST_TABLES) -> Graph:
    """The graph around ``tables`` (nearest first), or of the best connected tables when none is given."""
    known = {r.oid: r for r in catalog.user_relations if r.kind in "rpf" and not r.partition_of}
    edges = [e for e in _edges(catalog, known) if e.table in known and e.foreign in known]
    neighbours: dict[int, set[int]] = {oid: set() for oid in known}
    for edge in edges:
        neighbours[edge.table].add(edge.foreign)
        neighbours[edge.foreign].add(edge.table)
    starts = [r.oid for r in tables if r.oid in known] or _by_degree(neighbours)
    chosen = _nearest(starts, neighbours, limit, follow=bool(tables))
    shown = set(chosen)
    kept = tuple(e for e in edges if e.table in shown and e.foreign in shown)
    return Graph(tuple(known[oid] for oid in chosen), kept, len(known) - len(chosen))


def _by_degree(neighbours: dict[int, set[int]]) -> list[int]:
    return sorted(neighbours, key=lambda oid: (-len(neighbours[oid]), oid))


def _nearest(starts: Sequence[int], neighbours: dict[int, set[int]], limit: int, *, follow: bool) -> list[int]:
    """Breadth first from the asked tables; without any, simply the best connected ones."""
    if not follow:
        return list(starts[:limit])
    chosen = dict.fromkeys(starts)
    queue = deque(starts)
    while queue and len(chosen) < limit:
        for near in sorted(neighbours[queue.popleft()], key=lambda oid: (-len(neighbours[oid]), oid)):
            if near not in chosen and len(chosen) < limit:
                chosen[near] = None
                queue.append(near)
    return list(chosen)[:limit]


def _edges(catalog: Catalog, known: dict[int, Relation]) -> Iterable[Edge]:
    for relation in known.values():
        for key in relation.foreign_keys:
            yield Edge(
                relation.oid,
                key.columns,
                key.foreign_oid,
                key.foreign_columns,
                ", ".join(_column_names(relation, key.columns)),
                _nullable(relation, key.columns),
                _is_unique(relation, key.columns),
                inferred=False,
            )
    for join in catalog.inferred_joins:
        table = known.get(join.relation_oid)
        if table is not None:
            place = (join.column,)
            label = ", ".join(_column_names(table, place))
            yield Edge(table.oid, place, join.foreign_oid, (join.foreign_column,), label, True, False, inferred=True)


def _column_names(relation: Relation, numbers: Iterable[int]) -> list[str]:
    return [column.name for number in numbers if (column := relation.column_at(number))]


def _nullable(relation: Relation, numbers: Iterable[int]) -> bool:
    return any(not column.not_null for number in numbers if (column := relation.column_at(number)))


def _is_unique(relation: Relation, numbers: tuple[int, ...]) -> bool:
    return any(i.unique and not i.predicate and set(i.columns) == set(numbers) for i in relation.indexes)


def marks(relation: Relation, number: int, edges: Iterable[Edge]) -> str:
    """``PK``, ``FK``, both or nothing."""
    key = relation.primary_key
    found = ["PK"] if key and number in key.columns else []
    if any(edge.table == relation.oid and number in edge.columns for edge in edges):
        found.append("FK")
    return ", ".join(found)


def shown_columns(relation: Relation, edges: Sequence[Edge]) -> list[int]:
    """Numbers of the columns to show: keys first, then the others in order, at most MOST_COLUMNS."""
    marked = [c.number for c in relation.columns if marks(relation, c.number, edges)]
    others = [c.number for c in relation.columns if c.number not in marked]
    return [*marked, *others][:MOST_COLUMNS]


def mermaid(graph: Graph) -> str:
    """The graph in Mermaid's ``erDiagram`` language; dotted lines are inferred joins."""
    names = {relation.oid: _entity(relation) for relation in graph.tables}
    lines = ["erDiagram"]
    if graph.left_out:
        lines.append(f"  %% {graph.left_out} more tables are not shown")
    for relation in graph.tables:
        lines.append(f"  {names[relation.oid]} {{")
        own_edges = [edge for edge in graph.edges if edge.table == relation.oid]
        for number in shown_columns(relation, own_edges):
            column = relation.column_at(number)
            assert column is not None
            line = f"    {_word(column.type_name)} {_word(column.name)} {marks(relation, number, own_edges)}"
            lines.append(line.rstrip())
        lines.append("  }")
    for edge in graph.edges:
        left = "|o" if edge.optional else "||"
        right = "o|" if edge.unique else "o{"
        line = ".." if edge.inferred else "--"
        label = edge.label.replace('"', "'")
        lines.append(f'  {names[edge.foreign]} {left}{line}{right} {names[edge.table]} : "{label}"')
    return "\n".join(lines) + "\n"


def _entity(relation: Relation) -> str:
    name = relation.name.name if relation.name.schema == "public" else f"{relation.name.schema}.{relation.name.name}"
    return '"' + name.replace('"', "'") + '"'


def _word(text: str) -> str:
    """Mermaid takes one plain word for a type and for a column."""
    word = re.sub(r"\W+", "_", text).strip("_")
    return word if word[:1].isalpha() else f"c_{word}"
