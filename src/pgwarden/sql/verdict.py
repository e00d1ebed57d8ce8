"""The verdict: a statement's parse tree joined with the catalog, and what pgwarden will therefore do with it."""

from __future__ import annotations

import threading
from typing import Any

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.statement import Decision, OutputColumn, Reason, StatementKind, Verdict
from pgwarden.sql import changes, documents, effects, expressions, statements
from pgwarden.sql.index import Index, index_of
from pgwarden.sql.parse import SHORT, Tree, on_deep_stack, parse
from pgwarden.sql.policy import DEFAULT, ReadPolicy
from pgwarden.sql.queries import query
from pgwarden.sql.scope import Scope, Shape, Value
from pgwarden.sql.suggestions import suggestions
from pgwarden.sql.typesystem import TEXT
from pgwarden.sql.walk import Walk

_HANDLERS = (changes, documents, expressions)
"""Importing these modules registers the handlers of their nodes."""
_judging = threading.RLock()
"""One judgement at a time: what is learned about a catalog is kept for the next."""


def judge(sql: str, catalog: Catalog, *, policy: ReadPolicy = DEFAULT) -> Verdict:
    """What the statement is, what it would touch, and whether it may run.

    Raises StatementInvalid when the text is not SQL that PostgreSQL could read, StatementTooLarge when it is longer
    or deeper than pgwarden follows. Everything else is a verdict: names that do not exist, several statements in
    one text and parts that are not understood give REFUSE with the reason.
    """
    with _judging:
        index = index_of(catalog)
        if len(sql) > SHORT:
            return on_deep_stack(lambda: _judge(sql, index, policy))
        try:
            return _judge(sql, index, policy)
        except RecursionError:
            return on_deep_stack(lambda: _judge(sql, index, policy))


def _judge(sql: str, index: Index, policy: ReadPolicy) -> Verdict:
    tree = parse(sql)
    if len(tree.statements) != 1:
        return _not_one(tree)
    node = tree.statements[0]["stmt"]
    ((kind, body),) = node.items()
    refused = statements.known(kind)
    if refused is not None:
        reason = Reason(refused.code, refused.message, 0, refused.hint)
        return Verdict(sql, refused.kind, Decision.REFUSE, (reason,), catalog_version=index.catalog.version)
    walk = Walk(index, policy, tree, index.resolver, own=True)
    shape = _SHAPES[kind](walk, node, body) if kind in _SHAPES else query(walk, node, Scope())
    walk.audit()
    return _verdict(walk, statements.kind_of(kind), shape, body)


def _not_one(tree: Tree) -> Verdict:
    count = len(tree.statements)
    if not count:
        reason = Reason("empty", "the text holds no statement")
        return Verdict(tree.sql, StatementKind.UNKNOWN, Decision.REFUSE, (reason,))
    second = tree.offset(tree.statements[1].get("stmt_location", 0))
    reason = Reason("several-statements", f"the text holds {count} statements", second, "Send them one at a time.")
    kinds = [statements.kind_of(next(iter(raw["stmt"]))) for raw in tree.statements]
    kind = next((k for k in kinds if k is not StatementKind.SELECT), kinds[0])
    return Verdict(tree.sql, kind, Decision.REFUSE, (reason,))


def _verdict(walk: Walk, kind: StatementKind, shape: Shape, body: dict[str, Any]) -> Verdict:
    reasons = walk.found()
    decision = Decision.REFUSE if reasons else Decision.ALLOW
    if walk.changes and not reasons and kind is not StatementKind.EXPLAIN:
        decision = Decision.NEEDS_APPROVAL
        reasons = tuple(
            Reason("changes-data", f"{verb} changes data and needs a person's approval") for verb in walk.changes
        )
    if walk.changes and kind is StatementKind.SELECT:
        kind = StatementKind(walk.changes[0])
    index = walk.index
    return Verdict(
        walk.tree.sql,
        kind,
        decision,
        reasons,
        suggestions(walk, body) if kind is StatementKind.SELECT and decision is Decision.ALLOW else (),
        frozenset(walk.reads),
        frozenset(walk.writes),
        tuple(OutputColumn(name, value.type, value.lineage) for name, value in shape.columns),
        frozenset(walk.conditions),
        frozenset(walk.functions),
        walk.stable and not walk.changes,
        walk.parameters,
        index.catalog.version,
    )


def _show(walk: Walk, node: dict[str, Any], body: dict[str, Any]) -> Shape:
    walk.mark(node)
    walk.stable = False
    name = body.get("name", "")
    spoken = {"transaction_isolation", "session_authorization", "timezone"}
    if name not in spoken and not effects.setting_is_harmless(name):
        walk.refuse("secret-setting", f'setting "{name}" is not shown', 5)
    if body.keys() - {"name"}:
        walk.refuse("not-understood", "SHOW in this form is not understood", 0)
    return Shape(((name, Value(TEXT)),))


_OPTIONS = frozenset(
    """
    analyze verbose costs settings generic_plan buffers serialize wal timing summary memory format
    """.split()  # noqa: SIM905
)


def _explain(walk: Walk, node: dict[str, Any], body: dict[str, Any]) -> Shape:
    walk.mark(node)
    walk.stable = False
    analyze = False
    for option in body.get("options", ()):
        said = walk.mark(option)
        name = said.get("defname", "").lower()
        if name not in _OPTIONS or said.keys() - {"defname", "arg", "defaction", "location"}:
            walk.refuse("not-understood", f"EXPLAIN option {name} is not understood", said.get("location"))
        analyze = analyze or (name == "analyze" and not _is_off(said.get("arg")))
    inner = body["query"]
    ((kind, inside),) = inner.items()
    if kind in ("DeclareCursorStmt", "CreateTableAsStmt") and not analyze:
        walk.mark(inner)
        inner = inside["query"]
        for part in ("into", "options"):
            _skip(walk, inside.get(part))
        ((kind, inside),) = inner.items()
    refused = statements.known(kind)
    if refused is not None:
        walk.refuse(refused.code, refused.message, 0, refused.hint)
        _skip(walk, inner)
        return Shape((("QUERY PLAN", Value(TEXT)),))
    query(walk, inner, Scope())
    if walk.changes and analyze:
        walk.refuse("explain-analyze", f"EXPLAIN ANALYZE really runs the {walk.changes[0]}", 0, "Leave out ANALYZE.")
    return Shape((("QUERY PLAN", Value(TEXT)),))


def _is_off(argument: dict[str, Any] | None) -> bool:
    """Whether an option is switched off, in any of the spellings that PostgreSQL takes."""
    if argument is None:
        return False
    ((_, body),) = argument.items()
    value = body.get("sval", body.get("ival", body.get("boolval", 0)))
    return str(value).lower() in ("false", "off", "0", "no", "f", "n", "of")


def _skip(walk: Walk, item: Any) -> None:
    """Mark what is not judged because it does not run."""
    waiting = [item]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            for key, inner in part.items():
                if key[:1].isupper() and isinstance(inner, dict) and key not in ("String", "Integer", "Float", "Boolean"):
                    walk.seen.add(id(inner))
                waiting.append(inner)


_SHAPES = {"VariableShowStmt": _show, "ExplainStmt": _explain}
