"""Foreign keys whose child side has no index."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "missing-index"


def check(case: RiskCase) -> Finding | None:
    missing = sorted({step.missing_index for step in case.impact.cascades if step.missing_index})
    if not missing:
        return None
    many = case.impact.rows > case.policy.many_rows_from
    message = "a foreign key has no index on the child's side, so every parent row costs a scan"
    return Finding(RULE, RiskLevel.MEDIUM if many else None, message, "; ".join(missing))
