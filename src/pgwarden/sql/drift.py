"""Functions and views of users whose result drifts: they ask for the time, for chance, or for who is asking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from pgwarden.domain.catalog import Catalog, Function, Relation
from pgwarden.domain.errors import PgwardenError
from pgwarden.sql.freeze import DRIFTING, MOMENTS, freeze
from pgwarden.sql.function_effects import READABLE, body_of, resolved
from pgwarden.sql.plpgsql_tokens import NotUnderstood, tokens
from pgwarden.sql.statement_effects import Table, statement_effects


def drifting_functions(catalog: Catalog, names: Iterable[str]) -> tuple[str, ...]:
    """Those of these functions that drift, themselves or through what they call.

    What is written in a language that is not read here drifts when its author says that it is volatile.
    """
    return tuple(name for name in names if any(_drifts(catalog, f, set()) for f in _named(catalog, name)))


def drifting_views(catalog: Catalog, named: Iterable[Table], path: Sequence[str]) -> tuple[str, ...]:
    """Those of these relations that are views whose rows depend on the moment, or on who asks, as words."""
    found = (resolved(catalog, table, path) for table in named)
    views = dict.fromkeys(relation for relation in found if relation is not None)
    return tuple(f"the view {view.name}" for view in views if _view_drifts(catalog, view, set()))


def _view_drifts(catalog: Catalog, view: Relation, seen: set[int]) -> bool:
    if view.oid in seen or view.kind != "v" or not view.view_definition:
        return False
    seen.add(view.oid)
    try:
        text = freeze(view.view_definition, defaultdict(str))
        calls = statement_effects(view.view_definition).calls
    except (PgwardenError, NotUnderstood):
        return True
    if text.values or text.drifting or text.taken or drifting_functions(catalog, (name for _, name in calls)):
        return True
    read = (catalog.relations.get(oid) for oid in view.reads)
    return any(_view_drifts(catalog, relation, seen) for relation in read if relation is not None)


def _named(catalog: Catalog, name: str) -> Iterable[Function]:
    return (function for function in catalog.functions_by_name.get(name, ()) if not function.builtin)


def _drifts(catalog: Catalog, function: Function, seen: set[int]) -> bool:
    if function.oid in seen:
        return False
    seen.add(function.oid)
    body = body_of(function)
    if function.language not in READABLE or body is None:
        return function.volatility == "v"
    try:
        words = {token.text for token in tokens(body) if token.kind in ("word", "quoted")}
    except NotUnderstood:
        return function.volatility == "v"
    if words & (DRIFTING | MOMENTS):
        return True
    return any(_drifts(catalog, called, seen) for word in words for called in _named(catalog, word))
