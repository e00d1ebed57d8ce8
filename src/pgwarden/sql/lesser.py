"""Less than what was asked, for less work: versions of a read that are not the same, each with exactly what differs.

A bound where there is none, the columns that cost the most left out, no order, an estimate for a count. Nothing of
this is ever put in place of a statement: a person picks it, knowing what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from pgwarden.domain.advice import Purpose, Rewrite
from pgwarden.domain.catalog import Catalog
from pgwarden.sql.parse import Node, parse
from pgwarden.sql.rewriting import unused_join
from pgwarden.sql.rewriting.level import Level, levels
from pgwarden.sql.rewriting.shapes import PLAIN, output_name
from pgwarden.sql.rewriting.tree import SELECT, Body, nodes, statement, statement_text

GUESSED = "the number of rows as of the last ANALYZE or vacuum, which the server keeps; nothing is counted"
OWN = PLAIN | {"sortClause", "limitCount", "limitOffset"}
FEWEST_TO_ESTIMATE = 100_000
"""Rows; fewer are counted as fast as they are guessed."""


def lesser(sql: str, catalog: Catalog, *, rows: float, most: int) -> tuple[Rewrite, ...]:
    """Each such version of one SELECT. ``rows``: what the planner expects it to give; ``most``: rows of a bound."""
    statements = parse(sql).statements
    if len(statements) != 1 or SELECT not in statements[0]["stmt"] or "intoClause" in statements[0]["stmt"][SELECT]:
        return ()
    tree = statements[0]["stmt"]
    return tuple(_versions(tree, catalog, rows, most))


def _versions(tree: Node, catalog: Catalog, rows: float, most: int) -> Iterator[Rewrite]:
    body = tree[SELECT]
    if rows > most and not body.keys() & {"limitCount", "lockingClause", "valuesLists"}:
        yield _limited(tree, rows, most)
    if (found := _fewer_columns(tree, catalog)) is not None:
        yield found
    if (
        "sortClause" in body
        and not body.keys() & {"limitCount", "limitOffset"}
        and body.get("distinctClause", [{}]) == [{}]
    ):
        new = deepcopy(tree)
        del new[SELECT]["sortClause"]
        yield _different("unordered", new, "the same rows in no particular order")
    if (guess := _guessed_count(tree, catalog)) is not None:
        yield guess


def _limited(tree: Node, rows: float, most: int) -> Rewrite:
    new = deepcopy(tree)
    new[SELECT]["limitCount"] = {"A_Const": {"ival": {"ival": most}}}
    new[SELECT]["limitOption"] = "LIMIT_OPTION_COUNT"
    which = "the first in its order" if "sortClause" in tree[SELECT] else "whichever come first"
    return _different("limited", new, f"{most:,} of the about {rows:,.0f} rows, {which}; the others are left out")


def _fewer_columns(tree: Node, catalog: Catalog) -> Rewrite | None:
    """Without columns that a subquery or a window computes for each row, or that a LEFT JOIN only looks up."""
    new = deepcopy(tree)
    level = next(iter(levels(catalog, new)), None)
    if (
        level is None
        or not level.plain_select
        or level.body.keys() - PLAIN - {"sortClause", "limitCount", "limitOffset"}
    ):
        return None
    targets = level.body["targetList"]
    order = {name for item in level.body.get("sortClause", ()) for name in _bare_names(item)}
    if any("A_Star" in str(item) for item in targets) or _by_place(level.body):
        return None
    said, kept = [], []
    for item in targets:
        name, why = output_name(item["ResTarget"]) or "?column?", _computed(item["ResTarget"]["val"])
        if why and name not in order:
            said.append(f'the column "{name}", which {why}')
        else:
            kept.append(item)
    level.body["targetList"] = kept
    said += _without_joins(level)
    if not said or not level.body["targetList"]:
        return None
    return _different("fewer-columns", new, f"the same rows without {'; without '.join(said)}")


def _computed(value: Node) -> str:
    for kind, body in nodes(value):
        if kind == "SubLink":
            return "a subquery computes for each row"
        if kind == "FuncCall" and "over" in body:
            return "a window computes"
    return ""


def _without_joins(level: Level) -> list[str]:
    """Take out each LEFT JOIN of one row at most that only the list speaks of, with those columns."""
    said = []
    for source in list(level.sources):
        if source.relation is None or not source.nullable:
            continue
        held, tables = level.body["targetList"], deepcopy(level.body["fromClause"])
        shown = [item for item in held if _speaks_of(level, item, source.name)]
        level.body["targetList"] = [item for item in held if all(item is not each for each in shown)]
        unused_join.apply(level, "")
        if shown and level.body["targetList"] and not _is_joined(level, source.name):
            names = ", ".join(f'"{output_name(item["ResTarget"])}"' for item in shown)
            said.append(f"{names}, which {'comes' if len(shown) == 1 else 'come'} from {source.relation.name}")
        else:
            level.body["targetList"], level.body["fromClause"] = held, tables
    return said


def _is_joined(level: Level, name: str) -> bool:
    tables = (body for kind, body in nodes(level.body["fromClause"]) if kind == "RangeVar")
    return any(table.get("alias", {}).get("aliasname", table["relname"]) == name for table in tables)


def _speaks_of(level: Level, item: Node, name: str) -> bool:
    found = (level.reference({kind: body}) for kind, body in nodes(item) if kind == "ColumnRef")
    return any(reference is not None and reference.source.name == name for reference in found)


def _bare_names(item: Node) -> Iterator[str]:
    for kind, body in nodes(item):
        if kind == "ColumnRef" and len(body["fields"]) == 1 and "String" in body["fields"][0]:
            yield str(body["fields"][0]["String"]["sval"])


def _by_place(body: Body) -> bool:
    return any("A_Const" in item["SortBy"]["node"] for item in body.get("sortClause", ()))


def _guessed_count(tree: Node, catalog: Catalog) -> Rewrite | None:
    """For a bare count of a large table: what the server last estimated."""
    body = tree[SELECT]
    table = body.get("fromClause", [{}])[0].get("RangeVar") if len(body.get("fromClause", ())) == 1 else None
    if table is None or body.keys() - PLAIN or "whereClause" in body or len(body["targetList"]) != 1:
        return None
    call = body["targetList"][0]["ResTarget"]["val"].get("FuncCall", {})
    if not call.get("agg_star") or call.keys() - {"funcname", "agg_star", "funcformat", "location"}:
        return None
    relation = catalog.resolve_relation(table["relname"], table.get("schemaname"))
    if relation is None or relation.kind not in "rm" or relation.estimated_rows < FEWEST_TO_ESTIMATE:
        return None
    new = statement("SELECT reltuples::bigint AS count FROM pg_catalog.pg_class WHERE oid = 0")
    new[SELECT]["whereClause"]["A_Expr"]["rexpr"] = {"A_Const": {"ival": {"ival": relation.oid}}}
    return _different(
        "estimated-count",
        new,
        "the number of rows at the last ANALYZE or vacuum, as the server keeps it; not counted now",
    )


def _different(code: str, tree: Node, differs: str) -> Rewrite:
    return Rewrite(code, statement_text(tree), (f"Not the same: {differs}.",), Purpose.DIFFERENT, same=False)
