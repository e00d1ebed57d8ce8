"""Function calls: plain, aggregate, window, by attribute notation, and casts written as calls."""

from __future__ import annotations

from typing import Any

from pgwarden.sql import effects, names
from pgwarden.sql.resolution import Call
from pgwarden.sql.scope import NOTHING, UNCERTAIN, Fields, Lineage, Scope, Value, merged
from pgwarden.sql.typesystem import (
    ANY,
    COMPATIBLE,
    POLYMORPHIC,
    RECORD,
    RECORDS,
    UNKNOWN,
)
from pgwarden.sql.walk import Walk, handles

Body = dict[str, Any]
_VALIDATORS = frozenset({"pg_input_is_valid", "pg_input_error_info"})
_PROBES = frozenset({"current_setting"})


@handles(
    "FuncCall",
    "funcname args agg_order agg_filter over agg_within_group agg_star agg_distinct func_variadic funcformat",
)
def function_call(walk: Walk, body: Body, scope: Scope) -> Value:
    location = body.get("location")
    found = names.split(body["funcname"], walk.index.catalog.database)
    arguments, named = _arguments(walk, body, scope)
    if found is None:
        walk.refuse("unknown-function", "a function of another database", location)
        return UNCERTAIN
    schema, name = found
    if name == "satisfies_hash_partition" and "func_variadic" in body:  # crashes PostgreSQL before 18.6
        walk.refuse("function-has-effects", f"{name}() with VARIADIC can end the server process", location)
    decorated = not _PLAIN.issuperset(body)
    extra = _decorations(walk, body, scope, arguments) if decorated else NOTHING
    if schema == "pg_catalog" and body.get("funcformat") == "COERCE_EXPLICIT_CALL" and name in _JSON_KEYWORDS:
        schema = None if walk.index.version < 160000 else schema
    result = _called(walk, schema, name, arguments, named, body, projection=not decorated)
    return Value(result.type, result.lineage | extra, result.fields) if extra else result


_PLAIN = frozenset({"funcname", "args", "funcformat", "location"})
_JSON_KEYWORDS = frozenset({"json_object", "json_array"})
"""Keywords since PostgreSQL 16 that the tree qualifies; older servers look the name up like any other."""


def _arguments(walk: Walk, body: Body, scope: Scope) -> tuple[list[Value], tuple[str, ...]]:
    nodes = body.get("args", ())
    named = tuple(n["NamedArgExpr"]["name"] for n in nodes if "NamedArgExpr" in n)
    return [walk.value(node, scope) for node in nodes], named


def _decorations(walk: Walk, body: Body, scope: Scope, arguments: list[Value]) -> Lineage:
    """ORDER BY, WITHIN GROUP, FILTER and OVER of a call: the columns that they use. Within-group keys are arguments."""
    from pgwarden.sql.queries import sort_key

    location = body.get("location")
    used: list[Value] = []
    for key in body.get("agg_order", ()):
        value = sort_key(walk, key, scope)
        used.append(value)
        if body.get("agg_within_group"):
            arguments.append(value)
    if body.get("agg_distinct"):
        for value in arguments:
            walk.compare(value, location)
    if "agg_filter" in body:
        used.append(walk.coerce(walk.value(body["agg_filter"], scope), 16, location))
    if "over" in body:
        used += window(walk, body["over"], scope)
    return merged(used)


def window(walk: Walk, body: Body, scope: Scope) -> list[Value]:
    """A window definition: everything in it is an expression."""
    from pgwarden.sql.queries import sort_key

    unknown = body.keys() - {
        "name", "refname", "partitionClause", "orderClause", "frameOptions", "startOffset", "endOffset", "location",
    }  # fmt: skip
    if unknown:
        walk.refuse("not-understood", f"a window with {', '.join(sorted(unknown))}", body.get("location"))
    used = walk.values(body.get("partitionClause", ()), scope)
    for value in used:
        walk.compare(value, body.get("location"))
    keys = [sort_key(walk, key, scope) for key in body.get("orderClause", ())]
    for offset in (body[key] for key in ("startOffset", "endOffset") if key in body):
        value = walk.value(offset, scope)
        used.append(value)
        for key in keys:  # RANGE offsets run the in_range support function of the key's type
            walk.compare(key, body.get("location"))
            walk.compare(value, body.get("location"))
    return used + keys


def _called(
    walk: Walk,
    schema: str | None,
    name: str,
    arguments: list[Value],
    named: tuple[str, ...],
    body: Body,
    *,
    projection: bool,
) -> Value:
    location = body.get("location")
    own = names.own_schema(walk, schema)
    types = tuple(value.type for value in arguments)
    call = walk.resolver.call(name, own, types, named, variadic=bool(body.get("func_variadic")))
    single = arguments[0] if len(arguments) == 1 and projection else None
    if single is not None and (call is None or not walk.resolver.exact(name, own, types)):
        if (cast := _cast_call(walk, own, name, single, call, location)) is not None:
            return cast
        if schema is None and _fits_no(call, types) and (field := _projection(walk, single, name)) is not None:
            return field
    if call is None:
        _unknown(walk, schema, name, location)
        return Value(0, merged(arguments))
    return run(walk, call, name, arguments, location)


def _fits_no(call: Call | None, types: tuple[int, ...]) -> bool:
    return call is None or not (call.parameters or (len(call.functions) > 1 and 0 in types))


def _cast_call(
    walk: Walk, schema: str | None, name: str, value: Value, call: Call | None, location: int | None
) -> Value | None:
    """``type(x)`` where no function takes the argument as it is: a cast in the spelling of a call."""
    target = names.find_type(walk, schema, name)
    if not target or (walk.types.is_row(value.type) and walk.types.category(target) == "S"):
        return None
    if call is not None and value.type != UNKNOWN:
        path = walk.types.path(value.type, target, "e")
        if path is None or not (path.relabels or (walk.types.category(target) == "S" and call.parameters == ())):
            return None
    result = walk.explicit(value, target, location)
    if call is not None and call.chosen is None:
        run(walk, call, name, [value], location)  # the server may still prefer one of them
    return result


def _projection(walk: Walk, value: Value, name: str) -> Value | None:
    """``name(row)``: the field of that name."""
    fields = value.fields
    if fields is None and (row := walk.index.row_of(value.type)) is not None:
        fields = row.columns
    for known, found in fields or ():
        if known == name:
            return Value(found.type, value.lineage or found.lineage, found.fields)
    return None


def apply_as_function(walk: Walk, name: str, schema: str | None, value: Value, location: int | None) -> Value | None:
    """``value.name`` where ``name`` is no field: the function or type of that name applied to it, if there is one."""
    call = walk.resolver.call(name, schema, (value.type,))
    if call is not None:
        return run(walk, call, name, [value], location)
    target = names.find_type(walk, schema, name)
    return walk.explicit(value, target, location) if target else None


def run(walk: Walk, call: Call, name: str, arguments: list[Value], location: int | None) -> Value:
    """Note what a resolved call runs, and give its result."""
    lineage = merged(arguments)
    for function in call.functions:
        lineage |= walk.run_function(function, location, lineage)
        if len(arguments) < len(function.argument_oids) and function.default_count and function.oid >= 16384:
            walk.take(walk.index.of_defaults(function, walk.policy), location)
    _coerce_arguments(walk, call, arguments, location)
    if name in _VALIDATORS or name in _PROBES:
        _look_at_text(walk, name, arguments, location)
    chosen = call.chosen
    result = call.result
    if chosen is not None and chosen.return_oid in POLYMORPHIC and (result >= 16384 or result == RECORD):
        walk.take(walk.index.of_type(result, walk.policy), location)
    for value in arguments:
        if value.type >= 16384 or value.fields is not None:
            walk.use(value, location)
    return Value(result, lineage, _out_fields(chosen, result, arguments, lineage))


def _out_fields(function: Any, result: int, arguments: list[Value], lineage: Lineage) -> Fields | None:
    """The fields of a record that a function with OUT parameters returns."""
    if function is None:
        return None
    if result == RECORD and len(function.out_oids) > 0:
        fields = zip(function.out_names, function.out_oids, strict=False)
        return tuple(
            (name or f"column{n}", Value(0 if type_ in POLYMORPHIC else type_, lineage))
            for n, (name, type_) in enumerate(fields, 1)
        )
    if result in (RECORD, RECORDS):  # max(row), array_agg(row), coalesce over unnest(rows) …: what went in comes out
        return next((value.fields for value in arguments if value.fields is not None), None)
    return None


def _coerce_arguments(walk: Walk, call: Call, arguments: list[Value], location: int | None) -> None:
    if not call.parameters:
        if any(value.type == UNKNOWN or value.type >= 16384 for value in arguments):
            for function in call.functions:  # unsure which: what any of them would do to its arguments counts
                for value, target in zip(arguments, function.argument_oids, strict=False):
                    if target >= 16384:
                        walk.coerce(value, target, location)
        return
    common = 0
    for value, target in zip(arguments, call.parameters, strict=False):
        if target == value.type or target == ANY:
            continue
        if target not in POLYMORPHIC:
            walk.coerce(value, target, location)
        elif target == COMPATIBLE:
            types = [value.type for value in arguments]
            common = common or walk.types.polymorphic_result(COMPATIBLE, call.parameters, types)
            walk.coerce(value, common, location)


def _look_at_text(walk: Walk, name: str, arguments: list[Value], location: int | None) -> None:
    """Functions that take the name of a type or setting as text: it must be a constant that is harmless."""
    place = 1 if name in _VALIDATORS else 0
    text = arguments[place].constant if place < len(arguments) else None
    if text is None:
        walk.refuse("name-as-text", f"{name}() is given a name that is not a constant", location)
    elif name in _PROBES:
        if walk.own and not effects.setting_is_harmless(text):
            walk.refuse("secret-setting", f'setting "{text}" is not shown', location)
    else:
        walk.take(walk.index.of_type_named(text, walk.resolver, walk.policy), location)


def _unknown(walk: Walk, schema: str | None, name: str, location: int | None) -> None:
    shown = f"{schema}.{name}" if schema else name
    known = walk.index.catalog.functions_by_name
    walk.refuse("unknown-function", f"function {shown} does not exist", location, walk.close_to(name, known))
