"""A subquery in the list that aggregates another table's rows for each row → one grouped query, joined.

``SELECT c.id, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) …`` → ``LEFT JOIN (SELECT customer_id,
count(*) … GROUP BY customer_id)``. Each row meets at most one group, so no row is lost or doubled; a count without rows
is 0, any other aggregate NULL. Valid for one equality with the row around, other conditions on the inner table alone.
"""

from __future__ import annotations

from typing import NamedTuple

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import comparison, conjuncts
from pgwarden.sql.rewriting.level import Level, Reference, levels
from pgwarden.sql.rewriting.shapes import (
    PLAIN,
    ROLES,
    Aggregate,
    aggregate,
    exact,
    movable,
    only_of,
    output_name,
    table_text,
    unused_name,
    where,
)
from pgwarden.sql.rewriting.tree import SELECT, Body, expression, expression_text, nodes, statement

CODE = "grouped-for-subquery"
REASON = "groups the other table's rows once and joins them, rather than looking for them for each row"
OWN = PLAIN | {"sortClause", "limitCount", "limitOffset", "withClause"}


class Found(NamedTuple):
    """What a subquery says."""

    inner: Level
    called: Aggregate
    value: Node
    points: Reference
    outer: Reference
    others: list[Node]


def apply(level: Level, _zone: str) -> str:
    """Rewrite each such subquery of the list; the reason, '' where there is none."""
    body = level.body
    if level.role not in ROLES or not level.plain_select or body.keys() - OWN or not body.get("fromClause"):
        return ""
    if any(source.relation is None for source in level.sources) or _unclear(body):
        return ""
    done = 0
    for item in body["targetList"]:
        target = item["ResTarget"]
        found = _found(level, target["val"])
        if found is None:
            continue
        done += 1
        called = output_name(target) or output_name(found.inner.body["targetList"][0]["ResTarget"])
        name = unused_name(level, f"grouped_{done}")
        _join(level, found, name)
        value = f"{name}.{name}_value"
        target["val"] = expression(f"coalesce({value}, 0)" if found.called.name == "count" else value)
        target["name"] = called
    return REASON if done else ""


def _unclear(body: Body) -> bool:
    """Whether new columns would be seen in the list (``*``), or the list aggregates: its rows are not as they look."""
    for item in body["targetList"]:
        value = item["ResTarget"]["val"]
        if (
            "ColumnRef" in value
            and len(value["ColumnRef"]["fields"]) == 1
            and "A_Star" in value["ColumnRef"]["fields"][0]
        ):
            return True
        if "SubLink" not in value and any(kind in ("FuncCall", "SubLink") for kind, _ in nodes(value)):
            return True
    return any(kind in ("FuncCall", "SubLink") for kind, _ in nodes(body.get("sortClause", [])))


def _found(level: Level, value: Node) -> Found | None:
    link = value.get("SubLink")
    if link is None or link.get("subLinkType") != "EXPR_SUBLINK" or SELECT not in link["subselect"]:
        return None
    body = link["subselect"][SELECT]
    if body.keys() - PLAIN or len(body["targetList"]) != 1 or len(body.get("fromClause", ())) != 1:
        return None
    if "RangeVar" not in body["fromClause"][0] or body["fromClause"][0]["RangeVar"]["relname"] in level.ctes:
        return None
    (inner, *_) = levels(level.catalog, {SELECT: body})
    inner.parent = level
    if len(inner.sources) != 1 or inner.sources[0].relation is None or inner.sources[0].relation.withheld:
        return None
    if inner.sources[0].name in {source.name for source in level.sources}:
        return None
    node = body["targetList"][0]["ResTarget"]["val"]
    called = aggregate(inner, node)
    if called is None or (called.argument is not None and called.argument.outer) or _reaches_out(inner, node):
        return None
    return _correlated(level, inner, called, node)


def _reaches_out(inner: Level, node: Node) -> bool:
    return any(
        kind == "ColumnRef" and ((r := inner.reference({kind: body})) is None or r.outer) for kind, body in nodes(node)
    )


def _correlated(level: Level, inner: Level, called: Aggregate, node: Node) -> Found | None:
    link: tuple[Reference, Reference] | None = None
    others = []
    for condition in conjuncts(inner.body.get("whereClause")):
        columns = movable(inner, condition)
        if columns is None:
            return None
        if only_of(columns, inner.sources[0]):
            others.append(condition)
            continue
        pair = comparison(condition)
        sides = [inner.reference(each) for each in pair[1:]] if pair and pair[0] == "=" else []
        ours = [s for s in sides if s is not None and not s.outer]
        theirs = [s for s in sides if s is not None and s.outer and s.source in level.sources]
        if link is not None or len(ours) != 1 or len(theirs) != 1:
            return None
        link = ours[0], theirs[0]
    if link is None:
        return None
    points, outer = link
    same = points.column.type_oid == outer.column.type_oid and points.column.collation_oid == outer.column.collation_oid
    return Found(inner, called, node, points, outer, others) if same and exact(points.column) else None


def _join(level: Level, found: Found, name: str) -> None:
    """Put the grouped rows beside the table that the subquery looked at."""
    inner = found.inner
    table = table_text(inner.body["fromClause"][0])
    points = expression_text(found.points.node)
    grouped = (
        f"SELECT {points} AS {name}_key, {expression_text(found.value)} AS {name}_value"
        f" FROM {table}{where(found.others)} GROUP BY {points}"
    )
    made = statement(
        f"SELECT 1 FROM x LEFT JOIN ({grouped}) {name} ON {name}.{name}_key = {expression_text(found.outer.node)}"
    )
    items = level.body["fromClause"]
    place = next(i for i, item in enumerate(items) if _holds(item, found.outer.source.name))
    join: Node = made[SELECT]["fromClause"][0]
    join["JoinExpr"]["larg"] = items[place]
    items[place] = join


def _holds(item: Node, name: str) -> bool:
    return any(
        kind == "RangeVar" and body.get("alias", {}).get("aliasname", body["relname"]) == name
        for kind, body in nodes(item)
    )
