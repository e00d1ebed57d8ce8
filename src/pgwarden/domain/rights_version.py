"""The data rights as they stood at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pgwarden.domain.identity import DEFAULT_RIGHTS, DataRight


@dataclass(frozen=True, slots=True)
class RightsVersion:
    """Every line in force, in the order people wrote them, and who wrote this version."""

    number: int
    """Counts up from 1; 0 is what holds before anyone wrote any."""
    lines: tuple[DataRight, ...]
    author: str = ""
    at: datetime | None = None
    """None only for number 0."""


ORIGINAL_RIGHTS = RightsVersion(0, DEFAULT_RIGHTS)
