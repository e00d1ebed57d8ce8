"""The values that a statement states, each with the columns it stands beside, read from the parse tree.

A walk that knows scopes says which base columns are behind each expression; a second pass over the same tree ties
each constant to the expression on the other side of its operator, or to the column that it is written into.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.claims import Claims, Literal, LiteralKind, Place, Role
from pgwarden.sql import changes, documents, expressions
from pgwarden.sql.index import index_of
from pgwarden.sql.parse import Node, on_deep_stack, parse
from pgwarden.sql.policy import DEFAULT
from pgwarden.sql.queries import query
from pgwarden.sql.scope import NOTHING, Lineage, Scope, Value
from pgwarden.sql.sources import find_relation
from pgwarden.sql.walk import Walk

_HANDLERS = (changes, documents, expressions)
"""Importing these modules registers the handlers of their nodes."""
_PATTERNS = frozenset({"AEXPR_LIKE", "AEXPR_ILIKE", "AEXPR_SIMILAR"})
_LOOSE = frozenset({"~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*"})
_COMPARING = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_SAME = frozenset({"lower", "upper", "btrim", "ltrim", "rtrim", "date", "to_date"})
"""Functions after which a value still stands for itself."""
_UNITS = frozenset({"extract", "date_part", "date_trunc"})
_TARGETS = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


class _Traced(Walk):
    """Remembers the columns behind every expression, by the identity of its node."""

    def value(self, node: Node, scope: Scope) -> Value:
        found = super().value(node, scope)
        self.behind[id(node)] = found.lineage
        return found

    behind: dict[int, Lineage]


def claims_of(sql: str, catalog: Catalog) -> Claims:
    """The claims of one statement that has its verdict already. Raises StatementInvalid, StatementTooLarge."""
    return on_deep_stack(lambda: _claims(sql, catalog))


def _claims(sql: str, catalog: Catalog) -> Claims:
    tree = parse(sql)
    index = index_of(catalog)
    walk = _Traced(index, DEFAULT, tree, index.resolver, own=True)
    walk.behind = {}
    found = _Claims(walk)
    for raw in tree.statements:
        query(walk, raw["stmt"], Scope())
        found.visit(raw["stmt"])
    return Claims(tuple(dict.fromkeys(found.literals)), frozenset(found.written), found.every_row)


@dataclass(frozen=True, slots=True)
class _Use:
    """How a node is used where it stands."""

    columns: Lineage = NOTHING
    role: Role = Role.PART
    written: bool = False
    exact: bool = False


_ALONE = _Use()


class _Claims:
    """The second pass."""

    def __init__(self, walk: _Traced) -> None:
        self._walk = walk
        self.literals: list[Literal] = []
        self.written: set[Place] = set()
        self.every_row = False

    def visit(self, node: Any, use: _Use = _ALONE) -> None:
        """One node with a kind (``{"Kind": {…}}``), or anything that holds such nodes."""
        if isinstance(node, list):
            for item in node:
                self.visit(item, use)
        elif isinstance(node, dict):
            for kind, body in node.items():
                if kind in _READERS:
                    _READERS[kind](self, body, use)
                elif kind in _TARGETS:
                    self._change(kind, body)
                elif isinstance(body, dict | list) and kind not in _NAMES:
                    self.visit(body, use if kind in _PASSING else _ALONE)

    def _behind(self, node: Any) -> Lineage:
        return self._walk.behind.get(id(node), NOTHING)

    # -- expressions -------------------------------------------------------------------------------------------------

    def _constant(self, body: Node, use: _Use) -> None:
        text, kind = _constant_of(body)
        self.literals.append(Literal(text, kind, use.role, use.columns, use.written, use.exact))

    def _operation(self, body: Node, use: _Use) -> None:
        kind, left, right = body["kind"], body.get("lexpr"), body.get("rexpr")
        sign = body["name"][-1]["String"]["sval"]
        if kind == "AEXPR_OP" and sign not in _COMPARING | _LOOSE:  # arithmetic and its like: part of a larger value
            inner = use.columns | self._behind(left) | self._behind(right)
            self.visit([left, right], replace(use, columns=inner, role=_part_of(use.role)))
            return
        beside = Role.PATTERN if kind in _PATTERNS or sign in _LOOSE else Role.VALUE
        for one, other in ((left, right), (right, left)):
            exact = isinstance(other, dict) and "ColumnRef" in other
            for mine, across in _pairs(one, other):
                self.visit(mine, _Use(self._behind(across), beside, exact=exact))

    def _cast(self, body: Node, use: _Use) -> None:
        name = body["typeName"]["names"][-1]["String"]["sval"]
        self.visit(body["arg"], replace(use, role=Role.PERIOD) if name == "interval" else use)

    def _call(self, body: Node, use: _Use) -> None:
        name = body["funcname"][-1]["String"]["sval"]
        arguments = body.get("args", [])
        if name in _UNITS:
            self.visit(arguments[:1], _Use(self._behind_all(arguments), Role.UNIT))
            self.visit(arguments[1:], use)
        elif name in _SAME:
            self.visit(arguments[:1], replace(use, exact=False))
            self.visit(arguments[1:])
        else:
            self.visit(arguments, replace(use, role=_part_of(use.role)))
        for rest in ("agg_order", "agg_filter", "over"):
            self.visit(body.get(rest))

    def _behind_all(self, nodes: Iterable[Node]) -> Lineage:
        return frozenset().union(*(self._behind(node) for node in nodes))

    def _case(self, body: Node, use: _Use) -> None:
        tested = body.get("arg")
        for node in body["args"]:
            when = node["CaseWhen"]
            self.visit(when["expr"], _Use(self._behind(tested), Role.VALUE) if tested is not None else _ALONE)
            self.visit(when["result"], use)
        self.visit([tested, body.get("defresult")], use)

    def _sub_link(self, body: Node, use: _Use) -> None:
        tested = body.get("testexpr")
        self.visit(tested)
        self.visit(body["subselect"], _Use(self._behind(tested), Role.VALUE) if tested is not None else use)

    def _select(self, body: Node, use: _Use) -> None:
        """What a sub-select gives stands where the sub-select stands."""
        for field, value in body.items():
            if field in ("larg", "rarg"):
                self._select(value, use)
            else:
                self.visit({field: value}, use if field in ("targetList", "valuesLists") else _ALONE)

    # -- changes -----------------------------------------------------------------------------------------------------

    def _change(self, kind: str, body: Node) -> None:
        relation = find_relation(self._walk, body["relation"])
        oid = relation.oid if relation else 0
        by_name = {column.name: (oid, column.number) for column in relation.columns} if relation else {}
        if kind in ("UpdateStmt", "DeleteStmt"):
            self.every_row = self.every_row or _true(body.get("whereClause"))
        if kind == "InsertStmt":
            given = [node["ResTarget"].get("name", "") for node in body.get("cols", ())] or list(by_name)
            self._inserted(body.get("selectStmt"), [by_name.get(name) for name in given], named="cols" in body)
            self._assigned(body.get("onConflictClause", {}).get("targetList", ()), by_name)
            self.visit({k: v for k, v in body.get("onConflictClause", {}).items() if k != "targetList"})
        else:
            self._assigned(body.get("targetList", ()), by_name)
        for node in body.get("mergeWhenClauses", ()):
            self._merged(node["MergeWhenClause"], by_name)
        taken = {"relation", "cols", "selectStmt", "onConflictClause", "targetList", "mergeWhenClauses"}
        self.visit({field: value for field, value in body.items() if field not in taken})

    def _inserted(self, node: Node | None, places: Sequence[Place | None], *, named: bool) -> None:
        select = node["SelectStmt"] if node else {}
        rows = [row["List"]["items"] for row in select.get("valuesLists", ())]
        rows = rows or ([[t["ResTarget"]["val"] for t in select["targetList"]]] if "targetList" in select else [])
        width = len(places) if named or not rows else max(len(row) for row in rows)
        self.written.update(place for place in places[:width] if place)
        for row in rows:
            for value, place in zip(row, places, strict=False):
                self._write(value, place)
        self.visit({"with": select.get("withClause"), **{k: v for k, v in select.items() if k not in _SHOWN}})

    def _assigned(self, nodes: Iterable[Node], by_name: dict[str, Place]) -> None:
        for node in nodes:
            target = node["ResTarget"]
            place = by_name.get(target.get("name", ""))
            if place:
                self.written.add(place)
            value = target["val"]
            if "MultiAssignRef" in value:
                part = value["MultiAssignRef"]
                source, number = part["source"], part["colno"] - 1
                given = source["RowExpr"].get("args", []) if "RowExpr" in source else []
                value = given[number] if number < len(given) else source
            self._write(value, place)

    def _merged(self, clause: Node, by_name: dict[str, Place]) -> None:
        self.visit(clause.get("condition"))
        targets = clause.get("targetList", [])
        if clause.get("commandType") != "CMD_INSERT":
            self.every_row = self.every_row or (clause.get("commandType") == "CMD_DELETE" and "condition" not in clause)
            self._assigned(targets, by_name)
            return
        places = [by_name.get(t["ResTarget"].get("name", "")) for t in targets] or list(by_name.values())
        self.written.update(place for place in places if place)
        for value, place in zip(clause.get("values", ()), places, strict=False):
            self._write(value, place)

    def _write(self, value: Node, place: Place | None) -> None:
        self.visit(value, _Use(frozenset({place}) if place else NOTHING, Role.VALUE, written=True))


def _constant_of(body: Node) -> tuple[str, LiteralKind]:
    if "sval" in body:
        return body["sval"].get("sval", ""), LiteralKind.TEXT
    if "boolval" in body:
        return str(body["boolval"].get("boolval", False)).lower(), LiteralKind.TRUTH
    if "ival" in body:
        return str(body["ival"].get("ival", 0)), LiteralKind.NUMBER
    if "fval" in body:
        return body["fval"].get("fval", "0"), LiteralKind.NUMBER
    return ("null", LiteralKind.NULL) if "isnull" in body else (body["bsval"].get("bsval", ""), LiteralKind.TEXT)


def _part_of(role: Role) -> Role:
    """The role of what stands inside a larger expression: an amount of an interval stays one."""
    return role if role is Role.PERIOD else Role.PART


def _pairs(one: Any, other: Any) -> list[tuple[Any, Any]]:
    """Rows and lists part by part, where both sides have the same number of parts."""
    if isinstance(one, dict) and "List" in one:
        return [pair for item in one["List"]["items"] for pair in _pairs(item, other)]
    if isinstance(one, dict) and isinstance(other, dict) and "RowExpr" in one and "RowExpr" in other:
        mine, theirs = one["RowExpr"].get("args", []), other["RowExpr"].get("args", [])
        return list(zip(mine, theirs, strict=True)) if len(mine) == len(theirs) else [(one, other)]
    return [(one, other)]


def _true(where: Node | None) -> bool:
    """Whether a condition leaves every row in, by its form."""
    if where is None:
        return True
    constant = where.get("TypeCast", {}).get("arg", where).get("A_Const", {})
    if "boolval" in constant:
        return bool(constant["boolval"].get("boolval", False))
    comparison = where.get("A_Expr", {})
    bare = [_bare(comparison.get(side)) for side in ("lexpr", "rexpr")]
    if comparison.get("kind") == "AEXPR_OP" and bare[0] == bare[1] is not None:
        return bool(comparison["name"][-1]["String"]["sval"] in ("=", "<=", ">="))
    parts = where.get("BoolExpr", {})
    joined = {"AND_EXPR": all, "OR_EXPR": any}.get(parts.get("boolop", ""))
    return joined is not None and joined(_true(part) for part in parts["args"])


def _bare(node: Any) -> Any:
    """A node without the places where its parts stand in the text."""
    if isinstance(node, dict):
        return {key: _bare(value) for key, value in node.items() if key != "location"}
    return [_bare(item) for item in node] if isinstance(node, list) else node


_NAMES = frozenset({"typeName", "funcname", "name"})
_SHOWN = frozenset({"valuesLists", "targetList", "withClause"})
_PASSING = frozenset(
    """
    targetList valuesLists A_ArrayExpr elements RowExpr args CoalesceExpr List items ResTarget val CollateClause arg
    MinMaxExpr
    """.split()  # noqa: SIM905 - a word list reads better
)
"""Wrappers whose parts are used as the whole is."""
_READERS: dict[str, Any] = {
    "A_Const": _Claims._constant,
    "A_Expr": _Claims._operation,
    "TypeCast": _Claims._cast,
    "FuncCall": _Claims._call,
    "CaseExpr": _Claims._case,
    "SubLink": _Claims._sub_link,
    "SelectStmt": _Claims._select,
}
