"""Numbers that are not exact."""

from __future__ import annotations

from pgwarden.domain.quantity import counted
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase

RULE = "inexact-numbers"


def check(case: RiskCase) -> Finding | None:
    inexact = sorted(table.name for table in case.impact.tables if not table.certain)
    names = case.impact.names or {}
    opened = sorted(names.get(oid, str(oid)) for oid in case.impact.open_tables)
    parts = [f"not exact: {', '.join(inexact)}"] if inexact else []
    if opened:
        parts.append(f"triggers or rules write, to an extent that is known only afterwards: {', '.join(opened)}")
    if case.impact.doubts:
        parts.append(f"the numbers may be off, for {counted(len(case.impact.doubts), 'reason')} told below")
    if not parts:
        return None
    return Finding(
        RULE, RiskLevel.MEDIUM, "; ".join(parts), "A rehearsal gives exact numbers: pgwarden impact --rehearse."
    )
