"""SQL/JSON and XML: constructors, queries, JSON_TABLE and XMLTABLE.

These nodes hold their expressions in nested plain structures; ``_inside`` visits all of them, whatever their names.
"""

from __future__ import annotations

from typing import Any

from pgwarden.sql import names
from pgwarden.sql.calls import window
from pgwarden.sql.expressions import starred
from pgwarden.sql.queries import query, sort_key
from pgwarden.sql.scope import Fields, Scope, Shape, Source, Value, merged
from pgwarden.sql.sources import register
from pgwarden.sql.typesystem import BOOL, INT4, JSON, JSONB, TEXT, XML
from pgwarden.sql.walk import Walk, handles

Body = dict[str, Any]
_TREES = frozenset({"typeName", "over", "agg_order", "query"})
_SELECTS = frozenset({"SelectStmt"})


def _inside(walk: Walk, item: Any, scope: Scope, found: list[Value]) -> list[Value]:
    """Visit every expression in a nested structure and collect their values."""
    if isinstance(item, list):
        for part in item:
            _inside(walk, part, scope, found)
    elif isinstance(item, dict):
        if len(item) == 1 and next(iter(item))[:1].isupper():
            _node(walk, item, scope, found)
            return found
        for key, part in item.items():
            if key == "typeName":
                names.use_type(walk, part)
            elif key == "over":
                found += window(walk, part, scope)
            elif isinstance(part, dict | list):
                _inside(walk, part, scope, found)
    return found


_STRUCTURES = frozenset(
    {
        "JsonKeyValue",
        "JsonArgument",
        "JsonTableColumn",
        "RangeTableFuncCol",
        "ResTarget",
        "JsonValueExpr",
        "JsonOutput",
        "JsonReturning",
        "JsonFormat",
        "JsonBehavior",
        "JsonAggConstructor",
        "JsonTablePathSpec",
    }
)
_LEAVES = frozenset({"String", "Integer", "Float", "Boolean", "BitString", "A_Star"})


def _node(walk: Walk, item: dict[str, Any], scope: Scope, found: list[Value]) -> None:
    ((kind, body),) = item.items()
    if kind in _STRUCTURES:
        walk.mark(item)
        _inside(walk, body, scope, found)
    elif kind == "List":
        _inside(walk, body.get("items", []), scope, found)
    elif kind in _SELECTS:
        found += [value for _, value in query(walk, item, scope).columns]
    elif kind == "SortBy":
        found.append(sort_key(walk, item, scope))
    elif kind not in _LEAVES:
        values = starred(walk, item, scope) or [walk.value(item, scope)]
        for value in values:
            walk.use(value, None)
        found += values


def _output_type(walk: Walk, body: Body, otherwise: int) -> int:
    name = body.get("output", {}).get("typeName")
    return names.type_of(walk, name) if name else otherwise


def _document(walk: Walk, body: Body, scope: Scope, otherwise: int) -> Value:
    lineage = merged(_inside(walk, body, scope, []))
    return Value(_output_type(walk, body, otherwise), lineage)


@handles("JsonObjectConstructor", "exprs output absent_on_null unique", since=160000)
@handles("JsonArrayConstructor", "exprs output absent_on_null", since=160000)
@handles("JsonArrayQueryConstructor", "query output format absent_on_null", since=160000)
def constructor(walk: Walk, body: Body, scope: Scope) -> Value:
    walk.stable = False if walk.index.version < 160000 else walk.stable
    return _document(walk, body, scope, JSON)


@handles("JsonObjectAgg", "constructor arg absent_on_null unique", since=160000)
@handles("JsonArrayAgg", "constructor arg absent_on_null", since=160000)
def aggregate(walk: Walk, body: Body, scope: Scope) -> Value:
    value = _document(walk, body, scope, JSON)
    return Value(_output_type(walk, body.get("constructor", {}), JSON), value.lineage)


@handles("JsonIsPredicate", "expr format item_type unique_keys", since=160000)
def is_json(walk: Walk, body: Body, scope: Scope) -> Value:
    return Value(BOOL, _document(walk, body, scope, BOOL).lineage)


@handles("JsonParseExpr", "expr output unique_keys", since=170000)
@handles("JsonScalarExpr", "expr output", since=170000)
def parse_json(walk: Walk, body: Body, scope: Scope) -> Value:
    return _document(walk, body, scope, JSON)


@handles("JsonSerializeExpr", "expr output", since=170000)
def serialize_json(walk: Walk, body: Body, scope: Scope) -> Value:
    return _document(walk, body, scope, TEXT)


_RESULTS = {"JSON_EXISTS_OP": BOOL, "JSON_QUERY_OP": JSONB, "JSON_VALUE_OP": TEXT}


@handles(
    "JsonFuncExpr",
    "op column_name context_item pathspec passing output on_empty on_error wrapper quotes",
    since=170000,
)
def query_json(walk: Walk, body: Body, scope: Scope) -> Value:
    return _document(walk, body, scope, _RESULTS.get(body["op"], 0))


def json_table(walk: Walk, body: Body, scope: Scope) -> list[Source]:
    """``JSON_TABLE(…)`` in FROM."""
    if walk.index.version < 170000:
        walk.refuse("newer-syntax", "JSON_TABLE is syntax of PostgreSQL 17", body.get("location"))
    plain = {key: part for key, part in body.items() if key != "alias"}
    lineage = merged(_inside(walk, plain, scope, []))
    alias = body.get("alias", {})
    shape = Shape(tuple(_json_columns(walk, body.get("columns", []), scope, lineage)))
    return [Source(alias.get("aliasname", "json_table"), shape.renamed(names.strings(alias.get("colnames", []))))]


def _json_columns(walk: Walk, nodes: list[dict[str, Any]], scope: Scope, lineage: Any) -> Fields:
    columns: Fields = ()
    for node in nodes:
        column = node["JsonTableColumn"]
        if column.get("coltype") == "JTC_NESTED":
            columns += _json_columns(walk, column.get("columns", []), scope, lineage)
        elif column.get("coltype") == "JTC_FOR_ORDINALITY":
            columns += ((column["name"], Value(INT4)),)
        else:
            columns += ((column["name"], Value(names.type_of(walk, column["typeName"]), lineage)),)
    return columns


def xml_table(walk: Walk, body: Body, scope: Scope) -> list[Source]:
    """``XMLTABLE(…)`` in FROM."""
    plain = {key: part for key, part in body.items() if key != "alias"}
    lineage = merged(_inside(walk, plain, scope, []))
    columns: Fields = ()
    for node in body.get("columns", []):
        column = node["RangeTableFuncCol"]
        type_ = INT4 if column.get("for_ordinality") else names.type_of(walk, column["typeName"])
        columns += ((column["colname"], Value(type_, lineage)),)
    alias = body.get("alias", {})
    shape = Shape(columns).renamed(names.strings(alias.get("colnames", [])))
    return [Source(alias.get("aliasname", "xmltable"), shape)]


register("JsonTable", json_table)
register("RangeTableFunc", xml_table)


@handles("XmlExpr", "op name named_args arg_names args xmloption indent type typmod")
def xml(walk: Walk, body: Body, scope: Scope) -> Value:
    value = _document(walk, body, scope, XML)
    return Value(BOOL if body["op"] == "IS_DOCUMENT" else XML, value.lineage)


@handles("XmlSerialize", "xmloption expr typeName indent")
def serialize_xml(walk: Walk, body: Body, scope: Scope) -> Value:
    value = _document(walk, body, scope, TEXT)
    return Value(names.type_of(walk, body["typeName"]), value.lineage)
