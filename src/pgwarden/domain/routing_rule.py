"""One rule of the approval policy: when it applies, and what it then demands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from itertools import zip_longest
from typing import TypeVar

from pgwarden.domain.approval import Tolerance
from pgwarden.domain.business_calendar import BusinessCalendar
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.request import Seat, Urgency
from pgwarden.domain.risk import LEVELS, AllowedHours
from pgwarden.domain.routing_case import RoutingCase

T = TypeVar("T")

NOBODY = ("person:",)
"""A list of approvers that nobody is on: the request can only be denied, or run out."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What must hold for a request before it may run, and how long things last."""

    levels: tuple[int, ...]
    """The level of each approval that is needed, highest first; each by another person. None: no person is needed."""
    automatic: str
    """The rule by which no person is needed, or ''."""
    holds: timedelta
    """How long an approval may be used."""
    remind: timedelta
    escalate: timedelta
    expire: timedelta
    undo_days: int
    tolerance: Tolerance
    approvers: tuple[str, ...] = ()
    """``person:NAME`` and ``group:NAME`` of whom every approver must be one; none: anyone of the level."""

    @property
    def seats(self) -> tuple[Seat, ...]:
        return tuple(Seat(level, self.levels.count(level)) for level in sorted(set(self.levels), reverse=True))


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule applies: everything that it names must hold; what it leaves out always holds."""

    databases: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    """Patterns of ``schema.table``."""
    sensitivities: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    risk_from: RiskLevel | None = None
    rows_from: int = 0
    tables_from: int = 0
    requesters: tuple[str, ...] = ()
    """``person:NAME``, ``group:NAME``, ``kind:agent``; patterns."""
    executed_below: int | None = None
    """Fewer past tickets than this were executed: a newcomer."""
    denied_from: int = 0
    failed_from: int = 0
    undone_from: int = 0
    urgencies: tuple[Urgency, ...] = ()
    load_from: float | None = None
    outside_calendar: bool = False
    during: AllowedHours | None = None

    def holds(self, case: RoutingCase, calendar: BusinessCalendar | None, *, weakens: bool) -> bool:
        """Whether it applies. What is not known makes a tightening rule apply, and one that weakens not apply.

        A tightening rule needs one table that matches; one that weakens needs all of them to match.
        """
        unknown = not weakens
        record = case.record
        return (
            _matches((case.database,), self.databases)
            and _matches(case.schemas, self.schemas, every=weakens)
            and _matches(case.tables, self.tables, every=weakens)
            and _matches(case.sensitivities, self.sensitivities, every=weakens)
            and (not self.operations or case.operation in self.operations)
            and (self.risk_from is None or LEVELS.index(case.risk) >= LEVELS.index(self.risk_from))
            and (not self.rows_from or (unknown if case.rows is None else case.rows >= self.rows_from))
            and len(case.tables) >= self.tables_from
            and _matches(case.subjects, self.requesters)
            and (self.executed_below is None or record.executed < self.executed_below)
            and record.denied >= self.denied_from
            and record.failed >= self.failed_from
            and record.undone >= self.undone_from
            and (not self.urgencies or case.urgency in self.urgencies)
            and (self.load_from is None or (unknown if case.load is None else case.load >= self.load_from))
            and (not self.outside_calendar or (calendar is not None and not calendar.works(case.at)))
            and (self.during is None or self.during.cover(case.at))
        )


def _matches(values: Iterable[str], patterns: tuple[str, ...], *, every: bool = False) -> bool:
    found = [any(fnmatchcase(value, pattern) for pattern in patterns) for value in values]
    return not patterns or (bool(found) and (all(found) if every else any(found)))


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """A condition and what it demands. It tightens, whatever it says; only with ``weakens`` may it ask for less."""

    name: str
    when: Condition = Condition()
    weakens: bool = False
    levels: tuple[int, ...] = ()
    """Approvals that are needed, each by another person."""
    quorum: int = 1
    """So many people of the highest level."""
    automatic: bool | None = None
    """False: a person is needed. True (weakens, INSERT only): none is."""
    approvers: tuple[str, ...] = ()
    holds: timedelta | None = None
    remind: timedelta | None = None
    escalate: timedelta | None = None
    expire: timedelta | None = None
    undo_days: int | None = None
    tolerance: Tolerance | None = None
    reason: str = ""

    def applied(self, demands: Demands) -> Demands:
        """The demands with this rule's added, or in their place where it weakens."""
        demands = self._staffed(demands)
        least, most = (self._given, self._given) if self.weakens else (min, max)
        return replace(
            demands,
            holds=least(demands.holds, self.holds or demands.holds),
            remind=self.remind or demands.remind,
            escalate=self.escalate or demands.escalate,
            expire=self.expire or demands.expire,
            undo_days=most(demands.undo_days, demands.undo_days if self.undo_days is None else self.undo_days),
            tolerance=self._tolerance(demands.tolerance),
            approvers=self._approvers(demands.approvers),
        )

    def _staffed(self, demands: Demands) -> Demands:
        if self.automatic:
            return replace(demands, levels=(), automatic=self.name)
        asked = self._levels(demands.levels)
        needed = asked if self.weakens and asked else _highest(demands.levels, asked)
        if self.automatic is False:
            needed = needed or (1,)
        return replace(demands, levels=needed, automatic="" if needed else demands.automatic)

    def _levels(self, present: tuple[int, ...]) -> tuple[int, ...]:
        """The approvals that this rule asks for."""
        levels = tuple(sorted(self.levels, reverse=True))
        top = (levels or present or (1,))[0]
        return (top,) * self.quorum + levels[1:] if levels or self.quorum > 1 else ()

    def _tolerance(self, present: Tolerance) -> Tolerance:
        if self.tolerance is None or self.weakens:
            return self.tolerance or present
        given = self.tolerance
        # The more rows must be equal, and the less a larger number may differ, the tighter it is.
        return Tolerance(max(present.exact_rows, given.exact_rows), min(present.fraction, given.fraction))

    def _approvers(self, present: tuple[str, ...]) -> tuple[str, ...]:
        """Of two lists those who are on both; a list that nobody is on lets nobody decide."""
        if not self.approvers or not present or self.weakens:
            return self.approvers or present
        return tuple(name for name in present if name in self.approvers) or NOBODY

    @staticmethod
    def _given(_present: T, asked: T) -> T:
        return asked


def _highest(present: tuple[int, ...], asked: tuple[int, ...]) -> tuple[int, ...]:
    """As many approvals as the longer list has, each of the higher of the two levels."""
    pairs = zip_longest(sorted(present, reverse=True), sorted(asked, reverse=True), fillvalue=0)
    return tuple(max(pair) for pair in pairs)
