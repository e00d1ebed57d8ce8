"""Expressions other than calls and operators: constants, columns, rows, arrays, casts, conditions, sub-selects."""

from __future__ import annotations

import re
from typing import Any

from pgwarden.sql import names
from pgwarden.sql.calls import apply_as_function
from pgwarden.sql.operators import operate_rows
from pgwarden.sql.scope import NOTHING, UNCERTAIN, UNKNOWN_LITERAL, Scope, Source, Value, merged
from pgwarden.sql.typesystem import (
    BIT,
    BOOL,
    DATE,
    INT4,
    INT8,
    JSONB,
    NAME,
    NUMERIC,
    RECORD,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UNKNOWN,
)
from pgwarden.sql.walk import Walk, handles

Body = dict[str, Any]
_INT4, _BOOL, _NUMERIC, _INT8, _BIT = Value(INT4), Value(BOOL), Value(NUMERIC), Value(INT8), Value(BIT)
_CLOCKS = frozenset({DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ})
_CLOCK_WORDS = re.compile(r"\b(now|today|tomorrow|yesterday)\b", re.IGNORECASE)


@handles("A_Const", "ival fval sval bsval boolval isnull")
def constant(_walk: Walk, body: Body, _scope: Scope) -> Value:
    if "ival" in body:
        return _INT4
    if "sval" in body:
        return Value(UNKNOWN, NOTHING, None, body["sval"].get("sval", ""))
    if "boolval" in body:
        return _BOOL
    if "fval" in body:
        text = body["fval"].get("fval", "")
        return _INT8 if text.lstrip("-").isdigit() and abs(int(text[:20])) < 2**63 and len(text) < 20 else _NUMERIC
    return _BIT if "bsval" in body else UNKNOWN_LITERAL


@handles("ParamRef", "number")
def parameter(walk: Walk, body: Body, _scope: Scope) -> Value:
    number = body.get("number", 0)
    if walk.arguments is not None:
        if number in walk.arguments:
            return walk.arguments[number]
        walk.refuse("unknown-parameter", f"there is no parameter ${number}", body.get("location"))
        return UNCERTAIN
    if not number:
        walk.refuse("unknown-parameter", "parameters are numbered from $1", body.get("location"))
    walk.parameters = max(walk.parameters, number)
    return UNCERTAIN  # the client may say its type


@handles("ColumnRef", "fields")
def column(walk: Walk, body: Body, scope: Scope) -> Value:
    fields = body["fields"]
    location = body.get("location")
    if "A_Star" in fields[-1]:
        source = source_named(walk, fields[:-1], scope) if len(fields) > 1 else None
        return whole_row(walk, source, location) if source else _unknown(walk, fields, scope, location)
    if len(fields) == 1:
        name = fields[0]["String"]["sval"]
        if (value := scope.column(name)) is not None:
            return walk.touch(value, location)
        if (source := scope.source(name)) is not None:
            return whole_row(walk, source, location)
        return _unknown(walk, fields, scope, location)
    name = fields[-1]["String"]["sval"]
    if (source := source_named(walk, fields[:-1], scope)) is not None:
        if (value := source.shape.find(name)) is not None:
            return walk.touch(value, location)
        row = whole_row(walk, source, location)
        if (applied := apply_as_function(walk, name, None, row, location)) is not None:
            return applied
        hint = walk.close_to(name, source.shape.by_name)
        walk.refuse("unknown-column", f'{source.name} has no column "{name}"', location, hint)
        return UNCERTAIN
    if (value := _variable(walk, names.strings(fields), scope, location)) is not None:
        return value
    return _unknown(walk, fields, scope, location)


def _variable(walk: Walk, parts: list[str], scope: Scope, location: int | None) -> Value | None:
    """A field of a variable (``record.field``) or a variable qualified by its function or block."""
    for level in scope.levels():
        for length in range(len(parts), 0, -1) if level.variables else ():
            if (value := level.variables.get(".".join(parts[:length]))) is not None:
                for part in parts[length:]:
                    value = field_of(walk, value, part, location)
                return value
    return None


def source_named(walk: Walk, fields: list[dict[str, Any]], scope: Scope) -> Source | None:
    found = names.split(fields, walk.index.catalog.database)
    return scope.source(found[1], names.own_schema(walk, found[0])) if found else None


def whole_row(walk: Walk, source: Source, location: int | None) -> Value:
    return walk.touch(source.row, location)


def _unknown(walk: Walk, fields: list[dict[str, Any]], scope: Scope, location: int | None) -> Value:
    parts = [f["String"]["sval"] if "String" in f else "*" for f in fields]
    if len(parts) > 1:
        what = f'there is no table or alias "{".".join(parts[:-1])}" in this part of the statement'
        walk.refuse("unknown-table", what, location, walk.close_to(parts[-2], scope.names()))
    else:
        what = f'there is no column "{parts[0]}" in the tables of this part of the statement'
        walk.refuse("unknown-column", what, location, walk.close_to(parts[0], scope.names()))
    return UNCERTAIN


def field_of(walk: Walk, value: Value, name: str, location: int | None) -> Value:
    """``(value).name``: a field, or the function of that name applied to the value."""
    fields = value.fields
    if fields is None and (row := walk.index.row_of(value.type)) is not None:
        fields = row.columns
    if fields is not None:
        for known, found in fields:
            if known == name:
                return Value(found.type, value.lineage or found.lineage, found.fields)
    applied = apply_as_function(walk, name, None, value, location)
    if applied is not None:
        return applied
    if value.type in (0, RECORD) and fields is None:
        return Value(0, value.lineage)
    walk.refuse("unknown-column", f'a value of type {walk.types.name(value.type)} has no field "{name}"', location)
    return UNCERTAIN


@handles("A_Indirection", "arg indirection")
def indirection(walk: Walk, body: Body, scope: Scope) -> Value:
    return indirect(walk, walk.value(body["arg"], scope), body.get("indirection", []), scope)


def indirect(walk: Walk, value: Value, steps: list[dict[str, Any]], scope: Scope) -> Value:
    """Apply ``.field``, ``[subscript]`` and ``[slice]`` steps. A final ``.*`` leaves the value as it is."""
    for step in steps:
        if "String" in step:
            value = field_of(walk, value, step["String"].get("sval", ""), None)
        elif "A_Indices" in step:
            value = _subscript(walk, value, walk.mark(step), scope)
    return value


def _subscript(walk: Walk, value: Value, body: Body, scope: Scope) -> Value:
    base = walk.types.base(value.type)
    for key in ("lidx", "uidx"):
        if key in body:
            at = walk.value(body[key], scope)
            if base != JSONB:
                walk.coerce(at, INT4, None)
            value = Value(value.type, value.lineage | at.lineage)
    if body.keys() - {"is_slice", "lidx", "uidx"}:
        walk.refuse("not-understood", "this subscript is not understood", None)
    if body.get("is_slice"):
        return Value(base, value.lineage)
    element = walk.types.subscripted(value.type)
    return Value(element, value.lineage)


@handles("TypeCast", "arg typeName")
def cast(walk: Walk, body: Body, scope: Scope) -> Value:
    location = body.get("location")
    target = names.use_type(walk, body["typeName"], location)
    wanted = body["typeName"].get("arrayBounds")
    argument = body["arg"]
    if wanted and "A_ArrayExpr" in argument and target:
        value = array(walk, walk.mark(argument), scope, target)
    else:
        value = walk.value(argument, scope)
    if value.type == UNKNOWN and value.constant is not None and target in _CLOCKS:
        walk.stable = walk.stable and not _CLOCK_WORDS.search(value.constant)
    return walk.explicit(value, target, location)


@handles("CollateClause", "arg collname")
def collate(walk: Walk, body: Body, scope: Scope) -> Value:
    value = walk.value(body["arg"], scope)
    return Value(TEXT if value.type == UNKNOWN else value.type, value.lineage)


@handles("RowExpr", "args row_format colnames")
def row(walk: Walk, body: Body, scope: Scope) -> Value:
    values: list[Value] = []
    for node in body.get("args", ()):
        values += starred(walk, node, scope) or [walk.value(node, scope)]
    return Value(RECORD, merged(values), tuple((f"f{n}", v) for n, v in enumerate(values, 1)))


def starred(walk: Walk, node: dict[str, Any], scope: Scope) -> list[Value]:
    """The columns of ``x.*`` where a list of values expands it, else nothing."""
    reference = node.get("ColumnRef")
    if reference is not None and "A_Star" in reference["fields"][-1]:
        walk.seen.add(id(reference))
        return [value for _, value in star_columns(walk, reference, scope)]
    steps = node.get("A_Indirection")
    if steps is not None and "A_Star" in steps["indirection"][-1]:
        walk.seen.add(id(steps))
        value = indirect(walk, walk.value(steps["arg"], scope), steps["indirection"], scope)
        return [found for _, found in fields_of(walk, value)] or [UNCERTAIN]
    return []


def star_columns(walk: Walk, reference: Body, scope: Scope) -> list[tuple[str, Value]]:
    """What ``*`` or ``source.*`` stands for, secret columns noted."""
    fields, location = reference["fields"], reference.get("location")
    if len(fields) == 1:
        sources = [source for source in scope.sources if source.columns_visible]
        if not sources:
            walk.refuse("unknown-table", "there is no table that * could stand for", location)
        columns = [column for source in sources for column in source.shape.columns]
    else:
        source = source_named(walk, fields[:-1], scope)
        if source is not None:
            columns = list(source.shape.columns)
        elif (value := _variable(walk, names.strings(fields[:-1]), scope, location)) is not None:
            columns = list(fields_of(walk, value))
        else:
            _unknown(walk, fields, scope, location)
            return []
    for _, value in columns:
        walk.touch(value, location)
    return columns


def fields_of(walk: Walk, value: Value) -> tuple[tuple[str, Value], ...]:
    """The fields of a row value as far as they are known."""
    if value.fields is not None:
        return value.fields
    found = walk.index.row_of(value.type)
    return tuple((name, Value(v.type, value.lineage)) for name, v in found.columns) if found else ()


@handles("A_ArrayExpr", "elements list_start list_end")
def array_expression(walk: Walk, body: Body, scope: Scope) -> Value:
    return array(walk, body, scope, 0)


def array(walk: Walk, body: Body, scope: Scope, target: int) -> Value:
    """``ARRAY[…]``; under a cast to an array type each element becomes that array's element at once."""
    element = walk.types.element(target) if target else 0
    values = []
    for node in body.get("elements", ()):
        nested = node.get("A_ArrayExpr")
        values.append(array(walk, walk.mark(node), scope, target) if nested is not None else walk.value(node, scope))
    if not element:
        common = walk.types.common([v.type for v in values]) if values else UNKNOWN
        type_ = common if walk.types.element(common) else walk.types.array_of(common)
        for value in values:
            walk.coerce(value, common, body.get("location"))
        return Value(type_, merged(values))
    for value in values:
        if value.type != target:
            walk.explicit(value, element, body.get("location"))
    return Value(target, merged(values))


@handles("CaseExpr", "arg args defresult")
def case(walk: Walk, body: Body, scope: Scope) -> Value:
    tested = walk.value(body["arg"], scope) if "arg" in body else None
    results, decided = [], [tested] if tested else []
    for node in body["args"]:
        when = walk.mark(node)
        condition = walk.value(when["expr"], scope)
        if tested is not None:
            operate_rows(walk, "=", None, tested, condition, when.get("location"))
        else:
            walk.coerce(condition, BOOL, when.get("location"))
        decided.append(condition)
        results.append(walk.value(when["result"], scope))
    if "defresult" in body:
        results.append(walk.value(body["defresult"], scope))
    found = unify(walk, results, body.get("location"))
    return Value(found.type, found.lineage | merged(decided), found.fields)


def unify(walk: Walk, values: list[Value], location: int | None) -> Value:
    """All values as their common type."""
    type_ = walk.types.common([value.type for value in values])
    for value in values:
        walk.coerce(value, type_, location)
    fields = values[0].fields if values and type_ == RECORD else None
    return Value(type_, merged(values), fields)


@handles("CoalesceExpr", "args")
def coalesce(walk: Walk, body: Body, scope: Scope) -> Value:
    return unify(walk, walk.values(body["args"], scope), body.get("location"))


@handles("MinMaxExpr", "op args")
def greatest_or_least(walk: Walk, body: Body, scope: Scope) -> Value:
    found = unify(walk, walk.values(body["args"], scope), body.get("location"))
    walk.compare(found, body.get("location"))
    return found


@handles("BoolExpr", "boolop args")
def boolean(walk: Walk, body: Body, scope: Scope) -> Value:
    values = walk.values(body["args"], scope)
    for value in values:
        walk.coerce(value, BOOL, body.get("location"))
    return Value(BOOL, merged(values))


@handles("NullTest", "arg nulltesttype argisrow")
def null_test(walk: Walk, body: Body, scope: Scope) -> Value:
    return Value(BOOL, walk.value(body["arg"], scope).lineage)


@handles("BooleanTest", "arg booltesttype")
def boolean_test(walk: Walk, body: Body, scope: Scope) -> Value:
    value = walk.coerce(walk.value(body["arg"], scope), BOOL, body.get("location"))
    return Value(BOOL, value.lineage)


_SQL_VALUES = {
    "SVFOP_CURRENT_DATE": DATE,
    "SVFOP_CURRENT_TIME": TIMETZ,
    "SVFOP_CURRENT_TIME_N": TIMETZ,
    "SVFOP_CURRENT_TIMESTAMP": TIMESTAMPTZ,
    "SVFOP_CURRENT_TIMESTAMP_N": TIMESTAMPTZ,
    "SVFOP_LOCALTIME": TIME,
    "SVFOP_LOCALTIME_N": TIME,
    "SVFOP_LOCALTIMESTAMP": TIMESTAMP,
    "SVFOP_LOCALTIMESTAMP_N": TIMESTAMP,
}


@handles("SQLValueFunction", "op typmod")
def sql_value(walk: Walk, body: Body, _scope: Scope) -> Value:
    """``CURRENT_DATE``, ``CURRENT_USER`` and the like."""
    walk.stable = False
    return Value(_SQL_VALUES.get(body["op"], NAME))


@handles("SetToDefault", "typeId typeMod collation")
def default(walk: Walk, body: Body, _scope: Scope) -> Value:
    if not walk.changes:
        walk.refuse("not-understood", "DEFAULT stands for nothing outside INSERT and UPDATE", body.get("location"))
    return UNKNOWN_LITERAL


@handles("GroupingFunc", "args")
def grouping(walk: Walk, body: Body, scope: Scope) -> Value:
    return Value(INT4, merged(walk.values(body.get("args", ()), scope)))


@handles("MergeSupportFunc", "msftype msfcollid")
def merge_action(_walk: Walk, _body: Body, _scope: Scope) -> Value:
    return Value(TEXT)


@handles("NamedArgExpr", "arg name argnumber")
def named_argument(walk: Walk, body: Body, scope: Scope) -> Value:
    return walk.value(body["arg"], scope)


@handles("SubLink", "subLinkType testexpr operName subselect")
def sub_select(walk: Walk, body: Body, scope: Scope) -> Value:
    from pgwarden.sql.queries import query

    location = body.get("location")
    shape = query(walk, body["subselect"], scope)
    values = [value for _, value in shape.columns]
    kind = body["subLinkType"]
    if kind == "EXISTS_SUBLINK":
        return _BOOL
    if kind in ("ANY_SUBLINK", "ALL_SUBLINK", "ROWCOMPARE_SUBLINK"):
        tested = walk.value(body["testexpr"], scope)
        named = names.split(body["operName"], walk.index.catalog.database) if "operName" in body else (None, "=")
        other = (
            values[0] if len(values) == 1 and tested.fields is None else Value(RECORD, merged(values), shape.columns)
        )
        schema, name = named or (None, "=")
        walk.condition(tested)
        walk.condition(other)
        operate_rows(walk, name, schema, tested, other, location)
        return Value(BOOL, tested.lineage | merged(values))
    first = values[0] if values else UNCERTAIN
    if kind == "ARRAY_SUBLINK":
        type_ = first.type if walk.types.element(first.type) else walk.types.array_of(first.type)
        return Value(type_, first.lineage)
    if kind == "MULTIEXPR_SUBLINK":
        return Value(RECORD, merged(values), shape.columns)
    return Value(first.type, first.lineage, first.fields)
