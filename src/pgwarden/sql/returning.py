"""Statements that change one table once, and can be made to return each row that they change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.single_change import SingleChange
from pgwarden.domain.statement import StatementKind
from pgwarden.sql.parse import Node, parse

_KINDS = {
    "InsertStmt": StatementKind.INSERT,
    "UpdateStmt": StatementKind.UPDATE,
    "DeleteStmt": StatementKind.DELETE,
}
_CHANGES = (*_KINDS, "MergeStmt")
_DO_NOTHING = "ONCONFLICT_NOTHING"


def single_change(sql: str) -> SingleChange | None:
    """What the statement changes, None where it is not of that simple kind.

    Raises StatementInvalid, StatementTooLarge.
    """
    statements = parse(sql).statements
    if len(statements) != 1:
        return None
    raw = statements[0]
    (name, body), *_ = raw["stmt"].items()
    if name not in _KINDS or sum(_changes(raw["stmt"])) != 1 or "returningClause" in body:
        return None
    if body.get("onConflictClause", {}).get("action", _DO_NOTHING) != _DO_NOTHING:
        return None
    relation = body["relation"]
    start, length = raw.get("stmt_location", 0), raw.get("stmt_len", 0)
    encoded = sql.encode()
    return SingleChange(
        kind=_KINDS[name],
        schema=relation.get("schemaname"),
        table=relation["relname"],
        alias=quote_identifier(relation.get("alias", {}).get("aliasname", relation["relname"])),
        assigned=_assigned(body) if name == "UpdateStmt" else frozenset(),
        text=encoded[start : start + length if length else None].decode(),
    )


def changed_tables(sql: str) -> tuple[tuple[str | None, str], ...]:
    """The tables, as (schema, name), that the statement itself changes; schema None where it names none."""
    found: dict[tuple[str | None, str], None] = {}
    for statement in parse(sql).statements:
        for name, body in _nodes(statement["stmt"]):
            if name in _CHANGES:
                found[body["relation"].get("schemaname"), body["relation"]["relname"]] = None
    return tuple(found)


def _assigned(body: Node) -> frozenset[str]:
    return frozenset(item["ResTarget"]["name"] for item in body["targetList"])


def _changes(tree: Any) -> Iterator[bool]:
    return (name in _CHANGES for name, _ in _nodes(tree))


def _nodes(tree: Any) -> Iterator[tuple[str, Node]]:
    """Every named node of a tree, at any depth."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield from ((name, value) for name, value in node.items() if isinstance(value, dict))
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
