"""How a person likes answers: their form, charts, numbers, dates and time zone. What is not set is as usual."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from zoneinfo import ZoneInfo

from pgwarden.domain.errors import InputInvalid

CHOICES: dict[str, tuple[str, ...]] = {
    "output": ("table", "records", "json", "csv"),
    "chart": ("auto", "bars", "line", "none"),
    "units": ("exact", "short", "thousands", "millions"),
    "numbers": ("plain", "comma", "point", "space"),
    "dates": ("iso", "us", "uk", "eu"),
}
"""The values of each preference, the usual one first. ``zone`` takes any IANA time zone."""
MEANINGS: dict[str, str] = {
    "output": "the form of rows in a terminal",
    "chart": "the picture beside rows that have one label and one number",
    "units": "1234567 as 1234567, 1.2 M, 1,235 thousand or 1.2 million",
    "numbers": "1234.5 as 1234.5, 1,234.5, 1.234,5 or 1 234,5",
    "dates": "2026-03-01 as 2026-03-01, 03/01/2026, 01/03/2026 or 01.03.2026",
    "zone": "the time zone that days begin in, and that moments are shown in",
}
_MARKS = {"comma": (",", "."), "point": (".", ","), "space": ("\u202f", ",")}
_DATES = {"us": "%m/%d/%Y", "uk": "%d/%m/%Y", "eu": "%d.%m.%Y"}
_SHORT = ((10**12, " T"), (10**9, " G"), (10**6, " M"), (10**3, " k"))
_SCALES = {"thousands": (10**3, " thousand"), "millions": (10**6, " million")}


@dataclass(frozen=True, slots=True)
class UserPreferences:
    """One person's own, by name of the preference; ``zone`` '' leaves the database's."""

    output: str = "table"
    chart: str = "auto"
    units: str = "exact"
    numbers: str = "plain"
    dates: str = "iso"
    zone: str = ""

    @classmethod
    def of(cls, kept: Mapping[str, str]) -> UserPreferences:
        """From what is stored; what this version does not know any more is as usual."""
        return cls(**{name: value for name, value in kept.items() if name in MEANINGS and is_value(name, value)})

    def with_(self, changes: Mapping[str, str]) -> UserPreferences:
        """These with others in their place. Raises InputInvalid."""
        return replace(self, **require_preferences(changes))

    @property
    def plain(self) -> bool:
        """Whether values are shown as they come."""
        return (self.units, self.numbers, self.dates, self.zone) == ("exact", "plain", "iso", "")

    def shown(self, value: object) -> object:
        """A value as this person reads it: text where it looks otherwise, else the value itself."""
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float | Decimal):
            return self._number(value)
        if isinstance(value, datetime):
            return self._moment(value)
        if isinstance(value, date) and self.dates in _DATES:
            return value.strftime(_DATES[self.dates])
        return value

    def _number(self, value: float | Decimal) -> object:
        if (self.units, self.numbers) == ("exact", "plain") or not _finite(value):
            return value
        scale, unit = _scale(value, self.units)
        number = round(value / scale, 1) if unit else value
        text = f"{number:,}" if not isinstance(number, Decimal) else f"{number:,f}"
        if unit and text.endswith(".0"):
            text = text[:-2]
        group, point = _MARKS.get(self.numbers, ("", "."))
        return text.replace(",", "\0").replace(".", point).replace("\0", group) + unit

    def _moment(self, value: datetime) -> object:
        local = value.astimezone(ZoneInfo(self.zone)) if self.zone and value.tzinfo is not None else value
        if self.dates not in _DATES:
            return local
        day = local.strftime(_DATES[self.dates])
        if local.tzinfo is None and local.time() == time.min:
            return day
        return f"{day} {local.strftime('%H:%M:%S')}" + (f" {local.tzname()}" if local.tzinfo else "")


def is_value(name: str, value: str) -> bool:
    """Whether a preference may have that value."""
    if name in CHOICES:
        return value in CHOICES[name]
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; OSError: a name like a directory
        return False
    return True


def require_names(given: Iterable[str]) -> None:
    """Raises InputInvalid for a preference that there is not."""
    for name in given:
        if name not in MEANINGS:
            raise InputInvalid(
                f"There is no preference {name!r}.",
                not_done="Nothing was changed.",
                next_step=f"There are {', '.join(MEANINGS)}.",
            )


def require_preferences(given: Mapping[str, str]) -> dict[str, str]:
    """The same, where every name and value is one that there is. Raises InputInvalid."""
    require_names(given)
    for name, value in given.items():
        if not is_value(name, value):
            choices = ", ".join(CHOICES[name]) if name in CHOICES else "an IANA time zone such as Europe/Berlin"
            raise InputInvalid(
                f"{value!r} is no value of the preference {name}.",
                not_done="Nothing was changed.",
                next_step=f"One of: {choices}.",
            )
    return dict(given)


def _finite(value: float | Decimal) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else isfinite(value)


def _scale(value: float | Decimal, units: str) -> tuple[int, str]:
    if units == "short":
        for size, unit in _SHORT:
            if abs(float(value)) >= size:
                return size, unit
        return 1, ""
    return _SCALES.get(units, (1, ""))
