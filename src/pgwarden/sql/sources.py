"""FROM: tables, views, sub-selects, functions, joins, samples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pgwarden.domain.catalog import Name, Relation
from pgwarden.sql import names
from pgwarden.sql.labels import label
from pgwarden.sql.operators import operate
from pgwarden.sql.scope import Fields, Scope, Shape, Source, Value
from pgwarden.sql.typesystem import BOOL, INT8, INTERNAL, RECORD, VOID
from pgwarden.sql.walk import Walk

Body = dict[str, Any]


def from_clause(walk: Walk, nodes: Iterable[dict[str, Any]], scope: Scope) -> None:
    """Add the items of a FROM list to the scope, left to right."""
    for node in nodes:
        scope.sources += item(walk, node, scope)


def item(walk: Walk, node: dict[str, Any], scope: Scope) -> list[Source]:
    """The sources of one FROM item; a join gives several."""
    for kind, body in node.items():
        walk.seen.add(id(body))
        if kind in _ITEMS:
            return _ITEMS[kind](walk, body, scope)
        walk.refuse("not-understood", f"{kind} in FROM is not understood", body.get("location"))
    return [Source("", Shape((), opaque=True))]


def _aliased(body: Body) -> tuple[str | None, list[str]]:
    alias = body.get("alias")
    if alias is None:
        return None, []
    return alias["aliasname"], names.strings(alias.get("colnames", []))


_VARIABLE = frozenset(["catalogname", "schemaname", "relname", "inh", "relpersistence", "alias", "location"])
_SUB_SELECT = frozenset(["lateral", "subquery", "alias", "location"])
_FUNCTION = frozenset(["lateral", "ordinality", "is_rowsfrom", "functions", "alias", "coldeflist", "location"])
_SAMPLE = frozenset(["relation", "method", "args", "repeatable", "location"])
_JOIN = frozenset(
    {
        "jointype",
        "isNatural",
        "larg",
        "rarg",
        "usingClause",
        "join_using_alias",
        "quals",
        "alias",
        "rtindex",
        "location",
    }
)


def _known(walk: Walk, body: Body, fields: frozenset[str]) -> None:
    if not fields.issuperset(body):
        unknown = ", ".join(sorted(body.keys() - fields))
        walk.refuse("not-understood", f"{unknown} in FROM is not understood", body.get("location"))


def range_variable(walk: Walk, body: Body, scope: Scope) -> list[Source]:
    """A table, view or common table expression by name."""
    _known(walk, body, _VARIABLE)
    alias, columns = _aliased(body)
    name, schema = body["relname"], body.get("schemaname")
    if schema is None and (shape := scope.cte(name)) is not None:
        return [Source(alias or name, shape.renamed(columns))]
    relation = find_relation(walk, body)
    if relation is None:
        return [Source(alias or name, Shape((), opaque=True))]
    shape = walk.read(relation, body.get("location"))
    return [Source(alias or name, shape.renamed(columns), None if alias else relation.name.schema)]


def find_relation(walk: Walk, body: Body) -> Relation | None:
    """The relation that a RangeVar means; an unknown one is refused with the nearest name."""
    name, schema, location = body["relname"], names.own_schema(walk, body.get("schemaname")), body.get("location")
    catalog = walk.index.catalog
    if body.get("catalogname") not in (None, catalog.database):
        walk.refuse("other-database", f"{body['catalogname']} is another database", location)
        return None
    for place in (schema,) if schema else walk.resolver.search_path:
        if (found := catalog.by_name.get(Name(place, name))) is not None:
            return found
    shown = f"{schema}.{name}" if schema else name
    known = (r.name.name for r in catalog.relations.values() if schema is None or r.name.schema == schema)
    hint = walk.close_to(name, known) or _other_schema(walk, name)
    walk.refuse("unknown-table", f"there is no table or view {shown}", location, hint)
    return None


def _other_schema(walk: Walk, name: str) -> str:
    elsewhere = [r.name for r in walk.index.catalog.user_relations if r.name.name == name]
    return f"There is {elsewhere[0]}." if elsewhere else ""


def _without_sources(scope: Scope) -> Scope:
    """The scope as a sub-select without LATERAL sees it."""
    inner = Scope(scope.parent)
    inner.ctes, inner.variables = scope.ctes, scope.variables
    return inner


def _sub_select(walk: Walk, body: Body, scope: Scope) -> list[Source]:
    from pgwarden.sql.queries import query

    _known(walk, body, _SUB_SELECT)
    alias, columns = _aliased(body)
    shape = query(walk, body["subquery"], scope if body.get("lateral") else _without_sources(scope))
    source = Source(alias or "", shape.renamed(columns), visible=alias is not None)
    return [source]


def _function(walk: Walk, body: Body, scope: Scope) -> list[Source]:
    _known(walk, body, _FUNCTION)
    alias, renames = _aliased(body)
    columns: Fields = ()
    opaque, scalar, first = False, False, ""
    for node in body["functions"]:
        call, definitions = node["List"]["items"]
        listed = definitions["List"]["items"] if definitions else body.get("coldeflist", [])
        parts = [call] if listed else _expanded(call)
        single = len(parts) == 1 and len(body["functions"]) == 1
        for part in parts:  # beside others a column is called after its function, whatever the alias is
            found, unsure = _function_columns(walk, part, listed, scope, alias if single else None)
            if part is not call:  # made up here: only the call itself counts as a node of the tree
                walk.seen.discard(id(part["FuncCall"]))
                walk.mark(call)
            columns += found
            opaque = opaque or unsure
            scalar = not listed and len(found) == 1 and not _is_row(walk, found)
        first = first or label(call)
    if body.get("ordinality"):
        columns += (("ordinality", Value(INT8)),)
    scalar = scalar and len(columns) == 1
    row_type = RECORD
    shape = Shape(columns, opaque, row_type, scalar=scalar)
    return [Source(alias or first, shape.renamed(renames))]


def _is_row(walk: Walk, columns: Fields) -> bool:
    return walk.types.is_row(columns[0][1].type)


def _expanded(call: dict[str, Any]) -> list[dict[str, Any]]:
    """``unnest(a, b)`` in FROM stands for two calls side by side."""
    body = call.get("FuncCall")
    if body is None or len(body.get("args", ())) < 2 or label(call) != "unnest":
        return [call]
    return [{"FuncCall": {**body, "args": [argument]}} for argument in body["args"]]


def _function_columns(
    walk: Walk, call: dict[str, Any], listed: list[dict[str, Any]], scope: Scope, alias: str | None
) -> tuple[Fields, bool]:
    value = walk.value(call, scope)
    if listed:
        columns = []
        for node in listed:
            definition = walk.mark(node)
            type_ = names.use_type(walk, definition["typeName"])
            columns.append((definition["colname"], Value(type_, value.lineage)))
        return tuple(columns), False
    if value.fields is not None:
        return tuple((name, Value(v.type, v.lineage | value.lineage)) for name, v in value.fields), False
    if (row := walk.index.row_of(value.type)) is not None:
        return tuple((name, Value(v.type, value.lineage)) for name, v in row.columns), False
    if value.type in (0, RECORD):
        return ((alias or label(call), Value(0, value.lineage)),), True
    named = _single_output(walk, call) if alias is None or value.type != VOID else None
    return ((named or alias or label(call), value),), False


def _single_output(walk: Walk, call: dict[str, Any]) -> str | None:
    """The name of a function's only OUT parameter, which names its column whatever the alias is."""
    parts = names.split(call["FuncCall"]["funcname"], walk.index.catalog.database) if "FuncCall" in call else None
    if parts is None:
        return None
    schema, name = parts
    found = {f.out_names for f in walk.resolver.named(name, schema) if f.return_oid != RECORD}
    return next((n[0] for n in found if len(n) == 1 and n[0]), None) if len(found) == 1 else None


def _sample(walk: Walk, body: Body, scope: Scope) -> list[Source]:
    _known(walk, body, _SAMPLE)
    sources = item(walk, body["relation"], scope)
    location = body.get("location")
    found = names.split(body["method"], walk.index.catalog.database)
    call = walk.resolver.call(found[1], found[0], (INTERNAL,)) if found else None
    if call is None:
        walk.refuse("unknown-function", "this TABLESAMPLE method does not exist", location)
    else:
        for function in call.functions:
            walk.run_function(function, location)
    for node in body.get("args", ()):
        walk.value(node, scope)
    if "repeatable" in body:
        walk.value(body["repeatable"], scope)
    else:
        walk.stable = False
    return sources


# -- joins -------------------------------------------------------------------------------------------------------------


def _join(walk: Walk, body: Body, scope: Scope) -> list[Source]:
    """A join; a chain of joins is walked from its left end, so that a thousand joins are not a thousand levels."""
    chain = [body]
    while "JoinExpr" in chain[-1]["larg"]:
        chain.append(walk.mark(chain[-1]["larg"]))
    sources = item(walk, chain[-1]["larg"], scope)
    for level in reversed(chain):
        sources = _join_level(walk, level, sources, scope)
    return sources


def _join_level(walk: Walk, body: Body, left: list[Source], scope: Scope) -> list[Source]:
    _known(walk, body, _JOIN)
    beside = Scope(scope.parent, [*scope.sources, *left])
    beside.ctes, beside.variables = scope.ctes, scope.variables
    right = item(walk, body["rarg"], beside)
    shared = _shared_columns(body, left, right)
    if "quals" in body:
        inside = Scope(scope.parent, [*left, *right])
        inside.ctes, inside.variables = scope.ctes, scope.variables
        walk.condition(walk.coerce(walk.value(body["quals"], inside), BOOL, None))
    sources = left + right
    if shared is not None:
        sources = _merge(walk, body, left, right, shared)
    if "alias" in body:
        alias, columns = _aliased(body)
        visible = [s for s in sources if s.columns_visible]
        whole = Shape(tuple(c for s in visible for c in s.shape.columns), any(s.shape.opaque for s in visible))
        return [Source(alias or "", whole.renamed(columns))]
    return sources


def _shared_columns(body: Body, left: list[Source], right: list[Source]) -> list[str] | None:
    if "usingClause" in body:
        return names.strings(body["usingClause"])
    if not body.get("isNatural"):
        return None
    there = {name for s in right if s.columns_visible for name, _ in s.shape.columns}
    return [name for s in left if s.columns_visible for name, _ in s.shape.columns if name in there]


def _merge(walk: Walk, body: Body, left: list[Source], right: list[Source], shared: list[str]) -> list[Source]:
    """USING and NATURAL: shared columns come first and once; the sides keep their names for qualified use."""
    merged_columns = []
    for name in shared:
        a, b = _visible_column(left, name), _visible_column(right, name)
        if a is None or b is None:
            walk.refuse("unknown-column", f'column "{name}" of USING is not on both sides of the join', None)
            continue
        walk.condition(walk.touch(a, None))
        walk.condition(walk.touch(b, None))
        operate(walk, "=", None, a, b, None)
        type_ = walk.types.common([a.type, b.type])
        walk.coerce(a, type_, None)
        walk.coerce(b, type_, None)
        merged_columns.append((name, Value(type_, a.lineage | b.lineage)))
    rest = [c for s in (*left, *right) if s.columns_visible for c in s.shape.columns if c[0] not in shared]
    opaque = any(s.shape.opaque for s in (*left, *right) if s.columns_visible)
    for source in (*left, *right):
        source.columns_visible = False
    joined = Source("", Shape((*merged_columns, *rest), opaque), visible=False)
    sources = [*left, *right, joined]
    if "join_using_alias" in body:
        only = Source(body["join_using_alias"]["aliasname"], Shape(tuple(merged_columns)))
        only.columns_visible = False
        sources.append(only)
    return sources


def _visible_column(sources: list[Source], name: str) -> Value | None:
    return next((v for s in sources if s.columns_visible and (v := s.shape.find(name)) is not None), None)


_ITEMS = {
    "RangeVar": range_variable,
    "RangeSubselect": _sub_select,
    "RangeFunction": _function,
    "RangeTableSample": _sample,
    "JoinExpr": _join,
}


def register(kind: str, source: Any) -> None:
    """Add a kind of FROM item (JSON_TABLE, XMLTABLE live with their expressions)."""
    _ITEMS[kind] = source
