"""Exact counts of what a change would do, as read-only queries: plain joins, one query per foreign-key path.

Every effect becomes a common table expression of (tableoid, ctid, key columns) that the planner may inline, so a
chain of cascades is a chain of semi-joins. Only cycles are computed as recursive queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pgwarden.domain.catalog import Name, quote_identifier
from pgwarden.sql.conditions import AT, TABLE, Change


class Node(Protocol):
    """An effect of the closure (pgwarden.undo.closure.Effect): rows are deleted, or columns change."""

    @property
    def relation(self) -> int: ...
    @property
    def columns(self) -> frozenset[str]: ...
    @property
    def deletes(self) -> bool: ...


class Path(Protocol):
    """A foreign key between two effects (pgwarden.undo.closure.Edge)."""

    @property
    def source(self) -> Node: ...
    @property
    def relation(self) -> int: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def foreign_columns(self) -> tuple[str, ...]: ...
    @property
    def result(self) -> Node | None: ...


@dataclass(frozen=True, slots=True)
class Start:
    """One branch of the statement on one table. ``types`` gives the column types for comparing new keys."""

    change: Change
    effect: Node
    types: Mapping[str, str]


class Counting:
    """Writes the queries for one closure."""

    def __init__(
        self,
        names: Mapping[int, Name],
        starts: Sequence[Start],
        components: Sequence[Sequence[Node]],
        edges: Sequence[Path],
    ) -> None:
        self._names = names
        self._starts = starts
        self._edges = edges
        self._order = [effect for component in components for effect in component]
        self._ids: dict[Node, str] = {effect: f"_pgw_e{number}" for number, effect in enumerate(self._order)}
        self._parts = [f"_pgw_s{n} as ({_start_query(start)})" for n, start in enumerate(starts)]
        for component in components:
            self._parts += self._component(component)

    def matched(self, position: int) -> str:
        """How many rows one branch of the statement itself matches."""
        return self._query(f"select count(*) from _pgw_s{position}")

    def touched(self, relations: Iterable[int], *, deleted: bool) -> str:
        """Distinct rows of these tables that are deleted, or that change and stay."""
        inside = set(relations)
        sets = {
            d: [self._ids[e] for e in self._order if e.relation in inside and e.deletes == d] for d in (True, False)
        }
        gone = " union ".join(f"select {TABLE}, {AT} from {name}" for name in sets[True])
        if deleted:
            return self._query(
                f"select count(*) from ({gone}) x" if len(sets[True]) > 1 else f"select count(*) from {sets[True][0]}"
            )
        changed = " union ".join(f"select {TABLE}, {AT} from {name}" for name in sets[False])
        if not gone:
            many = (
                f"select count(*) from ({changed}) x"
                if len(sets[False]) > 1
                else f"select count(*) from {sets[False][0]}"
            )
            return self._query(many)
        return self._query(f"select count(*) from (({changed}) except ({gone})) x")

    def along(self, edge: Path) -> str:
        """Rows that one foreign key reaches."""
        return self._query(f"select count(*) from {self._names[edge.relation]} c where {self._reached(edge)}")

    def violations(self, edge: Path) -> str:
        """Rows that a forbidding foreign key would leave without parent, unless they go or change as well."""
        gone = [
            self._ids[e] for e in self._order
            if e.relation == edge.relation and (e.deletes or e.columns & set(edge.columns))
        ]  # fmt: skip
        spared = "".join(
            f" and not exists (select from {name} x where x.{TABLE} = c.tableoid and x.{AT} = c.ctid)" for name in gone
        )
        return self._query(f"select count(*) from {self._names[edge.relation]} c where {self._reached(edge)}{spared}")

    def _query(self, select: str) -> str:
        return f"with recursive {', '.join(self._parts)} {select}"

    def _component(self, component: Sequence[Node]) -> list[str]:
        cyclic = len(component) > 1 or any(e.source == e.result == component[0] for e in self._edges)
        if not cyclic:
            (effect,) = component
            parts = self._entries(effect, ())
            return [f"{self._ids[effect]} as ({' union '.join(parts)})"]
        if len(component) == 1:
            return [self._self_reference(component[0])]
        return self._cycle(component)

    def _entries(self, effect: Node, inside: Sequence[Node]) -> list[str]:
        """Queries of the rows that reach this effect from outside a component."""
        parts = []
        for number, start in enumerate(self._starts):
            if start.effect == effect:
                changed = self._changed_mark(effect, start)
                parts.append(f"select {TABLE}, {AT}{self._keys(effect, 's')}{changed} from _pgw_s{number} s")
        for edge in self._edges:
            if edge.result == effect and edge.source not in inside:
                mark = self._changed_mark(effect, None)
                parts.append(
                    f"select c.tableoid as {TABLE}, c.ctid as {AT}{self._keys(effect, 'c')}{mark}"
                    f" from {self._names[edge.relation]} c where {self._reached(edge)}"
                )
        return parts

    def _self_reference(self, effect: Node) -> str:
        """A table that cascades into itself: recursion along its own key."""
        edges = [e for e in self._edges if e.source == effect and e.result == effect]
        match = " or ".join(f"({_match(edge, 'q', 'c')})" for edge in edges)
        name, mark = self._ids[effect], self._changed_mark(effect, None)
        return (
            f"{name} as (({' union '.join(self._entries(effect, [effect]))}) union"
            f" select c.tableoid, c.ctid{self._keys(effect, 'c')}{mark} from {self._names[effect.relation]} c, {name} q"
            f" where {match})"
        )

    def _cycle(self, component: Sequence[Node]) -> list[str]:
        """Tables that cascade into each other: recursion over (which effect, tableoid, ctid)."""
        cycle = f"_pgw_c{self._ids[component[0]].removeprefix('_pgw_e')}"
        numbers = {effect: number for number, effect in enumerate(component)}
        base = [
            f"select {numbers[effect]} as effect, x.{TABLE}, x.{AT} from ({part}) x"
            for effect in component
            for part in self._entries(effect, component)
        ]
        steps = [
            f"select {numbers[edge.result]} as effect, c.tableoid as {TABLE}, c.ctid as {AT}"
            f" from {self._names[edge.source.relation]} p join {self._names[edge.relation]} c"
            f" on {_match(edge, 'p', 'c')}"
            f" where r.effect = {numbers[edge.source]} and p.tableoid = r.{TABLE} and p.ctid = r.{AT}"
            for edge in self._edges
            if edge.source in numbers and edge.result is not None and edge.result in numbers
        ]
        whole = (
            f"{cycle} as (({' union '.join(base)}) union"
            f" select n.effect, n.{TABLE}, n.{AT} from {cycle} r cross join lateral ({' union all '.join(steps)}) n)"
        )
        sets = [
            f"{self._ids[effect]} as (select c.tableoid as {TABLE}, c.ctid as {AT}{self._keys(effect, 'c')}"
            f"{self._changed_mark(effect, None)} from {self._names[effect.relation]} c"
            f" join {cycle} r on r.effect = {number} and r.{TABLE} = c.tableoid and r.{AT} = c.ctid)"
            for effect, number in numbers.items()
        ]
        return [whole, *sets]

    def _reached(self, edge: Path) -> str:
        """Whether a row ``c`` references a row of the edge's source."""
        moved = "" if edge.source.deletes else f" and q.{_mark(edge.foreign_columns)}"
        return f"exists (select from {self._ids[edge.source]} q where {_match(edge, 'q', 'c')}{moved})"

    def _outgoing_keys(self, effect: Node) -> list[tuple[str, ...]]:
        keys = [edge.foreign_columns for edge in self._edges if edge.source == effect]
        return list(dict.fromkeys(keys))

    def _keys(self, effect: Node, alias: str) -> str:
        """The columns of a row that foreign keys point at."""
        columns = dict.fromkeys(column for key in self._outgoing_keys(effect) for column in key)
        return "".join(f", {alias}.{quote_identifier(column)}" for column in columns)

    def _changed_mark(self, effect: Node, start: Start | None) -> str:
        """For changing rows, whether each referenced key really changes: only then its foreign keys act."""
        if effect.deletes:
            return ""
        marks = []
        for key in self._outgoing_keys(effect):
            if start is None:
                marks.append(f", true as {_mark(key)}")
                continue
            positions = {column: n for n, column in enumerate(start.change.columns)}
            tests = [
                f"s.{quote_identifier(c)} is distinct from cast(s._pgw_new_{positions[c]} as {start.types[c]})"
                for c in key
                if c in positions
            ]
            marks.append(f", ({' or '.join(tests) or 'false'}) as {_mark(key)}")
        return "".join(marks)


def _start_query(start: Start) -> str:
    return f"{start.change.ctes} {start.change.rows}".strip()


def _match(edge: Path, parent: str, child: str) -> str:
    pairs = zip(edge.foreign_columns, edge.columns, strict=True)
    return " and ".join(f"{parent}.{quote_identifier(f)} = {child}.{quote_identifier(c)}" for f, c in pairs)


def _mark(key: tuple[str, ...]) -> str:
    return quote_identifier(f"_pgw_moved_{'_'.join(key)}"[:63])
