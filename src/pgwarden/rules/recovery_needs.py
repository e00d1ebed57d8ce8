"""What the policy needs of a recovery cannot be given."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase
from pgwarden.rules.business import unmet_needs

RULE = "recovery-needs"


def check(case: RiskCase) -> Finding | None:
    found = list(dict.fromkeys(unmet_needs(case)))
    if not found:
        return None
    return Finding(RULE, RiskLevel.HIGH, "; ".join(found), "Take a backup first, or change it in smaller parts.")
