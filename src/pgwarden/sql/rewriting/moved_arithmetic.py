"""``c + 1 = 5`` → ``c = 4``: what is added to a column goes to the other side.

Valid for whole, exact numbers and for days added to a date, with whole literals. What may vanish is an error: ``c + 1``
is out of range for the greatest number.
"""

from __future__ import annotations

from datetime import timedelta

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import either_way, replace_conditions
from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.moments import FIRST, LAST, day_of
from pgwarden.sql.rewriting.proofs import DATE, INTEGERS, NUMERIC
from pgwarden.sql.rewriting.tree import expression, integer, operator

CODE = "moved-arithmetic"
REASON = "compares the column itself, with the sum on the other side, so that an index on it can serve"
LEAST, MOST = -(2**31), 2**31 - 1


def apply(level: Level, _zone: str) -> bool:
    """Rewrite every such condition of the level; whether there was one."""

    def replace(node: Node, _filtering: bool) -> Node | None:
        for name, left, right in either_way(node):
            body = left.get("A_Expr")
            sign = operator(body) if body is not None else ""
            if body is None or sign not in ("+", "-"):
                continue
            column, added = level.reference(body["lexpr"]), integer(body["rexpr"])
            if column is None or added is None:
                continue
            moved = -added if sign == "+" else added
            if column.column.type_oid in INTEGERS | {NUMERIC} and (value := integer(right)) is not None:
                return expression(f"{column.sql} {name} {value + moved}") if LEAST <= value + moved <= MOST else None
            day = day_of(right, "date") if column.column.type_oid == DATE and abs(moved) < 10_000 else None
            if day is not None and FIRST <= day + timedelta(days=moved) <= LAST:
                return expression(f"{column.sql} {name} date '{day + timedelta(days=moved)}'")
        return None

    return replace_conditions(level, replace) > 0
