"""Functions of users whose result drifts: their bodies ask for the time, for chance, or for who is asking."""

from __future__ import annotations

from collections.abc import Iterable

from pgwarden.domain.catalog import Catalog, Function
from pgwarden.sql.freeze import DRIFTING, MOMENTS
from pgwarden.sql.function_effects import READABLE, body_of
from pgwarden.sql.plpgsql_tokens import NotUnderstood, tokens


def drifting_functions(catalog: Catalog, names: Iterable[str]) -> tuple[str, ...]:
    """Those of these functions that drift, themselves or through what they call.

    What is written in a language that is not read here drifts when its author says that it is volatile.
    """
    return tuple(name for name in names if any(_drifts(catalog, f, set()) for f in _named(catalog, name)))


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
