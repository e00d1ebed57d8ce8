"""``extract(year from c) = 2024`` and ``date_part('year', c) = 2024`` → a range of ``c``.

Valid for all six comparisons with a whole year: years run in the order of their days, infinity included.
"""

from __future__ import annotations

from datetime import date

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import either_way, replace_conditions
from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.moments import FIRST, LAST, bounded, moment
from pgwarden.sql.rewriting.tree import call, integer, string

CODE = "extracted-year"
REASON = "compares the column itself with the begin and end of the year, which an index on it can serve"


def apply(level: Level, zone: str) -> bool:
    """Rewrite every such condition of the level; whether there was one."""

    def replace(node: Node, _filtering: bool) -> Node | None:
        for name, left, right in either_way(node):
            function, arguments = call(left)
            year = integer(right)
            if function not in ("extract", "date_part") or len(arguments) != 2 or year is None:
                continue
            column = moment(level, arguments[1])
            if (string(arguments[0]) or "").lower() != "year" or column is None:
                continue
            if FIRST.year <= year < LAST.year:
                return bounded(column, name, date(year, 1, 1), date(year + 1, 1, 1), zone)
        return None

    return replace_conditions(level, replace) > 0
