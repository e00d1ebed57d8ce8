"""Personal or secret data is affected."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase
from pgwarden.rules.sensitivity import sensitive_columns

RULE = "sensitive-data"


def check(case: RiskCase) -> Finding | None:
    found = sensitive_columns(case)
    if not found:
        return None
    columns = ", ".join(f"{table}.{column} ({kind})" for table, column, kind in found[:8])
    more = f" and {len(found) - 8:,} more" if len(found) > 8 else ""
    return Finding(RULE, RiskLevel.MEDIUM, f"sensitive data is affected: {columns}{more}")
