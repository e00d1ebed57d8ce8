"""Logical form → plain words and the requirements' intent object."""

from __future__ import annotations

from dataclasses import dataclass

from pgwarden.domain.question import Complexity, Condition, Intent, RiskLevel
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
    Number,
    Period,
    Ratio,
    Scalar,
    Window,
    fields_of,
    has_aggregate,
)
from pgwarden.language.index import LexicalIndex
from pgwarden.language.spoken import say_period

_FUNCTIONS = {
    "avg": "average",
    "sum": "sum of",
    "min": "lowest",
    "max": "highest",
    "count": "number of",
    "median": "median",
}
_BARE = (("name",), ("title",), ("id",), ("code",), ("total",), ("amount",))
"""Names of columns that say little without their table's."""
_OPERATORS = {"=": "is", "<>": "is not", ">": "is above", "<": "is below", ">=": "is at least", "<=": "is at most",
              "ilike": "contains", "like": "matches", "not-ilike": "does not contain"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Paraphrase:
    """Says blocks in English over one index."""

    index: LexicalIndex

    def block(self, block: Block) -> str:
        """ "customers whose state is California, newest first"."""
        subject = self._subject(block)
        parts = [subject]
        conditions = [self.condition(c) for c in block.where]
        if conditions:
            parts.append("where " + " and ".join(conditions))
        if block.group and any(has_aggregate(e) for e in block.select):
            parts.append("for each " + " and ".join(self.expr(g) for g in block.group))
        if block.having:
            parts.append("having " + " and ".join(self.condition(c) for c in block.having))
        text = " ".join(parts)
        if block.order:
            text += ", " + ", then ".join(self._ordered(e, d) for e, d in block.order)
        if block.limit is not None:
            text += f", first {block.limit} only" if block.limit != 1 else ", first one only"
        if block.combine is not None:
            word = {"INTERSECT": "and also in", "UNION": "or in", "EXCEPT": "but not in"}[block.combine[0]]
            text += f"; {word}: {self.block(block.combine[1])}"
        return text

    def _subject(self, block: Block) -> str:
        table = self._plural(block.entity)
        shown = [e for e in block.select if e not in block.group]
        if not shown and not block.group:
            return f"everything about {table}"
        if (
            block.select
            and all(isinstance(e, Agg) and e.function == "count" and e.over is None for e in shown)
            and shown
        ):
            return " and ".join(self.expr(e) for e in shown)
        names = ", ".join(self.expr(e) for e in shown or block.select)
        distinct = "distinct " if block.distinct else ""
        return f"{distinct}{names} of {table}" if not any(has_aggregate(e) for e in shown) else names

    def _plural(self, oid: int) -> str:
        return self.index.entities[oid].relation.name.name.replace("_", " ")

    def _ordered(self, expression: Expr, descending: bool) -> str:
        if isinstance(expression, Bucket):
            return f"{'latest' if descending else 'earliest'} {expression.unit} first"
        if isinstance(expression, Col) and self.index.attribute(expression.field).kind == "time":
            return ("newest" if descending else "oldest") + f" {self.expr(expression)} first"
        return ("highest" if descending else "lowest") + f" {self.expr(expression)} first"

    def expr(self, node: Expr) -> str:
        """An expression in words."""
        if isinstance(node, Col):
            attribute = self.index.attribute(node.field)
            own = " ".join(self.index.entities[node.field.relation].words)
            said = attribute.name.replace("_", " ")
            return f"{own} {said}" if attribute.words in _BARE else said
        if isinstance(node, Agg):
            inner = self._plural(node.entity) if node.over is None else self.expr(node.over)
            different = "different " if node.distinct and node.over is not None else ""
            where = (" where " + " and ".join(self.condition(c) for c in node.where)) if node.where else ""
            return f"{_FUNCTIONS[node.function]} {different}{inner}{where}"
        if isinstance(node, Ratio):
            word = "percentage" if node.factor == 100 else "ratio"
            return f"{word} of ({self.expr(node.upper)}) to ({self.expr(node.lower)})"
        if isinstance(node, Binary):
            return f"{self.expr(node.left)} {node.operator} {self.expr(node.right)}"
        if isinstance(node, Bucket):
            unit, over = {"dow": "day of the week"}.get(node.unit, node.unit), self.expr(node.over)
            return unit if over == unit else f"{unit} of {over}"
        if isinstance(node, Duration):
            start, end = (self.index.attribute(f).name.replace("_", " ") for f in (node.start, node.end))
            return f"time from {start} to {end}"
        if isinstance(node, Length):
            return f"length of {self.expr(node.over)}"
        if isinstance(node, Window):
            led = "previous" if node.function == "lag" else "running"
            return "rank" if node.over is None else f"{led} {self.expr(node.over)}"
        if isinstance(node, Scalar):
            return "the " + ", ".join(self.expr(e) for e in node.block.select)
        return node.text if isinstance(node, Number) else node.sql

    def condition(self, node: Cond) -> str:
        """A condition in words."""
        if isinstance(node, Compare):
            return self._compare(node)
        if isinstance(node, Either):
            return "(" + " or ".join(self.condition(p) for p in node.parts) + ")"
        if isinstance(node, Both):
            return " and ".join(self.condition(p) for p in node.parts)
        if isinstance(node, Not):
            return "not (" + self.condition(node.part) + ")"
        if isinstance(node, Period):
            return self._period(node)
        related = self._plural(node.entity)
        inner = (" where " + " and ".join(self.condition(c) for c in node.where)) if node.where else ""
        if node.operator:
            measure = f"{self.expr(node.measure)}" if node.measure is not None else f"number of {related}"
            return f"the {measure}{inner} {_OPERATORS[node.operator]} {node.count}"
        return f"there are {'no ' if node.negated else ''}{related}{inner}"

    def _compare(self, node: Compare) -> str:
        left = self.expr(node.left)
        if node.operator in ("null", "not-null"):
            return f"{left} is {'' if node.operator == 'null' else 'not '}empty"
        if node.operator in ("true", "false"):
            return f"{left} is {node.operator}"
        right = self.expr(node.right) if node.right is not None else " or ".join(v.strip("%") for v in node.values)
        return f"{left} {_OPERATORS[node.operator]} {right}"

    def _period(self, node: Period) -> str:
        column = self.expr(node.column)
        participle = column.removesuffix(" at").removesuffix(" on")
        happened = participle != column and participle.endswith("ed")
        return f"{participle if happened else column + ' is'} {say_period(node.lower, node.upper)}"


def conditions_of(where: tuple[Cond, ...], index: LexicalIndex) -> tuple[Condition, ...]:
    """Flat conditions for the intent object; nested ones show as text."""
    found: list[Condition] = []
    say = Paraphrase(index)
    for node in where:
        if isinstance(node, Compare) and isinstance(node.left, Col) and node.right is None:
            value: object = node.values[0] if len(node.values) == 1 else list(node.values)
            found.append(
                Condition(index.attribute(node.left.field).name, node.operator, value if node.values else None)
            )
        elif isinstance(node, Period):
            found.append(Condition(say.expr(node.column).replace(" ", "_"), "between", [node.lower, node.upper]))
        else:
            found.append(Condition("", "condition", say.condition(node)))
    return tuple(found)


def intent_of(block: Block, index: LexicalIndex) -> Intent:
    """The intent object of a read."""
    relations = {block.entity} | {f.relation for e in (*block.select, *block.group) for f in fields_of(e)}
    relations |= {f.relation for c in block.where for f in fields_of(c)} | {
        c.entity for c in block.where if isinstance(c, Has)
    }
    names = tuple(sorted(index.entities[r].relation.name.name for r in relations if r in index.entities))
    operations = ["filter"] if block.where else []
    operations += sorted({f"aggregate:{e.function}" for e in block.select if isinstance(e, Agg)})
    operations += ["group"] if block.group else []
    operations += ["sort"] if block.order else []
    operations += ["limit"] if block.limit is not None else []
    operations += ["join"] if len(names) > 1 else []
    weight = len(names) + len(block.where) + 2 * bool(block.group) + 2 * bool(block.combine)
    complexity = Complexity.SIMPLE if weight <= 3 else Complexity.MEDIUM if weight <= 6 else Complexity.COMPLEX
    return Intent("SELECT", names, tuple(operations), conditions_of(block.where, index), complexity, RiskLevel.LOW)
