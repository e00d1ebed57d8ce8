"""Tables without which the business stands still."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "critical-table"


def check(case: RiskCase) -> Finding | None:
    found = sorted({str(name) for name in case.names() for tag in case.policy.tags(name) if tag.critical})
    if not found:
        return None
    return Finding(RULE, RiskLevel.HIGH, f"tables that the business stands on are affected: {', '.join(found)}")
