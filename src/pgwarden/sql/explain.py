"""EXPLAIN and SHOW: answers about statements and settings."""

from __future__ import annotations

from typing import Any

from pgwarden.sql import effects, statements
from pgwarden.sql.queries import CHANGES, query
from pgwarden.sql.scope import Scope, Shape, Value
from pgwarden.sql.typesystem import TEXT
from pgwarden.sql.walk import Walk

Body = dict[str, Any]
_OPTIONS = frozenset(
    """
    analyze verbose costs settings generic_plan buffers serialize wal timing summary memory format
    """.split()  # noqa: SIM905 - a word list reads better
)
_SPOKEN = frozenset({"transaction_isolation", "session_authorization", "timezone"})
"""Settings that have a spelling of their own (SHOW TRANSACTION ISOLATION LEVEL …)."""
_OFF = frozenset({"false", "off", "0", "no", "f", "n", "of"})
_PLAN = Shape((("QUERY PLAN", Value(TEXT)),))


def reading(walk: Walk, node: dict[str, Any], scope: Scope) -> Shape:
    """A statement that may be a read: a query, EXPLAIN or SHOW."""
    ((kind, body),) = node.items()
    if kind == "ExplainStmt":
        return _explain(walk, node, body, scope)
    return _show(walk, node, body) if kind == "VariableShowStmt" else query(walk, node, scope)


def _show(walk: Walk, node: dict[str, Any], body: Body) -> Shape:
    walk.mark(node)
    walk.stable = False
    name = body.get("name", "")
    if name not in _SPOKEN and not effects.setting_is_harmless(name):
        walk.refuse("secret-setting", f'setting "{name}" is not shown', 5)
    if body.keys() - {"name"}:
        walk.refuse("not-understood", "SHOW in this form is not understood", 0)
    return Shape(((name, Value(TEXT)),))


def _explain(walk: Walk, node: dict[str, Any], body: Body, scope: Scope) -> Shape:
    """The plan of a statement; without ANALYZE nothing of it runs but what the planner evaluates."""
    walk.mark(node)
    walk.stable = False
    analyze = _analyzes(walk, body.get("options", ()))
    inner = body["query"]
    ((kind, inside),) = inner.items()
    if kind in ("DeclareCursorStmt", "CreateTableAsStmt") and not analyze:
        walk.mark(inner)
        for part in ("into", "options"):
            walk.skip(inside.get(part))
        inner = inside["query"]
        ((kind, inside),) = inner.items()
    if (refused := statements.known(kind)) is not None:
        walk.refuse(refused.code, refused.message, 0, refused.hint)
        walk.skip(inner)
        return _PLAN
    runs, walk.runs = walk.runs, analyze
    query(walk, inner, scope)
    walk.runs = runs
    if kind in CHANGES or walk.changes:
        if analyze:
            walk.refuse("explain-analyze", f"EXPLAIN ANALYZE really runs {walk.changes[0]}", 0, "Leave out ANALYZE.")
        walk.changes.clear()
    return _PLAN


def _analyzes(walk: Walk, options: list[dict[str, Any]]) -> bool:
    """Whether ANALYZE is on. PostgreSQL lets the last of several count; here any that is on counts."""
    analyze = False
    for node in options:
        option = walk.mark(node)
        name = option.get("defname", "").lower()
        if name not in _OPTIONS or option.keys() - {"defname", "arg", "defaction", "location"}:
            walk.refuse("not-understood", f"EXPLAIN option {name} is not understood", option.get("location"))
        analyze = analyze or (name == "analyze" and not _is_off(option.get("arg")))
    return analyze


def _is_off(argument: dict[str, Any] | None) -> bool:
    """Whether an option is switched off, in any of the spellings that PostgreSQL takes."""
    if argument is None:
        return False
    ((_, body),) = argument.items()
    value = body.get("sval", body.get("ival", body.get("boolval", 0)))
    return str(value).lower() in _OFF
