"""``a = 1 OR a = 2 OR a = 3`` → ``a IN (1, 2, 3)``.

Valid for one column of a type of PostgreSQL's own compared with literals of one kind; NULL stays NULL.
"""

from __future__ import annotations

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import comparison, replace_conditions
from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.tree import expression, expression_text, integer, plain, string

CODE = "or-to-in"
REASON = "one list of values instead of several conditions: one pass over an index"
FIRST_USER_OID = 16384


def apply(level: Level, _zone: str) -> bool:
    """Rewrite every such condition of the level; whether there was one."""

    def replace(node: Node, _filtering: bool) -> Node | None:
        body = node.get("BoolExpr")
        if body is None or body["boolop"] != "OR_EXPR":
            return None
        pairs = [comparison(item) for item in body["args"]]
        if any(pair is None or pair[0] != "=" for pair in pairs):
            return None
        lefts = [pair[1] for pair in pairs if pair]
        values = [pair[2] for pair in pairs if pair]
        column = level.reference(lefts[0])
        if (
            column is None
            or column.column.type_oid >= FIRST_USER_OID
            or any(plain(each) != plain(lefts[0]) for each in lefts)
        ):
            return None
        if not (all(integer(v) is not None for v in values) or all(string(v) is not None for v in values)):
            return None
        return expression(f"{column.sql} IN ({', '.join(map(expression_text, values))})")

    return replace_conditions(level, replace) > 0
