"""Constraints that would refuse the change."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "violation"


def check(case: RiskCase) -> Finding | None:
    violations = case.impact.violations
    if not violations:
        return None
    sure = any(violation.certain for violation in violations)
    word = "will" if sure else "may"
    message = f"it {word} fail: " + "; ".join(violation.message for violation in violations)
    return Finding(RULE, RiskLevel.MEDIUM, message)
