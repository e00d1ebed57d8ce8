"""Who must say yes, how long things last and why: one pure function of a request's facts and the policy.

Without a policy file this is the requirements' approval matrix:

* level 1, a team lead: LOW and MEDIUM risk, fewer than 1,000 rows
* level 2, a manager: those from 1,000 rows on, and HIGH risk, fewer than 10,000 rows
* level 3, a director: CRITICAL risk, and HIGH risk from 10,000 rows on

Nobody is asked for an INSERT of fewer than 100 rows into one table, at most MEDIUM, without cascades and unknown
effects, by a person. An UPDATE or a DELETE always needs one. A number that is not known counts as the largest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pgwarden.domain.approval import Tolerance
from pgwarden.domain.business_calendar import BusinessCalendar, moment_after
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import DIRECTOR, MANAGER, TEAM_LEAD, Person
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.request import Seat, Urgency
from pgwarden.domain.risk import LEVELS
from pgwarden.domain.routing_case import RoutingCase
from pgwarden.domain.routing_rule import Demands, RoutingRule

SMALL_INSERT = "small-insert-by-a-person"
READ_BELOW = "read-below-its-limit"
BUILT_IN_RULES = (SMALL_INSERT, READ_BELOW)
"""Names that rules of the policy file cannot take."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long things last at one level of risk."""

    remind: timedelta
    """Silence after which the approvers are reminded."""
    escalate: timedelta
    """Silence after which the next level is asked."""
    expire: timedelta
    """Silence after which the request is over: nothing is ever approved by silence."""
    holds: timedelta
    """How long an approval may be used."""
    undo_days: int
    """For how many days the approval covers the change's conflict-free undo."""


def _times(remind: float, escalate: float, expire: float, holds: float, undo_days: int) -> Times:
    """From hours, and days for the undo."""
    waits = [timedelta(hours=hours) for hours in (remind, escalate, expire, holds)]
    return Times(waits[0], waits[1], waits[2], waits[3], undo_days)


DEFAULT_TIMES: Mapping[RiskLevel, Times] = {
    RiskLevel.LOW: _times(4, 8, 72, 24, 7),
    RiskLevel.MEDIUM: _times(2, 4, 48, 24, 14),
    RiskLevel.HIGH: _times(1, 2, 24, 8, 30),
    RiskLevel.CRITICAL: _times(0.5, 1, 12, 4, 90),
}

PACE: Mapping[Urgency, float] = {
    Urgency.LOW: 2.0,
    Urgency.NORMAL: 1.0,
    Urgency.HIGH: 0.5,
    Urgency.EMERGENCY: 0.125,
}
"""How urgency stretches the waits before reminders and escalation; it never changes who must decide."""


@dataclass(frozen=True, slots=True)
class AutomaticInserts:
    """When an INSERT needs nobody. ``enabled`` False: never."""

    enabled: bool = True
    rows_below: int = 100
    risk_up_to: RiskLevel = RiskLevel.MEDIUM

    def covers(self, case: RoutingCase) -> bool:
        return (
            self.enabled
            and case.operation == "INSERT"
            and case.requester_kind is IdentityKind.PERSON
            and case.rows is not None
            and case.rows < self.rows_below
            and LEVELS.index(case.risk) <= LEVELS.index(self.risk_up_to)
            and len(case.tables) == 1
            and not case.cascades
            and not case.unknown_effects
        )


@dataclass(frozen=True, slots=True)
class Override:
    """An emergency: several seniors together may let anything run, at once and shortly. It is reviewed afterwards."""

    seniors: int = 2
    level: int = MANAGER
    """Who is senior: at least this level, whatever level the request itself would need."""
    holds: timedelta = timedelta(minutes=15)
    review_within: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """The section ``[approval]`` of the policy. Without one it is the requirements' matrix."""

    lead_rows: int = 1_000
    """From so many rows on LOW and MEDIUM risk needs a manager."""
    manager_rows: int = 10_000
    """From so many rows on HIGH risk needs a director."""
    read_ticket_from: RiskLevel = RiskLevel.HIGH
    """From this risk on an unmasked read of sensitive data needs a ticket."""
    automatic: AutomaticInserts = AutomaticInserts()
    override: Override = Override()
    times: Mapping[RiskLevel, Times] = field(default_factory=lambda: DEFAULT_TIMES)
    calendar: BusinessCalendar | None = None
    """Waits for people are counted in these hours; None: around the clock."""
    rules: tuple[RoutingRule, ...] = ()
    """All that apply are applied: the tightening ones last, so that none of them is undone."""
    tolerance: Tolerance = Tolerance()  # noqa: RUF009 - it is frozen
    """How far the truth may be from the approved numbers (the policy's ``[tolerances]``)."""


@dataclass(frozen=True, slots=True)
class Timers:
    """When what happens while nobody decides, in UTC."""

    remind_at: tuple[datetime, ...]
    escalate_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """What the policy demands for one request, and why."""

    seats: tuple[Seat, ...]
    """The approvals that are needed, each by another person; none where ``automatic`` names a rule."""
    automatic: str
    """The rule by which nobody is asked, or ''."""
    approvers: tuple[str, ...]
    """``person:NAME`` and ``group:NAME`` of whom every approver must be one; none: anyone of the level."""
    holds: timedelta
    remind_after: timedelta
    escalate_after: timedelta
    expires_after: timedelta
    undo_days: int
    tolerance: Tolerance
    override: Override
    calendar: BusinessCalendar | None
    factors: tuple[str, ...]
    """Why it is so, as sentences for the approver."""

    @property
    def level(self) -> int:
        """The highest level that is needed; 0 where nobody is."""
        return max((seat.level for seat in self.seats), default=0)

    @property
    def needs_person(self) -> bool:
        return bool(self.seats)

    @property
    def approval_holds_seconds(self) -> float:
        return self.holds.total_seconds()

    def timers(self, start: datetime) -> Timers:
        """When to remind, escalate and expire what has waited since ``start``."""
        return Timers(
            (moment_after(self.calendar, start, self.remind_after),),
            moment_after(self.calendar, start, self.escalate_after),
            moment_after(self.calendar, start, self.expires_after),
        )

    def admits(self, person: Person) -> bool:
        """Whether this person is among those who may decide, levels aside."""
        subjects = {f"person:{person.name}", *(f"group:{group}" for group in person.groups)}
        return not self.approvers or not subjects.isdisjoint(self.approvers)


def route(case: RoutingCase, policy: ApprovalPolicy) -> Route:
    """Who must say yes to this request, and for how long things hold."""
    factors = [_size(case), _asked_by(case)]
    demands, reason = _by_matrix(case, policy)
    factors.append(reason)
    applying = [rule for rule in policy.rules if rule.when.holds(case, policy.calendar, weakens=rule.weakens)]
    for rule in sorted(applying, key=lambda rule: not rule.weakens):
        demands = rule.applied(demands)
        factors.append(f"The policy's rule {rule.name} applies{f': {rule.reason}' if rule.reason else ''}.")
    if not demands.levels and not _may_be_automatic(case):
        demands = RoutingRule("a-person-is-needed", automatic=False).applied(demands)
        factors.append(f"{case.operation} always needs a person.")
    pace = PACE[case.urgency]
    return Route(
        seats=demands.seats,
        automatic=demands.automatic,
        approvers=demands.approvers,
        holds=demands.holds,
        remind_after=demands.remind * pace,
        escalate_after=demands.escalate * pace,
        expires_after=demands.expire,
        undo_days=demands.undo_days,
        tolerance=demands.tolerance,
        override=policy.override,
        calendar=None if case.urgency is Urgency.EMERGENCY else policy.calendar,
        factors=(*factors, *_circumstances(case, policy), _conclusion(demands)),
    )


def _by_matrix(case: RoutingCase, policy: ApprovalPolicy) -> tuple[Demands, str]:
    """What holds before the rules of the policy file, and why."""
    times = policy.times[case.risk]
    level, automatic, reason = _level(case, policy)
    demands = Demands(
        levels=() if automatic else (level,),
        automatic=automatic,
        holds=times.holds,
        remind=times.remind,
        escalate=times.escalate,
        expire=times.expire,
        undo_days=times.undo_days,
        tolerance=policy.tolerance,
    )
    return demands, reason


def _level(case: RoutingCase, policy: ApprovalPolicy) -> tuple[int, str, str]:
    """(level, rule that makes it automatic, the reason)."""
    if case.is_read and LEVELS.index(case.risk) < LEVELS.index(policy.read_ticket_from):
        return 0, READ_BELOW, f"An unmasked read needs a ticket from {policy.read_ticket_from.value} risk on."
    if policy.automatic.covers(case):
        return 0, SMALL_INSERT, "A small INSERT into one table by a person, without further effects, needs nobody."
    level = matrix_level(case.risk, case.rows, policy)
    return level, "", f"{case.risk.value} risk with {_rows(case.rows)} is for {LEVEL_NAMES[level]}."


def matrix_level(risk: RiskLevel, rows: int | None, policy: ApprovalPolicy) -> int:
    """The approver level of the matrix."""
    if risk is RiskLevel.CRITICAL:
        return DIRECTOR
    if risk is RiskLevel.HIGH:
        return DIRECTOR if rows is None or rows >= policy.manager_rows else MANAGER
    return MANAGER if rows is None or rows >= policy.lead_rows else TEAM_LEAD


def _may_be_automatic(case: RoutingCase) -> bool:
    return case.operation == "INSERT" or case.is_read


LEVEL_NAMES = {TEAM_LEAD: "level 1 (team lead)", MANAGER: "level 2 (manager)", DIRECTOR: "level 3 (director)"}


def _rows(rows: int | None) -> str:
    return "an unknown number of rows" if rows is None else f"{rows:,} row{'' if rows == 1 else 's'}"


def _size(case: RoutingCase) -> str:
    tables = ", ".join(case.tables[:5]) + (f" and {len(case.tables) - 5} more" if len(case.tables) > 5 else "")
    return f"{case.operation} of {_rows(case.rows)} in {tables or 'no known table'}, {case.risk.value} risk."


def _asked_by(case: RoutingCase) -> str:
    kind = "" if case.requester_kind is IdentityKind.PERSON else f" ({case.requester_kind.value})"
    return f"Asked by {case.requester or 'somebody unknown'}{kind}; {case.record}."


def _circumstances(case: RoutingCase, policy: ApprovalPolicy) -> list[str]:
    """What an approver should know besides, whether or not a rule looks at it."""
    said = []
    if case.sensitivities:
        said.append(f"Sensitive data: {', '.join(sorted(case.sensitivities))}.")
    if case.cascades:
        said.append("Foreign keys carry it to other rows.")
    if case.unknown_effects:
        said.append("It sets something off that pgwarden cannot foresee.")
    if case.urgency is not Urgency.NORMAL:
        said.append(f"The requester calls its urgency {case.urgency.value}.")
    if case.load is not None:
        said.append(f"{case.load:.0%} of the server's connections are at work.")
    if policy.calendar is not None and not policy.calendar.works(case.at):
        said.append("It is asked outside working hours.")
    return said


def _conclusion(demands: Demands) -> str:
    if not demands.levels:
        return f"Nobody is asked: rule {demands.automatic}."
    seats = " and ".join(
        f"{'one' if seat.quorum == 1 else seat.quorum} of {LEVEL_NAMES[seat.level]}" for seat in demands.seats
    )
    only = f", only {', '.join(demands.approvers)}" if demands.approvers else ""
    return f"Needed: {seats}{only}."
