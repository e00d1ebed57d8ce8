"""The orchestrator's plan as a value: it can be shown before it runs, streamed while it runs, and kept after."""

from __future__ import annotations

from dataclasses import dataclass, field

from pgwarden.domain.question import Complexity, RiskLevel


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step: which agent does what, with which inputs, and why the step is there."""

    name: str
    agent: str
    why: str
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """The steps for one request, in order."""

    intent_type: str
    complexity: Complexity
    risk: RiskLevel
    steps: tuple[PlanStep, ...] = field(default_factory=tuple)
    risk_before: RiskLevel | None = None
    """The risk of the plan that this one replaces, where what the change would do was found to be of another."""

    def has(self, name: str) -> bool:
        return any(step.name == name for step in self.steps)
