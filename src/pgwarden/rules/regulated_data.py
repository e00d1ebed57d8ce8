"""Tables that a law or standard covers."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "regulated-data"


def check(case: RiskCase) -> Finding | None:
    found = sorted(
        {
            f"{name} ({', '.join(t.regulations)})"
            for name in case.names()
            for t in case.policy.tags(name)
            if t.regulations
        }
    )
    if not found:
        return None
    return Finding(RULE, RiskLevel.CRITICAL, f"regulated data is affected: {', '.join(found)}")
