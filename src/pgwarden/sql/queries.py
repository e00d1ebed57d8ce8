"""SELECT, VALUES, TABLE and set operations, with their common table expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pgwarden.sql import names
from pgwarden.sql.calls import window
from pgwarden.sql.expressions import fields_of, indirect, star_columns, starred
from pgwarden.sql.labels import label
from pgwarden.sql.operators import operate, operate_rows
from pgwarden.sql.scope import UNCERTAIN, Fields, Scope, Shape, Value, merged
from pgwarden.sql.sources import from_clause
from pgwarden.sql.typesystem import BOOL, INT8, RECORD, RECORDS, TEXT, UNKNOWN
from pgwarden.sql.walk import Walk

Body = dict[str, Any]
Change = Callable[[Walk, str, Body, Scope], Shape]
CHANGES: dict[str, Change] = {}
"""Handlers of INSERT, UPDATE, DELETE and MERGE, which ``changes`` registers."""

_SELECT = frozenset(
    """
    distinctClause intoClause targetList fromClause whereClause groupClause groupDistinct havingClause windowClause
    valuesLists sortClause limitOffset limitCount limitOption lockingClause withClause op all larg rarg location
    """.split()  # noqa: SIM905 - a word list reads better
)


def query(walk: Walk, node: dict[str, Any], outer: Scope) -> Shape:
    """The columns of a query node (SELECT, or a change with RETURNING)."""
    for kind, body in node.items():
        walk.seen.add(id(body))
        if kind == "SelectStmt":
            return select(walk, body, outer)
        if kind in CHANGES:
            return CHANGES[kind](walk, kind, body, outer)
        walk.refuse("not-understood", f"{kind} cannot stand here", body.get("location"))
    return Shape((), opaque=True)


def select(walk: Walk, body: Body, outer: Scope) -> Shape:
    """One SELECT body."""
    if not _SELECT.issuperset(body):
        walk.refuse("not-understood", f"SELECT with {', '.join(sorted(body.keys() - _SELECT))}", None)
    if "intoClause" in body and walk.runs:
        walk.refuse("select-into", "SELECT INTO creates a table", None, "Leave out INTO to see the rows.")
        return Shape((), opaque=True)
    scope = Scope(outer)
    if "withClause" in body:
        with_clause(walk, body["withClause"], scope)
    if "larg" in body:
        shape = _set_operation(walk, body, scope)
    elif "valuesLists" in body:
        shape = _values(walk, body, scope)
    else:
        shape = _plain(walk, body, scope)
    _order_and_limit(walk, body, scope, shape)
    for node in body.get("lockingClause", ()):
        _lock(walk, walk.mark(node))
    if "intoClause" in body:
        walk.skip(body["intoClause"])
    return shape


def _lock(walk: Walk, body: Body) -> None:
    for node in body.get("lockedRels", ()):
        walk.mark(node)
    if not walk.runs:
        return
    words = {"LCS_FORKEYSHARE": "FOR KEY SHARE", "LCS_FORSHARE": "FOR SHARE", "LCS_FORNOKEYUPDATE": "FOR NO KEY UPDATE"}
    word = words.get(body.get("strength", ""), "FOR UPDATE")
    walk.refuse("locks-rows", f"{word} locks rows against other sessions", None, f"Leave out {word}.")


def _plain(walk: Walk, body: Body, scope: Scope) -> Shape:
    from_clause(walk, body.get("fromClause", ()), scope)
    if "whereClause" in body:
        walk.condition(walk.coerce(walk.value(body["whereClause"], scope), BOOL, None))
    for node in body.get("windowClause", ()):
        definition = walk.mark(node)
        walk.conditions |= merged(window(walk, definition, scope))
        scope.windows.add(definition.get("name", ""))
    columns = targets(walk, body.get("targetList", ()), scope)
    for node in body.get("groupClause", ()):
        _group(walk, node, scope, columns)
    if "havingClause" in body:
        walk.condition(walk.coerce(walk.value(body["havingClause"], scope), BOOL, None))
    for node in body.get("distinctClause", ()):
        if node:
            walk.compare(walk.condition(_key(walk, node, scope, columns, prefer_output=True)), None)
        else:
            for _, value in columns:
                walk.compare(value, None)
    return Shape(tuple((name, _settled(value)) for name, value in columns))


def _settled(value: Value) -> Value:
    """An output that is still an untyped literal becomes text."""
    return Value(TEXT, value.lineage) if value.type == UNKNOWN else value


def targets(walk: Walk, nodes: list[dict[str, Any]], scope: Scope) -> list[tuple[str, Value]]:
    """The output columns of a target list, stars expanded."""
    columns: list[tuple[str, Value]] = []
    for node in nodes:
        target = walk.mark(node)
        value = target["val"]
        reference, steps = value.get("ColumnRef"), value.get("A_Indirection")
        if reference is not None and "A_Star" in reference["fields"][-1]:
            walk.seen.add(id(reference))
            columns += star_columns(walk, reference, scope)
        elif steps is not None and "A_Star" in steps["indirection"][-1]:
            walk.seen.add(id(steps))
            row = indirect(walk, walk.value(steps["arg"], scope), steps["indirection"], scope)
            columns += fields_of(walk, row) or (("?column?", Value(0, row.lineage)),)
        else:
            columns.append((target.get("name") or label(value, walk.labels), walk.value(value, scope)))
    return columns


def _group(walk: Walk, node: dict[str, Any], scope: Scope, columns: list[tuple[str, Value]]) -> None:
    if "GroupingSet" in node:
        for part in walk.mark(node).get("content", ()):
            _group(walk, part, scope, columns)
        return
    if "RowExpr" in node and node["RowExpr"].get("row_format") == "COERCE_IMPLICIT_CAST":
        for part in walk.mark(node).get("args", ()):
            _group(walk, part, scope, columns)
        return
    value = walk.condition(_key(walk, node, scope, columns, prefer_output=False))
    walk.compare(value, None)


def _key(
    walk: Walk, node: dict[str, Any], scope: Scope, columns: list[tuple[str, Value]], *, prefer_output: bool
) -> Value:
    """A sort or group key: an output's number, an output's name, or an expression."""
    number = node.get("A_Const", {}).get("ival")
    if number is not None:
        walk.mark(node)
        place = number.get("ival", 0)
        if 0 < place <= len(columns):
            chosen: Value = columns[place - 1][1]
            return chosen
        walk.refuse("unknown-column", f"position {place} is not in the select list", node["A_Const"].get("location"))
        return UNCERTAIN
    fields = node.get("ColumnRef", {}).get("fields", ())
    if len(fields) == 1 and "String" in fields[0]:
        name = fields[0]["String"]["sval"]
        output = next((value for known, value in columns if known == name), None)
        here = any(name in s.shape.by_name for s in scope.sources if s.columns_visible)
        if output is not None and (prefer_output or not here):
            walk.mark(node)
            return output
    return walk.value(node, scope)


def sort_key(walk: Walk, node: dict[str, Any], scope: Scope, columns: list[tuple[str, Value]] | None = None) -> Value:
    """One ORDER BY item; with ``columns`` it may name an output."""
    body = walk.mark(node)
    if columns is None:
        value = walk.value(body["node"], scope)
    else:
        value = _key(walk, body["node"], scope, columns, prefer_output=True)
    if "useOp" in body:
        found = names.split(body["useOp"], walk.index.catalog.database) or (None, "<")
        operate(walk, found[1], found[0], value, value, body.get("location"))
    walk.compare(value, body.get("location"))
    return value


def _order_and_limit(walk: Walk, body: Body, scope: Scope, shape: Shape) -> None:
    columns = list(shape.columns)
    for node in body.get("sortClause", ()):
        walk.condition(sort_key(walk, node, scope, columns))
    for key in ("limitCount", "limitOffset"):
        if key in body:
            walk.condition(walk.coerce(walk.value(body[key], scope), INT8, None))


def _values(walk: Walk, body: Body, scope: Scope) -> Shape:
    rows: list[list[Value]] = []
    for node in body["valuesLists"]:
        values: list[Value] = []
        for item in node["List"]["items"]:
            values += starred(walk, item, scope) or [walk.value(item, scope)]
        rows.append(values)
    columns = []
    for place in range(max(map(len, rows), default=0)):
        column = [row[place] for row in rows if place < len(row)]
        columns.append((f"column{place + 1}", _unified(walk, column)))
    return Shape(tuple(columns))


def _unified(walk: Walk, values: list[Value]) -> Value:
    type_ = walk.types.common(list(dict.fromkeys(v.type for v in values)))
    done: set[int] = set()
    for value in values:
        if value.type not in done or value.fields is not None:
            done.add(value.type)
            walk.coerce(value, type_, None)
    fields = values[0].fields if type_ == RECORD else None
    return Value(type_, merged([v for v in values if v.lineage]), fields)


def _set_operation(walk: Walk, body: Body, scope: Scope) -> Shape:
    """A chain of set operations is walked from its left end, so that a thousand UNIONs are not a thousand levels."""
    chain = [body]
    while (first := chain[-1]["larg"]) and "larg" in first and not first.keys() & {"withClause", "sortClause"}:
        if first.keys() & {"limitCount", "limitOffset", "lockingClause"} or not _SELECT.issuperset(first):
            break
        chain.append(first)
    shape = select(walk, chain[-1]["larg"], scope)
    for level in reversed(chain):
        shape = combine(walk, level, shape, select(walk, level["rarg"], scope))
    return shape


def combine(walk: Walk, body: Body, left: Shape, right: Shape) -> Shape:
    """The columns of one set operation."""
    columns = []
    for (name, a), (_, b) in zip(left.columns, right.columns, strict=False):
        value = _unified(walk, [a, b])
        if not body.get("all") or body.get("op") != "SETOP_UNION":
            walk.compare(value, None)
        if body.get("op") != "SETOP_UNION":
            walk.condition(value)
        columns.append((name, value))
    return Shape(tuple(columns), left.opaque or right.opaque)


# -- common table expressions ------------------------------------------------------------------------------------------


def with_clause(walk: Walk, body: Body, scope: Scope) -> None:
    """Make the common table expressions visible in ``scope``."""
    nodes = [walk.mark(node) for node in body["ctes"]]
    for cte in _ordered(nodes) if body.get("recursive") else nodes:
        scope.ctes[cte["ctename"]] = _common_table(walk, cte, scope, bool(body.get("recursive")))


def _ordered(nodes: list[Body]) -> list[Body]:
    """Under RECURSIVE a part may name a later one: each after those that it names."""
    by_name = {node["ctename"]: node for node in nodes}
    mentions = {name: _mentioned(node, by_name.keys()) - {name} for name, node in by_name.items()}
    done: dict[str, Body] = {}
    waiting = list(by_name)
    while waiting:
        ready = [name for name in waiting if mentions[name] <= done.keys()] or waiting[:1]
        done[ready[0]] = by_name[ready[0]]
        waiting.remove(ready[0])
    return list(done.values())


def _mentioned(tree: Body, known: Any) -> set[str]:
    found: set[str] = set()
    waiting: list[Any] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if item.get("relname") in known:
                found.add(item["relname"])
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return found


_CTE = frozenset(
    "ctename aliascolnames ctematerialized ctequery search_clause cycle_clause location".split()  # noqa: SIM905
)


def _common_table(walk: Walk, cte: Body, scope: Scope, recursive: bool) -> Shape:
    if not _CTE.issuperset(cte):
        walk.refuse("not-understood", "a common table expression is not understood", cte.get("location"))
    aliases = names.strings(cte.get("aliascolnames", []))
    body = cte["ctequery"].get("SelectStmt")
    if (
        recursive
        and body is not None
        and "larg" in body
        and cte["ctename"] in _mentioned(body["rarg"], {cte["ctename"]})
    ):
        shape = _recursive(walk, cte, body, scope, aliases)
    else:
        shape = query(walk, cte["ctequery"], scope).renamed(aliases)
    return _with_search_and_cycle(walk, cte, shape, scope)


def _recursive(walk: Walk, cte: Body, body: Body, scope: Scope, aliases: list[str]) -> Shape:
    walk.seen.add(id(body))
    inner = Scope(scope)
    if "withClause" in body:
        with_clause(walk, body["withClause"], inner)
    start = select(walk, body["larg"], inner).renamed(aliases)
    for _ in range(len(start.columns) + 1):  # what a column takes in flows on into those that the next round feeds
        before = [value.lineage for _, value in start.columns]
        inner.ctes[cte["ctename"]] = _with_search_and_cycle(walk, cte, start, scope)
        start = combine(walk, body, start, select(walk, body["rarg"], inner))
        if before == [value.lineage for _, value in start.columns]:
            break
    _order_and_limit(walk, body, inner, start)
    for node in body.get("lockingClause", ()):
        _lock(walk, walk.mark(node))
    return start


def _with_search_and_cycle(walk: Walk, cte: Body, shape: Shape, scope: Scope) -> Shape:
    extra: Fields = ()
    search, cycle = cte.get("search_clause"), cte.get("cycle_clause")
    if search is not None:
        type_ = RECORD if search.get("search_breadth_first") else RECORDS
        keys = _named_columns(walk, shape, search.get("search_col_list", []), search.get("location"))
        extra += ((search["search_seq_column"], Value(type_, keys.lineage)),)
    if cycle is not None:
        location = cycle.get("location")
        keys = _named_columns(walk, shape, cycle.get("cycle_col_list", []), location)
        marks = [walk.value(cycle[key], Scope(scope)) for key in ("cycle_mark_value", "cycle_mark_default")]
        mark = _unified(walk, marks)
        operate_rows(walk, "<>", None, mark, mark, location)
        extra += ((cycle["cycle_mark_column"], Value(mark.type, keys.lineage)),)
        extra += ((cycle["cycle_path_column"], Value(RECORDS, keys.lineage)),)
    return Shape(shape.columns + extra, shape.opaque) if extra else shape


def _named_columns(walk: Walk, shape: Shape, listed: list[dict[str, Any]], location: int | None) -> Value:
    found = []
    for name in names.strings(listed):
        value = shape.find(name)
        if value is None:
            walk.refuse("unknown-column", f'there is no column "{name}" in the query', location)
            continue
        walk.compare(value, location)
        found.append(walk.condition(value))
    return Value(RECORD, merged(found))
