"""What every token of a provider says in the same words: for whom it is, and when it holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

SKEW = timedelta(seconds=60)
"""How far the provider's clock may be from ours."""

Rule = tuple[bool, str]
"""(whether it holds, what is wrong where it does not)."""


def audiences(content: Mapping[str, Any]) -> tuple[object, ...]:
    """Whom the token is meant for."""
    audience = content.get("aud")
    return tuple(audience) if isinstance(audience, list) else (audience,)


def of_its_time(content: Mapping[str, Any], at: datetime, *, issued: float | None = None) -> tuple[Rule, ...]:
    """It has not expired, is not from the future, and holds already.

    ``issued`` stands in for a missing time of issue; without it a token that lacks one is refused.
    """
    now, skew = at.timestamp(), SKEW.total_seconds()
    return (
        (now < _number(content.get("exp")) + skew, "it has expired"),
        (_number(content.get("iat", issued)) <= now + skew, "it is from the future"),
        (_number(content.get("nbf", 0.0)) <= now + skew, "it does not hold yet"),
    )


def names_somebody(content: Mapping[str, Any]) -> Rule:
    """It has a subject."""
    return isinstance(content.get("sub"), str) and bool(content["sub"]), "it names nobody"


def first_broken(rules: Iterable[Rule]) -> str:
    """What is wrong, or ''."""
    return next((why for holds, why in rules if not holds), "")


def text(value: object) -> str:
    """The text, or '' for anything else."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list; nothing of anything else."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _number(value: object) -> float:
    """The number, or one that no comparison holds for."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
