"""``date_trunc('month', c) = '2024-03-01'`` → a range of ``c``.

Valid where the literal is itself the begin of such a period, for all six comparisons: a value lies in the period, or
before, or after it. NULL stays NULL. A ``date`` column is left alone: date_trunc takes it through a timestamptz.
"""

from __future__ import annotations

from datetime import date, timedelta

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import either_way, replace_conditions
from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.moments import bounded, day_of, moment
from pgwarden.sql.rewriting.proofs import DATE, TIMESTAMPTZ
from pgwarden.sql.rewriting.tree import call, string

CODE = "truncated-date"
REASON = "compares the column itself with the begin and end of the period, which an index on it can serve"


def apply(level: Level, zone: str) -> bool:
    """Rewrite every such condition of the level; whether there was one."""

    def replace(node: Node, _filtering: bool) -> Node | None:
        for name, left, right in either_way(node):
            function, arguments = call(left)
            if function != "date_trunc" or len(arguments) != 2:
                continue
            unit, column = string(arguments[0]), moment(level, arguments[1])
            if unit is None or column is None or column.column.type_oid == DATE:
                continue
            own = "timestamptz" if column.column.type_oid == TIMESTAMPTZ else "timestamp"
            first = day_of(right, own, "date")
            after = period_end(unit, first) if first is not None else None
            if first is not None and after is not None:
                return bounded(column, name, first, after, zone)
        return None

    return replace_conditions(level, replace) > 0


def period_end(unit: str, first: date) -> date | None:
    """The first day after the period that begins on ``first``; None where no such period begins there."""
    unit = unit.lower()
    if unit == "day":
        return first + timedelta(days=1)
    if unit == "week":
        return first + timedelta(days=7) if first.weekday() == 0 else None
    months = {"month": 1, "quarter": 3, "year": 12}.get(unit)
    if months is None or first.day != 1 or (first.month - 1) % months:
        return None
    total = first.month - 1 + months
    return date(first.year + total // 12, total % 12 + 1, 1)
