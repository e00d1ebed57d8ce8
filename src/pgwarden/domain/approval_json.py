"""The approval policy, and what it asks for, as JSON values; times in seconds."""

from __future__ import annotations

from typing import Any

from pgwarden.domain.approval_policy import ApprovalPolicy, Route
from pgwarden.domain.plain import plain


def policy_object(policy: ApprovalPolicy) -> dict[str, Any]:
    """The policy as a whole."""
    return {
        "lead_rows": policy.lead_rows,
        "manager_rows": policy.manager_rows,
        "read_ticket_from": policy.read_ticket_from.value,
        "automatic": plain(policy.automatic),
        "override": {
            "seniors": policy.override.seniors,
            "level": policy.override.level,
            "holds_seconds": policy.override.holds.total_seconds(),
            "review_seconds": policy.override.review_within.total_seconds(),
        },
        "times": {
            risk.value: {
                "remind_seconds": times.remind.total_seconds(),
                "escalate_seconds": times.escalate.total_seconds(),
                "expire_seconds": times.expire.total_seconds(),
                "holds_seconds": times.holds.total_seconds(),
                "undo_days": times.undo_days,
            }
            for risk, times in policy.times.items()
        },
        "calendar": policy.calendar.zone.key if policy.calendar else None,
        "rules": [{"name": rule.name, "weakens": rule.weakens, "reason": rule.reason} for rule in policy.rules],
    }


def route_object(found: Route) -> dict[str, Any]:
    """Who must say yes to one request, and by when."""
    return {
        "level": found.level,
        "seats": [{"level": seat.level, "quorum": seat.quorum} for seat in found.seats],
        "automatic": found.automatic,
        "approvers": list(found.approvers),
        "holds_seconds": found.approval_holds_seconds,
        "remind_seconds": found.remind_after.total_seconds(),
        "escalate_seconds": found.escalate_after.total_seconds(),
        "expire_seconds": found.expires_after.total_seconds(),
        "undo_days": found.undo_days,
        "tolerance": {"exact_rows": found.tolerance.exact_rows, "fraction": found.tolerance.fraction},
        "factors": list(found.factors),
    }
