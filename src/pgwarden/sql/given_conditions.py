"""Conditions that a caller gives as text: they must be one boolean expression, and agree with the statement."""

from __future__ import annotations

from typing import Any

from pgwarden.domain.errors import InputInvalid, StatementInvalid
from pgwarden.sql.parse import on_deep_stack, parse

LONGEST = 20_000
"""Characters of a condition; longer lists of values belong into a table."""
_PLACES = frozenset({"location", "stmt_location", "stmt_len"})
_PLAIN_SELECT = frozenset({"targetList", "whereClause", "limitOption", "op"})


def require_condition(text: str) -> None:
    """Raises InputInvalid unless the text is exactly one boolean expression, as it would stand after WHERE."""
    _condition(text)


def agrees(sql: str, text: str) -> bool:
    """Whether the condition is the WHERE of an UPDATE or DELETE. Spelling of names apart, it must be the same tree.

    Raises InputInvalid when the text is no condition, StatementInvalid when the statement is no SQL.
    """
    given = _condition(text)

    def compare() -> bool:
        statement = parse(sql).statements
        body = next(iter(statement[0]["stmt"].values())) if len(statement) == 1 else {}
        where = body.get("whereClause")
        alone = not body.get("usingClause") and not body.get("fromClause")
        return where is not None and _bare(where, alone) == _bare(given, alone)

    return on_deep_stack(compare)


def _condition(text: str) -> Any:
    if not text.strip() or len(text) > LONGEST:
        raise _no_condition(text, "It is empty." if not text.strip() else f"It is longer than {LONGEST:,} characters.")
    try:
        # Alone it must be a whole expression, and in parentheses the same one: nothing may reach out of it.
        alone, held = parse(f"SELECT 1 WHERE {text}\n"), parse(f"SELECT 1 WHERE (\n{text}\n)")
    except StatementInvalid as error:
        raise _no_condition(text, f"{error.why[:1].upper()}{error.why[1:]}.") from None

    def compare() -> Any:
        wheres = [_only_where(tree.statements) for tree in (alone, held)]
        same = wheres[0] is not None and _bare(wheres[0], False) == _bare(wheres[1], False)
        return wheres[0] if same else None

    found = on_deep_stack(compare)
    if found is None:
        raise _no_condition(text, "It is more than one expression, or holds other clauses.")
    return found


def _only_where(statements: tuple[dict[str, Any], ...]) -> Any:
    """The WHERE of a SELECT that has no other clause, else None."""
    body = statements[0]["stmt"].get("SelectStmt") if len(statements) == 1 else None
    return body.get("whereClause") if body and body.keys() <= _PLAIN_SELECT and "whereClause" in body else None


def _bare(node: Any, unqualified: bool) -> Any:
    """The tree without places in the text; with one table in play, also without what names are qualified by."""
    if isinstance(node, list):
        return [_bare(item, unqualified) for item in node]
    if not isinstance(node, dict):
        return node
    if unqualified and "ColumnRef" in node:
        return {"ColumnRef": [_bare(field, False) for field in node["ColumnRef"].get("fields", ())[-1:]]}
    return {key: _bare(value, unqualified) for key, value in node.items() if key not in _PLACES}


def _no_condition(text: str, why: str) -> InputInvalid:
    shown = text if len(text) <= 80 else text[:79] + "…"
    return InputInvalid(
        f"The condition {shown!r} is not one boolean expression.",
        why=why,
        not_done="Nothing was read or run.",
        next_step="Give what stands after WHERE, without the word itself, e.g. status = 'closed' AND total < 10.",
    )
