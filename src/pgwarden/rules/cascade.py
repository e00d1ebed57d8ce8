"""Foreign keys carry the change on."""

from __future__ import annotations

from pgwarden.domain.quantity import counted
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "cascade"


def check(case: RiskCase) -> Finding | None:
    steps = [step for step in case.impact.cascades if step.figure.rows and step.action not in ("RESTRICT", "NO ACTION")]
    if not steps:
        return None
    tables = sorted({step.table for step in steps})
    depth = max(step.depth for step in steps)
    complex_ = depth >= case.policy.deep_cascade or len(tables) >= case.policy.many_cascades
    rows = sum(step.figure.rows for step in steps)
    message = (
        f"foreign keys carry it on to {counted(rows, 'row')} of {', '.join(tables)}, {counted(depth, 'level')} deep"
    )
    return Finding(RULE, RiskLevel.HIGH if complex_ else RiskLevel.MEDIUM, message)
