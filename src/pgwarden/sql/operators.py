"""Operators in all their spellings: ``a + b``, IN, BETWEEN, LIKE, DISTINCT FROM, ANY and ALL, comparisons of rows."""

from __future__ import annotations

from typing import Any

from pgwarden.sql import names
from pgwarden.sql.scope import UNCERTAIN, Scope, Value, merged
from pgwarden.sql.typesystem import BOOL, UNKNOWN
from pgwarden.sql.walk import Walk, handles

Body = dict[str, Any]
_BETWEEN = {
    "AEXPR_BETWEEN": (">=", "<="),
    "AEXPR_NOT_BETWEEN": ("<", ">"),
    "AEXPR_BETWEEN_SYM": (">=", "<=", ">=", "<="),
    "AEXPR_NOT_BETWEEN_SYM": ("<", ">", "<", ">"),
}
_BOOLEAN_KINDS = frozenset({"AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"})


@handles("A_Expr", "kind name lexpr rexpr rexpr_list_start rexpr_list_end")
def expression(walk: Walk, body: Body, scope: Scope) -> Value:
    kind = body["kind"]
    location = body.get("location")
    if kind in _BETWEEN:
        return _between(walk, kind, body, scope)
    found = names.split(body["name"], walk.index.catalog.database)
    if found is None:
        walk.refuse("unknown-operator", "an operator of another database", location)
        return UNCERTAIN
    schema, name = found
    if kind == "AEXPR_IN":
        return _in(walk, schema, name, body, scope)
    left = walk.value(body["lexpr"], scope) if "lexpr" in body else None
    right = walk.value(body["rexpr"], scope)
    if kind in ("AEXPR_OP_ANY", "AEXPR_OP_ALL"):
        return _any(walk, schema, name, left or UNCERTAIN, right, location)
    result = operate_rows(walk, name, schema, left, right, location)
    if kind == "AEXPR_NULLIF" and left is not None:
        return Value(left.type, left.lineage | right.lineage)
    return Value(BOOL, result.lineage) if kind in _BOOLEAN_KINDS else result


def _between(walk: Walk, kind: str, body: Body, scope: Scope) -> Value:
    tested = walk.value(body["lexpr"], scope)
    low, high = walk.values(body["rexpr"]["List"]["items"], scope)
    bounds = (low, high, high, low)
    for name, bound in zip(_BETWEEN[kind], bounds, strict=False):
        operate_rows(walk, name, None, tested, bound, body.get("location"))
    return Value(BOOL, merged([tested, low, high]))


def _in(walk: Walk, schema: str | None, name: str, body: Body, scope: Scope) -> Value:
    tested = walk.value(body["lexpr"], scope)
    items = body["rexpr"]["List"]["items"]
    done: set[int] = set()
    values = [tested]
    plain = []
    for item in items:
        value = walk.value(item, scope)
        plain.append(value.type)
        if value.lineage:
            values.append(value)
        if value.fields is not None or value.type not in done:  # one look per type: lists may have 200,000 items
            done.add(value.type)
            operate_rows(walk, name, schema, tested, value, body.get("location"))
    common = walk.types.common([tested.type, *dict.fromkeys(plain)])
    if common and tested.fields is None:  # the server may turn the list into one array of the common type
        operate(walk, name, schema, tested, Value(common), body.get("location"))
    return Value(BOOL, merged(values))


def _any(walk: Walk, schema: str | None, name: str, left: Value, right: Value, location: int | None) -> Value:
    element = UNKNOWN if right.type == UNKNOWN else walk.types.element(right.type)
    operate(walk, name, schema, left, Value(element), location)
    return Value(BOOL, left.lineage | right.lineage)


def operate_rows(
    walk: Walk, name: str, schema: str | None, left: Value | None, right: Value, location: int | None
) -> Value:
    """An operator on two values; on two row constructors it works field by field."""
    ours, theirs = (left.fields if left else None) or (), right.fields or ()
    if left is not None and ours and len(ours) == len(theirs):
        for (_, a), (_, b) in zip(ours, theirs, strict=True):
            operate_rows(walk, name, schema, a, b, location)
            walk.compare(a, location)
        return Value(BOOL, left.lineage | right.lineage)
    return operate(walk, name, schema, left, right, location)


def operate(walk: Walk, name: str, schema: str | None, left: Value | None, right: Value, location: int | None) -> Value:
    """Resolve one operator, note its function and what its operands go through, and give its result."""
    lineage = right.lineage if left is None else left.lineage | right.lineage
    wanted = names.own_schema(walk, schema)
    operation = walk.resolver.operation(name, wanted, -1 if left is None else left.type, right.type)
    if operation is None:
        known = walk.index.catalog.operators_by_name
        hint = walk.close_to(name, known) if len(name) > 1 else ""
        walk.refuse("unknown-operator", f"operator {name} does not exist", location, hint)
        return Value(0, lineage)
    for operator in operation.operators:
        lineage |= walk.run_oid(operator.function_oid, location, lineage)
    if left is not None:
        if operation.left:
            walk.coerce(left, operation.left, location)
        if operation.operators[0].oid >= 16384 or left.type >= 16384 or left.fields is not None:
            walk.use(left, location)
            walk.compare(left, location)
    if operation.right:
        walk.coerce(right, operation.right, location)
    return Value(operation.result, lineage)
