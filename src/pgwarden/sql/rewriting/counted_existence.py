"""``(SELECT count(*) …) > 0`` → ``EXISTS (…)``, ``= 0`` → ``NOT EXISTS (…)``.

Valid for a bare count(*) without grouping: neither form is ever NULL. What may vanish is an error in a row that is not
read any more.
"""

from __future__ import annotations

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import either_way, replace_conditions
from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.tree import SELECT, Body, expression, integer, nodes

CODE = "exists-for-count"
REASON = "stops at the first row that matches instead of counting them all"
PLAIN = frozenset({"targetList", "fromClause", "whereClause", "limitOption", "op"})
MEANS = {(">", 0): True, (">=", 1): True, ("<>", 0): True, ("=", 0): False, ("<", 1): False, ("<=", 0): False}


def apply(level: Level, _zone: str) -> bool:
    """Rewrite every such condition of the level; whether there was one."""

    def replace(node: Node, _filtering: bool) -> Node | None:
        for name, left, right in either_way(node):
            number = integer(right)
            there = MEANS.get((name, number)) if number is not None else None
            body = _counted(left)
            if there is None or body is None:
                continue
            inner = {SELECT: {**body, "targetList": [{"ResTarget": {"val": expression("1")}}]}}
            exists = {"SubLink": {"subLinkType": "EXISTS_SUBLINK", "subselect": inner}}
            return exists if there else {"BoolExpr": {"boolop": "NOT_EXPR", "args": [exists]}}
        return None

    return replace_conditions(level, replace) > 0


def _counted(node: Node) -> Body | None:
    link = node.get("SubLink")
    if link is None or link.get("subLinkType") != "EXPR_SUBLINK":
        return None
    body: Body = link["subselect"].get(SELECT, {})
    targets = body.get("targetList", ())
    if body.keys() - PLAIN or len(targets) != 1 or "fromClause" not in body:
        return None
    count = targets[0]["ResTarget"]["val"].get("FuncCall", {})
    bare = count.get("agg_star") and not count.keys() & {"agg_filter", "over", "agg_within_group", "agg_order"}
    named = [part["String"]["sval"] for part in count.get("funcname", ())]
    where = list(nodes(body.get("whereClause", [])))
    return body if bare and named == ["count"] and not any(kind == "WindowDef" for kind, _ in where) else None
