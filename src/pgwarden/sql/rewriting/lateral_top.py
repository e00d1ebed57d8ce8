"""The first n of each group by ``row_number()`` → a bounded look-up for each group (LATERAL), which can use an index.

Valid where the rows' order within a group is total (it holds a unique key), the grouping column is never NULL, and the
row number is used for nothing else. The groups come from the table that a foreign key points at, or are found first.
"""

from __future__ import annotations

from typing import NamedTuple

from pgwarden.domain.catalog import Relation, quote_identifier
from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import conjuncts, either_way, together
from pgwarden.sql.rewriting.level import Level, Reference, Source, levels
from pgwarden.sql.rewriting.proofs import family, is_unique, never_null
from pgwarden.sql.rewriting.shapes import PLAIN, ROLES, movable, output_name, table_text, text
from pgwarden.sql.rewriting.tree import SELECT, Body, expression_text, integer, nodes, statement

CODE = "lateral-top"
REASON = "looks up the first rows of each group by themselves, rather than numbering every row"
OWN = PLAIN | {"sortClause", "withClause", "groupClause", "havingClause", "distinctClause"}


class Numbered(NamedTuple):
    """A subquery that numbers the rows of groups."""

    inner: Level
    number: str
    group: Reference
    order: list[Node]
    shown: list[Body]


def apply(level: Level, _zone: str) -> str:
    """Rewrite it; the reason, '' where it could not be."""
    body = level.body
    if level.role not in ROLES or not level.plain_select or body.keys() - OWN or len(body.get("fromClause", ())) != 1:
        return ""
    derived = body["fromClause"][0].get("RangeSubselect", {})
    alias = derived.get("alias", {})
    if derived.get("lateral") or "colnames" in alias or SELECT not in derived.get("subquery", {}):
        return ""
    found = _numbered(level, derived["subquery"][SELECT])
    if found is None:
        return ""
    conditions = conjuncts(body.get("whereClause"))
    bounds = [(each, most) for each in conditions if (most := _bound(each, found.number, alias["aliasname"]))]
    others = [each for each in conditions if all(each is not bound for bound, _ in bounds)]
    rest = {key: value for key, value in body.items() if key not in ("fromClause", "whereClause")}
    if len(bounds) != 1 or _names(found.number, [rest, others]):
        return ""
    body["fromClause"] = statement(f"SELECT 1 FROM {_lateral(found, bounds[0][1], alias['aliasname'])}")[SELECT][
        "fromClause"
    ]
    if others:
        body["whereClause"] = together(others)
    else:
        del body["whereClause"]
    return REASON


def _numbered(level: Level, body: Body) -> Numbered | None:
    if body.keys() - PLAIN or len(body.get("fromClause", ())) != 1 or "RangeVar" not in body["fromClause"][0]:
        return None
    if body["fromClause"][0]["RangeVar"]["relname"] in level.ctes:
        return None
    (inner, *_) = levels(level.catalog, {SELECT: body})
    if len(inner.sources) != 1 or inner.sources[0].relation is None or inner.sources[0].relation.withheld:
        return None
    targets = [item["ResTarget"] for item in body["targetList"]]
    numbers = [target for target in targets if "FuncCall" in target["val"]]
    shown = [target for target in targets if target not in numbers]
    if len(numbers) != 1 or "name" not in numbers[0] or any(inner.reference(t["val"]) is None for t in shown):
        return None
    names = [output_name(target) for target in targets]
    if len(set(names)) != len(names) or any(movable(inner, c) is None for c in conjuncts(body.get("whereClause"))):
        return None
    call = numbers[0]["val"]["FuncCall"]
    window = call.get("over", {})
    named = [part["String"]["sval"] for part in call["funcname"]][-1]
    if named != "row_number" or call.keys() - {"funcname", "over", "funcformat", "location"}:
        return None
    if window.keys() & {"name", "refname"} or len(window.get("partitionClause", ())) != 1:
        return None
    group = inner.reference(window["partitionClause"][0])
    order = window.get("orderClause", [])
    keys = [inner.reference(item["SortBy"]["node"]) for item in order]
    if group is None or any(key is None for key in keys) or not never_null(level.catalog, group):
        return None
    held = [group.column.number, *(key.column.number for key in keys if key)]
    if not is_unique(level.catalog, inner.sources[0], held):
        return None
    return Numbered(inner, str(numbers[0]["name"]), group, order, shown)


def _bound(condition: Node, number: str, alias: str) -> int | None:
    """n of ``number <= n``, ``number < n + 1`` and ``number = 1``."""
    for operator, left, right in either_way(condition):
        fields = [part.get("String", {}).get("sval") for part in left.get("ColumnRef", {}).get("fields", ())]
        value = integer(right)
        if value is None or fields not in ([number], [alias, number]):
            continue
        if operator == "<=" or (operator == "=" and value == 1):
            return value if value >= 1 else None
        if operator == "<":
            return value - 1 if value >= 2 else None
    return None


def _names(number: str, value: object) -> bool:
    """Whether anything may mean the row number."""
    for kind, body in nodes(value):
        if kind == "A_Star" or (kind == "ColumnRef" and body["fields"][-1].get("String", {}).get("sval") == number):
            return True
        if kind == "SubLink":  # it may mean it by a name that it leaves out
            return True
    return False


def _lateral(found: Numbered, most: int, alias: str) -> str:
    inner, group = found.inner, found.group
    (source,) = inner.sources
    groups = "groups" if alias != "groups" else "all_groups"
    shown = ", ".join(
        f"{expression_text(target['val'])} AS {quote_identifier(output_name(target) or '')}" for target in found.shown
    )
    order = ", ".join(_sorted(item) for item in found.order)
    own = f"{quote_identifier(source.name)}.{quote_identifier(group.column.name)}"
    table = table_text(inner.body["fromClause"][0])
    conditions = " AND ".join(
        filter(None, [text(conjuncts(inner.body.get("whereClause"))), f"{own} = {groups}.{groups}_key"])
    )
    return (
        f"{_groups(found, groups)} {groups} CROSS JOIN LATERAL (SELECT {shown or '1'} FROM {table}"
        f" WHERE {conditions} ORDER BY {order} LIMIT {most}) {quote_identifier(alias)}"
    )


def _sorted(item: Node) -> str:
    """One item of an order, as SQL."""
    from pgwarden.sql.rewriting.tree import statement_text

    made = statement("SELECT 1 ORDER BY 1")
    made[SELECT]["sortClause"] = [item]
    return statement_text(made).partition("ORDER BY ")[2]


def _groups(found: Numbered, name: str) -> str:
    """The groups as a table of one column, ``name``_key: from the table pointed at, or else found first."""
    inner, group = found.inner, found.group
    (source,) = inner.sources
    assert source.relation is not None
    parent = _pointed_at(inner, source, group)
    if parent is not None:
        relation, number = parent
        column = relation.column_at(number)
        assert column is not None
        return f"(SELECT {quote_identifier(column.name)} AS {name}_key FROM {relation.name})"
    key = f"{quote_identifier(source.name)}.{quote_identifier(group.column.name)}"
    return f"(SELECT DISTINCT {key} AS {name}_key FROM {table_text(inner.body['fromClause'][0])})"


def _pointed_at(inner: Level, source: Source, group: Reference) -> tuple[Relation, int] | None:
    """The table whose unique key holds every value of the group, by a validated foreign key, and that key."""
    child = source.relation
    assert child is not None
    if child.kind != "r" or len(family(inner.catalog, child)) > 1:
        return None
    for key in child.foreign_keys:
        parent = inner.catalog.relations.get(key.foreign_oid or 0)
        if parent is None or key.columns != (group.column.number,) or not key.validated or parent.row_security:
            continue
        column = parent.column_at(key.foreign_columns[0])
        unique = is_unique(inner.catalog, Source("", parent), key.foreign_columns)
        if (
            parent.kind == "r"
            and unique
            and not parent.withheld
            and column
            and column.type_oid == group.column.type_oid
        ):
            return parent, key.foreign_columns[0]
    return None
