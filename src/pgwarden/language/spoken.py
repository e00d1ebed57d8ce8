"""Bounds of a period, as dates.py makes them, said as people say them: "in the previous month", "in 2026"."""

from __future__ import annotations

import re
from datetime import date, timedelta

_STEP = r"interval '(\d+) (\w+?)s?'"
_TODAY = r"(?:current_date|DATE '[\d-]+')"
_START = rf"date_trunc\('(\w+)', {_TODAY}\)"
_DATE = re.compile(r"DATE '([\d-]+)'$")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


def say_period(lower: str | None, upper: str | None) -> str:
    """The stretch [lower, upper) with its preposition; either end may be open."""
    if lower is not None and upper is not None:
        return _both(lower, upper)
    if lower is not None:
        return _since(lower)
    return _before(upper or "")


def _since(lower: str) -> str:
    moving = re.fullmatch(rf"(?:{_TODAY}|now\(\)) - {_STEP}", lower)
    if moving:
        return f"in the last {_amount(int(moving[1]), moving[2])}"
    return f"since {_point(lower)}"


def _before(upper: str) -> str:
    moving = re.fullmatch(rf"{_TODAY} - {_STEP}", upper)
    if moving:
        return f"more than {_amount(int(moving[1]), moving[2], always=True)} ago"
    return f"before {_point(upper)}"


def _both(lower: str, upper: str) -> str:
    first, end = _day(lower), _day(upper)
    if first is not None and end is not None:
        return _dates(first, end)
    if (recent := re.fullmatch(rf"now\(\) - {_STEP}", lower)) and upper == "now()":
        return f"in the last {_amount(int(recent[1]), recent[2])}"
    named = {"": "today", " - 1": "yesterday", " + 1": "tomorrow"}
    for offset, word in named.items():
        if re.fullmatch(_TODAY + re.escape(offset), lower) and re.match(_TODAY, upper):
            return word
    return _relative(lower, upper)


def _relative(lower: str, upper: str) -> str:
    """Whole units around today: previous, this, next; months and quarters of this year."""
    if (start := re.fullmatch(_START, lower)) and upper.startswith(f"{lower} + "):
        return f"this {start[1]}"
    if (before := re.fullmatch(rf"{_START} - {_STEP}", lower)) and re.fullmatch(_START, upper):
        count = int(before[2]) // (3 if before[1] == "quarter" else 1)
        return f"in the previous {_amount(count, before[1])}"
    first, end = (re.fullmatch(rf"(?:{_START}|({_TODAY})) \+ {_STEP}", bound) for bound in (lower, upper))
    if first and end:
        unit = first[1] or first[4]
        low, high = int(first[3]), int(end[3])
        if first[1] != "year" or first[4] == "year":
            return f"in the next {_amount((high - low) // (3 if unit == 'quarter' else 1), unit)}"
        return f"in {_MONTHS[low]} of this year" if high - low == 1 else f"in Q{low // 3 + 1} of this year"
    return f"from {_point(lower)} to before {_point(upper)}"


def _dates(first: date, end: date) -> str:
    last = end - timedelta(days=1)
    if first == last:
        return f"on {first}"
    if first.day == 1 and end.day == 1:
        months = 12 * (end.year - first.year) + end.month - first.month
        if months == 1:
            return f"in {_MONTHS[first.month - 1]} {first.year}"
        if months == 3 and first.month % 3 == 1:
            return f"in Q{first.month // 3 + 1} {first.year}"
        if first.month == end.month == 1:
            return f"in {first.year}" if months == 12 else f"from {first.year} to {last.year}"
    return f"from {first} to {last}"


def _amount(count: int, unit: str, always: bool = False) -> str:
    if count == 1 and not always:
        return unit
    return f"{count} {unit}{'s' if count != 1 else ''}"


def _day(bound: str) -> date | None:
    found = _DATE.match(bound)
    return date.fromisoformat(found[1]) if found else None


def _point(bound: str) -> str:
    if (day := _day(bound)) is not None:
        return str(day.year) if (day.month, day.day) == (1, 1) else str(day)
    said = re.sub(rf"date_trunc\('(\w+)', {_TODAY}\)", r"the start of the \1", bound)
    said = re.sub(_STEP, lambda m: _amount(int(m[1]), m[2], always=True), said)
    said = re.sub(r" \+ ", " plus ", re.sub(r" - ", " minus ", said))
    return re.sub(_TODAY, "today", said)
