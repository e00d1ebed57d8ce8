"""``coalesce(c, 'x') = 'y'`` → ``c = 'y'``, ``coalesce(c, 'x') = 'x'`` → ``c = 'x' OR c IS NULL``.

Valid for whole numbers and for texts whose equality is that of their characters. The first gives NULL where it gave
false, so only where a row is filtered out by both.
"""

from __future__ import annotations

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import either_way, replace_conditions
from pgwarden.sql.rewriting.level import Level, Reference
from pgwarden.sql.rewriting.proofs import INTEGERS, exact_text, never_null
from pgwarden.sql.rewriting.tree import expression, expression_text, integer, string

CODE = "coalesced"
REASON = "tests the column itself instead of what coalesce makes of it, so that an index on it can serve"


def apply(level: Level, _zone: str) -> bool:
    """Rewrite every such condition of the level; whether there was one."""

    def replace(node: Node, filtering: bool) -> Node | None:
        for name, left, right in either_way(node):
            arguments = left.get("CoalesceExpr", {}).get("args", ())
            column = level.reference(arguments[0]) if len(arguments) == 2 else None
            if name != "=" or column is None or (same := _equal(column, arguments[1], right)) is None:
                continue
            plain = f"{column.sql} = {expression_text(right)}"
            if never_null(level.catalog, column):
                return expression(plain)
            if same:
                return expression(f"({plain} OR {column.sql} IS NULL)")
            return expression(plain) if filtering else None
        return None

    return replace_conditions(level, replace) > 0


def _equal(column: Reference, one: Node, other: Node) -> bool | None:
    """Whether two literals are the same value of the column's type; None where that cannot be told."""
    if column.column.type_oid in INTEGERS:
        a, b = integer(one), integer(other)
        return None if a is None or b is None else a == b
    if exact_text(column):
        x, y = string(one), string(other)
        return None if x is None or y is None else x == y
    return None
