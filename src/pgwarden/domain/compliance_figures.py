"""The compliance report in figures: how long decisions take, where requests wait, and how risk goes over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pgwarden.domain.compliance import ComplianceReport, TicketLine
from pgwarden.domain.risk import LEVELS

SPANS = (
    ("under 5 min", timedelta(minutes=5)),
    ("under 1 h", timedelta(hours=1)),
    ("under 4 h", timedelta(hours=4)),
    ("under 1 day", timedelta(days=1)),
    ("under 3 days", timedelta(days=3)),
)
LONGER = "longer"
MOST_PERIODS = 31
"""Columns of a chart over time: days where they are enough, else weeks, else months of 30 days."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Numbers for a chart, and for the table that says the same."""

    title: str
    label: str
    """What the rows are."""
    series: tuple[str, ...]
    """What each number of a row is."""
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    unit: str = ""

    @property
    def empty(self) -> bool:
        return not any(value for _, values in self.rows for value in values)


def figures(report: ComplianceReport) -> tuple[Figure, ...]:
    """The charts of a report, in the order in which one asks."""
    return decision_times(report), bottlenecks(report), slowest_levels(report), risk_over_time(report)


def decision_times(report: ComplianceReport) -> Figure:
    """How many decisions took how long since the request, as it then stood."""
    counts = dict.fromkeys([name for name, _ in SPANS] + [LONGER], 0)
    for line in report.tickets:
        for decision in line.decisions:
            counts[next((name for name, most in SPANS if decision.seconds < most.total_seconds()), LONGER)] += 1
    rows = tuple((name, (float(count),)) for name, count in counts.items())
    return Figure("How long decisions take", "Time from request to decision", ("decisions",), rows)


def bottlenecks(report: ComplianceReport) -> Figure:
    """What waits for each level of approvers, and what expired without its word."""
    rows = tuple((f"level {each.level}", (float(each.waiting), float(each.expired))) for each in report.levels)
    return Figure("Where requests wait", "Approvers", ("waiting now", "expired undecided"), rows)


def slowest_levels(report: ComplianceReport) -> Figure:
    """How long each level of approvers takes, in hours."""
    rows = tuple(
        (f"level {each.level}", (_hours(each.median), _hours(each.slowest)))
        for each in report.levels
        if each.median is not None
    )
    return Figure("Hours to a decision, by level", "Approvers", ("median", "slowest"), rows, "h")


def risk_over_time(report: ComplianceReport) -> Figure:
    """The requests of each day, week or month by their risk."""
    series = tuple(level.value for level in LEVELS)
    rows = tuple(
        (f"{start:%Y-%m-%d}", tuple(float(sum(line.risk == level for line in lines)) for level in series))
        for start, lines in _periods(report)
    )
    return Figure("Risk of requests over time", "From", series, rows)


def _periods(report: ComplianceReport) -> Iterator[tuple[datetime, Sequence[TicketLine]]]:
    start = report.since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = max(1, -(-(report.until - start) // timedelta(days=1)))
    length = timedelta(days=next((size for size in (1, 7, 30) if days <= size * MOST_PERIODS), 30))
    while start < report.until:
        yield start, [line for line in report.tickets if start <= line.opened_at < start + length]
        start += length


def _hours(seconds: float | None) -> float:
    return round((seconds or 0) / 3600, 2)
