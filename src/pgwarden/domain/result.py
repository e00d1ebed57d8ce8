"""Rows that came back, with the facts that go with them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds on one read; every one is enforced on the server or before memory is used."""

    rows: int = 1000
    seconds: float = 30.0
    total_bytes: int = 16 * 1024 * 1024
    """Bytes of row data kept; reaching it truncates the result."""
    cell_bytes: int = 64 * 1024
    """Longer values are cut on the server and marked."""
    lock_seconds: float = 2.0
    work_mem_kb: int = 65536
    temp_file_kb: int = 1024 * 1024
    """Disk that one read may use for sorting and the like; kept where the role may set it."""
    zone: str = ""
    """The IANA time zone in which the read's days begin and its moments are shown; '' leaves the role's own."""
    planner: tuple[tuple[str, str], ...] = ()
    """Settings of the planner for this read alone, as ``domain.planner_settings`` gives them."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column of a result. ``masked`` says that its values were withheld from this reader."""

    name: str
    type_name: str
    type_oid: int
    masked: bool = False


@dataclass(frozen=True, slots=True)
class ReadStatistics:
    """What a read took and how it ended."""

    rows: int
    milliseconds: float
    bytes: int
    truncated_rows: bool = False
    """More rows exist than the limit let through."""
    truncated_bytes: bool = False
    truncated_cells: int = 0
    cached: bool = False
    plan: str = ""
    """One-line plan summary with its estimated cost, '' where none was made."""
    estimated_cost: float | None = None
    """What the planner expected before it ran, in its units; with ``estimated_rows``, None where it was not asked."""
    estimated_rows: float | None = None
    estimated_milliseconds: float | None = None
    """A rough time that this server takes for such a cost."""


@dataclass(frozen=True, slots=True)
class Result:
    """Rows are tuples of Python values, or of PostgreSQL's own text where Python has no such value."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[object, ...], ...]
    statistics: ReadStatistics
    notices: tuple[str, ...] = field(default_factory=tuple)

    @property
    def truncated(self) -> bool:
        s = self.statistics
        return s.truncated_rows or s.truncated_bytes or s.truncated_cells > 0


PLAIN = frozenset({int, str, bool, type(None)})
"""Types whose values are JSON as they are."""


def to_json_value(value: object) -> object:
    """A value of a row as JSON holds it: exact numbers, moments and bytes as text, NaN and infinity as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _SPECIAL_FLOATS.get(value, "NaN")
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return interval_text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\x" + bytes(value).hex()
    if isinstance(value, Mapping):
        return {str(key): to_json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json_value(item) for item in value]
    return str(value)


def json_rows(rows: Sequence[Sequence[object]]) -> list[list[Any]]:
    """Rows of JSON values; the usual plain ones pass as they are."""
    return [list(row) if PLAIN.issuperset(map(type, row)) else [to_json_value(v) for v in row] for row in rows]


def cut_reason(result: Result) -> str:
    """Why a result is not whole, with the way to the rest; '' when it is."""
    s = result.statistics
    if s.truncated_rows:
        return "There are more rows: raise limit, or page with ORDER BY a key and WHERE key > the last one seen."
    if s.truncated_bytes:
        return "The rows are too wide: name fewer columns, or ask for fewer rows."
    return f"{s.truncated_cells:,} long values were cut; use substring() to read on." if s.truncated_cells else ""


def interval_text(value: timedelta) -> str:
    """An interval as PostgreSQL writes it, e.g. ``1 day 02:03:04.5``."""
    sign = "-" if value < timedelta(0) else ""
    positive = abs(value)
    hours, rest = divmod(positive.seconds, 3600)
    clock = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    if positive.microseconds:
        clock += f".{positive.microseconds:06}".rstrip("0")
    days = f"{sign}{positive.days} day{'s' if positive.days != 1 or sign else ''}" if positive.days else ""
    shown = f"{sign}{clock}" if clock != "00:00:00" or not days else ""
    return f"{days} {shown}".strip()


_SPECIAL_FLOATS = {math.inf: "Infinity", -math.inf: "-Infinity"}
