"""More rows than the policy calls small."""

from __future__ import annotations

from pgwarden.domain.quantity import counted
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "many-rows"


def check(case: RiskCase) -> Finding | None:
    rows, policy = case.impact.rows, case.policy
    if rows <= policy.medium_rows:
        return None
    tables = sum(1 for table in case.impact.tables if table.rows)
    level = RiskLevel.HIGH if rows > policy.high_rows else RiskLevel.MEDIUM
    return Finding(RULE, level, f"{rows:,} rows change in {counted(tables, 'table')}")
