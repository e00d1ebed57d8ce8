"""Outside the hours that the policy allows."""

from __future__ import annotations

from calendar import day_name

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "outside-hours"


def check(case: RiskCase) -> Finding | None:
    hours = case.policy.hours
    if hours is None or case.at is None:
        return None
    if hours.cover(case.at):
        return None
    now = case.at.astimezone(hours.zone)
    allowed = f"from {hours.start:%H:%M} to {hours.until:%H:%M}{_days(hours.days)}"
    message = f"changes are allowed {allowed}; it is {now:%A, %H:%M} ({hours.zone})"
    return Finding(RULE, RiskLevel.HIGH, message)


def _days(days: frozenset[int]) -> str:
    return "" if len(days) == len(day_name) else " on " + ", ".join(day_name[day] for day in sorted(days))
