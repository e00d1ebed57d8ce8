"""The verdict: a statement's parse tree joined with the catalog, and what pgwarden will therefore do with it."""

from __future__ import annotations

import threading
from typing import Any

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.statement import Decision, OutputColumn, Reason, StatementKind, Verdict
from pgwarden.sql import changes, documents, expressions, statements
from pgwarden.sql.explain import reading
from pgwarden.sql.index import Index, index_of
from pgwarden.sql.parse import SHORT, Tree, on_deep_stack, parse
from pgwarden.sql.policy import DEFAULT, ReadPolicy
from pgwarden.sql.scope import Scope, Shape
from pgwarden.sql.suggestions import suggestions
from pgwarden.sql.walk import Walk

_HANDLERS = (changes, documents, expressions)
"""Importing these modules registers the handlers of their nodes."""
VERDICTS_KEPT = 256
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


def verdict_of(sql: str, catalog: Catalog, *, policy: ReadPolicy = DEFAULT) -> Verdict:
    """``judge``, remembered with the catalog for short texts: one request is judged by several agents."""
    if len(sql) > SHORT:
        return judge(sql, catalog, policy=policy)
    kept: dict[tuple[str, ReadPolicy], Verdict] = vars(catalog).setdefault("_sql_verdicts", {})
    found = kept.get((sql, policy))
    if found is None:
        found = judge(sql, catalog, policy=policy)
        if len(kept) >= VERDICTS_KEPT:
            kept.clear()
        kept[sql, policy] = found
    return found


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
    shape = reading(walk, node, Scope())
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
    if walk.changes and not reasons:
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
