"""``count(DISTINCT x)`` → a count over the distinct rows, which can be hashed and done in parallel.

Valid where it is the only aggregate and the grouped columns' equal values look the same. NULL is counted by neither.
"""

from __future__ import annotations

from pgwarden.domain.catalog import quote_identifier
from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.shapes import PLAIN, ROLES, become, by_position, exact, output_name, unused_name
from pgwarden.sql.rewriting.tree import SELECT, Body, expression, expression_text, integer, statement

CODE = "distinct-before-count"
REASON = "finds the different values first, by hashing or in parallel, and counts them then"
OWN = PLAIN | {"sortClause", "withClause", "groupClause"}


def apply(level: Level, _zone: str) -> str:
    """Rewrite it; the reason, '' where it could not be."""
    body = level.body
    if level.role not in ROLES or not level.plain_select or body.keys() - OWN or not body.get("fromClause"):
        return ""
    targets = [item["ResTarget"] for item in body["targetList"]]
    counted = [target for target in targets if _counted(level, target["val"])]
    keys = [target for target in targets if target not in counted]
    order = by_position(level)
    if len(counted) != 1 or order is None or not _grouped(level, body, targets, keys):
        return ""
    name = unused_name(level, "different")
    columns = {id(target): f"{name}_{place}" for place, target in enumerate(targets, 1)}
    inner = {key: value for key, value in body.items() if key in PLAIN}
    inner["distinctClause"] = [{}]
    inner["targetList"] = [
        {"ResTarget": {"name": columns[id(target)], "val": _inside(target["val"])}} for target in targets
    ]
    shown = [
        f"{'count' if target in counted else ''}({name}.{columns[id(target)]})"
        f" AS {quote_identifier(output_name(target) or '')}"
        for target in targets
    ]
    grouping = ", ".join(f"{name}.{columns[id(target)]}" for target in keys)
    made: Body = statement(
        f"SELECT {', '.join(shown)} FROM (SELECT 1) {name}" + (f" GROUP BY {grouping}" if grouping else "")
    )[SELECT]
    made["fromClause"][0]["RangeSubselect"]["subquery"] = {SELECT: inner}
    become(level, made | ({"sortClause": order} if order else {}))
    return REASON


def _counted(level: Level, node: Node) -> bool:
    call = node.get("FuncCall", {})
    arguments = call.get("args", ())
    plain_call = not call.keys() - {"funcname", "args", "agg_distinct", "funcformat", "location"}
    named = [part["String"]["sval"] for part in call.get("funcname", ())] in (["count"], ["pg_catalog", "count"])
    return bool(
        plain_call
        and named
        and call.get("agg_distinct")
        and len(arguments) == 1
        and (found := level.reference(arguments[0])) is not None
        and not found.outer
    )


def _inside(node: Node) -> Node:
    found: Node = node["FuncCall"]["args"][0] if "FuncCall" in node else node
    return expression(expression_text(found))


def _grouped(level: Level, body: Body, targets: list[Body], keys: list[Body]) -> bool:
    """Whether the rest of the list is exactly the grouped columns, each plain."""
    found = [level.reference(target["val"]) for target in keys]
    if any(one is None or one.outer or not exact(one.column) for one in found):
        return False
    grouped = []
    for item in body.get("groupClause", ()):
        place = integer(item)
        node = targets[place - 1]["val"] if place is not None and place <= len(targets) else item
        grouped.append(level.reference(node))
    if any(one is None or one.outer for one in grouped):
        return False
    shown = {(one.source.name, one.column.number) for one in found if one}
    return shown == {(one.source.name, one.column.number) for one in grouped if one}
