"""Which statements take the time: by their shape, without a value in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

PGWARDEN, SERVER = "pgwarden", "server"


@dataclass(frozen=True, slots=True)
class SlowLine:
    """One shape of statement on one database."""

    statement: str
    """With ``$n`` for each literal."""
    database: str
    counted_by: str
    """``pgwarden``: what ran through it, from its audit; ``server``: what ``pg_stat_statements`` has of anybody's."""
    count: int
    total_ms: float
    max_ms: float
    rows: int
    last_seen: datetime | None = None
    """None where the server does not tell."""

    @property
    def mean_ms(self) -> float:
        return self.total_ms / self.count if self.count else 0.0

    def to_dict(self) -> dict[str, object]:
        return {
            "statement": self.statement,
            "database": self.database,
            "counted_by": self.counted_by,
            "count": self.count,
            "total_ms": round(self.total_ms, 1),
            "mean_ms": round(self.mean_ms, 1),
            "max_ms": round(self.max_ms, 1),
            "rows": self.rows,
            "last_seen": self.last_seen,
        }


@dataclass(frozen=True, slots=True)
class SlowReport:
    """The lines that took the most time, in that order."""

    since: datetime
    lines: tuple[SlowLine, ...]
    unreadable: int = 0
    """Statements of the audit that are in no line: erased, or longer than what is looked at."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Database → why the server's own statistics are not in it."""

    def to_dict(self) -> dict[str, object]:
        return {
            "since": self.since,
            "lines": [line.to_dict() for line in self.lines],
            "unreadable": self.unreadable,
            "unknown": dict(self.unknown),
        }


class SlowBuilder:
    """Gathers what ran into lines."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], SlowLine] = {}
        self._unreadable = 0

    def see(self, statement: str, database: str, milliseconds: float, rows: int, at: datetime) -> None:
        """One run; ``statement`` is its shape, '' where there is none."""
        if not statement:
            self._unreadable += 1
            return
        key = (statement, database)
        known = self._lines.get(key) or SlowLine(statement, database, PGWARDEN, 0, 0.0, 0.0, 0, at)
        self._lines[key] = replace(
            known,
            count=known.count + 1,
            total_ms=known.total_ms + milliseconds,
            max_ms=max(known.max_ms, milliseconds),
            rows=known.rows + rows,
            last_seen=max(known.last_seen or at, at),
        )

    def report(
        self, since: datetime, servers: tuple[SlowLine, ...], unknown: Mapping[str, str], *, limit: int
    ) -> SlowReport:
        """The ``limit`` slowest of each side, by their time in total."""
        found = [
            line
            for lines in (self._lines.values(), servers)
            for line in sorted(lines, key=lambda line: -line.total_ms)[:limit]
        ]
        return SlowReport(since, tuple(sorted(found, key=lambda line: -line.total_ms)), self._unreadable, unknown)
