"""Constraints that would refuse the change."""

from __future__ import annotations

from pgwarden.domain.quantity import counted
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "violation"


def check(case: RiskCase) -> Finding | None:
    violations = case.impact.violations
    if not violations:
        return None
    sure = any(violation.certain for violation in violations)
    word = "will" if sure else "may"
    first = next((violation for violation in violations if violation.certain), violations[0])
    more = f" (and {counted(len(violations) - 1, 'reason')} more)" if len(violations) > 1 else ""
    message = f"it {word} fail: {first.message}{more}"
    return Finding(RULE, RiskLevel.MEDIUM, message)
