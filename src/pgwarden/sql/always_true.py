"""Conditions that are true for every row by their form alone."""

from __future__ import annotations

from typing import Any

from pgwarden.sql.deparse import expression_text
from pgwarden.sql.single import single


def always_true(condition: str) -> bool:
    """Whether a condition is true for every row by its form alone: ``true``, ``1 = 1``, ``x = x or …``."""
    return _true(single(f"select {condition}").select_stmt.target_list[0].res_target.val)


def _true(node: Any) -> bool:
    kind = node.WhichOneof("node")
    if kind == "a_const":
        return bool(node.a_const.boolval.boolval)
    if kind == "type_cast":
        return _true(node.type_cast.arg) or node.type_cast.arg.a_const.sval.sval.lower() in (
            "t",
            "true",
            "on",
            "yes",
            "1",
        )
    if kind == "a_expr":
        parts = node.a_expr
        if parts.kind != 1:  # AEXPR_OP: not IN, LIKE, BETWEEN …
            return False
        same = expression_text(parts.lexpr) == expression_text(parts.rexpr) if parts.HasField("lexpr") else False
        return same and [n.string.sval for n in parts.name] in (["="], [">="], ["<="])
    if kind == "bool_expr":
        tests = [_true(arg) for arg in node.bool_expr.args]
        return all(tests) if node.bool_expr.boolop == 1 else node.bool_expr.boolop == 2 and any(tests)
    return False
