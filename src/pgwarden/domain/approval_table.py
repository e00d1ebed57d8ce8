"""Reading the section ``[approval]`` of the policy file: strictly, and so that nothing in it weakens by accident."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta
from itertools import pairwise

from pgwarden.domain.approval_policy import (
    BUILT_IN_RULES,
    DEFAULT_TIMES,
    ApprovalPolicy,
    AutomaticInserts,
    Override,
    Times,
)
from pgwarden.domain.business_calendar import MIDNIGHT, BusinessCalendar, Period
from pgwarden.domain.change_policy import DAYS
from pgwarden.domain.person import DIRECTOR, MANAGER
from pgwarden.domain.policy import Policy
from pgwarden.domain.policy_table import PolicyTable
from pgwarden.domain.policy_units import time_zone, wait
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import LEVELS
from pgwarden.domain.routing_table import read_routing_rule

LEVEL_NAMES = tuple(level.value for level in RiskLevel)
PERIOD = re.compile(r"([0-2][0-9]:[0-5][0-9])-([0-2][0-9]:[0-5][0-9])")
IF_MEANT = "if that is meant, say allow_weaker = true"
LONGEST_OVERRIDE_MINUTES = 60
"""An override is for what cannot wait; what can is approved in the usual way."""


def approval_policy(policy: Policy) -> ApprovalPolicy:
    """Who must say yes under this policy. Raises PolicyInvalid."""
    return read_approval(policy.approval_table(), ApprovalPolicy(tolerance=policy.tolerance))


def read_approval(given: PolicyTable, plain: ApprovalPolicy) -> ApprovalPolicy:
    """The section's meaning, ``plain`` holding what it leaves out. Raises PolicyInvalid."""
    weaker = given.flag("allow_weaker")
    calendar = _calendar(given.table("calendar")) if "calendar" in given else None
    policy = replace(
        plain,
        lead_rows=_at_most(given, "lead_rows", plain.lead_rows, weaker),
        manager_rows=_at_most(given, "manager_rows", plain.manager_rows, weaker),
        read_ticket_from=_level_at_most(given, "read_ticket_from", plain.read_ticket_from, weaker),
        automatic=_automatic(given.table("automatic"), plain.automatic),
        override=_override(given.table("override"), plain.override),
        times=_times(given.table("times")),
        calendar=calendar,
        rules=tuple(read_routing_rule(each, has_calendar=calendar is not None) for each in given.tables("rules")),
    )
    for earlier, later in pairwise(sorted(BUILT_IN_RULES + tuple(rule.name for rule in policy.rules))):
        if earlier == later:
            raise given.refuse("rules", f"there are two rules {earlier}")
    given.done()
    return policy


def _at_most(given: PolicyTable, key: str, limit: int, weaker: bool) -> int:
    """A number that is stricter the lower it is."""
    value = given.integer(key, limit)
    if value > limit and not weaker:
        raise given.refuse(
            key, f"more than {limit:,} would ask fewer people; if that is meant, say allow_weaker = true"
        )
    return value


def _level_at_most(given: PolicyTable, key: str, limit: RiskLevel, weaker: bool) -> RiskLevel:
    value = RiskLevel(given.text(key, limit.value, choices=LEVEL_NAMES))
    if LEVELS.index(value) > LEVELS.index(limit) and not weaker:
        raise given.refuse(
            key, f"above {limit.value} fewer people are asked; if that is meant, say allow_weaker = true"
        )
    return value


def _automatic(given: PolicyTable, plain: AutomaticInserts) -> AutomaticInserts:
    weaker = given.flag("allow_weaker")
    automatic = AutomaticInserts(
        enabled=given.flag("enabled", plain.enabled),
        rows_below=_at_most(given, "rows_below", plain.rows_below, weaker),
        risk_up_to=_level_at_most(given, "risk_up_to", plain.risk_up_to, weaker),
    )
    if automatic.risk_up_to is RiskLevel.CRITICAL:
        raise given.refuse("risk_up_to", "CRITICAL risk always needs a person")
    given.done()
    return automatic


def _override(given: PolicyTable, plain: Override) -> Override:
    override = Override(
        seniors=given.integer("seniors", plain.seniors, low=2, high=9),
        level=given.integer("level", plain.level, low=MANAGER, high=DIRECTOR),
        holds=timedelta(
            minutes=given.integer(
                "holds_minutes", int(plain.holds.total_seconds()) // 60, low=1, high=LONGEST_OVERRIDE_MINUTES
            )
        ),
        review_within=timedelta(
            hours=given.integer("review_hours", int(plain.review_within.total_seconds()) // 3600, low=1, high=720)
        ),
    )
    given.done()
    return override


def _times(given: PolicyTable) -> Mapping[RiskLevel, Times]:
    """``[approval.times.HIGH]`` and its sisters; what they leave out stays."""
    keys = given.keys()
    for key in keys:
        if key not in LEVEL_NAMES:
            raise given.refuse(key, f"one of {', '.join(LEVEL_NAMES)} is expected")
    return {level: _times_of(given.table(level.value), DEFAULT_TIMES[level]) for level in RiskLevel}


def _times_of(given: PolicyTable, plain: Times) -> Times:
    weaker = given.flag("allow_weaker")
    times = Times(
        remind=wait(given, "remind_minutes", timedelta(minutes=1)) or plain.remind,
        escalate=wait(given, "escalate_minutes", timedelta(minutes=1)) or plain.escalate,
        expire=wait(given, "expire_hours", timedelta(hours=1)) or plain.expire,
        holds=wait(given, "holds_hours", timedelta(hours=1)) or plain.holds,
        undo_days=given.integer("undo_days", plain.undo_days, low=1, high=3650),
    )
    if times.holds > plain.holds and not weaker:
        raise given.refuse("holds_hours", f"an approval would hold longer; {IF_MEANT}")
    if times.undo_days < plain.undo_days and not weaker:
        raise given.refuse("undo_days", f"undo would end earlier; {IF_MEANT}")
    given.done()
    return times


def _calendar(given: PolicyTable) -> BusinessCalendar:
    zone = time_zone(given)
    hours = {number: _periods(given, day) for number, day in enumerate(DAYS) if day in given}
    if not any(hours.values()):
        raise given.refuse(DAYS[0], 'some working hours are expected, such as monday = ["09:00-17:00"]')
    calendar = BusinessCalendar(zone, hours, frozenset(given.days("holidays")))
    given.done()
    return calendar


def _periods(given: PolicyTable, day: str) -> tuple[Period, ...]:
    periods = tuple(_period(given, day, text) for text in given.texts(day))
    for (_, end), (start, _) in pairwise(periods):
        if end == MIDNIGHT or start < end:
            raise given.refuse(day, "the periods of a day are expected in order and apart")
    return periods


def _period(given: PolicyTable, day: str, text: str) -> Period:
    found = PERIOD.fullmatch(text)
    start, end = (_clock(found[1]), _clock(found[2])) if found else (None, None)
    if start is None or end is None:
        raise given.refuse(day, 'times such as "09:00-17:00" are expected')
    if end != MIDNIGHT and end <= start:
        raise given.refuse(day, "a period ends before it begins; write one that reaches over midnight in two days")
    return start, end


def _clock(text: str) -> time | None:
    try:
        return MIDNIGHT if text == "24:00" else time.fromisoformat(text)
    except ValueError:
        return None
