"""What PostgreSQL's plan of a query says about it before it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgwarden.domain.query_plan import estimates

MANY_ROWS = 10_000_000
"""Rows of an answer that nobody reads."""
HIGH_COST = 10_000_000.0
"""In the planner's units: minutes rather than seconds."""
MANY_PAIRS = 1_000_000
"""Rows from which joining everything with everything is a mistake rather than a choice."""


@dataclass(frozen=True, slots=True)
class Validation:
    """Estimates of the server itself, and what is odd about them."""

    cost: float | None
    """In the planner's units."""
    rows: float | None
    warnings: tuple[str, ...] = ()

    def words(self) -> str:
        """In a line."""
        if self.rows is None or self.cost is None:
            return "planned"
        odd = f", {len(self.warnings)} warning{'s' if len(self.warnings) > 1 else ''}" if self.warnings else ""
        return f"about {self.rows:,.0f} rows, cost {self.cost:,.0f}{odd}"


def validation_of(plan: Mapping[str, object], *, shown: int) -> Validation:
    """``plan`` is PostgreSQL's JSON; at most ``shown`` rows would be shown."""
    cost, rows = estimates(plan)
    root = plan.get("Plan")
    warnings = list(_unjoined(root)) if isinstance(root, Mapping) else []
    if rows is not None and rows >= MANY_ROWS:
        warnings.append(
            f"It would give about {rows:,.0f} rows, of which {shown:,} are shown: narrow it, or ask for a count."
        )
    if cost is not None and cost >= HIGH_COST:
        warnings.append(f"The server takes it for expensive (cost {cost:,.0f}): it may reach its time limit.")
    return Validation(cost, rows, tuple(warnings))


def _unjoined(node: Mapping[str, Any]) -> Iterator[str]:
    """Joins of everything with everything."""
    children = [child for child in node.get("Plans", ()) if isinstance(child, Mapping)]
    if node.get("Node Type") == "Nested Loop" and len(children) == 2 and "Join Filter" not in node:
        outer, inner = children
        pairs = float(outer["Plan Rows"]) * float(inner["Plan Rows"])
        if pairs >= MANY_PAIRS and float(node["Plan Rows"]) >= pairs * 0.9 and min(_rows(outer), _rows(inner)) > 1:
            names = " and ".join(_name(child) for child in children)
            yield f"It joins every row of {names} with every other, about {pairs:,.0f} pairs: say how they are related."
    for child in children:
        yield from _unjoined(child)


def _rows(node: Mapping[str, Any]) -> float:
    return float(node["Plan Rows"])


def _name(node: Mapping[str, Any]) -> str:
    while "Relation Name" not in node and node.get("Plans"):
        node = node["Plans"][0]
    return str(node.get("Relation Name", "a subquery"))
