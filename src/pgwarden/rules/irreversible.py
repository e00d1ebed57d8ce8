"""Parts of a change that no undo brings back."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "irreversible"


def check(case: RiskCase) -> Finding | None:
    recovery = case.impact.recovery
    if recovery is None or not recovery.irreversible:
        return None
    return Finding(RULE, RiskLevel.HIGH, "cannot be taken back: " + "; ".join(recovery.irreversible))
