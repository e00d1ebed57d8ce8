"""A join whose table nothing else in the query names.

Valid where it neither adds nor removes rows: a LEFT JOIN on a unique key of the table, or an inner join along a
validated foreign key of NOT NULL columns to the key of a table without row-level security. The latter leans on the
constraint: a role that may switch constraint triggers off can break it.
"""

from __future__ import annotations

from typing import Any

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import comparison, conjuncts
from pgwarden.sql.rewriting.level import Level, Source
from pgwarden.sql.rewriting.proofs import column_never_null, family, is_unique
from pgwarden.sql.rewriting.tree import Body, nodes, plain

CODE = "unused-join"
REASON = "leaves out a table of which nothing is used and which neither adds nor removes rows"


def apply(level: Level, _zone: str) -> bool:
    """Remove every such join of the level; whether there was one."""
    if not level.plain_select or any(
        kind == "JoinExpr" and body.keys() & {"usingClause", "isNatural", "alias"}
        for kind, body in nodes(level.body.get("fromClause", []), into_selects=False)
    ):
        return False
    before = [plain(item) for item in level.body.get("fromClause", ())]
    for place in range(len(before)):
        level.body["fromClause"][place] = _pruned(level, level.body["fromClause"][place])
    return before != [plain(item) for item in level.body.get("fromClause", ())]


def _pruned(level: Level, item: Node) -> Node:
    join = item.get("JoinExpr")
    if join is None:
        return item
    join["larg"] = _pruned(level, join["larg"])
    join["rarg"] = _pruned(level, join["rarg"])
    left: Node = join["larg"]
    return left if _removable(level, join) else item


def _removable(level: Level, join: Body) -> bool:
    if "RangeVar" not in join["rarg"] or "quals" not in join:
        return False
    table = join["rarg"]["RangeVar"]
    name = table.get("alias", {}).get("aliasname", table["relname"])
    source = next((s for s in level.sources if s.name == name), None)
    if source is None or source.relation is None or source.relation.withheld or _used(level, join, source):
        return False
    pairs = _pairs(level, join["quals"], source)
    if pairs is None:
        return False
    if join.get("jointype") == "JOIN_LEFT":
        return is_unique(level.catalog, source, [own for own, _, _ in pairs])
    return join.get("jointype", "JOIN_INNER") == "JOIN_INNER" and _always_one(level, source, pairs)


def _used(level: Level, join: Body, source: Source) -> bool:
    """Whether anything outside the join's condition may mean the table."""
    outside: list[Any] = [value for key, value in level.body.items() if key != "fromClause"]
    waiting: list[Node] = list(level.body["fromClause"])
    while waiting:
        kind, body = next(iter(waiting.pop().items()))
        if kind != "JoinExpr":
            outside.append(body)
        elif body is join:
            waiting.append(body["larg"])
        else:
            waiting += [body["larg"], body["rarg"]]
            outside.append(body.get("quals", []))
    assert source.relation is not None
    columns = {column.name for column in source.relation.columns}
    for kind, body in nodes(outside):
        if kind == "ColumnRef":
            fields = body["fields"]
            first = fields[0].get("String", {}).get("sval")
            if "A_Star" in fields[-1] and len(fields) == 1:
                return True
            if first == source.name or len(fields) > 2 or (len(fields) == 1 and first in columns):
                return True
        elif kind == "LockingClause":
            return True
    return False


def _pairs(level: Level, quals: Node, source: Source) -> list[tuple[int, Source, int]] | None:
    """(column of the table, other table, its column) of each equality; None where the condition says more."""
    found = []
    for condition in conjuncts(quals):
        pair = comparison(condition)
        sides = [level.reference(node) for node in pair[1:]] if pair and pair[0] == "=" else [None]
        ours = [s for s in sides if s is not None and s.source is source]
        others = [s for s in sides if s is not None and s.source is not source and not s.outer]
        if len(ours) != 1 or len(others) != 1 or ours[0].column.type_oid != others[0].column.type_oid:
            return None
        found.append((ours[0].column.number, others[0].source, others[0].column.number))
    return found


def _always_one(level: Level, parent: Source, pairs: list[tuple[int, Source, int]]) -> bool:
    """Whether a foreign key promises exactly one row of the parent."""
    child, relation = pairs[0][1], parent.relation
    if child.relation is None or child.nullable or any(source is not child for _, source, _ in pairs):
        return False
    if relation is None or relation.row_security or not is_unique(level.catalog, parent, [own for own, _, _ in pairs]):
        return False
    if relation.kind != "r" or child.relation.kind != "r" or len(family(level.catalog, child.relation)) > 1:
        return False
    types = [level.catalog.types.get(c.type_oid) for c in relation.columns if c.number in {own for own, _, _ in pairs}]
    if any(kind is None or kind.kind in "rm" for kind in types):  # a key with PERIOD promises no equal range
        return False
    wanted = {(theirs, own) for own, _, theirs in pairs}
    if not all(column_never_null(level.catalog, child.relation, theirs) for theirs, _ in wanted):
        return False
    return any(
        key.foreign_oid == relation.oid
        and key.validated
        and set(zip(key.columns, key.foreign_columns, strict=True)) == wanted
        for key in child.relation.foreign_keys
    )
