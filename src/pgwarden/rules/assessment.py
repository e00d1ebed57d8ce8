"""The risk of a change: the requirements' score and matrix, both computed, and every rule; the highest holds."""

from __future__ import annotations

from datetime import datetime

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.impact import Impact
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Risk, RiskCase, RiskPolicy, highest
from pgwarden.rules import RULES
from pgwarden.rules.business import business
from pgwarden.rules.policy_rules import policy_findings
from pgwarden.rules.sensitivity import sensitive_columns


def assess(impact: Impact, catalog: Catalog, policy: RiskPolicy | None = None, *, at: datetime | None = None) -> Risk:
    """Judge one impact. ``at`` is when it would run, for the policy's allowed hours."""
    case = RiskCase(impact, catalog, policy or RiskPolicy(), at)
    findings = (*(f for rule in RULES if (f := rule(case)) is not None), *policy_findings(case))
    score = _score(case)
    score_level, matrix_level = _band(score, case.policy), _matrix(case)
    level = highest(score_level, matrix_level, *(finding.level for finding in findings if finding.level))
    return Risk(level, score, score_level, matrix_level, findings, business(case))


def _score(case: RiskCase) -> int:
    """Operation, several tables, many rows, sensitive data: the requirements' sum."""
    policy, impact = case.policy, case.impact
    score = policy.weights.get(impact.kind.value, policy.unknown_weight)
    score += policy.several_tables * (len(case.touched()) > 1)
    score += policy.many_rows * (impact.rows > policy.many_rows_from)
    return score + policy.sensitive * bool(sensitive_columns(case))


def _band(score: int, policy: RiskPolicy) -> RiskLevel:
    bands = (
        (policy.low_up_to, RiskLevel.LOW),
        (policy.medium_up_to, RiskLevel.MEDIUM),
        (policy.high_up_to, RiskLevel.HIGH),
    )
    return next((level for limit, level in bands if score <= limit), RiskLevel.CRITICAL)


def _matrix(case: RiskCase) -> RiskLevel:
    """LOW: few rows, no cascades, reversible. HIGH: many rows, complex cascades or irreversible effects."""
    impact, policy = case.impact, case.policy
    carried = {
        step.table for step in impact.cascades if step.action not in ("RESTRICT", "NO ACTION") and step.figure.rows
    }
    irreversible = impact.recovery is not None and bool(impact.recovery.irreversible)
    if (
        impact.rows > policy.high_rows
        or impact.depth >= policy.deep_cascade
        or len(carried) >= policy.many_cascades
        or irreversible
    ):
        return RiskLevel.HIGH
    if impact.rows >= policy.medium_rows or carried:
        return RiskLevel.MEDIUM
    return RiskLevel.LOW
