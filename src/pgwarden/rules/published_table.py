"""Tables that a publication sends on."""

from __future__ import annotations

from pgwarden.domain.impact import SideEffectKind
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "published-table"


def check(case: RiskCase) -> Finding | None:
    effects = case.impact.side_effects
    found = sorted({f"{e.table} ({e.name})" for e in effects if e.kind is SideEffectKind.PUBLICATION})
    if not found:
        return None
    return Finding(RULE, RiskLevel.MEDIUM, f"subscribers receive the change at once: {', '.join(found)}")
