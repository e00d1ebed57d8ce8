"""A WHERE that is always true."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "always-true"


def check(case: RiskCase) -> Finding | None:
    if not case.impact.always_true:
        return None
    return Finding(
        RULE, RiskLevel.HIGH, "the WHERE is true for every row, so it excludes none", "Say which rows are meant."
    )
