"""The planning logic of the requirements document, as pure functions.

Two deliberate corrections: every statement that is not a read gets an approval step (the document passes the
approval to execution for HIGH and CRITICAL alone), and the plan is made again when impact analysis raises the risk.
"""

from __future__ import annotations

from pgwarden.domain.plan import PlanStep, WorkflowPlan
from pgwarden.domain.question import Complexity, Intent, RiskLevel

BASE_RISK = {"SELECT": 1, "INSERT": 3, "UPDATE": 5, "DELETE": 7}
UNKNOWN_OPERATION_RISK = 9
"""An operation the document does not list counts as CRITICAL on its own: unknown is never cheap."""


def risk_score(intent_type: str, *, several_tables: bool, estimated_rows: float, sensitive: bool) -> int:
    """The requirements' score: operation, several tables (+2), more than 1,000 rows (+2), sensitive data (+3)."""
    score = BASE_RISK.get(intent_type, UNKNOWN_OPERATION_RISK)
    return score + 2 * several_tables + 2 * (estimated_rows > 1000) + 3 * sensitive


def risk_level(score: int) -> RiskLevel:
    """The requirements' bands: up to 2 LOW, up to 5 MEDIUM, up to 8 HIGH, above CRITICAL."""
    if score <= 2:
        return RiskLevel.LOW
    if score <= 5:
        return RiskLevel.MEDIUM
    return RiskLevel.HIGH if score <= 8 else RiskLevel.CRITICAL


def assess_complexity(intent: Intent) -> Complexity:
    """Simple: one table with plain filters. Complex: three tables or more, or set operations and nesting."""
    operations = {operation.partition(":")[0] for operation in intent.operations}  # "aggregate:sum" aggregates
    hard = {"set_operation", "nested", "window", "ratio", "recursive"}
    if len(intent.entities) >= 3 or hard & operations:
        return Complexity.COMPLEX
    easy = {"filter", "list", "aggregate", "sort", "limit"}
    return Complexity.SIMPLE if len(intent.entities) <= 1 and operations <= easy else Complexity.MEDIUM


def plan_workflow(intent: Intent, risk: RiskLevel, complexity: Complexity) -> WorkflowPlan:
    """The steps for an intent: schema and query always, impact and approval before any change, then execution."""
    kind = intent.intent_type
    steps = [
        PlanStep("schema_context", "SchemaContextAgent", "know the tables before writing SQL", ("question",)),
        PlanStep("query_building", "IntelligentQueryAgent", "turn the question into SQL", ("schema_context",)),
    ]
    if kind == "DDL":
        why = "changing the structure itself is blocked; ask a database administrator"
        return WorkflowPlan(kind, complexity, risk, (*steps, PlanStep("blocked", "DatabaseOrchestrator", why)))
    if kind != "SELECT":
        why = "say what the change would do: rows, cascades, triggers, risk"
        steps.append(PlanStep("impact_analysis", "ImpactAssessmentAgent", why, ("query_building",)))
        why = "a person with the right decides before anything changes"
        steps.append(PlanStep("approval_process", "ApprovalWorkflowAgent", why, ("query_building", "impact_analysis")))
    elif complexity is not Complexity.SIMPLE:
        why = (
            "plan it on the server first: rows, cost, joins of everything with everything; look twice where none comes"
        )
        steps.append(PlanStep("validation", "IntelligentQueryAgent", why, ("query_building",)))
    if kind == "DELETE":
        why = "keep each row that goes, and copy the tables whole where the policy says so"
        steps.append(PlanStep("backup", "SafeExecutionAgent", why, ("impact_analysis", "approval_process")))
    if kind != "SELECT":
        why = "run it in a watched transaction with before-images"
    elif complexity is Complexity.SIMPLE:
        why = "run it behind the read fences; a simple read needs no second check"
    else:
        why = "run it behind the read fences"
    inputs: tuple[str, ...] = ("query_building",)
    if kind != "SELECT":
        inputs = ("query_building", "approval_process")
    elif complexity is not Complexity.SIMPLE:
        inputs = ("query_building", "validation")
    steps.append(PlanStep("execution", "SafeExecutionAgent", why, inputs))
    return WorkflowPlan(kind, complexity, risk, tuple(steps))
