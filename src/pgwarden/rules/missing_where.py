"""An UPDATE or DELETE without WHERE."""

from __future__ import annotations

from pgwarden.domain.quantity import counted
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "missing-where"


def check(case: RiskCase) -> Finding | None:
    if not case.impact.unfiltered:
        return None
    message = f"there is no WHERE: every row changes, {counted(case.impact.rows, 'row')} in all tables together"
    return Finding(RULE, RiskLevel.HIGH, message, "Say which rows are meant.")
