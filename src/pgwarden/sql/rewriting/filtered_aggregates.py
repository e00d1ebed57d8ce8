"""Several subqueries that each aggregate the same table → one pass over it, each with its own FILTER.

Valid where the list holds nothing else, each subquery reads that one table, and its conditions speak of it alone.
"""

from __future__ import annotations

from typing import NamedTuple

from pgwarden.domain.catalog import quote_identifier
from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import conjuncts, together
from pgwarden.sql.rewriting.level import Level, levels
from pgwarden.sql.rewriting.shapes import (
    PLAIN,
    ROLES,
    aggregate,
    become,
    movable,
    only_of,
    output_name,
    replaced,
    table_text,
)
from pgwarden.sql.rewriting.tree import SELECT, Body, expression, statement

CODE = "filtered-aggregates"
REASON = "reads the table once for all the figures, each with its own FILTER, rather than once for each"


class Figure(NamedTuple):
    """One subquery of the list."""

    inner: Level
    name: str
    value: Node
    condition: Node | None


def apply(level: Level, _zone: str) -> str:
    """Rewrite it; the reason, '' where it could not be."""
    body = level.body
    if level.role not in ROLES or not level.plain_select or body.keys() - {"targetList", "limitOption", "op"}:
        return ""
    figures = [figure for item in body["targetList"] if (figure := _figure(level, item["ResTarget"])) is not None]
    if len(figures) < 2 or len(figures) != len(body["targetList"]):
        return ""
    first = figures[0].inner
    if any(not _same(first, figure.inner) for figure in figures):
        return ""
    table = first.body["fromClause"][0]
    made: Body = statement(f"SELECT 1 FROM {table_text(table)}")[SELECT]
    made["targetList"] = [{"ResTarget": {"name": f.name, "val": _filtered(f, first.sources[0].name)}} for f in figures]
    become(level, made)
    return REASON


def _same(first: Level, other: Level) -> bool:
    tables = [level.body["fromClause"][0]["RangeVar"] for level in (first, other)]
    return first.sources[0].relation is other.sources[0].relation and tables[0].get("inh") == tables[1].get("inh")


def _figure(level: Level, target: Body) -> Figure | None:
    link = target["val"].get("SubLink", {})
    body = link.get("subselect", {}).get(SELECT)
    if body is None or link.get("subLinkType") != "EXPR_SUBLINK" or body.keys() - PLAIN:
        return None
    if len(body["targetList"]) != 1 or len(body.get("fromClause", ())) != 1 or "RangeVar" not in body["fromClause"][0]:
        return None
    if body["fromClause"][0]["RangeVar"]["relname"] in level.ctes:
        return None
    (inner, *_) = levels(level.catalog, {SELECT: body})
    if len(inner.sources) != 1 or inner.sources[0].relation is None:
        return None
    shown = body["targetList"][0]["ResTarget"]
    called = aggregate(inner, shown["val"])
    name = target.get("name") or output_name(shown)
    if called is None or called.filtered or name is None:
        return None
    conditions = conjuncts(body.get("whereClause"))
    for condition in conditions:
        columns = movable(inner, condition)
        if columns is None or not only_of(columns, inner.sources[0]):
            return None
    return Figure(inner, str(name), shown["val"], together(conditions))


def _filtered(figure: Figure, alias: str) -> Node:
    """The aggregate with its condition, every column called by the one table's name."""

    def called(node: Node) -> Node | None:
        reference = figure.inner.reference(node) if "ColumnRef" in node else None
        if reference is None:
            return None
        return expression(f"{quote_identifier(alias)}.{quote_identifier(reference.column.name)}")

    value: Node = replaced(figure.value, called)
    if figure.condition is not None:
        value["FuncCall"]["agg_filter"] = replaced(figure.condition, called)
    return value
