"""docs/requirements.md names every tool and agent, and only tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from pgwarden.agents.planning import plan_workflow
from pgwarden.domain.plan import WorkflowPlan
from pgwarden.domain.question import Complexity, Intent, RiskLevel

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
AGENTS = (
    "DatabaseOrchestrator",
    "SchemaContextAgent",
    "IntelligentQueryAgent",
    "ImpactAssessmentAgent",
    "ApprovalWorkflowAgent",
    "SafeExecutionAgent",
    "ContextMemoryAgent",
)


def _tools() -> set[str]:
    """Every function that a server offers."""
    found: set[str] = set()
    for path in (ROOT / "src" / "pgwarden" / "servers").glob("*.py"):
        found |= set(re.findall(r"^    offer\(server, (\w+),", path.read_text(encoding="utf-8"), re.MULTILINE))
    return found


def test_every_tool_and_agent_is_there() -> None:
    tools = _tools()
    assert len(tools) == 20
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert rows == tools | set(AGENTS)
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/pgwarden/agents").glob("*.py"))
    for agent in AGENTS:
        assert f"class {agent}" in sources


def test_only_tests_and_files_that_exist_are_named() -> None:
    for line in PAGE.splitlines():
        path: Path | None = None
        for name, test in re.findall(r"(tests/[\w/]+\.py)?(?:::(\w+))?", line):
            if name:
                path = ROOT / name
                assert path.is_file(), name
            if test:
                assert path is not None, line
                functions = {node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                             if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}  # fmt: skip
                assert test in functions, f"{path.name}::{test}"
        for name in re.findall(r"(?<![\w/])(?:agents|servers|domain|adapters|language|sql)/[\w/]+\.py", line):
            assert (ROOT / "src" / "pgwarden" / name).is_file(), name


def test_the_decision_matrix_of_the_document() -> None:
    def steps(kind: str) -> list[str]:
        plan: WorkflowPlan = plan_workflow(Intent(kind), RiskLevel.LOW, Complexity.SIMPLE)
        return [step.agent for step in plan.steps]

    assert steps("SELECT") == ["SchemaContextAgent", "IntelligentQueryAgent", "SafeExecutionAgent"]
    for kind in ("INSERT", "UPDATE", "DELETE"):
        assert steps(kind)[2:] == ["ImpactAssessmentAgent", "ApprovalWorkflowAgent", "SafeExecutionAgent"]
    assert steps("DDL")[-1] == "DatabaseOrchestrator"
