"""Rows that came back, with the facts that go with them."""

from __future__ import annotations

from dataclasses import dataclass, field


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
