"""Triggers and rules whose effects cannot be read."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "unknown-effects"


def check(case: RiskCase) -> Finding | None:
    unknown = [effect.message for effect in case.impact.side_effects if not effect.known]
    if not unknown:
        return None
    return Finding(RULE, RiskLevel.HIGH, "what it sets off is not known: " + "; ".join(unknown))
