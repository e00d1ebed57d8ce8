"""Risk rules: one rule per file, listed in one visible tuple."""

from __future__ import annotations

from collections.abc import Callable

from pgwarden.domain.risk import Finding, RiskCase
from pgwarden.rules import (
    always_true,
    cascade,
    critical_table,
    disruption,
    drifting_condition,
    inexact_numbers,
    irreversible,
    many_rows,
    missing_index,
    missing_where,
    multiplying_join,
    outside_hours,
    protected_table,
    published_table,
    recovery_needs,
    regulated_data,
    row_security,
    security_data,
    sensitive_data,
    unknown_effects,
    violation,
)

Rule = Callable[[RiskCase], Finding | None]

RULES: tuple[Rule, ...] = (
    missing_where.check,
    always_true.check,
    multiplying_join.check,
    many_rows.check,
    cascade.check,
    violation.check,
    unknown_effects.check,
    irreversible.check,
    sensitive_data.check,
    security_data.check,
    regulated_data.check,
    protected_table.check,
    critical_table.check,
    drifting_condition.check,
    inexact_numbers.check,
    missing_index.check,
    published_table.check,
    disruption.check,
    recovery_needs.check,
    row_security.check,
    outside_hours.check,
)
