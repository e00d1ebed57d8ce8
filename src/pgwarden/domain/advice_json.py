"""Advice as JSON and in words."""

from __future__ import annotations

from typing import Any

from pgwarden.domain.advice import Advice, Alternative, Choice, Estimate, IndexWish, SettingWish


def estimate_words(estimate: Estimate) -> str:
    """Cost, rows and time in one line."""
    words = f"cost {estimate.cost:,.0f}, about {estimate.rows:,.0f} rows"
    if estimate.milliseconds is not None:
        return f"{words}, measured {_time(estimate.milliseconds)}"
    return words if estimate.guess is None else f"{words}, roughly {_time(estimate.guess)}"


def estimate_object(estimate: Estimate) -> dict[str, Any]:
    found = {
        "cost": estimate.cost,
        "rows": estimate.rows,
        "milliseconds": estimate.milliseconds,
        "guessed_milliseconds": None if estimate.guess is None else round(estimate.guess, 3),
    }
    return {key: value for key, value in found.items() if value is not None}


def alternative_object(one: Alternative) -> dict[str, Any]:
    return {
        "code": one.rewrite.code,
        "purpose": one.rewrite.purpose.value,
        "sql": one.rewrite.sql,
        "reasons": list(one.rewrite.reasons),
        "same_rows": one.rewrite.same,
        "faster": one.faster,
    } | estimate_object(one.estimate)


def choice_object(one: Choice) -> dict[str, Any]:
    found = {"kind": one.kind, "sql": one.sql, "explanation": one.explanation, "same_rows": one.same}
    return found | (estimate_object(one.estimate) if one.estimate else {})


def index_object(wish: IndexWish) -> dict[str, Any]:
    found = {"sql": wish.definition, "reason": wish.reason, "verified": wish.costs is not None}
    if wish.costs is not None:
        found |= {"cost_before": wish.costs[0], "cost_after": wish.costs[1]}
    return found


def index_words(wish: IndexWish) -> str:
    """Why, and what is known of its use."""
    if wish.costs is None:
        return f"{wish.reason} (not verified)"
    before, after = wish.costs
    return f"{wish.reason} (verified by the planner: cost {before:,.0f} → {after:,.0f})"


def setting_object(wish: SettingWish) -> dict[str, Any]:
    return {
        "settings": dict(wish.settings),
        "reason": wish.reason,
        "before": estimate_object(wish.before),
        "after": estimate_object(wish.after),
    }


def setting_words(wish: SettingWish) -> str:
    """Why, and what showed it."""
    before, after = wish.before.milliseconds, wish.after.milliseconds
    if before is not None and after is not None:
        shown = f"measured: {_time(before)} → {_time(after)}"
    else:
        shown = f"verified by the planner: cost {wish.before.cost:,.0f} → {wish.after.cost:,.0f}"
    return f"{wish.reason} ({shown})"


def advice_object(advice: Advice) -> dict[str, Any]:
    """Everything that an advice says."""
    return {
        "sql": advice.sql,
        "estimate": estimate_object(advice.estimate),
        "plan": advice.plan,
        "alternatives": [alternative_object(one) for one in advice.alternatives],
        "indexes": [index_object(wish) for wish in advice.indexes],
        "settings": [setting_object(wish) for wish in advice.settings],
        "commented": advice.commented,
        "notes": list(advice.notes),
    }


def _time(milliseconds: float) -> str:
    if milliseconds < 10:
        return f"{milliseconds:.2g} ms"
    return f"{milliseconds:,.0f} ms" if milliseconds < 10_000 else f"{milliseconds / 1000:,.0f} s"
