"""A statement that was slow or failed, how often, and what helped: no values, only the statement's form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pgwarden.domain.storable import require_zone

SLOW = "slow"
"""The code of a statement that took long; every other code is an error's."""
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One form of statement with one way of going wrong, on one database."""

    database: str
    code: str
    """``slow``, or the code of the error."""
    pattern: str
    """Names the form (sql/pattern.py)."""
    form: str
    """The statement with ``?`` for its values."""
    question: str
    """Hash of the question that it came from; '' for SQL that somebody wrote."""
    times: int
    first_at: datetime
    last_at: datetime
    worst_ms: float = 0.0
    """The longest that it took, where it took any time."""
    what: str = ""
    """The general message of the error, or ''; never PostgreSQL's own words, which may quote a row."""
    helped: str = ""
    """What was different when it went well again."""
    helped_at: datetime | None = None

    def __post_init__(self) -> None:
        require_zone(self.first_at)
        require_zone(self.last_at)

    @property
    def open(self) -> bool:
        """Whether nothing is known to have helped since it last happened."""
        return self.helped_at is None or self.helped_at < self.last_at

    def words(self, now: datetime) -> str:
        """It as a sentence for whoever meets it again."""
        how = f"was slow (up to {self.worst_ms / 1000:.1f} s)" if self.code == SLOW else f"failed with {self.code}"
        often = "once" if self.times == 1 else f"{self.times} times"
        when = "this week" if now - self.first_at < WEEK else f"since {self.first_at:%Y-%m-%d}"
        helped = f"; what helped: {self.helped}" if self.helped else ""
        return f"A statement of this form {how} {often} {when}, last on {self.last_at:%Y-%m-%d %H:%M} UTC{helped}."


@dataclass(frozen=True, slots=True)
class Occurrence:
    """That it happened (again)."""

    database: str
    code: str
    pattern: str
    form: str
    question: str
    at: datetime
    milliseconds: float = 0.0
    what: str = ""
