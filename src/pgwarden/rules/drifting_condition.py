"""Conditions that change from call to call."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "drifting-condition"


def check(case: RiskCase) -> Finding | None:
    if not case.impact.volatile:
        return None
    functions = ", ".join(case.impact.volatile)
    message = f"which rows it means changes from call to call: {functions} cannot be frozen"
    return Finding(RULE, RiskLevel.HIGH, message, "Name the rows by their keys.")
