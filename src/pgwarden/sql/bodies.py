"""Functions of users, judged by what their bodies do; what they declare to be is only a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgwarden.domain.errors import PgwardenError
from pgwarden.sql.judgement import Judgement, refused
from pgwarden.sql.parse import Tree, parse
from pgwarden.sql.relations import summary
from pgwarden.sql.scope import Lineage, Scope, Shape, Value, merged
from pgwarden.sql.typesystem import POLYMORPHIC
from pgwarden.sql.walk import Walk

if TYPE_CHECKING:
    from pgwarden.domain.catalog import Function
    from pgwarden.sql.index import Index
    from pgwarden.sql.policy import ReadPolicy


def judge_body(index: Index, function: Function, policy: ReadPolicy) -> Judgement:
    """The judgement on a function in SQL or PL/pgSQL."""
    what = f"function {function.name}"
    if function.source is None and function.definition is None:
        return refused("function-is-opaque", f"the body of {what} cannot be read")
    if any(setting.startswith("standard_conforming_strings") for setting in function.config):
        return refused("function-not-understood", f"{what} changes how its strings are read")
    index = index_of(index, function)
    try:
        if function.language == "plpgsql":
            from pgwarden.sql import plpgsql

            return plpgsql.judge(index, function, policy)
        return _judge_sql(index, function, policy)
    except PgwardenError as error:
        return refused("function-not-understood", f"{what}: {error.why or error.what}")


def index_of(index: Index, function: Function) -> Index:
    """The catalog as the body sees it: a search path attached to the function rules over the caller's."""
    for setting in function.config:
        name, _, value = setting.partition("=")
        if name == "search_path":
            path = tuple(part.strip().strip('"') for part in value.split(",") if part.strip())
            listed = tuple(index.catalog.role if part == "$user" else part for part in path)
            return index.under(listed if "pg_catalog" in listed else ("pg_catalog", *listed))
    return index


def argument_values(function: Function) -> dict[int, Value]:
    """Values of ``$1`` … by number; polymorphic ones are of a type that cannot be told."""
    return {
        number: Value(0 if type_ in POLYMORPHIC else type_) for number, type_ in enumerate(function.argument_oids, 1)
    }


def argument_scope(function: Function, values: dict[int, Value]) -> Scope:
    """The scope in which a body's names may mean arguments: by name, and by the function's own name and theirs."""
    scope = Scope()
    for number, name in enumerate(function.argument_names, 1):
        if name and number in values:
            scope.variables[name] = values[number]
            scope.variables[f"{function.name.name}.{name}"] = values[number]
    return scope


def body_walk(index: Index, function: Function, policy: ReadPolicy, tree: Tree) -> tuple[Walk, Scope]:
    """A walk over a body of the function, with its arguments in scope."""
    walk = Walk(index, policy, tree, index.resolver, own=False, what=f"function {function.name}")
    values = argument_values(function)
    walk.arguments = values
    return walk, argument_scope(function, values)


def _judge_sql(index: Index, function: Function, policy: ReadPolicy) -> Judgement:
    tree = parse(function.definition if function.definition is not None else function.source or "")
    walk, scope = body_walk(index, function, policy, tree)
    lineage: Lineage = frozenset()
    for raw in tree.statements:
        lineage |= merged([value for _, value in _statement(walk, raw["stmt"], scope).columns])
    walk.audit()
    return summary(walk, lineage)


def _statement(walk: Walk, node: dict[str, object], scope: Scope) -> Shape:
    """One statement of an SQL body: a query, or what CREATE FUNCTION holds where the body is SQL-standard."""
    from pgwarden.sql.explain import reading
    from pgwarden.sql.queries import CHANGES

    ((kind, _),) = node.items()
    if kind in ("SelectStmt", "ExplainStmt", "VariableShowStmt"):
        return reading(walk, node, scope)
    if kind == "CreateFunctionStmt":
        return _standard_body(walk, node, scope)
    if kind == "ReturnStmt":
        value = walk.value(walk.mark(node)["returnval"], scope)
        return Shape((("", value),))
    verb = kind.removesuffix("Stmt").upper()
    said = f"it runs {verb}" if kind in CHANGES else f"it runs {verb}, which is not a query"
    walk.refuse("function-has-effects", said, None)
    return Shape((), opaque=True)


def _standard_body(walk: Walk, node: dict[str, object], scope: Scope) -> Shape:
    body = walk.mark(node)
    bodies = body.get("sql_body")
    if bodies is None:
        walk.refuse("function-not-understood", "its body is not understood", None)
        return Shape((), opaque=True)
    walk.skip({key: part for key, part in body.items() if key != "sql_body"})  # the catalog knows it already
    shape = Shape(())
    waiting = [bodies]
    while waiting:
        item = waiting.pop(0)
        if "List" in item:
            waiting = [*item["List"].get("items", ()), *waiting]
        elif item:
            shape = _statement(walk, item, scope)
    return shape


__all__ = ["argument_scope", "argument_values", "body_walk", "index_of", "judge_body"]
