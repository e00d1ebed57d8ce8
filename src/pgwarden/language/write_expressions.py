"""Expressions of a logical form → SQL text inside the tables of one SELECT."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from pgwarden.domain.catalog import quote_identifier
from pgwarden.language.expressions import literal
from pgwarden.language.forms import (
    Agg,
    Binary,
    Block,
    Bucket,
    Col,
    Cond,
    Duration,
    Expr,
    Length,
    Number,
    Ratio,
    Raw,
    Scalar,
    Window,
)
from pgwarden.language.index import Field, LexicalIndex
from pgwarden.language.joins import Edge, JoinGraph


class NoJoinPath(Exception):
    """Two tables that the question names have no known way to each other."""

    def __init__(self, left: int, right: int) -> None:
        super().__init__(left, right)
        self.left = left
        self.right = right


@dataclass(slots=True)
class Scope:
    """The tables of one SELECT and what they are called in it."""

    names: dict[int, str]
    edges: tuple[Edge, ...] = ()
    outer: Scope | None = None
    qualified: bool = True
    lonely: int = 0
    """The table whose rows are kept without a partner (LEFT JOIN), else 0."""

    def name(self, relation: int) -> str:
        scope: Scope | None = self
        while scope is not None:
            if relation in scope.names:
                return scope.names[relation]
            scope = scope.outer
        raise NoJoinPath(next(iter(self.names)), relation)


@dataclass(slots=True)
class ExpressionWriter(ABC):
    """Renders expressions over one index and join graph; what holds whole SELECTs or conditions, its heir renders.

    ``hints`` are the question's words, for choosing between roles.
    """

    index: LexicalIndex
    graph: JoinGraph
    hints: frozenset[str] = frozenset()
    via: frozenset[int] = frozenset()
    """Tables that the question speaks of: joins rather go through them."""
    cost: float = 0.0
    """Sum of the costs of all joins made: a measure of how far-fetched the reading is."""
    taken: set[str] = field(default_factory=set)
    roles: int = 0
    """Joins for which another key between the same tables was as good: from whom, or to whom?"""
    repeated_sums: int = 0
    """Sums over a table whose rows a join repeats."""
    repeated_means: int = 0
    """Averages over such a table: of what each row counts several times."""
    parameters: list[str] | None = None
    """The values, when the text is to hold $1, $2, … in their place."""

    @abstractmethod
    def _block(self, block: Block, outer: Scope | None) -> str:
        """A whole SELECT."""

    @abstractmethod
    def _condition(self, node: Cond, scope: Scope, root: int) -> str:
        """A condition."""

    def _bare(self, field_: Field) -> str:
        return quote_identifier(self.index.attribute(field_).name)

    def _col(self, field_: Field, scope: Scope) -> str:
        name = scope.name(field_.relation)
        return f"{name}.{self._bare(field_)}" if scope.qualified else self._bare(field_)

    def expr(self, node: Expr, scope: Scope) -> str:
        """The SQL of an expression inside a scope."""
        if isinstance(node, Col):
            return self._col(node.field, scope)
        if isinstance(node, Number):
            return node.text
        if isinstance(node, Raw):
            return node.sql
        if isinstance(node, Agg):
            return self._aggregate(node, scope)
        if isinstance(node, Ratio):
            factor = f"{node.factor} * " if node.factor != 1 else ""
            return f"{factor}({self.expr(node.upper, scope)})::numeric / NULLIF({self.expr(node.lower, scope)}, 0)"
        if isinstance(node, Binary):
            return f"({self.expr(node.left, scope)} {node.operator} {self.expr(node.right, scope)})"
        if isinstance(node, Bucket):
            return self._bucket(node, scope)
        if isinstance(node, Duration):
            return self._duration(node, scope)
        if isinstance(node, Length):
            return f"length({self.expr(node.over, scope)})"
        if isinstance(node, Scalar):
            return "(" + " ".join(self._block(node.block, scope).split("\n")) + ")"
        return self._window(node, scope)

    def _aggregate(self, node: Agg, scope: Scope) -> str:
        if node.function == "count" and node.over is None:
            body = self._count(node, scope)
        elif node.function == "median":
            body = f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {self.expr(node.over or Number('1'), scope)})"
        else:
            over = self.expr(node.over, scope) if node.over is not None else "*"
            if node.function in ("sum", "avg") and self._texty(node.over):
                over += "::numeric"
            body = f"{node.function}({'DISTINCT ' if node.distinct else ''}{over})"
        if node.where:
            tests = " AND ".join(self._condition(c, scope, node.entity) for c in node.where)
            body += f" FILTER (WHERE {tests})"
        return body

    def _texty(self, node: Expr | None) -> bool:
        return isinstance(node, Col) and self.index.attribute(node.field).kind == "text"

    def _count(self, node: Agg, scope: Scope) -> str:
        """``count(*)`` where each counted row shows once, ``count(DISTINCT key)`` where joins repeat it."""
        entity = self.index.entities.get(node.entity)
        if entity is None or len(scope.names) == 1 or node.entity not in scope.names:
            return "count(*)"
        if scope.lonely not in (0, node.entity) and entity.key and not self._repeats(node.entity, scope.edges):
            return f"count({self._col(Field(entity.oid, entity.key), scope)})"
        if self._repeats(node.entity, scope.edges) or node.distinct:
            if entity.key:
                return f"count(DISTINCT {self._col(Field(entity.oid, entity.key), scope)})"
            if entity.display:
                return f"count(DISTINCT {self._col(Field(entity.oid, entity.display[0]), scope)})"
        return "count(*)"

    def _repeats(self, entity: int, edges: tuple[Edge, ...]) -> bool:
        reached, pending = {entity}, list(edges)
        while pending:
            progressed = False
            for edge in list(pending):
                left, right = edge.left.relation, edge.right.relation
                if left in reached and right not in reached:
                    to_one = edge.to_one
                    reached.add(right)
                elif right in reached and left not in reached:
                    back = [e for e in self.graph.between(right, left) if e.left == edge.right and e.right == edge.left]
                    to_one = back[0].to_one if back else False
                    reached.add(left)
                else:
                    continue
                if not to_one:
                    return True
                pending.remove(edge)
                progressed = True
            if not progressed:
                return False
        return False

    def _bucket(self, node: Bucket, scope: Scope) -> str:
        over = self.expr(node.over, scope)
        if node.part:
            return f"extract({node.unit} FROM {over})"
        return f"date_trunc('{node.unit}', {over})"

    def _duration(self, node: Duration, scope: Scope) -> str:
        start, end = self._col(node.start, scope), self._col(node.end, scope)
        attribute = self.index.attribute(node.start)
        if attribute.type_name == "date" and self.index.attribute(node.end).type_name == "date":
            return (
                f"({end} - {start})" if node.unit in ("seconds", "day") else f"({end} - {start}) / {_DAYS[node.unit]}"
            )
        seconds = f"extract(epoch FROM {end} - {start})"
        return seconds if node.unit == "seconds" else f"{seconds} / {_SECONDS[node.unit]}"

    def _window(self, node: Window, scope: Scope) -> str:
        over = self.expr(node.over, scope) if node.over is not None else ""
        parts = []
        if node.partition:
            parts.append("PARTITION BY " + ", ".join(self.expr(e, scope) for e in node.partition))
        if node.order:
            parts.append("ORDER BY " + ", ".join(self.expr(e, scope) + (" DESC" if d else "") for e, d in node.order))
        return f"{node.function}({over}) OVER ({' '.join(parts)})"

    def _value(self, value: str, kind: str) -> str:
        """A value of the question: a literal, or the place of a parameter."""
        if self.parameters is None:
            return literal(value, kind)
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def _bare_number(self, value: str, written: str) -> str:
        return written if self.parameters is not None else value


_SECONDS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2_629_800, "year": 31_557_600}
_DAYS = {"week": 7, "month": 30.4375, "year": 365.25}
