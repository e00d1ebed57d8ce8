"""Moments as people write them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pgwarden.domain.errors import InputInvalid

YEARS = range(1900, 9000)
"""What is taken: a span before or after any of them is still a moment."""


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """A moment as people write it, in their time zone unless it names one. InputInvalid."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.year not in YEARS:
            raise ValueError(moment)
    except ValueError:
        raise InputInvalid(
            f"{text!r} is no moment.",
            why=f"A day of the years {YEARS[0]} to {YEARS[-1]} is, with or without a time.",
            not_done="Nothing was changed.",
            next_step="Write 2026-12-01 or 2026-12-01T09:00.",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
