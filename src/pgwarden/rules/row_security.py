"""Row-level security on tables in reach."""

from __future__ import annotations

from pgwarden.domain.impact import SideEffectKind
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "row-security"


def check(case: RiskCase) -> Finding | None:
    found = sorted({e.table for e in case.impact.side_effects if e.kind is SideEffectKind.ROW_SECURITY})
    if not found:
        return None
    return Finding(RULE, RiskLevel.MEDIUM, f"row-level security may hide rows of {', '.join(found)} from this role")
