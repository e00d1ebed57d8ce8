"""Passwords, tokens and keys are affected."""

from __future__ import annotations

from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Finding, RiskCase
from pgwarden.domain.sensitive import SensitiveKind
from pgwarden.rules.sensitivity import sensitive_columns

RULE = "security-data"


SECRETS = {SensitiveKind.PASSWORD, SensitiveKind.TOKEN}


def check(case: RiskCase) -> Finding | None:
    found = [f"{table}.{column}" for table, column, kind in sensitive_columns(case) if kind in SECRETS]
    if not found:
        return None
    return Finding(RULE, RiskLevel.CRITICAL, f"passwords or tokens are affected: {', '.join(found)}")
