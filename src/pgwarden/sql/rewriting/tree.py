"""A statement's tree as nested dicts, and back to SQL text."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

from pgwarden.sql.parse import Node, parse

Body = dict[str, Any]
SELECT = "SelectStmt"


def statement_text(node: Node) -> str:
    """A statement's tree as SQL."""
    import postgast
    from google.protobuf import json_format
    from postgast import pg_query_pb2 as pb

    made = {"version": _version(), "stmts": [{"stmt": node}]}
    return postgast.deparse(json_format.ParseDict(made, pb.ParseResult()))


def expression_text(node: Node) -> str:
    """An expression's tree as SQL."""
    return statement_text(_selecting(node)).removeprefix("SELECT ")


def expression(sql: str) -> Node:
    """The tree of an expression that we wrote ourselves."""
    found: Node = deepcopy(_parsed(sql))
    return found


def statement(sql: str) -> Node:
    """The tree of a statement that we wrote ourselves."""
    found: Node = parse(sql).statements[0]["stmt"]
    return found


@cache
def _version() -> int:
    import json

    return int(json.loads(parse("select 1").json)["version"])


@cache
def _parsed(sql: str) -> Node:
    body = statement(f"select {sql}")[SELECT]
    found: Node = body["targetList"][0]["ResTarget"]["val"]
    return found


def _selecting(node: Node) -> Node:
    body = {"targetList": [{"ResTarget": {"val": node}}], "limitOption": "LIMIT_OPTION_DEFAULT", "op": "SETOP_NONE"}
    return {SELECT: body}


def kind_of(node: Node) -> tuple[str, Body]:
    """A node's kind and body."""
    ((kind, body),) = node.items()
    return kind, body


def plain(value: Any) -> Any:
    """A tree without the places where its parts stood in the text: equal trees mean the same."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != "location"}
    return [plain(item) for item in value] if isinstance(value, list) else value


def nodes(value: Any, *, into_selects: bool = True) -> Iterator[tuple[str, Body]]:
    """Every node in a tree, outermost first; without ``into_selects`` a SELECT is given but not entered."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            for key, item in value.items():
                if key[:1].isupper() and isinstance(item, dict):
                    yield key, item
                    if key == SELECT and not into_selects:
                        continue
                waiting.append(item)


def integer(node: Node) -> int | None:
    """The value of an integer literal."""
    constant = node.get("A_Const")
    if constant is None or "ival" not in constant:
        return None
    return int(constant["ival"].get("ival", 0))


def string(node: Node) -> str | None:
    """The value of a string literal without a type."""
    constant = node.get("A_Const")
    return None if constant is None or "sval" not in constant else str(constant["sval"].get("sval", ""))


def operator(body: Body) -> str:
    """The name of a plain binary operator that no schema qualifies, else ''."""
    if body.get("kind") != "AEXPR_OP" or len(body["name"]) != 1 or "lexpr" not in body:
        return ""
    return str(body["name"][0]["String"]["sval"])


def call(node: Node) -> tuple[str, list[Node]]:
    """Name and arguments of a plain call to a built-in function, else ('', [])."""
    body = node.get("FuncCall")
    if body is None or body.keys() - {"funcname", "args", "funcformat", "location"}:
        return "", []
    names = [part["String"]["sval"] for part in body["funcname"]]
    if len(names) == 2 and names[0] != "pg_catalog":
        return "", []
    return names[-1], list(body.get("args", ()))


def cast_to(node: Node) -> tuple[str, Node | None]:
    """The built-in type that an expression is cast to, and the expression; ('', None) for anything else."""
    body = node.get("TypeCast")
    if body is None:
        return "", None
    type_name = body["typeName"]
    names = [part["String"]["sval"] for part in type_name["names"]]
    if type_name.get("arrayBounds") or type_name.get("typmods") or (len(names) == 2 and names[0] != "pg_catalog"):
        return "", None
    return names[-1], body["arg"]


def calls_anything(value: Any) -> bool:
    """Whether a tree calls a function by name: what it does cannot be told here."""
    return any(kind == "FuncCall" for kind, _ in nodes(value))
