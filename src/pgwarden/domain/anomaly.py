"""Whether a number is out of the ordinary, and what an incident is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

LEAST_HISTORY = 24
"""Windows that must have been seen before anything is called unusual."""
CONSISTENT = 1.4826
"""What makes the median of absolute deviations comparable with a standard deviation."""
AROUND = timedelta(hours=1)
"""The history of a window is that of the same time of day, give or take this."""


class Measure(StrEnum):
    """What is watched, for each database."""

    ROWS_WRITTEN = "rows_written"
    """Rows that executions changed within the window."""
    REFUSALS = "refusals"
    """Requests that were refused within the window, logins too."""
    LOCK_WAIT = "lock_wait"
    """Seconds that the session which waits the longest has waited for a lock."""
    GIVEN_UP = "given_up"
    """Jobs and messages that were given up, and that nobody let be tried anew or threw away. Of no database."""
    AUDIT_BROKEN = "audit_broken"
    """What the last check of the whole audit found wrong with it. Of no database."""

    @property
    def words(self) -> str:
        return {
            "rows_written": "rows written",
            "refusals": "refusals",
            "lock_wait": "seconds of waiting for a lock",
            "given_up": "jobs and messages given up",
            "audit_broken": "findings in the audit's chain",
        }[self.value]


FAULTS = frozenset({Measure.GIVEN_UP, Measure.AUDIT_BROKEN})
"""One of these is too many, whatever is usual."""


@dataclass(frozen=True, slots=True)
class AlertRules:
    """When something is out of the ordinary."""

    window: timedelta = timedelta(minutes=15)
    """How long a window is; numbers of the last one are judged."""
    days: int = 14
    """How far the history goes back."""
    sensitivity: float = 6.0
    """How many deviations above the median are out of the ordinary."""
    floors: Mapping[Measure, float] = field(default_factory=dict)
    """Nothing below alarms, however quiet it was before; a measure without one is not watched."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One measure of one database: the last window, and those before at about the same time of day."""

    measure: Measure
    database: str
    value: float
    history: Sequence[float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reading comes to."""

    usual: float
    """The history's median."""
    limit: float | None
    """More than this is out of the ordinary; None while there is too little history to tell."""
    unusual: bool


def judged(reading: Reading, rules: AlertRules) -> Judgement:
    """A reading beside its own history: median and median deviation, so that one odd day does not move the limit."""
    if reading.measure in FAULTS:
        return Judgement(0.0, 0.0, unusual=reading.value > 0)
    floor = rules.floors.get(reading.measure)
    usual = median(reading.history) if reading.history else 0.0
    if floor is None or len(reading.history) < LEAST_HISTORY:
        return Judgement(usual, None, unusual=False)
    deviation = CONSISTENT * median(abs(each - usual) for each in reading.history)
    limit = max(floor, usual + rules.sensitivity * deviation)
    return Judgement(usual, limit, unusual=reading.value > limit)


def same_time_of_day(windows_ago: int, window: timedelta) -> bool:
    """Whether a window so many before the present one began at about this time of day, on whatever day."""
    day = timedelta(days=1)
    away = windows_ago * window % day
    return windows_ago > 0 and min(away, day - away) <= AROUND


def spans(rules: AlertRules, now: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """The stretches of time (after, until) that hold the present window and all that are compared with it, the newest
    first; they do not overlap."""
    found: list[tuple[datetime, datetime]] = []
    since = now - timedelta(days=rules.days)
    for day in range(rules.days + 1):
        then = now - timedelta(days=day)
        after, until = max(then - AROUND - rules.window, since), min(then + AROUND, now)
        if found and until > found[-1][0]:
            found[-1] = (after, found[-1][1])
        elif after < until:
            found.append((after, until))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Alert:
    """One incident: from the first reading that was out of the ordinary to the first that was not."""

    id: str
    measure: Measure
    database: str
    opened_at: datetime
    value: float
    """The highest reading."""
    usual: float
    limit: float
    """As it was when the incident began: what ends it."""
    closed_at: datetime | None = None

    @property
    def title(self) -> str:
        """One line: ``12,345 rows written in shop; usual are 20, the limit is 1,000``."""
        where = f" in {self.database}" if self.database else ""
        if self.measure in FAULTS:
            return f"{self.value:,.0f} {self.measure.words}"
        beside = f"usual are {self.usual:,.0f}, the limit is {self.limit:,.0f}"
        return f"{self.value:,.0f} {self.measure.words}{where}; {beside}"

    def to_dict(self) -> dict[str, object]:
        return {
            "id": self.id,
            "measure": self.measure.value,
            "database": self.database,
            "opened_at": self.opened_at,
            "closed_at": self.closed_at,
            "value": round(self.value, 1),
            "usual": round(self.usual, 1),
            "limit": round(self.limit, 1),
            "title": self.title,
        }
