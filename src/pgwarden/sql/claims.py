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
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""The comparison when its sides change places."""
_DENIED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_BETWEEN = {
    "AEXPR_BETWEEN": (">=", "<="), "AEXPR_BETWEEN_SYM": (">=", "<="),
    "AEXPR_NOT_BETWEEN": ("<", ">"), "AEXPR_NOT_BETWEEN_SYM": ("<", ">"),
}  # fmt: skip
"""What the two ends of a range are to what lies in it, or outside."""
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
    literals = tuple(dict.fromkeys(found.literals))
    return Claims(literals, frozenset(found.written), found.every_row, tuple(found.averages), frozenset(found.names))


@dataclass(frozen=True, slots=True)
class _Use:
    """How a node is used where it stands."""

    columns: Lineage = NOTHING
    role: Role = Role.PART
    written: bool = False
    exact: bool = False
    bound: str = ""


_ALONE = _Use()


class _Claims:
    """The second pass."""

    def __init__(self, walk: _Traced) -> None:
        self._walk = walk
        self.literals: list[Literal] = []
        self.written: set[Place] = set()
        self.averages: list[str] = []
        self.names: set[str] = set()
        self.every_row = False
        self._denied = self._open = False
        """Whether a NOT is around, and whether one is around a sub-select: what that does to a comparison in it is not
        for its form to say."""

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
        bound = self._bound(use.bound) if use.role in (Role.VALUE, Role.PERIOD) else ""
        self.literals.append(Literal(text, kind, use.role, use.columns, use.written, use.exact, bound))

    def _bound(self, bound: str) -> str:
        """A comparison as it counts in the whole statement; '' where its form does not tell."""
        return "" if self._open or not bound else _DENIED[bound] if self._denied else bound

    def _column(self, body: Node, _use: _Use) -> None:
        self.names.update(field["String"]["sval"] for field in body.get("fields", ()) if "String" in field)

    def _table(self, body: Node, _use: _Use) -> None:
        self.names.add(body["relname"])

    def _boolean(self, body: Node, _use: _Use) -> None:
        before = self._denied
        self._denied = before != (body["boolop"] == "NOT_EXPR")
        self.visit(body["args"])
        self._denied = before

    def _operation(self, body: Node, use: _Use) -> None:
        kind, left, right = body["kind"], body.get("lexpr"), body.get("rexpr")
        sign = body["name"][-1]["String"]["sval"]
        if kind == "AEXPR_OP" and sign not in _COMPARING | _LOOSE:  # arithmetic and its like: part of a larger value
            inner = replace(
                use, columns=use.columns | self._behind(left) | self._behind(right), role=_part_of(use.role)
            )
            self.visit(left, inner)
            taken = _MIRRORED.get(use.bound, "") if sign == "-" else use.bound  # a moment, so long before another
            self.visit(right, replace(inner, bound=taken))
            return
        beside = Role.PATTERN if kind in _PATTERNS or sign in _LOOSE else Role.VALUE
        bound = sign if kind == "AEXPR_OP" and sign in _MIRRORED else ""
        for one, other, sided in ((left, right, _MIRRORED.get(bound, "")), (right, left, bound)):
            exact = isinstance(other, dict) and "ColumnRef" in other
            if _is_average(one):
                self.averages.append(self._bound(sided))
            pairs = _pairs(one, other)
            ends = _BETWEEN[kind] if kind in _BETWEEN and one is right else (sided,) * len(pairs)
            for (mine, across), end in zip(pairs, ends, strict=True):
                self.visit(mine, _Use(self._behind(across), beside, exact=exact, bound=end))

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
        inner = _Use(self._behind(tested), Role.VALUE) if tested is not None else replace(use, bound="")
        self._turned(body["subselect"], inner, unsure=self._denied or body["subLinkType"] == "ALL_SUBLINK")

    def _turned(self, node: Node, use: _Use, *, unsure: bool) -> None:
        """A sub-select, whose conditions a NOT around it does not turn one by one."""
        before = self._denied, self._open
        self._denied, self._open = False, self._open or unsure
        self.visit(node, use)
        self._denied, self._open = before

    def _select(self, body: Node, use: _Use) -> None:
        """What a sub-select gives stands where the sub-select stands."""
        for field, value in body.items():
            if field in ("larg", "rarg"):
                unsure = field == "rarg" and body.get("op") == "SETOP_EXCEPT"
                self._turned({"SelectStmt": value}, use, unsure=unsure)
            elif field in ("limitCount", "limitOffset"):
                self.visit(value, _Use(role=Role.COUNT))
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


def _is_average(node: Any) -> bool:
    """Whether it is a sub-select of one average."""
    select = node.get("SubLink", {}).get("subselect", {}).get("SelectStmt", {}) if isinstance(node, dict) else {}
    outputs = select.get("targetList", [])
    call = outputs[0]["ResTarget"].get("val", {}).get("FuncCall", {}) if len(outputs) == 1 else {}
    return bool(call) and call["funcname"][-1]["String"]["sval"] == "avg"


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
    "ColumnRef": _Claims._column,
    "RangeVar": _Claims._table,
    "BoolExpr": _Claims._boolean,
    "A_Expr": _Claims._operation,
    "TypeCast": _Claims._cast,
    "FuncCall": _Claims._call,
    "CaseExpr": _Claims._case,
    "SubLink": _Claims._sub_link,
    "SelectStmt": _Claims._select,
}
