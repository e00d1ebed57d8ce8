"""A statement without its values, for showing its shape where values may not go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgwarden.sql.parse import on_deep_stack, parse


def without_values(sql: str) -> tuple[str, tuple[str, ...]]:
    """The statement with $1, $2 … in place of every constant, and the constants' own texts, yes, no and null aside.

    Raises StatementInvalid, StatementTooLarge.
    """

    def work() -> tuple[str, tuple[str, ...]]:
        import postgast

        found = [value for raw in parse(sql).statements for value in _values(raw["stmt"])]
        return str(postgast.normalize(sql)), tuple(dict.fromkeys(found))

    return on_deep_stack(work)


def _values(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _values(item)
    elif isinstance(node, dict):
        constant = node.get("A_Const")
        if constant is not None:
            for kind in ("sval", "ival", "fval", "bsval"):
                if kind in constant:
                    yield str(constant[kind].get(kind, 0 if kind == "ival" else ""))
        for value in node.values():
            yield from _values(value)
