"""What could make an allowed read better: bounds, joins, indexes, fewer columns."""

from __future__ import annotations

from typing import Any

from pgwarden.domain.statement import Reason
from pgwarden.sql.walk import Walk


def suggestions(walk: Walk, body: dict[str, Any]) -> tuple[Reason, ...]:
    """Suggestions for a SELECT body at the top of a statement."""
    found: list[Reason] = []
    big = _big(walk, body)
    if big and not body.keys() & {"whereClause", "limitCount", "groupClause"}:
        rows = int(max(relation.estimated_rows for relation in big))
        message = f"reads all of {big[0].name} (about {rows:,} rows)"
        found.append(Reason("unbounded-scan", message, None, "Add WHERE or LIMIT."))
    found += _star(body)
    found += _cartesian(body)
    found += _missing_index(walk, big)
    return tuple(found)


def _big(walk: Walk, body: dict[str, Any]) -> list[Any]:
    named = {node["RangeVar"]["relname"] for node in _leaves(body) if "RangeVar" in node}
    relations = (walk.index.catalog.relations[oid] for oid in sorted(walk.reads) if oid in walk.index.catalog.relations)
    return [r for r in relations if r.name.name in named and r.estimated_rows >= walk.policy.big_table_rows]


def _leaves(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The FROM items under any joins."""
    found, waiting = [], list(body.get("fromClause", ()))
    while waiting:
        node = waiting.pop(0)
        if "JoinExpr" in node:
            waiting = [node["JoinExpr"]["larg"], node["JoinExpr"]["rarg"], *waiting]
        else:
            found.append(node)
    return found


def _star(body: dict[str, Any]) -> list[Reason]:
    for node in body.get("targetList", ()):
        reference = node["ResTarget"]["val"].get("ColumnRef")
        if reference is not None and "A_Star" in reference["fields"][-1] and _leaves(body):
            return [Reason("select-star", "reads every column", None, "Name the columns that you need.")]
    return []


def _cartesian(body: dict[str, Any]) -> list[Reason]:
    """FROM items that no condition ties together."""
    items = body.get("fromClause", ())
    crossed = [n for n in items if "JoinExpr" in n and _is_cross(n["JoinExpr"])]
    loose = len(items) > 1 and "whereClause" not in body and not any(_is_dependent(n) for n in items[1:])
    if crossed or loose:
        return [
            Reason("cartesian-product", "joins tables without a condition", None, "Say how their rows belong together.")
        ]
    return []


def _is_cross(join: dict[str, Any]) -> bool:
    plain = join.get("jointype") == "JOIN_INNER"
    free = not join.keys() & {"quals", "usingClause", "isNatural"}
    return plain and free and not _is_dependent(join["rarg"])


def _is_dependent(node: dict[str, Any]) -> bool:
    """Functions and lateral sub-selects usually take their input from the items before them."""
    return "RangeFunction" in node or any(body.get("lateral") for body in node.values())


def _missing_index(walk: Walk, big: list[Any]) -> list[Reason]:
    found = []
    for relation in big:
        wanted = sorted(number for oid, number in walk.conditions if oid == relation.oid)
        if not wanted or any(index.columns and index.columns[0] in wanted for index in relation.indexes if index.valid):
            continue
        column = relation.column_at(wanted[0])
        if column is not None:
            message = f"no index of {relation.name} starts with {column.name}"
            found.append(Reason("missing-index", message, None, "An index would spare reading the whole table."))
    return found
