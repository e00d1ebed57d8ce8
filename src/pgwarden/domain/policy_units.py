"""What several parts of the policy file say in the same way: lengths of time, time zones and times of day."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from pgwarden.domain.policy_table import PolicyTable


def wait(given: PolicyTable, key: str, unit: timedelta) -> timedelta | None:
    """A length of time in this unit, more than nothing and at most a year; None where the key is absent."""
    if key not in given:
        return None
    number = given.number(key, 0.0, high=timedelta(days=366) / unit)
    if not number:
        raise given.refuse(key, "more than 0 is expected")
    return unit * number


def time_zone(given: PolicyTable) -> ZoneInfo:
    """The key ``time_zone``, which must be there."""
    name = given.text("time_zone")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; OSError: a name like a directory
        raise given.refuse("time_zone", f"no time zone {name} is known; write one such as Europe/Berlin") from None
