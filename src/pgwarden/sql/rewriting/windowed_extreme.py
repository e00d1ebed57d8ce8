"""Rows that hold the extreme of their group, by a window rather than by a subquery for each row.

``WHERE o.at = (SELECT max(i.at) FROM orders i WHERE i.customer_id = o.customer_id)`` → ``max(at) OVER (PARTITION BY
customer_id)`` beside each row, compared outside. The subquery finds nothing for a NULL, a window makes NULLs one group:
they are left out where the column may hold one. Valid where the subquery reads the same table whole.
"""

from __future__ import annotations

from pgwarden.domain.catalog import quote_identifier
from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import comparison, conjuncts, either_way, together
from pgwarden.sql.rewriting.level import Level, Reference, levels
from pgwarden.sql.rewriting.proofs import never_null
from pgwarden.sql.rewriting.shapes import (
    FIRST_USER_OID,
    PLAIN,
    ROLES,
    aggregate,
    movable,
    references,
    table_text,
    unused_name,
)
from pgwarden.sql.rewriting.tree import SELECT, expression, statement

CODE = "window-for-subquery"
REASON = "reads the table once, with the extreme of each group beside its rows, rather than once more for each row"
OWN = PLAIN | {"sortClause", "withClause"}


def apply(level: Level, _zone: str) -> str:
    """Rewrite it; the reason, '' where it could not be."""
    body = level.body
    if level.role not in ROLES or not level.plain_select or body.keys() - OWN or len(body.get("fromClause", ())) != 1:
        return ""
    (item,) = body["fromClause"]
    if "RangeVar" not in item or len(level.sources) != 1 or level.sources[0].relation is None:
        return ""
    conditions = conjuncts(body.get("whereClause"))
    found = [(each, extreme) for each in conditions if (extreme := _extreme(level, item, each)) is not None]
    others = [each for each in conditions if all(each is not condition for condition, _ in found)]
    used = references(level, [body["targetList"], body.get("sortClause", []), others])
    if len(found) != 1 or used is None or any(one.outer for one in used):
        return ""
    if any(movable(level, each) is None for each in others):
        return ""
    (_, (function, value, group)) = found[0]
    source = level.sources[0]
    name, added = quote_identifier(source.name), unused_name(level, "extreme")
    columns = dict.fromkeys(quote_identifier(one.column.name) for one in (*used, value, group))
    shown = ", ".join(f"{name}.{column}" for column in columns)
    value_sql, group_sql = (f"{name}.{quote_identifier(one.column.name)}" for one in (value, group))
    made = statement(
        f"SELECT 1 FROM (SELECT {shown}, {function}({value_sql}) OVER (PARTITION BY {group_sql}) AS {added}"
        f" FROM {table_text(item)}) {name}"
    )
    body["fromClause"] = made[SELECT]["fromClause"]
    kept = [] if never_null(level.catalog, group) else [expression(f"{group_sql} IS NOT NULL")]
    body["whereClause"] = together([*others, expression(f"{value_sql} = {name}.{added}"), *kept])
    return REASON


def _extreme(level: Level, item: Node, condition: Node) -> tuple[str, Reference, Reference] | None:
    """(min or max, the compared column, the grouping one) of such a condition."""
    for operator, left, right in either_way(condition):
        value, link = level.reference(left), right.get("SubLink", {})
        body = link.get("subselect", {}).get(SELECT)
        if operator != "=" or value is None or value.outer or body is None or link["subLinkType"] != "EXPR_SUBLINK":
            continue
        if body.keys() - PLAIN or len(body["targetList"]) != 1 or len(body.get("fromClause", ())) != 1:
            continue
        (inner, *_) = levels(level.catalog, {SELECT: body})
        inner.parent = level
        called = aggregate(inner, body["targetList"][0]["ResTarget"]["val"])
        group = _group(inner, body)
        if called is None or called.name not in ("min", "max") or called.filtered or called.argument is None:
            continue
        same = _same_table(level, inner, item) and called.argument.column is value.column and not called.argument.outer
        if same and group is not None and group.column.type_oid < FIRST_USER_OID:
            return called.name, value, group
    return None


def _same_table(level: Level, inner: Level, item: Node) -> bool:
    table = inner.body["fromClause"][0].get("RangeVar", {})
    outer = item["RangeVar"]
    (ours,) = level.sources
    return (
        len(inner.sources) == 1
        and inner.sources[0].relation is ours.relation
        and inner.sources[0].name != ours.name
        and table.get("relname") not in level.ctes
        and table.get("inh", False) == outer.get("inh", False)
    )


def _group(inner: Level, body: Node) -> Reference | None:
    """The outer column that the inner rows are picked by, which must be their own, too, and nothing else is asked."""
    pair = comparison(body["whereClause"]) if "whereClause" in body else None
    sides = [inner.reference(node) for node in pair[1:]] if pair and pair[0] == "=" else []
    ours = [s for s in sides if s is not None and not s.outer]
    theirs = [s for s in sides if s is not None and s.outer and inner.parent and s.source in inner.parent.sources]
    if len(ours) != 1 or len(theirs) != 1 or ours[0].column is not theirs[0].column:
        return None
    return theirs[0]
