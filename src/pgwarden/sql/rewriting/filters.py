"""The conditions of a query level: WHERE and the ON of its joins. There NULL leaves a row out as false does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.tree import SELECT

Replace = Callable[[Node, bool], Node | None]
"""(condition, whether NULL may become false here) → what takes its place, None to keep it."""


def replace_conditions(level: Level, replace: Replace) -> int:
    """Put new conditions in place of old ones, inside AND, OR, NOT and calls too; how many were replaced."""
    count = 0

    def visit(value: Any, filtering: bool) -> Any:
        nonlocal count
        if isinstance(value, list):
            return [visit(item, filtering) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and next(iter(value))[:1].isupper():
            ((kind, body),) = value.items()
            if kind == SELECT:
                return value
            if (new := replace(value, filtering)) is not None:
                count += 1
                return new
            keeps = kind == "BoolExpr" and body["boolop"] != "NOT_EXPR"
            return {kind: visit_body(body, filtering and keeps)}
        return visit_body(value, False)

    def visit_body(body: Any, filtering: bool) -> Any:
        if not isinstance(body, dict):
            return body
        return {key: visit(item, filtering) for key, item in body.items()}

    for holder, key in _places(level):
        holder[key] = visit(holder[key], True)
    return count


def _places(level: Level) -> Iterator[tuple[Any, str]]:
    if not level.plain_select:
        return
    if "whereClause" in level.body:
        yield level.body, "whereClause"
    waiting = list(level.body.get("fromClause", ()))
    while waiting:
        join = waiting.pop().get("JoinExpr")
        if join is not None:
            waiting += [join["larg"], join["rarg"]]
            if "quals" in join:
                yield join, "quals"


def conjuncts(node: Node | None) -> list[Node]:
    """The conditions that all must hold."""
    if node is None:
        return []
    body = node.get("BoolExpr")
    if body is not None and body["boolop"] == "AND_EXPR":
        return [each for item in body["args"] for each in conjuncts(item)]
    return [node]


def together(conditions: list[Node]) -> Node | None:
    """One condition that holds when all do."""
    if len(conditions) <= 1:
        return conditions[0] if conditions else None
    return {"BoolExpr": {"boolop": "AND_EXPR", "args": conditions}}


def comparison(node: Node) -> tuple[str, Node, Node] | None:
    """(operator, left, right) of ``left op right`` with a plain comparison."""
    from pgwarden.sql.rewriting.tree import operator

    body = node.get("A_Expr")
    name = operator(body) if body is not None else ""
    return (name, body["lexpr"], body["rexpr"]) if body is not None and name in MIRRORED else None


MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=", "<>": "<>"}
"""Each comparison as it reads from the right."""


def either_way(node: Node) -> Iterator[tuple[str, Node, Node]]:
    """A comparison, and the same read from the right."""
    if (found := comparison(node)) is not None:
        name, left, right = found
        yield name, left, right
        yield MIRRORED[name], right, left
