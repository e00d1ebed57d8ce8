"""Which entries of the audit are meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pgwarden.domain.audit import Outcome
from pgwarden.domain.audit_chain import AuditRecord


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Every part that is given must hold; an empty filter means all entries."""

    action: str = ""
    """The action itself, or its noun alone: ``ticket`` means ``ticket.opened`` and all other events of tickets."""
    actor: str = ""
    database: str = ""
    subject: str = ""
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""

    def matches(self, record: AuditRecord) -> bool:
        entry = record.entry
        same = (
            (self.actor, entry.actor),
            (self.database, entry.database),
            (self.subject, entry.subject),
            (self.outcome or "", entry.outcome),
        )
        return (
            all(wanted in ("", found) for wanted, found in same)
            and (not self.action or f"{entry.action}.".startswith(f"{self.action}."))
            and (self.since is None or self.since <= entry.at)
            and (self.until is None or entry.at < self.until)
        )


@dataclass(frozen=True, slots=True)
class Erasure:
    """Whose personal values are to go: of some entries, of an actor's or about them, or that hold a text."""

    entries: frozenset[int] = frozenset()
    person: str = ""
    """Entries of this actor, and entries about them (``subject``)."""
    containing: str = ""
    """Letter case does not matter."""

    def covers(self, record: AuditRecord, value: str) -> bool:
        entry = record.entry
        return (
            record.number in self.entries
            or (self.person != "" and self.person in (entry.actor, entry.subject))
            or (self.containing != "" and self.containing.casefold() in value.casefold())
        )


def ranges(numbers: Iterable[int]) -> str:
    """Numbers as people write them: ``1-3, 7``."""
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)


def spans(text: str) -> tuple[tuple[int, int], ...]:
    """First and last number of each part of what ``ranges`` wrote; what it never wrote is left out."""
    found = re.findall(r"(\d{1,18})(?:-(\d{1,18}))?", text)
    return tuple((int(first), int(last or first)) for first, last in found)
