"""Literals, aliases and the names of outputs."""

from __future__ import annotations

import re
from dataclasses import replace

from pgwarden.domain.keywords import RESERVED
from pgwarden.language.forms import Agg, Binary, Bucket, Col, Duration, Expr, Length, Ratio, Window
from pgwarden.language.index import LexicalIndex

_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")
_PLAIN = frozenset({"as", "by", "in", "is", "on", "or", "to", "at", "no", "if", "of", "do", "set", "row"})


def literal(value: str, kind: str) -> str:
    """The value as a literal that a column of that kind takes: numbers bare, all else in quotes."""
    if kind in ("number", "other") and _NUMBER.match(value):
        return value
    text = "'" + value.replace("'", "''") + "'"
    return f"E{text}".replace("\\", "\\\\") if "\\" in value else text


def alias_of(table: str, taken: set[str]) -> str:
    """A short alias from the initials of a table's words, unlike any taken one."""
    initials = "".join(part[0] for part in re.split(r"[^0-9A-Za-z]+", table.lower()) if part and part[0].isalpha())
    base = initials or "t"
    alias, serial = base, 1
    while alias in taken or alias in RESERVED or alias in _PLAIN:
        serial += 1
        alias = f"{base}{serial}"
    return alias


def output_name(node: Expr, index: LexicalIndex) -> str:
    """What an output column is called."""
    if isinstance(node, Col):
        return index.attribute(node.field).name
    if isinstance(node, Agg):
        if node.called:
            return f"{output_name(replace(node, called=''), index)}_{node.called}"
        if node.over is None:
            entity = index.entities.get(node.entity)
            return f"{entity.relation.name.name}_count" if entity else "count"
        prefix = {"sum": "total", "count": "count"}.get(node.function, node.function)
        return f"{prefix}_{output_name(node.over, index)}"
    if isinstance(node, Ratio):
        return "percentage" if node.factor == 100 else "ratio"
    if isinstance(node, Bucket):
        return node.unit
    if isinstance(node, Duration):
        return "duration"
    if isinstance(node, Length):
        return f"{output_name(node.over, index)}_length"
    if isinstance(node, Window):
        return (
            "rank" if "rank" in node.function else f"running_{output_name(node.over, index) if node.over else 'total'}"
        )
    if isinstance(node, Binary):
        return "amount" if node.operator == "*" else "difference" if node.operator == "-" else "value"
    return "value"
