"""PostgreSQL's plan of a statement, in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgwarden.domain.advice import Estimate

LONGEST = 200


def plan_summary(plan: Mapping[str, object]) -> str:
    """What the plan does, from the top down, with its estimated cost and rows; ``plan`` is PostgreSQL's JSON."""
    root = plan.get("Plan")
    if not isinstance(root, Mapping):
        return ""
    steps = " < ".join(_steps(root))
    shown = steps if len(steps) <= LONGEST else steps[: LONGEST - 1] + "…"
    return f"{shown} (cost {float(str(root['Total Cost'])):,.0f}, about {int(str(root['Plan Rows'])):,} rows)"


def _steps(node: Mapping[str, object]) -> Iterator[str]:
    name = str(node.get("Node Type", "?"))
    relation = node.get("Relation Name")
    yield f"{name} on {relation}" if relation else name
    children = node.get("Plans")
    for child in children if isinstance(children, list) else ():
        yield from _steps(child)


def measured(plan: Mapping[str, object]) -> float | None:
    """Milliseconds that EXPLAIN ANALYZE took to run the statement; None of a plan that was not run."""
    took = plan.get("Execution Time")
    return None if took is None else float(str(took))


def plan_nodes(plan: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Every step of a plan in PostgreSQL's JSON, from the top down."""
    waiting = [plan.get("Plan")]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            yield node
            children = node.get("Plans")
            waiting += reversed(children) if isinstance(children, list) else []


def estimate_of(plan: Mapping[str, object], pace: float | None = None) -> Estimate:
    """What the plan says the statement costs; ``pace``: milliseconds for a unit of cost, for a guess of its time."""
    cost, rows = estimates(plan)
    return Estimate(cost or 0.0, rows or 0.0, measured(plan), None if pace is None else (cost or 0.0) * pace)


def estimates(plan: Mapping[str, object]) -> tuple[float | None, float | None]:
    """The plan's total cost, in the planner's units, and its rows; None where it has none."""
    root = plan.get("Plan")
    if not isinstance(root, Mapping):
        return None, None
    return float(str(root["Total Cost"])), float(str(root["Plan Rows"]))
