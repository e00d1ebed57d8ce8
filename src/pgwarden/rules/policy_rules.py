"""Rules that the policy file adds: each finds something when all that it names holds."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pgwarden.domain.risk import Finding, PolicyRule, RiskCase
from pgwarden.rules.sensitivity import affected_columns


def policy_findings(case: RiskCase) -> tuple[Finding, ...]:
    """One finding for each rule of the policy that holds."""
    return tuple(
        Finding(f"policy:{rule.name}", rule.level, rule.message, rule.hint)
        for rule in case.policy.rules
        if _holds(case, rule)
    )


def _holds(case: RiskCase, rule: PolicyRule) -> bool:
    if rule.operations and case.impact.kind.value not in rule.operations:
        return False
    if case.impact.rows < rule.rows_from:
        return False
    if rule.tables and not _any(rule.tables, (f"{name.schema}.{name.name}" for name in case.names())):
        return False
    columns = (f"{r.name.schema}.{r.name.name}.{column.name}" for r, column in affected_columns(case))
    return not rule.columns or _any(rule.columns, columns)


def _any(patterns: tuple[str, ...], names: Iterator[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
