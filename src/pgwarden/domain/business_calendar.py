"""When people work: waits for a person are counted in these hours, so that nothing escalates over a weekend.

All arithmetic is on instants. A working period is open from the first moment at which the wall clock shows its start
(or later) to the last at which it shows less than its end: where clocks jump over a start or show an hour twice, the
period is shorter or longer by what really passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MIDNIGHT = time()
FURTHEST_DAYS = 3660
"""How far ahead working time is looked for; a calendar without any is refused when it is read."""

Period = tuple[time, time]
"""From and until; an end of 00:00 is the end of that day."""


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Working hours by weekday (0 is Monday) in one time zone, without the holidays."""

    zone: ZoneInfo
    hours: Mapping[int, tuple[Period, ...]] = field(default_factory=dict)
    """The periods of a day are in order and do not overlap."""
    holidays: frozenset[date] = frozenset()

    def works(self, moment: datetime) -> bool:
        """Whether an aware moment is in working hours."""
        start, _ = next(self._from(moment.astimezone(UTC)), (None, None))
        return start is not None and start <= moment

    def after(self, moment: datetime, wait: timedelta) -> datetime:
        """The moment at which so much working time has passed since the given one, in UTC.

        A wait of nothing ends at once. Raises ValueError when there is no such moment within ten years.
        """
        now, left = moment.astimezone(UTC), wait
        if left <= timedelta():
            return now
        for start, end in self._from(now):
            if end - start >= left:
                return start + left
            left -= end - start
        raise ValueError("the calendar has too little working time")

    def between(self, earlier: datetime, later: datetime) -> timedelta:
        """The working time between two moments; nothing where they are not in order."""
        passed = timedelta()
        for start, end in self._from(earlier.astimezone(UTC)):
            if start >= later:
                break
            passed += min(end, later) - start
        return passed

    def _from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The working periods that end after this moment, in order, without overlaps."""
        day = moment.astimezone(self.zone).date() - timedelta(days=1)
        ended = moment
        for _ in range(FURTHEST_DAYS):
            for start, end in self._periods(day):
                if end > ended:
                    yield max(start, ended), end
                    ended = end
            if day >= date.max - timedelta(days=2):
                return
            day += timedelta(days=1)

    def _periods(self, day: date) -> list[tuple[datetime, datetime]]:
        if day in self.holidays:
            return []
        following = day + timedelta(days=1)
        instants = (
            (
                self._instant(day, start, late=False),
                self._instant(following if end == MIDNIGHT else day, end, late=True),
            )
            for start, end in self.hours.get(day.weekday(), ())
        )
        return [(start, end) for start, end in instants if start < end]

    def _instant(self, day: date, clock: time, *, late: bool) -> datetime:
        """When the wall clock shows this time: of two such moments the first or the last; of none, when it jumped."""
        local = datetime.combine(day, clock, self.zone)
        first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        if first > second:
            return self._jump(second, first)
        shown_before = (second - timedelta.resolution).astimezone(self.zone).replace(tzinfo=None)
        return second if late and shown_before < local.replace(tzinfo=None) else first

    def _jump(self, before: datetime, after: datetime) -> datetime:
        """The moment between these two at which the zone's offset changes, to the second."""
        offset = before.astimezone(self.zone).utcoffset()
        while after - before > timedelta(seconds=1):
            middle = before + (after - before) // 2
            middle = middle.replace(microsecond=0)
            if middle.astimezone(self.zone).utcoffset() == offset:
                before = middle
            else:
                after = middle
        return after


def moment_after(calendar: BusinessCalendar | None, start: datetime, wait: timedelta) -> datetime:
    """``start`` plus a wait, in working time where there is a calendar, in UTC."""
    return start.astimezone(UTC) + wait if calendar is None else calendar.after(start, wait)
