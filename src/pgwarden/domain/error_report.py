"""What goes wrong again and again: by code and by what was wanted, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.failure import FailureKind, failure_kind_of

FEW = 3
"""Fewer more or less than before are no trend."""
ADVICE = {
    FailureKind.TRANSIENT: "It passes by itself. Where it keeps coming, find what holds the locks or is down: doctor.",
    FailureKind.PERMISSION: "Somebody wants what they may not: ask for approval, or give the right where it is due.",
    FailureKind.INPUT: "The request was wrong: its error says how. Where many meet it, a glossary term may help.",
    FailureKind.RESOURCE: "A server or a limit is at its end: look at report slow, then at the limit in the settings.",
    FailureKind.CONFLICT: "Something changed meanwhile: ask again. Where it keeps coming, see who else changes it.",
    FailureKind.INTERNAL: "Look at the entries (pgwarden audit list --outcome failed) and at the log.",
}


class Trend(StrEnum):
    """The second half of the period beside the first."""

    NEW = "new"
    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One code on one action."""

    code: str
    """As in docs/errors.md; '' where what failed had none."""
    name: str
    kind: FailureKind
    action: str
    outcome: Outcome
    count: int
    first_seen: datetime
    last_seen: datetime
    trend: Trend
    databases: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        return {
            "code": self.code,
            "name": self.name,
            "kind": self.kind.value,
            "action": self.action,
            "outcome": self.outcome.value,
            "count": self.count,
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "trend": self.trend.value,
            "databases": list(self.databases),
            "what_to_do": self.what_to_do,
        }

    @property
    def what_to_do(self) -> str:
        return f"{ADVICE[self.kind]} {self.code} in docs/errors.md." if self.code else ADVICE[self.kind]


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """The lines, the most frequent first."""

    since: datetime
    until: datetime
    lines: tuple[ErrorLine, ...]

    def to_dict(self) -> dict[str, object]:
        return {"since": self.since, "until": self.until, "lines": [line.to_dict() for line in self.lines]}


@dataclass(slots=True)
class _Seen:
    times: list[datetime] = field(default_factory=list)
    databases: set[str] = field(default_factory=set)


class ErrorBuilder:
    """Gathers the entries of a period that did not end well."""

    def __init__(self, since: datetime, until: datetime) -> None:
        self._since, self._until = since, until
        self._seen: dict[tuple[str, str, Outcome], _Seen] = {}

    def see(self, entry: AuditEntry) -> None:
        """One entry; those that were done are passed over."""
        if entry.outcome is Outcome.DONE:
            return
        code = str(entry.details.get("error") or entry.details.get("code") or "")
        seen = self._seen.setdefault((code if code in CLASSES else "", entry.action, entry.outcome), _Seen())
        seen.times.append(entry.at)
        seen.databases |= {entry.database} - {""}

    def report(self) -> ErrorReport:
        lines = [self._line(*key, seen) for key, seen in self._seen.items()]
        return ErrorReport(
            self._since, self._until, tuple(sorted(lines, key=lambda line: (-line.count, line.code, line.action)))
        )

    def _line(self, code: str, action: str, outcome: Outcome, seen: _Seen) -> ErrorLine:
        found = CLASSES.get(code)
        return ErrorLine(
            code,
            found.__name__ if found else "",
            failure_kind_of(found) if found else FailureKind.INTERNAL,
            action,
            outcome,
            len(seen.times),
            min(seen.times),
            max(seen.times),
            trend(seen.times, self._since, self._until),
            tuple(sorted(seen.databases)),
        )


def trend(times: list[datetime], since: datetime, until: datetime) -> Trend:
    """Twice as many as before, and FEW more, is a rise; the reverse a fall; what was not there before is new."""
    middle = since + (until - since) / 2
    late = sum(at >= middle for at in times)
    early = len(times) - late
    if late - early >= FEW and late >= 2 * early:
        return Trend.RISING if early else Trend.NEW
    return Trend.FALLING if early - late >= FEW and early >= 2 * late else Trend.STEADY


def _classes(of: type[PgwardenError]) -> Iterator[type[PgwardenError]]:
    for each in of.__subclasses__():
        yield each
        yield from _classes(each)


CLASSES = {each.code: each for each in reversed(list(_classes(PgwardenError)))}
"""Every error of ours by its code; of several that share one, the first that was written."""
