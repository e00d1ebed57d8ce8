"""Exact counts of what a change would do, as read-only queries: plain joins along the foreign keys.

Every effect becomes a common table expression of (tableoid, ctid, key columns) that the planner may inline, so a
chain of cascades is a chain of semi-joins. Only cycles are computed as recursive queries. Where a referenced key
changes, its new value is carried along, so that what follows is told from the rows as they will be.

Of a common table expression that several counts share the planner knows nothing, and would read whole tables for a
handful of keys. Foreign keys that are ``probed`` are followed key by key, through the index of their columns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pgwarden.domain.catalog import Name, quote_identifier
from pgwarden.sql.change import DEFAULT
from pgwarden.sql.tallies import Cell, Counted, Node, Path, Start, Tally
from pgwarden.sql.views import AT, TABLE

CASCADE, SET_NULL, SET_DEFAULT, RESTRICT = "c", "n", "d", "r"
"""Referential actions, by the letters of ``confdeltype`` and ``confupdtype``."""


class Counting:
    """Writes the queries for one closure."""

    def __init__(
        self,
        names: Mapping[int, Name],
        starts: Sequence[Start],
        components: Sequence[Sequence[Node]],
        edges: Sequence[Path],
        columns: Mapping[int, Mapping[str, Cell]],
        probed: Collection[Path] = (),
    ) -> None:
        """``probed``: foreign keys whose rows are few and found through an index."""
        self._names = names
        self._probed = frozenset(probed)
        self._columns = columns
        self._starts = starts
        self._edges = edges
        self._order = [effect for component in components for effect in component]
        self._ids: dict[Node, str] = {effect: f"_pgw_e{number}" for number, effect in enumerate(self._order)}
        self._begun = {start.effect for start in starts}
        self._told: dict[Node, bool] = {}
        for component in components:
            for effect in component:
                self._told[effect] = self._tells(effect, len(component) > 1)
        self._parts = [f"_pgw_s{n} as ({_start_query(start)})" for n, start in enumerate(starts)]
        for component in components:
            self._parts += self._component(component)

    def query(self, tally: Tally) -> str:
        """One count."""
        return f"with recursive {', '.join(self._parts)} {self._select(tally)}"

    def bare(self, tally: Tally) -> str:
        """The same count without the addresses of the rows, which a role that may not read each column cannot see.

        '' where rows could be counted twice so.
        """
        of_tables = [e for e in self._order if e.relation in tally.tables] if tally.edge is None else []
        starts = [start for start in self._starts if start.effect in of_tables]
        if len(of_tables) != 1 or len(starts) != 1 or self._entered(of_tables[0]) != 1 or not starts[0].change.bare:
            return ""
        return f"{starts[0].change.ctes} {starts[0].change.bare}".strip()

    def together(self, tallies: Sequence[Tally]) -> str:
        """Several counts as one array: what they share is joined only once."""
        counts = ", ".join(f"({self._select(tally)})" for tally in tallies)
        return f"with recursive {', '.join(self._parts)} select array[{counts}]::int8[]"

    def _select(self, tally: Tally) -> str:
        edge = tally.edge
        if edge is None:
            return self._touched(tally.tables, deleted=tally.rows is Counted.DELETED)
        if tally.rows is Counted.REACHED:
            if self._only_way(edge):
                return f"select count(*) from {self._ids[edge.result]}" if edge.result else ""
            return f"select count(*) from {self._children(edge)} where {self._reached(edge)}"
        if tally.rows is Counted.ORPHANED:
            return self._orphaned(edge)
        return self._violations(edge, also_spared=tally.rows is Counted.LEFT)

    def _touched(self, tables: Collection[int], *, deleted: bool) -> str:
        """Distinct rows of these tables that are deleted, or that change and stay."""
        sets = {
            d: [self._ids[e] for e in self._order if e.relation in tables and e.deletes == d] for d in (True, False)
        }
        gone = " union ".join(f"select {TABLE}, {AT} from {name}" for name in sets[True])
        if deleted:
            return f"select count(*) from {f'({gone}) x' if len(sets[True]) > 1 else sets[True][0]}"
        changed = " union ".join(f"select {TABLE}, {AT} from {name}" for name in sets[False])
        if gone:
            return f"select count(*) from (({changed}) except ({gone})) x"
        many = len(sets[False]) > 1 or any(self._ids[e] in sets[False] and self._entered(e) > 1 for e in self._order)
        if not many:
            return f"select count(*) from {sets[False][0]}"
        return f"select count(*) from (select distinct {TABLE}, {AT} from ({changed}) y) x"

    def _only_way(self, edge: Path) -> bool:
        """Whether an effect is reached along this edge alone, so that its rows are the edge's rows."""
        return edge.result is not None and edge.source != edge.result and self._entered(edge.result) == 1

    def certain(self, edge: Path) -> bool:
        """Whether what the edge forbids is told by reading alone: the new values of its keys are known."""
        return self._told[edge.source] and all(self._told[e] for e in self._order if e.relation == edge.relation)

    def _violations(self, edge: Path, *, also_spared: bool) -> str:
        """Rows that a forbidding foreign key would find without parent.

        Rows that the statement itself removes or points elsewhere are spared. ``also_spared``: those that other
        foreign keys take as well, which for a check that is not deferred depends on which of them acts first.
        """
        spared = "".join(
            f" and not exists (select from {rows} x where x.{TABLE} = c.tableoid and x.{AT} = c.ctid"
            f"{self._still(e, edge)})"
            for e in self._order
            if e.relation == edge.relation and (e.deletes or e.columns & set(edge.columns))
            for rows in ([self._ids[e]] if also_spared else self._named(e))
        )
        taken = "" if edge.action == RESTRICT else self._taken_over(edge)
        moved = "" if edge.source.deletes else f" and q.{_mark(edge.foreign_columns)}"
        return (
            f"select count(*) from {self._children(edge)} where exists (select from"
            f" {self._ids[edge.source]} q where {_match(edge, 'q', 'c')}{moved}{taken}{spared})"
        )

    def set_values(self, edge: Path) -> dict[str, str | None]:
        """Columns that the edge's action sets, with the value as text; None where only PostgreSQL can tell it."""
        if edge.result is None or edge.result.deletes:
            return {}
        cells = self._columns[edge.relation]
        if edge.action not in (SET_NULL, SET_DEFAULT):
            return {}
        return {c: "null" if edge.action == SET_NULL else cells[c].default for c in sorted(edge.result.columns)}

    def _orphaned(self, edge: Path) -> str:
        """Rows whose foreign key SET DEFAULT would point at a row that is not there, or no longer."""
        cells, source = self._columns[edge.relation], edge.source
        values = {
            f: f"cast({cells[c].default or 'null'} as {cells[c].type_name})"
            for c, f in zip(edge.columns, edge.foreign_columns, strict=True)
        }
        filled = " and ".join(f"{value} is not null" for value in values.values())
        at = " and ".join(f"p.{quote_identifier(f)} = {value}" for f, value in values.items())
        moved = "" if source.deletes else f" and x.{_mark(edge.foreign_columns)}"
        stays = (
            f"not exists (select from {self._ids[source]} x where x.{TABLE} = p.tableoid and x.{AT} = p.ctid{moved})"
        )
        there = f"exists (select from {self._names[source.relation]} p where {at} and {stays})"
        if not source.deletes and self._told[source]:
            comes = " and ".join(f"{self._new(source, 'n', f, 'n')} = {value}" for f, value in values.items())
            there += f" or exists (select from {self._ids[source]} n where {comes})"
        return f"select count(*) from {self._children(edge)} where {self._reached(edge)} and {filled} and not ({there})"

    def _named(self, effect: Node) -> list[str]:
        """Where the rows are that the statement itself gives this effect, before any foreign key acts."""
        if not effect.deletes:
            return [self._ids[effect]] if effect in self._begun else []
        return [f"_pgw_s{number}" for number, start in enumerate(self._starts) if start.effect == effect]

    def _still(self, effect: Node, edge: Path) -> str:
        """That a changed row no longer references the key: its new value is another one, or null."""
        if effect.deletes or not self._told[effect]:
            return ""
        same = " and ".join(
            f"{self._new(effect, 'x', c, 'c') if c in effect.columns else f'c.{quote_identifier(c)}'}"
            f" = q.{quote_identifier(f)}"
            for c, f in zip(edge.columns, edge.foreign_columns, strict=True)
        )
        return f" and ({same}) is not true"

    def _taken_over(self, edge: Path) -> str:
        """NO ACTION is content when another row has taken the key over by the end of the statement."""
        takers = [
            e for e in self._order
            if e in self._begun and e.relation == edge.source.relation and not e.deletes
            and self._told[e] and e.columns & set(edge.foreign_columns) and self._carries(e, edge.foreign_columns)
        ]  # fmt: skip
        return "".join(
            f" and not exists (select from {self._ids[e]} n where "
            + " and ".join(f"{self._new(e, 'n', f, 'n')} = q.{quote_identifier(f)}" for f in edge.foreign_columns)
            + ")"
            for e in takers
        )

    def _carries(self, effect: Node, key: tuple[str, ...]) -> bool:
        held = {column for outgoing in self._outgoing_keys(effect) for column in outgoing}
        return set(key) <= held | set(self._carried(effect))

    def _component(self, component: Sequence[Node]) -> list[str]:
        cyclic = len(component) > 1 or any(e.source == e.result == component[0] for e in self._edges)
        if not cyclic:
            (effect,) = component
            parts = self._entries(effect, ())
            return [f"{self._ids[effect]} as ({' union '.join(parts)})"]
        if len(component) == 1:
            return [self._self_reference(component[0])]
        return self._cycle(component)

    def _entered(self, effect: Node) -> int:
        """In how many ways rows reach this effect."""
        edges = sum(edge.result == effect for edge in self._edges)
        return edges + sum(start.effect == effect for start in self._starts)

    def _entries(self, effect: Node, inside: Sequence[Node]) -> list[str]:
        """Queries of the rows that reach this effect from outside a component."""
        parts = []
        for number, start in enumerate(self._starts):
            if start.effect == effect:
                news = self._start_news(start)
                listed = self._keys(effect, "s") + self._listed(effect, news) + self._marks(effect, "s", news)
                parts.append(f"select {TABLE}, {AT}{listed} from _pgw_s{number} s")
        for edge in self._edges:
            if edge.result == effect and edge.source not in inside:
                parts.append(self._carried_along(effect, edge))
        return parts or [self._nobody(effect)]

    def _nobody(self, effect: Node) -> str:
        """What reaches an effect in another way, as an upsert does, is counted elsewhere."""
        same = {column: f"c.{quote_identifier(column)}" for column in effect.columns}
        listed = self._keys(effect, "c") + self._listed(effect, same) + self._marks(effect, "c", same)
        return f"select c.tableoid as {TABLE}, c.ctid as {AT}{listed} from {self._names[effect.relation]} c where false"

    def _carried_along(self, effect: Node, edge: Path) -> str:
        """Rows that a foreign key takes along, with what it sets."""
        news = self._edge_news(effect, edge)
        listed = self._keys(effect, "c") + self._listed(effect, news) + self._marks(effect, "c", news)
        select = f"select c.tableoid as {TABLE}, c.ctid as {AT}{listed} from"
        if effect.deletes or edge.source.deletes or edge.action != CASCADE or not self._told[effect]:
            return f"{select} {self._children(edge)} where {self._reached(edge)}"
        source, moved = f"{self._ids[edge.source]} q", f"q.{_mark(edge.foreign_columns)}"
        if edge in self._probed:
            return f"{select} {source} cross join lateral ({self._probe(edge, 'q')}) c where {moved}"
        return f"{select} {self._names[edge.relation]} c join {source} on {_match(edge, 'q', 'c')} and {moved}"

    def _self_reference(self, effect: Node) -> str:
        """A table that cascades into itself: recursion along its own key."""
        edges = [e for e in self._edges if e.source == effect and e.result == effect]
        match = " or ".join(f"({_match(edge, 'q', 'c')})" for edge in edges)
        name, mark = self._ids[effect], self._marks(effect, "c", {})
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
            f"{self._marks(effect, 'c', {})} from {self._names[effect.relation]} c"
            f" join {cycle} r on r.effect = {number} and r.{TABLE} = c.tableoid and r.{AT} = c.ctid)"
            for effect, number in numbers.items()
        ]
        return [whole, *sets]

    def _children(self, edge: Path) -> str:
        """Rows ``c`` of the referencing table: all of them, or those that an index finds for the keys in question."""
        if edge not in self._probed:
            return f"{self._names[edge.relation]} c"
        keys = ", ".join(f"q.{quote_identifier(column)}" for column in edge.foreign_columns)
        moved = "" if edge.source.deletes else f" where q.{_mark(edge.foreign_columns)}"
        distinct = f"(select distinct {keys} from {self._ids[edge.source]} q{moved}) k"
        return f"{distinct} cross join lateral ({self._probe(edge, 'k')}) c"

    def _probe(self, edge: Path, parent: str) -> str:
        """The rows of one key. ``offset 0`` keeps the planner from turning the loop into a join of whole tables."""
        table = self._names[edge.relation]
        return f"select t.tableoid, t.ctid, t.* from {table} t where {_match(edge, parent, 't')} offset 0"

    def _reached(self, edge: Path) -> str:
        """Whether a row ``c`` of those references a row of the edge's source."""
        if edge in self._probed:
            return "true"
        moved = "" if edge.source.deletes else f" and q.{_mark(edge.foreign_columns)}"
        return f"exists (select from {self._ids[edge.source]} q where {_match(edge, 'q', 'c')}{moved})"

    def _outgoing_keys(self, effect: Node) -> list[tuple[str, ...]]:
        keys = [edge.foreign_columns for edge in self._edges if edge.source == effect]
        return list(dict.fromkeys(keys))

    def _keys(self, effect: Node, alias: str) -> str:
        """The columns of a row that foreign keys point at."""
        columns = dict.fromkeys(column for key in self._outgoing_keys(effect) for column in key)
        return "".join(f", {alias}.{quote_identifier(column)}" for column in columns)

    def _carried(self, effect: Node) -> tuple[str, ...]:
        """Columns of a changing row whose new values matter: parts of keys that others reference, or references."""
        if effect.deletes or not self._told[effect]:
            return ()
        keys = {column for key in self._outgoing_keys(effect) for column in key}
        keys |= {column for edge in self._edges if edge.relation == effect.relation for column in edge.columns}
        keys |= {
            column for edge in self._edges if edge.source.relation == effect.relation for column in edge.foreign_columns
        }
        return tuple(sorted(keys & effect.columns))

    def _tells(self, effect: Node, cyclic: bool) -> bool:
        """Whether the new values of a changing row are known beforehand, on every way that leads to it."""
        if effect.deletes:
            return True
        entering = [edge for edge in self._edges if edge.result == effect]
        if cyclic or any(edge.source == effect for edge in entering):
            return False
        cells = self._columns[effect.relation]
        keys = {column for edge in self._edges if edge.source == effect for column in edge.foreign_columns}
        keys |= {column for edge in self._edges if edge.relation == effect.relation for column in edge.columns}
        for start in self._starts:
            if start.effect == effect:
                news = dict(zip(start.change.columns, start.change.values, strict=True))
                if any(not _settled(news.get(c), cells[c]) for c in keys & effect.columns):
                    return False
        return all(
            edge.action == SET_NULL
            or (edge.action == SET_DEFAULT and all(cells[c].default is not None for c in effect.columns))
            or (edge.action == CASCADE and self._told.get(edge.source, False))
            for edge in entering
        )

    def _start_news(self, start: Start) -> dict[str, str]:
        """New values by column, as expressions over the rows ``s`` of a branch."""
        cells, news = self._columns[start.effect.relation], {}
        for number, (column, value) in enumerate(zip(start.change.columns, start.change.values, strict=True)):
            text = (cells[column].default or "null") if value == DEFAULT else f"s._pgw_new_{number}"
            news[column] = f"cast({text} as {cells[column].type_name})"
        return news

    def _edge_news(self, effect: Node, edge: Path) -> dict[str, str]:
        """New values by column that a foreign key's action sets, as expressions over ``q``, its parent."""
        if effect.deletes or not self._told[effect]:
            return {}
        cells = self._columns[effect.relation]
        if edge.action == CASCADE:
            pairs = zip(edge.columns, edge.foreign_columns, strict=True)
            texts = {column: self._new(edge.source, "q", foreign, "q") for column, foreign in pairs}
        else:
            texts = {c: "null" if edge.action == SET_NULL else cells[c].default or "null" for c in effect.columns}
        return {column: f"cast({text} as {cells[column].type_name})" for column, text in texts.items()}

    def _new(self, effect: Node, alias: str, column: str, old: str) -> str:
        """The value that a column will have, from a row of the effect."""
        if column in self._carried(effect):
            return f"{alias}.{_new_name(column)}"
        return f"{old}.{quote_identifier(column)}"

    def _listed(self, effect: Node, news: Mapping[str, str]) -> str:
        return "".join(f", {news[column]} as {_new_name(column)}" for column in self._carried(effect))

    def _marks(self, effect: Node, alias: str, news: Mapping[str, str]) -> str:
        """For changing rows, whether each referenced key really changes: only then its foreign keys act.

        Compared are the images of the values, as PostgreSQL does: 1.0 for 1.00 is a change.
        """
        if effect.deletes:
            return ""
        marks = []
        for key in self._outgoing_keys(effect):
            if not self._told[effect]:
                marks.append(f", true as {_mark(key)}")
                continue
            tests = [
                f"row({alias}.{quote_identifier(c)})::record operator(pg_catalog.*<>) row({news[c]})::record"
                for c in key
                if c in news
            ]
            marks.append(f", ({' or '.join(tests) or 'false'}) as {_mark(key)}")
        return "".join(marks)


def _settled(value: str | None, cell: Cell) -> bool:
    """Whether what is assigned can be told beforehand."""
    return cell.default is not None if value == DEFAULT else bool(value)


def _start_query(start: Start) -> str:
    return f"{start.change.ctes} {start.change.rows}".strip()


def _match(edge: Path, parent: str, child: str) -> str:
    pairs = zip(edge.foreign_columns, edge.columns, strict=True)
    return " and ".join(f"{parent}.{quote_identifier(f)} = {child}.{quote_identifier(c)}" for f, c in pairs)


def _new_name(column: str) -> str:
    return quote_identifier(f"_pgw_n_{column}"[:63])


def _mark(key: tuple[str, ...]) -> str:
    return quote_identifier(f"_pgw_moved_{'_'.join(key)}"[:63])
