"""Rows on their way to COPY: tab-separated text, one line a row."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

NULL = r"\N"
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Table:
    """A table's columns, and its rows as lines of COPY text."""

    name: str
    columns: tuple[str, ...]
    lines: list[str]


def stream(table: str) -> random.Random:
    """Random numbers of its own for each table: a change in one leaves the others as they were."""
    return random.Random(f"pgwarden shop {table}")  # noqa: S311 - sample data


class Calendar:
    """Moments counted back from the first minute of ``today`` (UTC), as PostgreSQL reads them."""

    def __init__(self, today: date) -> None:
        self.today = today
        self._midnight = datetime.combine(today, time(), tzinfo=UTC)
        self._days: dict[int, str] = {}

    def day(self, ago: int) -> str:
        """The date ``ago`` days before today; negative for the future."""
        text = self._days.get(ago)
        if text is None:
            text = self._days[ago] = (self.today - timedelta(days=ago)).isoformat()
        return text

    def moment(self, seconds_ago: int) -> str:
        """A moment ``seconds_ago`` before the start of today."""
        ago, rest = divmod(seconds_ago, SECONDS_PER_DAY)
        of_day = -seconds_ago % SECONDS_PER_DAY
        return f"{self.day(ago + (rest > 0))} {of_day // 3600:02d}:{of_day // 60 % 60:02d}:{of_day % 60:02d}+00"


def array(values: list[str]) -> str:
    return "{" + ",".join(values) + "}"
