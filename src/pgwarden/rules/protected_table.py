"""Tables that the policy protects."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "protected-table"


def check(case: RiskCase) -> Finding | None:
    found = sorted({str(name) for name in case.names() for tag in case.policy.tags(name) if tag.protected})
    if not found:
        return None
    return Finding(RULE, RiskLevel.CRITICAL, f"protected tables are affected: {', '.join(found)}")
