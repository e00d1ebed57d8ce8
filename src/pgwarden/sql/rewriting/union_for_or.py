"""``WHERE a OR b`` → two queries under UNION ALL, the second without the rows of the first.

Each side can use an index of its own. ``(a) IS NOT TRUE`` leaves out exactly the rows that the first side gave, those
for which ``a`` is NULL stay. Valid for conditions and lists without subqueries and without functions that may differ.
"""

from __future__ import annotations

from copy import deepcopy

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import conjuncts, together
from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.shapes import PLAIN, ROLES, become, by_position, movable
from pgwarden.sql.rewriting.tree import Body, calls_anything, nodes

CODE = "union-all-for-or"
REASON = "asks for each side of OR by itself, so that each can use its own index; no row comes twice"
OWN = PLAIN | {"sortClause", "withClause"}
MOST_SIDES = 3


def apply(level: Level, _zone: str) -> str:
    """Rewrite it; the reason, '' where it could not be."""
    body = level.body
    if level.role not in ROLES or not level.plain_select or body.keys() - OWN or calls_anything(body["targetList"]):
        return ""
    if any(kind == "SubLink" for kind, _ in nodes(body["targetList"])):
        return ""
    conditions, order = conjuncts(body.get("whereClause")), by_position(level)
    split = [each for each in conditions if each.get("BoolExpr", {}).get("boolop") == "OR_EXPR"]
    if len(split) != 1 or order is None or any(movable(level, each) is None for each in conditions):
        return ""
    sides = split[0]["BoolExpr"]["args"]
    if not 2 <= len(sides) <= MOST_SIDES:
        return ""
    others = [each for each in conditions if each is not split[0]]
    parts = [_part(body, [*others, *_without(sides[:place]), side]) for place, side in enumerate(sides)]
    made = parts[0]
    for part in parts[1:]:
        made = {"larg": made, "rarg": part, "op": "SETOP_UNION", "all": True, "limitOption": "LIMIT_OPTION_DEFAULT"}
    become(level, made | ({"sortClause": order} if order else {}))
    return REASON


def _part(body: Body, conditions: list[Node]) -> Body:
    kept = deepcopy({key: value for key, value in body.items() if key in PLAIN and key != "whereClause"})
    return kept | {"whereClause": together(deepcopy(conditions))}


def _without(sides: list[Node]) -> list[Node]:
    return [{"BooleanTest": {"arg": side, "booltesttype": "IS_NOT_TRUE"}} for side in sides]
