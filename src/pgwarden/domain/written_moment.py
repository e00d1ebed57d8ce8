"""Moments as people write them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pgwarden.domain.errors import InputInvalid


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """A moment as people write it, in their time zone unless it names one. InputInvalid."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputInvalid(
            f"{text!r} is no moment.",
            not_done="Nothing was changed.",
            next_step="Write 2026-12-01 or 2026-12-01T09:00.",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
