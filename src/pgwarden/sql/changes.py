"""INSERT, UPDATE, DELETE and MERGE: what they read and name, judged like reads; running them needs approval."""

from __future__ import annotations

from typing import Any

from pgwarden.domain.catalog import Relation
from pgwarden.sql.expressions import indirect
from pgwarden.sql.queries import CHANGES, query, targets, with_clause
from pgwarden.sql.scope import UNCERTAIN, Scope, Shape, Source, Value
from pgwarden.sql.sources import find_relation, from_clause
from pgwarden.sql.typesystem import BOOL
from pgwarden.sql.walk import Walk, handles

Body = dict[str, Any]
_FIELDS = {
    "InsertStmt": "relation cols selectStmt onConflictClause returningClause withClause override",
    "UpdateStmt": "relation targetList whereClause fromClause returningClause withClause",
    "DeleteStmt": "relation usingClause whereClause returningClause withClause",
    "MergeStmt": "relation sourceRelation joinCondition mergeWhenClauses returningClause withClause",
}


def change(walk: Walk, kind: str, body: Body, outer: Scope) -> Shape:
    """The columns that a change returns; what it reads and writes is noted."""
    unknown = body.keys() - {*_FIELDS[kind].split(), "location"}
    if unknown:
        walk.refuse("not-understood", f"{kind} with {', '.join(sorted(unknown))}", None)
    walk.changes.append(kind.removesuffix("Stmt").upper())
    if not walk.own:
        walk.refuse("function-has-effects", f"it runs {walk.changes[-1]}", body["relation"].get("location"))
    scope = Scope(outer)
    if "withClause" in body:
        with_clause(walk, body["withClause"], scope)
    target = _target(walk, body["relation"])
    _WALKS[kind](walk, body, scope, target)
    return _returning(walk, body, scope, target)


def _target(walk: Walk, body: Body) -> Source:
    alias = body.get("alias", {}).get("aliasname")
    relation = find_relation(walk, body)
    if relation is None:
        return Source(alias or body["relname"], Shape((), opaque=True))
    walk.writes.add(relation.oid)
    _check_target(walk, relation, body.get("location"))
    if not walk.runs:
        walk.take(walk.index.of_written(relation, walk.changes[-1], walk.policy), body.get("location"))
    shape = walk.index.shape(relation, walk.policy)
    return Source(alias or relation.name.name, shape, None if alias else relation.name.schema)


def _check_target(walk: Walk, relation: Relation, location: int | None) -> None:
    if relation.kind == "f" and not walk.policy.foreign_tables:
        walk.refuse("foreign-table", f"{relation.name} is a table of another server", location)
    elif relation.name.schema in ("pg_catalog", "information_schema"):
        walk.refuse("system-table", f"{relation.name} belongs to PostgreSQL itself", location)


def _insert(walk: Walk, body: Body, scope: Scope, target: Source) -> None:
    given = [_column(walk, target, node, scope) for node in body.get("cols", ())]
    wanted = given or [value for _, value in target.shape.columns]
    if "selectStmt" in body:
        shape = query(walk, body["selectStmt"], scope)
        for (_, value), column in zip(shape.columns, wanted, strict=False):
            walk.coerce(value, column.type, None, "a")
    conflict = body.get("onConflictClause")
    scope.sources.append(target)
    if conflict is not None:
        _conflict(walk, conflict, scope, target)


def _conflict(walk: Walk, body: Body, scope: Scope, target: Source) -> None:
    inside = Scope(scope.parent, [target, Source("excluded", target.shape)])
    inside.ctes, inside.variables = scope.ctes, scope.variables
    infer = body.get("infer", {})
    for node in infer.get("indexElems", ()):
        element = walk.mark(node)
        if "expr" in element:
            walk.value(element["expr"], inside)
    _assign(walk, body.get("targetList", ()), inside, target)
    for holder in (infer, body):
        if "whereClause" in holder:
            walk.condition(walk.coerce(walk.value(holder["whereClause"], inside), BOOL, None))


def _column(walk: Walk, target: Source, node: dict[str, Any], scope: Scope) -> Value:
    body = walk.mark(node)
    value = target.shape.find(body.get("name", ""))
    if value is None:
        hint = walk.close_to(body.get("name", ""), target.shape.by_name)
        text = f'{target.name} has no column "{body.get("name", "")}"'
        walk.refuse("unknown-column", text, body.get("location"), hint)
        return UNCERTAIN
    return indirect(walk, Value(value.type), body.get("indirection", []), scope)


def _assign(walk: Walk, nodes: Any, scope: Scope, target: Source) -> None:
    """``SET column = value`` and ``SET (a, b) = row``."""
    for node in nodes:
        column = _column(walk, target, node, scope)
        value = node["ResTarget"]["val"]
        if "MultiAssignRef" in value:
            reference = value["MultiAssignRef"]
            walk.seen.add(id(reference))
            walk.value(reference["source"], scope)  # each column of the list holds a copy
        else:
            walk.coerce(walk.value(value, scope), column.type, None, "a")


def _update(walk: Walk, body: Body, scope: Scope, target: Source) -> None:
    scope.sources.append(target)
    from_clause(walk, body.get("fromClause", ()), scope)
    _assign(walk, body.get("targetList", ()), scope, target)
    _where(walk, body, scope)


def _delete(walk: Walk, body: Body, scope: Scope, target: Source) -> None:
    scope.sources.append(target)
    from_clause(walk, body.get("usingClause", ()), scope)
    _where(walk, body, scope)


def _where(walk: Walk, body: Body, scope: Scope) -> None:
    where = body.get("whereClause")
    if where is None:
        return
    if "CurrentOfExpr" in where:
        walk.mark(where)
        walk.refuse("uses-cursor", "WHERE CURRENT OF speaks of a cursor of another statement", None)
        return
    walk.condition(walk.coerce(walk.value(where, scope), BOOL, None))


def _merge(walk: Walk, body: Body, scope: Scope, target: Source) -> None:
    from_clause(walk, [body["sourceRelation"]], scope)
    scope.sources.append(target)
    walk.condition(walk.coerce(walk.value(body["joinCondition"], scope), BOOL, None))
    for node in body.get("mergeWhenClauses", ()):
        clause = walk.mark(node)
        if "condition" in clause:
            walk.condition(walk.coerce(walk.value(clause["condition"], scope), BOOL, None))
        if clause.get("commandType") == "CMD_INSERT":
            for item in clause.get("targetList", ()):
                _column(walk, target, item, scope)
        else:
            _assign(walk, clause.get("targetList", ()), scope, target)
        for item in clause.get("values", ()):
            walk.value(item, scope)


def _returning(walk: Walk, body: Body, scope: Scope, target: Source) -> Shape:
    clause = body.get("returningClause")
    if clause is None:
        return Shape(())
    inner = Scope(scope.parent, [*scope.sources])
    inner.ctes, inner.variables = scope.ctes, scope.variables
    renamed = {}
    for node in clause.get("options", ()):
        option = walk.mark(node)
        renamed[option["option"]] = option["value"]
    for kind, name in (("RETURNING_OPTION_OLD", "old"), ("RETURNING_OPTION_NEW", "new")):
        source = Source(renamed.get(kind, name), target.shape)
        source.columns_visible = False
        inner.sources.append(source)
    return Shape(tuple(targets(walk, clause.get("exprs", []), inner)))


_WALKS = {"InsertStmt": _insert, "UpdateStmt": _update, "DeleteStmt": _delete, "MergeStmt": _merge}
CHANGES.update(dict.fromkeys(_WALKS, change))


@handles("MultiAssignRef", "source colno ncolumns")
def multiple(walk: Walk, body: Body, scope: Scope) -> Value:
    return walk.value(body["source"], scope)
