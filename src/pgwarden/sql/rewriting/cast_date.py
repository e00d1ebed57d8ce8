"""``c::date = '2024-03-01'`` → a range of ``c``; for a ``date`` column the cast goes.

Valid for all six comparisons with a literal day.
"""

from __future__ import annotations

from datetime import timedelta

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import either_way, replace_conditions
from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.moments import bounded, day_of, moment
from pgwarden.sql.rewriting.proofs import DATE
from pgwarden.sql.rewriting.tree import call, cast_to, expression, expression_text

CODE = "cast-date"
REASON = "compares the column itself with the begin and end of the day, which an index on it can serve"


def apply(level: Level, zone: str) -> bool:
    """Rewrite every such condition of the level; whether there was one."""

    def replace(node: Node, _filtering: bool) -> Node | None:
        for name, left, right in either_way(node):
            kind, inner = cast_to(left)
            function, arguments = call(left)
            if function == "date" and len(arguments) == 1:
                kind, inner = "date", arguments[0]
            column = moment(level, inner) if kind == "date" and inner is not None else None
            day = day_of(right, "date")
            if column is None or day is None:
                continue
            if column.column.type_oid == DATE:
                return expression(f"{column.sql} {name} {expression_text(right)}")
            return bounded(column, name, day, day + timedelta(days=1), zone)
        return None

    return replace_conditions(level, replace) > 0
