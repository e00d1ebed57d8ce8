from __future__ import annotations

import pytest

from pgwarden.agents.planning import assess_complexity, plan_workflow, risk_level, risk_score
from pgwarden.domain.question import Complexity, Intent, RiskLevel


@pytest.mark.parametrize(
    ("kind", "several", "rows", "sensitive", "level"),
    [
        ("SELECT", False, 10, False, RiskLevel.LOW),
        ("SELECT", True, 10, False, RiskLevel.MEDIUM),
        ("INSERT", False, 1, False, RiskLevel.MEDIUM),
        ("UPDATE", False, 1, False, RiskLevel.MEDIUM),
        ("DELETE", False, 1, False, RiskLevel.HIGH),
        ("UPDATE", False, 1001, False, RiskLevel.HIGH),
        ("UPDATE", False, 1000, True, RiskLevel.HIGH),
        ("DELETE", True, 1001, False, RiskLevel.CRITICAL),
        ("VACUUM", False, 0, False, RiskLevel.CRITICAL),
    ],
)
def test_risk_follows_the_requirements_score(
    kind: str, several: bool, rows: float, sensitive: bool, level: RiskLevel
) -> None:
    assert risk_level(risk_score(kind, several_tables=several, estimated_rows=rows, sensitive=sensitive)) is level


@pytest.mark.parametrize("kind", ["INSERT", "UPDATE", "DELETE", "MERGE"])
@pytest.mark.parametrize("risk", list(RiskLevel))
def test_no_change_reaches_execution_without_impact_and_approval(kind: str, risk: RiskLevel) -> None:
    plan = plan_workflow(Intent(kind), risk, Complexity.SIMPLE)
    names = [step.name for step in plan.steps]
    assert names.index("impact_analysis") < names.index("approval_process") < names.index("execution")
    assert "approval_process" in plan.steps[-1].inputs


def test_a_read_needs_no_approval_and_ddl_never_executes() -> None:
    read = plan_workflow(Intent("SELECT"), RiskLevel.LOW, Complexity.SIMPLE)
    assert [s.name for s in read.steps] == ["schema_context", "query_building", "execution"]
    assert "no second check" in read.steps[-1].why
    ddl = plan_workflow(Intent("DDL"), RiskLevel.CRITICAL, Complexity.SIMPLE)
    assert ddl.has("blocked")
    assert not ddl.has("execution")


def test_complexity_follows_from_tables_and_operations() -> None:
    assert assess_complexity(Intent("SELECT", entities=("a", "b", "c"))) is Complexity.COMPLEX
    assert assess_complexity(Intent("SELECT", ("a",), ("filter",))) is Complexity.SIMPLE
    assert assess_complexity(Intent("SELECT", ("a",), ("aggregate:count",))) is Complexity.SIMPLE
    assert assess_complexity(Intent("SELECT", ("a", "b"), ("aggregate:sum",))) is Complexity.MEDIUM
