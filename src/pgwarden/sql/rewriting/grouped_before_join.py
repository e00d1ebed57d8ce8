"""Grouping the many rows of a join before they are joined: ``parent JOIN child … GROUP BY parent.key, …``.

The rows of a group all belong to one parent, since its unique key is among the grouped columns; so the child's rows can
be grouped by what points at that key, and each parent meets at most one row. Valid where one equality joins two tables,
every aggregate is over the child, everything else is of the parent, and each condition speaks of one table only. Under
a LEFT JOIN a parent without children still gives a row: its counts are 0, and its count(*) is 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pgwarden.domain.catalog import quote_identifier
from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import comparison, conjuncts, together
from pgwarden.sql.rewriting.level import Level, Reference, Source
from pgwarden.sql.rewriting.proofs import is_unique
from pgwarden.sql.rewriting.shapes import (
    AGGREGATES,
    PLAIN,
    ROLES,
    Aggregate,
    aggregate,
    become,
    exact,
    movable,
    only_of,
    output_name,
    replaced,
    table_text,
    unused_name,
    where,
)
from pgwarden.sql.rewriting.tree import SELECT, Body, expression, expression_text, integer, nodes, statement

CODE = "grouped-before-join"
REASON = "groups the rows of {} before they are joined: {} is a unique key, so each of its rows meets one group"
OWN = PLAIN | {"sortClause", "withClause", "groupClause", "havingClause"}
NAMED = frozenset({"ColumnRef", "FuncCall", "A_Expr", "CoalesceExpr", "A_Const"})
"""Outputs whose name does not change with what is inside of them."""


@dataclass(slots=True)
class Pairing:
    """Two joined tables, with the equality that joins them and the conditions on each."""

    parent: Source
    child: Source
    key: Reference
    points: Reference
    tables: dict[str, Node]
    left: bool
    of_parent: list[Node]
    of_child: list[Node]
    values: list[str] = field(default_factory=list)
    """The aggregates, as SQL, in the order of their columns."""


def apply(level: Level, _zone: str) -> str:
    """Rewrite it; the reason, '' where it could not be."""
    body = level.body
    if level.role not in ROLES or not level.plain_select or body.keys() - OWN or "groupClause" not in body:
        return ""
    if len(level.sources) != 2 or any(s.relation is None or s.relation.withheld for s in level.sources):
        return ""
    first, second = level.sources
    for parent, child in ((first, second), (second, first)):
        pairing = _pairing(level, parent, child)
        if pairing is not None and _grouped_by_parent(level, pairing) and (made := _made(level, pairing)):
            become(level, made)
            key = f"{parent.name}.{pairing.key.column.name}"
            return REASON.format(child.name, key)
    return ""


def _pairing(level: Level, parent: Source, child: Source) -> Pairing | None:
    items = level.body["fromClause"]
    join = items[0].get("JoinExpr") if len(items) == 1 else None
    kind = join.get("jointype", "JOIN_INNER") if join else "JOIN_INNER"
    sides = [join["larg"], join["rarg"]] if join else items
    if len(sides) != 2 or any("RangeVar" not in side for side in sides) or kind not in ("JOIN_INNER", "JOIN_LEFT"):
        return None
    if join and (join.keys() & {"usingClause", "isNatural", "alias"} or "quals" not in join):
        return None
    left = kind == "JOIN_LEFT"
    if left and parent is not level.sources[0]:
        return None
    tables = dict(zip([source.name for source in level.sources], sides, strict=True))
    joining = conjuncts(join.get("quals")) if join else []
    filtering = conjuncts(level.body.get("whereClause"))
    found = _equality(level, joining if join else filtering, parent, child)
    if found is None:
        return None
    condition, key, points = found
    pairing = Pairing(parent, child, key, points, tables, left, [], [])
    for each, inside_join in [*((c, True) for c in joining), *((c, False) for c in filtering)]:
        if each is condition:
            continue
        columns = movable(level, each)
        if columns is None:
            return None
        if only_of(columns, parent) and not (left and inside_join):
            pairing.of_parent.append(each)
        elif columns and only_of(columns, child) and not (left and not inside_join):
            pairing.of_child.append(each)
        else:
            return None
    return pairing


def _equality(
    level: Level, conditions: list[Node], parent: Source, child: Source
) -> tuple[Node, Reference, Reference] | None:
    for condition in conditions:
        pair = comparison(condition)
        if pair is None or pair[0] != "=":
            continue
        sides = [level.reference(node) for node in pair[1:]]
        key = next((s for s in sides if s is not None and s.source is parent), None)
        points = next((s for s in sides if s is not None and s.source is child), None)
        if key is None or points is None or key.column.type_oid != points.column.type_oid or not exact(key.column):
            continue
        if key.column.collation_oid == points.column.collation_oid and is_unique(
            level.catalog, parent, [key.column.number]
        ):
            return condition, key, points
    return None


def _grouped_by_parent(level: Level, pairing: Pairing) -> bool:
    targets = [item["ResTarget"]["val"] for item in level.body["targetList"]]
    keys = []
    for item in level.body["groupClause"]:
        place = integer(item)
        keys.append(level.reference(targets[place - 1] if place is not None and place <= len(targets) else item))
    if any(key is None or key.source is not pairing.parent for key in keys):
        return False
    return any(key is not None and key.column.number == pairing.key.column.number for key in keys)


def _made(level: Level, pairing: Pairing) -> Body | None:
    name = unused_name(level, "grouped")
    key = unused_name(level, "grouped_key")
    targets = [_target(level, pairing, item["ResTarget"], name) for item in level.body["targetList"]]
    having = [_moved(level, pairing, each, name) for each in conjuncts(level.body.get("havingClause"))]
    outputs = [output_name(item["ResTarget"]) for item in level.body["targetList"]]
    order = [
        item if _bare(item) in outputs else _moved(level, pairing, item, name)
        for item in level.body.get("sortClause", ())
    ]
    if not pairing.values or any(part is None for part in (*targets, *having, *order)):
        return None
    points = f"{quote_identifier(pairing.child.name)}.{quote_identifier(pairing.points.column.name)}"
    shown = ", ".join([f"{points} AS {key}", *(f"{v} AS {name}_{n}" for n, v in enumerate(pairing.values, 1))])
    inner = f"SELECT {shown} FROM {table_text(pairing.tables[pairing.child.name])}{where(pairing.of_child)}"
    parent = f"{quote_identifier(pairing.parent.name)}.{quote_identifier(pairing.key.column.name)}"
    join = "LEFT JOIN" if pairing.left else "JOIN"
    made: Body = statement(
        f"SELECT 1 FROM {table_text(pairing.tables[pairing.parent.name])} {join} ({inner} GROUP BY {points}) {name}"
        f" ON {name}.{key} = {parent}"
    )[SELECT]
    made["targetList"] = targets
    conditions = together([*pairing.of_parent, *[each for each in having if each]])
    return made | ({"whereClause": conditions} if conditions else {}) | ({"sortClause": order} if order else {})


def _bare(item: Node) -> str:
    """The bare name that an item of ORDER BY is, which means an output before a column; '' for anything else."""
    fields = item["SortBy"]["node"].get("ColumnRef", {}).get("fields", [])
    return str(fields[0]["String"]["sval"]) if len(fields) == 1 and "String" in fields[0] else ""


def _target(level: Level, pairing: Pairing, target: Body, name: str) -> Node | None:
    moved = _moved(level, pairing, target["val"], name)
    if moved is None or ("name" not in target and not target["val"].keys() & NAMED):
        return None
    called = output_name(target)
    return {"ResTarget": {"val": moved} | ({"name": called} if called else {})}


def _moved(level: Level, pairing: Pairing, part: Node, name: str) -> Node | None:
    """The part with each aggregate as a column of the grouped rows; None where something else is of the child."""
    possible = True

    def replace(node: Node) -> Node | None:
        nonlocal possible
        called = aggregate(level, node)
        if called is not None:
            possible &= _of_child(level, pairing, called, node)
            return expression(_column(pairing, called, expression_text(node), name))
        if "ColumnRef" in node:
            reference = level.reference(node)
            possible &= reference is not None and reference.source is pairing.parent
        elif "FuncCall" in node:
            last = node["FuncCall"]["funcname"][-1]["String"]["sval"]
            possible &= last not in AGGREGATES and not node["FuncCall"].keys() & {"over", "agg_star", "agg_order"}
            possible &= movable(level, {"FuncCall": {**node["FuncCall"], "args": []}}) is not None
        elif "SubLink" in node:
            possible = False
        return None

    new: Node = replaced(part, replace)
    return new if possible else None


def _of_child(level: Level, pairing: Pairing, called: Aggregate, node: Node) -> bool:
    """Whether an aggregate is over rows of the child alone."""
    columns = [r for kind, body in nodes(node) if kind == "ColumnRef" and (r := level.reference({kind: body}))]
    if not only_of(columns, pairing.child):
        return False
    return not (pairing.left and called.argument is None and called.filtered)


def _column(pairing: Pairing, called: Aggregate, sql: str, name: str) -> str:
    if sql not in pairing.values:
        pairing.values.append(sql)
    column = f"{name}.{name}_{pairing.values.index(sql) + 1}"
    if called.name != "count" or not pairing.left:
        return column
    return f"coalesce({column}, {0 if called.argument is not None else 1})"
