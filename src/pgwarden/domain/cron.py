"""Times that come again, in the five fields of cron: minute hour day-of-month month day-of-week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from pgwarden.domain.errors import InputInvalid

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FURTHEST = 366 * 8 + 2
"""Days that are looked through for the next time: a 29 February may be eight years away."""


@dataclass(frozen=True)
class Cron:
    """Such times in one time zone. The minute is one number: nothing comes more often than hourly.

    A time that the clocks skip in spring comes as much later as they jump; one that they show twice comes once.
    """

    text: str
    zone: str

    def __post_init__(self) -> None:
        self._fields  # noqa: B018 - reading it is the check

    def after(self, moment: datetime) -> datetime:
        """The first such time after a moment, in UTC. InputInvalid where none comes (30 February)."""
        minutes, hours, days, months, weekdays = self._fields
        place = ZoneInfo(self.zone)
        first = moment.astimezone(place).date() - timedelta(days=1)  # a skipped time may fall behind midnight
        for away in range(FURTHEST):
            day = first + timedelta(days=away)
            if day.month not in months or not self._meant(day, days, weekdays):
                continue
            found = (datetime.combine(day, time(hour, minutes[0]), place).astimezone(UTC) for hour in hours)
            if due := min((each for each in found if each > moment), default=None):
                return due
        raise _wrong(self.text, "No such day comes.")

    def _meant(self, day: date, days: Sequence[int], weekdays: Sequence[int]) -> bool:
        """As cron has it: where both kinds of day are narrowed down, either will do."""
        in_month, in_week = day.day in days, day.isoweekday() % 7 in weekdays
        if len(days) < 31 and len(weekdays) < 7:
            return in_month or in_week
        return in_month and in_week

    @cached_property
    def _fields(self) -> tuple[tuple[int, ...], ...]:
        parts = self.text.lower().split()
        if len(parts) != 5:
            raise _wrong(self.text, f"It has {len(parts)} fields, not five.")
        minute, hour, day, month, weekday = parts
        if not (minute.isascii() and minute.isdigit()):
            raise _wrong(self.text, "The minute is not one number: hourly is the most often there is.")
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):  # OSError: a name like a directory
            raise InputInvalid(
                f"There is no time zone {self.zone!r}.",
                not_done="Nothing was changed.",
                next_step="Give an IANA name such as Europe/Berlin.",
            ) from None
        week = {each % 7 for each in self._numbers(weekday, 0, 7, _DAYS)}
        return (
            self._numbers(minute, 0, 59),
            self._numbers(hour, 0, 23),
            self._numbers(day, 1, 31),
            self._numbers(month, 1, 12, ("", *_MONTHS)),
            tuple(sorted(week)),
        )

    def _numbers(self, field: str, least: int, most: int, names: Sequence[str] = ()) -> tuple[int, ...]:
        """What ``1-5``, ``*/2``, ``mon,fri`` stand for."""
        found: set[int] = set()
        for part in field.split(","):
            span, slash, step = part.partition("/")
            start, dash, end = span.partition("-")
            low = least if span == "*" else self._number(start, names)
            high = most if span == "*" or (slash and not dash) else self._number(end if dash else start, names)
            size = self._number(step) if slash else 1
            if not (least <= low <= high <= most and size >= 1):
                raise _wrong(self.text, f"{part!r} is not between {least} and {most}.")
            found |= set(range(low, high + 1, size))
        return tuple(sorted(found))

    def _number(self, text: str, names: Sequence[str] = ()) -> int:
        if text and text in names:
            return names.index(text)
        if text.isascii() and text.isdigit() and len(text) <= 4:
            return int(text)
        raise _wrong(self.text, f"{text!r} is no number.")


def _wrong(text: str, why: str) -> InputInvalid:
    return InputInvalid(
        f"{text[:100]!r} says no times that come again.",
        why=why,
        not_done="Nothing was changed.",
        next_step="minute hour day month weekday, e.g. 0 8 * * mon-fri.",
    )
