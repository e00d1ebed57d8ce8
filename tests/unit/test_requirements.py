"""docs/requirements.md names every tool, agent and responsibility, and only code and tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from tests.support.requirement_lines import LINES

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

RESPONSIBILITIES: dict[str, tuple[str, ...]] = {
    "DatabaseOrchestrator": ("parse natural language", "complexity and risk", "execution plan", "assign tasks",
                             "monitoring", "rollback", "failures and retries", "progress", "clarification",
                             "results", "follow-up", "classify errors", "recovery", "patterns", "escalated"),
    "SchemaContextAgent": ("tables, columns", "relationships mapped", "cached", "suggested", "join opportunities",
                           "optimization", "sample data", "statistics", "other agents told", "version history"),
    "IntelligentQueryAgent": ("natural language", "business logic", "indexes", "cost and time", "syntax",
                              "permissions", "EXPLAIN", "templates", "multi-model", "feedback", "benchmarking"),
    "ImpactAssessmentAgent": ("UPDATE", "performance", "risk", "foreign keys", "views, triggers", "rollback", "report"),
    "ApprovalWorkflowAgent": ("routing", "status", "delegation", "channels", "audit", "factors"),
    "SafeExecutionAgent": ("transactions", "progress", "integrity", "backups", "savepoints", "resource", "retry",
                           "escalated", "learn", "cleanup"),
    "ContextMemoryAgent": ("session memory", "schema memory", "user memory", "system memory", "store_context",
                           "retrieve_context", "update_schema_cache", "analyze_patterns", "deletable"),
}  # fmt: skip
"""What the requirements ask of each agent, by a word of each line."""


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


def _rows(section: str, level: str = "###") -> list[list[str]]:
    """The cells of each line of the table under a heading."""
    _, _, found = PAGE.partition(f"\n{level} {section}\n")
    lines = [line for line in found.partition("\n#")[0].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


@pytest.mark.parametrize(("agent", "responsibilities"), RESPONSIBILITIES.items())
def test_every_responsibility_of_an_agent_is_mapped(agent: str, responsibilities: tuple[str, ...]) -> None:
    rows = _rows(agent)
    told = "\n".join(row[0] for row in rows)
    assert [each for each in responsibilities if each not in told] == []
    for what, where, shown in rows:
        assert re.search(r"\w+(?:/|\.py)", where), f"{agent}: {what} lives nowhere"
        assert "tests/" in shown, f"{agent}: nothing shows {what}"


def test_every_named_line_of_the_document_is_mapped() -> None:
    rows = {row[0]: row[1:] for row in _rows("Line by line", level="##")}
    assert {number: cells[0] for number, cells in rows.items()} == LINES
    for number, (_, where, shown) in rows.items():
        assert re.search(r"\w+(?:/|\.py)", where), f"{number} lives nowhere"
        assert "tests/" in shown, f"nothing shows {number}"


def test_only_tests_and_files_that_exist_are_named() -> None:
    for line in PAGE.splitlines():
        path: Path | None = None
        for name, test in re.findall(r"(tests/[\w/]+\.py)?(?:::(\w+))?", line):
            if name:
                path = ROOT / name
                assert path.is_file(), name
            if test:
                assert path is not None, line
                assert test in _functions(path), f"{path.name}::{test}"


def test_only_code_that_exists_is_named() -> None:
    assert _missing("agents/orchestrator.py, agents/none.py, nowhere/, `no_setting`") == ["agents/none.py", "nowhere/"]
    assert _missing(PAGE) == []


def _missing(text: str) -> list[str]:
    """Files and rooms named in a text that there are not."""
    named = re.findall(r"(?<![\w/.])(?!tests/|docs/)((?:[a-z_]+/)+(?:[\w]+\.py)?|tracing\.py)", text)
    return [name for name in named if not (ROOT / "src" / "pgwarden" / name).exists()]


@cache
def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_decision_matrix_of_the_document() -> None:
    def steps(kind: str) -> list[str]:
        plan: WorkflowPlan = plan_workflow(Intent(kind), RiskLevel.LOW, Complexity.SIMPLE)
        return [step.agent for step in plan.steps]

    assert steps("SELECT") == ["SchemaContextAgent", "IntelligentQueryAgent", "SafeExecutionAgent"]
    checked = plan_workflow(Intent("SELECT"), RiskLevel.LOW, Complexity.COMPLEX)
    assert [step.name for step in checked.steps] == ["schema_context", "query_building", "validation", "execution"]
    for kind in ("INSERT", "UPDATE"):
        assert steps(kind)[2:] == ["ImpactAssessmentAgent", "ApprovalWorkflowAgent", "SafeExecutionAgent"]
    deleted = plan_workflow(Intent("DELETE"), RiskLevel.LOW, Complexity.SIMPLE)
    assert [step.name for step in deleted.steps][3:] == ["approval_process", "backup", "execution"]
    assert steps("DDL")[-1] == "DatabaseOrchestrator"
