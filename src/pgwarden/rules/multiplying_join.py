"""A join that multiplies target rows."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "multiplying-join"


def check(case: RiskCase) -> Finding | None:
    if not case.impact.multiplying:
        return None
    message = "a join finds some rows several times: which of the matching values they get is left to chance"
    return Finding(RULE, RiskLevel.HIGH, message, "Join on a key, or keep one row per target.")
