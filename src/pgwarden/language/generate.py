"""Logical form → PostgreSQL text: joins, sub-queries, literals, names that need quotes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pgwarden.domain.catalog import quote_identifier
from pgwarden.language.expressions import alias_of, output_name
from pgwarden.language.forms import (
    Agg,
    Binary,
    Block,
    Both,
    Bucket,
    Col,
    Compare,
    Cond,
    Duration,
    Either,
    Expr,
    Has,
    Length,
    Not,
    Period,
    Ratio,
    Window,
    counted_of,
    fields_of,
    has_aggregate,
)
from pgwarden.language.joins import Edge
from pgwarden.language.write_expressions import ExpressionWriter, NoJoinPath, Scope

__all__ = ["Generator", "NoJoinPath"]


@dataclass(slots=True)
class Generator(ExpressionWriter):
    """Renders whole blocks: which tables they join, which conditions become sub-queries, what they show."""

    def sql(self, block: Block) -> str:
        """The statement's text. Raises NoJoinPath when tables cannot be connected."""
        self.taken = set()
        return self._block(block, None)

    def _block(self, block: Block, outer: Scope | None) -> str:
        text = self._select(block, outer)
        if block.combine is not None:
            operator, other = block.combine
            text += f"\n{operator}\n" + self._block(other, outer)
        return text

    def _select(self, block: Block, outer: Scope | None) -> str:
        shown = (*block.select, *block.distinct_on, *block.group, *block.hidden_group, *(e for e, _ in block.order))
        havings = [p for c in block.having for p in _sides(c)]
        needed: set[int] = set()
        for expression in (*shown, *havings):
            needed |= {f.relation for f in fields_of(expression)} | counted_of(expression)
        plain, apart = self._place(block, needed)
        edges = self._tree(block.entity, needed)
        scope = self._scope(block.entity, edges, outer, bool(apart) or _nested(block))
        scope.lonely = block.entity if block.outer else 0
        self._note_repeated((*shown, *havings), edges)
        lead = "DISTINCT " if block.distinct else ""
        if block.distinct_on:
            lead = f"DISTINCT ON ({', '.join(self.expr(e, scope) for e in block.distinct_on)}) "
        lines = [f"SELECT {lead}" + self._outputs(block, scope)]
        lines.append(self._from(block, scope))
        conditions = [self._condition(c, scope, block.entity) for c in plain]
        conditions += [self._exists(cs, scope, block.entity) for cs in apart]
        if conditions:
            lines.append("WHERE " + "\n  AND ".join(conditions))
        if block.group or block.hidden_group:
            lines.append(
                "GROUP BY " + ", ".join(dict.fromkeys(self.expr(e, scope) for e in (*block.group, *block.hidden_group)))
            )
        if block.having:
            lines.append("HAVING " + " AND ".join(self._condition(c, scope, block.entity) for c in block.having))
        if block.order:
            lines.append("ORDER BY " + ", ".join(self._order(e, d, block, scope) for e, d in block.order))
        if block.limit is not None:
            lines.append(f"LIMIT {block.limit}")
        return "\n".join(lines)

    def _note_repeated(self, expressions: Iterable[Expr], edges: tuple[Edge, ...]) -> None:
        """Counts the sums and averages that the joins falsify, for their rows come more than once."""
        for node in (a for e in expressions for a in _aggregates(e) if a.over is not None and not a.distinct):
            if node.function in ("sum", "avg", "median") and any(
                self._repeats(f.relation, edges) for f in fields_of(node.over)
            ):
                if node.function == "sum":
                    self.repeated_sums += 1
                else:
                    self.repeated_means += 1

    def row_tests(self, block: Block) -> tuple[str, list[str]]:
        """The alias ('' for none) and the tests that pick a table's own rows: what UPDATE and DELETE put after
        WHERE."""
        self.taken = set()
        foreign = any({f.relation for f in fields_of(c)} - {block.entity} for c in block.where)
        scope = self._scope(block.entity, (), None, foreign or _nested(block))
        tests = []
        for condition in block.where:
            if {f.relation for f in fields_of(condition)} - {block.entity}:
                tests.append(self._exists([condition], scope, block.entity))
            else:
                tests.append(self._condition(condition, scope, block.entity))
        return (scope.names[block.entity] if scope.qualified else ""), tests

    # which tables a block joins, and which conditions become sub-queries

    def _tree(self, root: int, needed: set[int]) -> tuple[Edge, ...]:
        edges = self.graph.tree(root, frozenset(needed), self.index, self.hints, self.via)
        if edges is None:
            raise NoJoinPath(root, next(iter(needed - {root})))
        self.cost += sum(edge.cost for edge in edges)
        self.roles += sum(self.graph.undecided(edge, self.index, self.hints) for edge in edges)
        return edges

    def _place(self, block: Block, needed: set[int]) -> tuple[list[Cond], list[list[Cond]]]:
        """Conditions that fit the joined tables (or tables reached without multiplying rows),
        and the others by branch."""
        plain: list[Cond] = []
        apart: dict[Edge, list[Cond]] = {}
        for condition in block.where:
            relations = {f.relation for f in fields_of(condition)} - needed - {block.entity}
            branch = self._branch(block.entity, relations)
            if branch is None or self._of_measured(block, condition, needed, relations):
                needed |= relations
                plain.append(condition)
            else:
                apart.setdefault(branch, []).append(condition)
        # a branch whose tables ended up joined anyway needs no sub-query
        for edge, conditions in list(apart.items()):
            relations = set().union(*({f.relation for f in fields_of(c)} for c in conditions))
            if relations <= needed | {block.entity}:
                plain += conditions
                del apart[edge]
        return plain, list(apart.values())

    def _of_measured(self, block: Block, condition: Cond, needed: set[int], relations: set[int]) -> bool:
        """Whether the condition picks among the measured rows themselves: joining its tables repeats none of them,
        as the date of an order does for the order's lines. An EXISTS would pick among their groups instead."""
        measured: set[int] = set()
        for expression in (*block.select, *(e for e, _ in block.order), *(p for c in block.having for p in _sides(c))):
            if has_aggregate(expression):
                measured |= {f.relation for f in fields_of(expression)} | counted_of(expression)
        if not measured or isinstance(condition, Not | Either):
            return False
        edges = self.graph.tree(block.entity, frozenset(needed | relations), self.index, self.hints, self.via)
        return edges is not None and not any(self._repeats(table, edges) for table in measured)

    def _branch(self, root: int, relations: set[int]) -> Edge | None:
        """The first edge of the way to the relations when that way can multiply rows, else None."""
        for relation in sorted(relations):
            path = self._route(root, relation)
            if path is None:
                raise NoJoinPath(root, relation)
            if any(not edge.to_one for edge in path):
                return path[0]
        return None

    def _route(self, root: int, goal: int) -> tuple[Edge, ...] | None:
        """The way to a table, through a table that the question speaks of when that is not much longer."""
        direct = self.graph.path(root, goal, self.index, self.hints)
        best, least = direct, self._strangeness(direct) if direct is not None else float("inf")
        for middle in sorted(self.via - {root, goal}):
            first = self.graph.path(root, middle, self.index, self.hints)
            second = self.graph.path(middle, goal, self.index, self.hints)
            if not first or not second or any(e.right.relation == root for e in second):
                continue
            if self._strangeness((*first, *second)) < least:
                best, least = (*first, *second), self._strangeness((*first, *second))
        return best

    def _strangeness(self, path: tuple[Edge, ...]) -> float:
        """A path's cost, less for every table on it that the question speaks of."""
        return sum(e.cost for e in path) - 1.6 * len({e.right.relation for e in path} & self.via)

    def _scope(self, root: int, edges: tuple[Edge, ...], outer: Scope | None, qualified: bool) -> Scope:
        relations = [root, *(edge.right.relation for edge in edges)]
        alone = len(relations) == 1 and not qualified and outer is None
        names: dict[int, str] = {}
        for relation in relations:
            if alone:
                names[relation] = quote_identifier(self.index.entities[relation].relation.name.name)
            else:
                names[relation] = alias_of(self.index.entities[relation].relation.name.name, self.taken)
                self.taken.add(names[relation])
        return Scope(names, edges, outer, not alone)

    def table(self, relation: int) -> str:
        """The table as FROM names it: without its schema where the search path finds it."""
        name = self.index.entities[relation].relation.name
        found = self.index.catalog.resolve_relation(name.name)
        oid = self.index.entities[relation].relation.oid
        return quote_identifier(name.name) if found is not None and found.oid == oid else str(name)

    def _from(self, block: Block, scope: Scope) -> str:
        def named(relation: int) -> str:
            return f"{self.table(relation)} {scope.names[relation]}" if scope.qualified else self.table(relation)

        tested = set().union(*(fields_of(c) for c in block.where), *(fields_of(e) for e in block.group))
        kept = set(self.index.bases) - {f.relation for f in tested}
        lines = [f"FROM {named(block.entity)}"]
        for edge in scope.edges:
            outer = block.outer or edge.right.relation in kept  # an employee without a manager is shown too
            join = "LEFT JOIN" if outer else "JOIN"
            lines.append(f"{join} {named(edge.right.relation)} ON {self._equal(edge, scope)}")
        return "\n".join(lines)

    def _equal(self, edge: Edge, scope: Scope) -> str:
        return f"{self._col(edge.right, scope)} = {self._col(edge.left, scope)}"

    def _exists(self, conditions: list[Cond], scope: Scope, root: int) -> str:
        """One EXISTS for the conditions that share a branch."""
        relations = set().union(*({f.relation for f in fields_of(c)} for c in conditions)) - set(scope.names)
        path = self._way(root, relations)
        return self._subquery("EXISTS", path, conditions, scope, root)

    def _way(self, root: int, relations: set[int]) -> tuple[Edge, ...]:
        edges = self._route(root, next(iter(relations))) if len(relations) == 1 else None
        edges = edges or self.graph.tree(root, frozenset(relations), self.index, self.hints, self.via)
        if not edges:
            raise NoJoinPath(root, next(iter(relations), root))
        self.cost += sum(edge.cost for edge in edges)
        return edges

    def _inner(self, path: tuple[Edge, ...], outer: Scope, root: int) -> tuple[Scope, str]:
        """Scope and FROM of a sub-query that starts with the path's first edge."""
        first = path[0]
        rest = tuple(e for e in path[1:] if e.left.relation != root)
        inner = self._scope(first.right.relation, rest, outer, qualified=True)
        lines = [f"FROM {self.table(first.right.relation)} {inner.names[first.right.relation]}"]
        for edge in rest:
            right = edge.right.relation
            lines.append(f"JOIN {self.table(right)} {inner.names[right]} ON {self._equal(edge, inner)}")
        return inner, " ".join(lines)

    def _subquery(self, word: str, path: tuple[Edge, ...], conditions: Iterable[Cond], outer: Scope, root: int) -> str:
        inner, source = self._inner(path, outer, root)
        first = path[0]
        if first.right.relation == first.left.relation:
            outside = f"{outer.name(first.left.relation)}.{self._bare(first.left)}"
            tests = [f"{self._col(first.right, inner)} = {outside}"]
        else:
            tests = [f"{self._col(first.right, inner)} = {self._col(first.left, outer)}"]
        tests += [self._condition(c, inner, first.right.relation) for c in conditions]
        return f"{word} (SELECT 1 {source} WHERE {' AND '.join(tests)})"

    # outputs

    def _everything(self, entity: int, scope: Scope) -> str:
        """All columns; by name where some are withheld from the reader."""
        prefix = "" if len(scope.names) == 1 else f"{scope.name(entity)}."
        relation = self.index.catalog.relations[entity]
        if not relation.withheld:
            return f"{prefix}*"
        return ", ".join(f"{prefix}{quote_identifier(column.name)}" for column in relation.columns)

    def _outputs(self, block: Block, scope: Scope) -> str:
        if not block.select:
            return self._everything(block.entity, scope)
        used: set[str] = set()
        parts = []
        for expression in block.select:
            text = self.expr(expression, scope)
            name = output_name(expression, self.index)
            if isinstance(expression, Col) and self.index.attribute(expression.field).name not in used:
                used.add(self.index.attribute(expression.field).name)
                parts.append(text)
                continue
            if isinstance(expression, Col):
                name = "_".join((*self.index.entities[expression.field.relation].words[-1:], name))
            while name in used:
                name += "_2"
            used.add(name)
            parts.append(f"{text} AS {quote_identifier(name)}")
        return ", ".join(parts)

    def _order(self, expression: Expr, descending: bool, block: Block, scope: Scope) -> str:
        text = self.expr(expression, scope)
        if expression in block.select and not isinstance(expression, Col):
            name = output_name(expression, self.index)
            if [output_name(e, self.index) for e in block.select].count(name) == 1:
                text = quote_identifier(name)
        return text + (" DESC NULLS LAST" if descending else "")

    # expressions

    # conditions

    def _condition(self, node: Cond, scope: Scope, root: int) -> str:
        if isinstance(node, Compare):
            return self._compare(node, scope)
        if isinstance(node, Either):
            return "(" + " OR ".join(self._nested(part, scope, root) for part in node.parts) + ")"
        if isinstance(node, Both):
            return "(" + " AND ".join(self._nested(part, scope, root) for part in node.parts) + ")"
        if isinstance(node, Not):
            return self._negation(node.part, scope, root)
        if isinstance(node, Period):
            column = self.expr(node.column, scope)
            bounds = [f"{column} >= {node.lower}"] if node.lower else []
            bounds += [f"{column} < {node.upper}"] if node.upper else []
            return " AND ".join(bounds)
        return self._has(node, scope, root)

    def _nested(self, node: Cond, scope: Scope, root: int) -> str:
        """A part of an OR: what is not joined becomes its own EXISTS."""
        relations = {f.relation for f in fields_of(node)}
        if relations <= set(scope.names):
            return self._condition(node, scope, root)
        return self._exists([node], scope, root)

    def _negation(self, node: Cond, scope: Scope, root: int) -> str:
        relations = {f.relation for f in fields_of(node)}
        if relations <= set(scope.names):
            return f"NOT ({self._condition(node, scope, root)})"
        return "NOT " + self._exists([node], scope, root)

    def _compare(self, node: Compare, scope: Scope) -> str:
        left = self.expr(node.left, scope)
        if node.operator in ("null", "not-null"):
            return f"{left} IS {'NOT ' if node.operator == 'not-null' else ''}NULL"
        if node.operator in ("true", "false"):
            return left if node.operator == "true" else f"NOT {left}"
        if node.right is not None:
            return f"{left} {node.operator} {self.expr(node.right, scope)}"
        kind = self._kind_of(node.left)
        values = [self._value(value, kind) for value in node.values]
        operator = {"ilike": "ILIKE", "like": "LIKE", "not-ilike": "NOT ILIKE"}.get(node.operator, node.operator)
        if len(values) > 1 and operator in ("=", "<>"):
            return f"{left} {'NOT IN' if operator == '<>' else 'IN'} ({', '.join(values)})"
        if kind == "text" and operator in ("<", "<=", ">", ">=") and values[0][:1].isdigit():
            left = f"{left}::numeric"
        if kind == "text" and operator in ("<", "<=", ">", ">=") and _number(node.values[0]):
            return f"{left}::numeric {operator} {self._bare_number(node.values[0], values[0])}"
        return f"{left} {operator} {values[0]}"

    def _kind_of(self, node: Expr) -> str:
        if isinstance(node, Col):
            return self.index.attribute(node.field).kind
        return "number" if has_aggregate(node) or isinstance(node, Bucket | Length | Duration) else "other"

    def _has(self, node: Has, scope: Scope, root: int) -> str:
        anchor = node.anchor or root
        relations = {node.entity}
        path = self._way(anchor, relations) if node.entity != anchor else self._self_way(anchor)
        if not node.operator:
            return self._subquery("NOT EXISTS" if node.negated else "EXISTS", path, node.where, scope, anchor)
        return self._counted(node, path, scope, anchor)

    def _self_way(self, entity: int) -> tuple[Edge, ...]:
        edges = self.graph.between(entity, entity)
        if not edges:
            raise NoJoinPath(entity, entity)
        return (edges[0],)

    def _counted(self, node: Has, path: tuple[Edge, ...], scope: Scope, anchor: int) -> str:
        """``key IN (SELECT foreign key … GROUP BY … HAVING count(*) > n)``."""
        extra = (
            fields_of(node.measure) | set().union(*(fields_of(c) for c in node.where))
            if node.where
            else fields_of(node.measure)
        )
        relations = {f.relation for f in extra} - {e.right.relation for e in path} - {anchor}
        if relations:
            path = self._way(anchor, {node.entity, *relations})
        inner, source = self._inner(path, scope, anchor)
        link = self._col(path[0].right, inner)
        tests = [self._condition(c, inner, path[0].right.relation) for c in node.where]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        if node.measure is not None:
            measured = self.expr(node.measure, inner)
        else:
            measured = self._count(Agg("count", None, node.entity), inner)
        having = f"{measured} {node.operator} {self._value(node.count, 'number')}"
        word = "NOT IN" if node.negated else "IN"
        return (
            f"{self._col(path[0].left, scope)} {word} (SELECT {link} {source}{where} GROUP BY {link} HAVING {having})"
        )


def _number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdigit()


def _sides(condition: Cond) -> list[Expr]:
    if isinstance(condition, Compare):
        return [condition.left, *([condition.right] if condition.right is not None else [])]
    return []


def _nested(block: Block) -> bool:
    """Whether a condition holds a sub-query that looks back at this block."""

    def looks(condition: Cond) -> bool:
        if isinstance(condition, Has):
            return True
        if isinstance(condition, Either | Both):
            return any(looks(part) for part in condition.parts) or len({f.relation for f in fields_of(condition)}) > 1
        return isinstance(condition, Not)

    within = (c for e in (*block.select, *(o for o, _ in block.order)) for c in _filters(e))
    return any(looks(condition) for condition in (*block.where, *within))


def _aggregates(node: Expr | None) -> list[Agg]:
    """The aggregates that an expression is made of."""
    if isinstance(node, Agg):
        return [node]
    if isinstance(node, Ratio):
        return [*_aggregates(node.upper), *_aggregates(node.lower)]
    if isinstance(node, Binary):
        return [*_aggregates(node.left), *_aggregates(node.right)]
    return _aggregates(node.over) if isinstance(node, Window) else []


def _filters(node: Expr | None) -> tuple[Cond, ...]:
    """The conditions of an expression's FILTER clauses."""
    if isinstance(node, Agg):
        return node.where
    if isinstance(node, Ratio):
        return (*_filters(node.upper), *_filters(node.lower))
    if isinstance(node, Binary):
        return (*_filters(node.left), *_filters(node.right))
    return ()
