"""``x IN (SELECT y …)`` → ``EXISTS``, and ``x NOT IN (SELECT y …)`` → ``NOT EXISTS`` where neither can be NULL.

With a NULL among the y's, NOT IN is never true while NOT EXISTS is: only a NOT NULL on both sides makes them equal.
Valid for plain columns in a condition that filters, over a plain inner query: no grouping, limit or call in it.
"""

from __future__ import annotations

from typing import Any

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import conjuncts, replace_conditions, together
from pgwarden.sql.rewriting.level import Level, Reference, levels
from pgwarden.sql.rewriting.proofs import never_null
from pgwarden.sql.rewriting.tree import SELECT, Body, calls_anything, expression

CODE = "exists-for-in"
REASON = "asks whether a matching row exists, which stops at the first and can use an index"
SIMPLE = frozenset({"targetList", "fromClause", "whereClause", "limitOption", "op", "distinctClause", "sortClause"})


def apply(level: Level, _zone: str) -> bool:
    """Rewrite every such condition of the level; whether there was one."""

    def replace(node: Node, filtering: bool) -> Node | None:
        if not filtering:
            return None
        link, negated = node.get("SubLink"), False
        inverted = node.get("BoolExpr")
        if inverted is not None and inverted["boolop"] == "NOT_EXPR":
            link, negated = inverted["args"][0].get("SubLink"), True
        if link is None or link.get("subLinkType") != "ANY_SUBLINK" or "operName" in link:
            return None
        tested = level.reference(link["testexpr"]) if "ColumnRef" in link["testexpr"] else None
        inner = _inner(level, link)
        if tested is None or inner is None:
            return None
        given = inner.reference(inner.body["targetList"][0]["ResTarget"]["val"])
        if given is None or given.outer or given.column.type_oid != tested.column.type_oid:
            return None
        if negated and not (never_null(level.catalog, tested) and never_null(level.catalog, given)):
            return None
        exists = {"SubLink": {"subLinkType": "EXISTS_SUBLINK", "subselect": {SELECT: _matching(inner, given, tested)}}}
        return {"BoolExpr": {"boolop": "NOT_EXPR", "args": [exists]}} if negated else exists

    return replace_conditions(level, replace) > 0


def _inner(level: Level, link: Body) -> Level | None:
    """The inner query, where it is plain and none of its names hides one of the query around it."""
    body = link["subselect"].get(SELECT)
    if body is None or body.keys() - SIMPLE or len(body.get("targetList", ())) != 1 or calls_anything(body):
        return None
    if body.get("distinctClause", [{}]) != [{}]:
        return None
    (inner, *_) = levels(level.catalog, {SELECT: body})
    if any(name in level.ctes for name in _named(body)) or not inner.sources:
        return None
    inner.parent = level
    names = {source.name for source in inner.sources}
    around: Level | None = level
    while around is not None:
        if names & {source.name for source in around.sources}:
            return None
        around = around.parent
    return inner if all(source.relation for source in inner.sources) else None


def _named(body: Any) -> list[str]:
    from pgwarden.sql.rewriting.tree import nodes

    return [item["relname"] for kind, item in nodes(body) if kind == "RangeVar"]


def _matching(inner: Level, given: Reference, tested: Reference) -> Body:
    same = expression(f"{_full(given)} = {_full(tested)}")
    kept = {
        k: v for k, v in inner.body.items() if k not in ("targetList", "whereClause", "distinctClause", "sortClause")
    }
    where = together([*conjuncts(inner.body.get("whereClause")), same])
    return {**kept, "targetList": [{"ResTarget": {"val": expression("1")}}], "whereClause": where}


def _full(reference: Reference) -> str:
    from pgwarden.domain.catalog import quote_identifier

    return f"{quote_identifier(reference.source.name)}.{quote_identifier(reference.column.name)}"
