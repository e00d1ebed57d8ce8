"""Ranges of days: a condition on a part of a moment, as bounds on the moment itself that an index can use.

For a column without a time zone this is plain arithmetic of the calendar. A ``timestamptz`` shows its local day in the
session's zone, and where clocks are set back at midnight one hour of a day comes after the next day's begin: no range
says the same. So bounds are made only where the zone is known and no clock changes within two days of them.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.level import Level, Reference
from pgwarden.sql.rewriting.proofs import DATE, TIMESTAMP, TIMESTAMPTZ
from pgwarden.sql.rewriting.tree import cast_to, expression, string

TYPES = {DATE: "date", TIMESTAMP: "timestamp", TIMESTAMPTZ: "timestamptz"}
FIRST, LAST = date(1971, 1, 1), date(2036, 12, 31)
"""Days for which every copy of the time zone data agrees on the rules."""
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")
_QUIET = timedelta(days=2)


def day_of(node: Node, *types: str) -> date | None:
    """The day that a literal names, without a type or of one of ``types``; None for any other moment."""
    kind, inner = cast_to(node)
    text = string(inner if inner is not None and kind in types else node)
    found = _DAY.fullmatch(text) if text is not None else None
    if found is None:
        return None
    try:
        day = date.fromisoformat(found[1])
    except ValueError:
        return None
    return day if FIRST <= day <= LAST else None


def bounded(reference: Reference, name: str, first: date, after: date, zone: str, *, lexical: str = "") -> Node | None:
    """The column compared by ``name`` with the period from ``first`` to before ``after``; None where not provable."""
    kind = lexical or TYPES.get(reference.column.type_oid, "")
    if not kind or after > LAST:
        return None
    if reference.column.type_oid == TIMESTAMPTZ and not (is_quiet(zone, first) and is_quiet(zone, after)):
        return None
    column, low, high = reference.sql, f"{kind} '{first}'", f"{kind} '{after}'"
    conditions = {
        "=": f"({column} >= {low} AND {column} < {high})",
        "<>": f"({column} < {low} OR {column} >= {high})",
        "<": f"{column} < {low}",
        "<=": f"{column} < {high}",
        ">": f"{column} >= {high}",
        ">=": f"{column} >= {low}",
    }
    return expression(conditions[name]) if name in conditions else None


def is_quiet(zone: str, day: date) -> bool:
    """Whether no clock changes in the zone around the day's begin."""
    if not zone:
        return False
    try:
        rules = ZoneInfo(zone)
    except (ValueError, OSError, KeyError):  # a name that only the server knows
        return False
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    offsets = {(midnight + timedelta(hours=hours)).astimezone(rules).utcoffset()
               for hours in range(-24 * _QUIET.days, 24 * _QUIET.days + 1)}  # fmt: skip
    return len(offsets) == 1


def moment(level: Level, node: Node) -> Reference | None:
    """The date or timestamp column that a node is."""
    found = level.reference(node)
    return found if found is not None and found.column.type_oid in TYPES else None
