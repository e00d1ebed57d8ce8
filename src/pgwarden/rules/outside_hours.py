"""Outside the hours that the policy allows."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "outside-hours"


def check(case: RiskCase) -> Finding | None:
    hours = case.policy.hours
    if hours is None or case.at is None:
        return None
    start, end = hours
    now = case.at.time()
    inside = start <= now < end if start <= end else now >= start or now < end
    if inside:
        return None
    message = f"changes are allowed from {start:%H:%M} to {end:%H:%M}; it is {now:%H:%M}"
    return Finding(RULE, RiskLevel.HIGH, message)
