"""The name that PostgreSQL gives an output column without an alias."""

from __future__ import annotations

from typing import Any

_NONE, _WEAK, _STRONG = 0, 1, 2
_FIXED = {
    "GroupingFunc": "grouping",
    "A_ArrayExpr": "array",
    "RowExpr": "row",
    "CoalesceExpr": "coalesce",
    "XmlSerialize": "xmlserialize",
    "MergeSupportFunc": "merge_action",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
    "JsonObjectConstructor": "json_object",
    "JsonArrayConstructor": "json_array",
    "JsonArrayQueryConstructor": "json_array",
    "JsonObjectAgg": "json_objectagg",
    "JsonArrayAgg": "json_arrayagg",
}
_BY_OPERATION = {
    "IS_GREATEST": "greatest",
    "IS_LEAST": "least",
    "IS_XMLCONCAT": "xmlconcat",
    "IS_XMLELEMENT": "xmlelement",
    "IS_XMLFOREST": "xmlforest",
    "IS_XMLPARSE": "xmlparse",
    "IS_XMLPI": "xmlpi",
    "IS_XMLROOT": "xmlroot",
    "JSON_EXISTS_OP": "json_exists",
    "JSON_QUERY_OP": "json_query",
    "JSON_VALUE_OP": "json_value",
}


Known = dict[int, tuple[str, int]]


def label(node: dict[str, Any], known: Known | None = None) -> str:
    """The column's name for an expression node. ``known`` keeps what was found, so that nesting costs once."""
    return _label(node, {} if known is None else known)[0]


def _label(node: dict[str, Any], known: Known) -> tuple[str, int]:
    found = known.get(id(node))
    if found is None:
        found = known[id(node)] = _find_label(node, known)
    return found


def _find_label(node: dict[str, Any], known: Known) -> tuple[str, int]:
    for kind, body in node.items():
        if kind == "ColumnRef":
            return _last(body["fields"], ("?column?", _NONE))
        if kind == "A_Indirection":
            return _last(body["indirection"], _label(body["arg"], known))
        if kind == "FuncCall":
            return _last(body["funcname"], ("?column?", _NONE))
        if kind == "TypeCast":
            name, strength = _label(body["arg"], known)
            return (name, strength) if strength == _STRONG else (_last(body["typeName"]["names"], ("", 0))[0], _WEAK)
        if kind == "CollateClause":
            return _label(body["arg"], known)
        if kind == "CaseExpr":
            name, strength = _label(body.get("defresult", {}), known)
            return (name, strength) if strength == _STRONG else ("case", _WEAK)
        if kind == "SubLink":
            return _sub_select(body, known)
        if kind == "A_Expr" and body["kind"] == "AEXPR_NULLIF":
            return "nullif", _STRONG
        if kind == "SQLValueFunction":
            return body["op"].removeprefix("SVFOP_").removesuffix("_N").lower(), _STRONG
        fixed = _FIXED.get(kind) or _BY_OPERATION.get(str(body.get("op")))
        return (fixed, _STRONG) if fixed else ("?column?", _NONE)
    return "?column?", _NONE


def _last(parts: list[dict[str, Any]], otherwise: tuple[str, int]) -> tuple[str, int]:
    for part in reversed(parts):
        if "String" in part:
            return part["String"].get("sval", ""), _STRONG
    return otherwise


def _sub_select(body: dict[str, Any], known: Known) -> tuple[str, int]:
    match body["subLinkType"]:
        case "EXISTS_SUBLINK":
            return "exists", _STRONG
        case "ARRAY_SUBLINK":
            return "array", _STRONG
        case "EXPR_SUBLINK":
            targets = body["subselect"].get("SelectStmt", {}).get("targetList", [])
            if targets:
                target = targets[0]["ResTarget"]
                return (target["name"], _STRONG) if "name" in target else _label(target["val"], known)
    return "?column?", _NONE
