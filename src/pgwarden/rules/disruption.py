"""Others use the tables now, or would wait long for them."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase
from pgwarden.rules.business import disruptions

RULE = "disruption"


def check(case: RiskCase) -> Finding | None:
    found = list(disruptions(case))
    if not found:
        return None
    hint = "Run it when the tables are quiet, or in smaller parts."
    return Finding(RULE, RiskLevel.MEDIUM, "; ".join(found), hint)
