"""What the tools of impact-analysis return."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from pgwarden.servers.fencing import fenced


class FigureAnswer(BaseModel):
    """A number of rows and how it was found."""

    rows: int
    basis: str = Field(description="exact, rehearsed, sampled, estimated or unknown")
    low: int | None = None
    high: int | None = None


class TableImpactAnswer(BaseModel):
    """What happens to one table's rows."""

    table: str
    inserted: FigureAnswer
    updated: FigureAnswer
    deleted: FigureAnswer
    target: bool = Field(description="The statement names it; else a key or trigger reaches it.")
    note: str = ""


class CascadeAnswer(BaseModel):
    """One foreign key that carries the change on."""

    constraint: str
    source: str
    table: str
    columns: list[str]
    action: str
    event: str
    rows: FigureAnswer
    depth: int
    missing_index: str = ""


class FindingAnswer(BaseModel):
    """Why the risk is what it is."""

    rule: str
    level: str = Field(description="'' where it only informs.")
    message: str
    hint: str = ""


class ImpactAnswer(BaseModel):
    """What a statement would do. Nothing was changed to find out."""

    database: str
    statement: str = Field(description="As an approval would be for it: drifting values such as now() frozen.")
    kind: str
    risk_level: str
    risk_score: int
    findings: list[FindingAnswer]
    rows: int = Field(description="Rows touched in all tables.")
    certain: bool = Field(description="Whether every number is exact.")
    tables: list[TableImpactAnswer]
    cascades: list[CascadeAnswer]
    violations: list[dict[str, Any]] = Field(description="What would make it fail.")
    side_effects: list[dict[str, Any]] = Field(description="Triggers, views, locks and the like.")
    frozen: list[dict[str, str]] = []
    taken_when_run: list[str] = Field(default=[], description="Assigned values such as now(), taken at the execution.")
    doubts: list[str] = Field(default=[], description="Why numbers may not be exact.")
    estimated_seconds: float
    wal_bytes: int
    undo_bytes: int
    recovery: dict[str, Any] | None = None
    business: dict[str, Any] = {}

    def text(self) -> str:
        lines = [f"{self.kind}: risk {self.risk_level}, {self.rows:,} rows in {len(self.tables)} tables."]
        for t in self.tables:
            parts = [
                f"{word} {figure.rows:,} ({figure.basis})"
                for word, figure in (("insert", t.inserted), ("update", t.updated), ("delete", t.deleted))
                if figure.rows or (t.target and figure.basis == "unknown")
            ]
            lines.append(f"- {t.table}: {', '.join(parts) or 'no rows'}{'' if t.target else ' (reached)'}")
        lines += [
            f"{'  ' * c.depth}{c.action} on {c.event}: {c.source} -> {c.table}, {c.rows.rows:,} rows ({c.rows.basis})"
            for c in self.cascades
        ]
        lines += [f"! would fail: {violation['message']}" for violation in self.violations]
        lines += [f"- {finding.level or 'note'}: {finding.message}" for finding in self.findings]
        lines += [f"- not certain: {doubt}" for doubt in self.doubts]
        if self.recovery and self.recovery.get("irreversible"):
            lines += [f"- cannot be taken back: {what}" for what in self.recovery["irreversible"]]
        lines.append("Next: create_approval_request; a person decides. Nothing was changed.")
        return fenced("\n".join(lines))


class EstimateAnswer(BaseModel):
    """How many rows a condition picks."""

    database: str
    table: str
    rows: int
    basis: str = Field(description="exact: counted now; estimated: the planner's guess")
    confidence: float = Field(description="0 to 1: how far the number can be relied on")
    planner_rows: float | None = Field(description="What the planner guesses, for comparison.")
    table_rows: float = Field(description="Rows in the table as far as known; -1 when unknown.")
    milliseconds: float

    def text(self) -> str:
        share = f" of about {self.table_rows:,.0f}" if self.table_rows >= 0 else ""
        return f"{self.rows:,} rows{share} in {self.table} ({self.basis}, confidence {self.confidence:.0%})."


class KeyAnswer(BaseModel):
    """One foreign key as the operation meets it."""

    constraint: str
    table: str
    columns: list[str]
    references: str
    referenced_columns: list[str]
    rule: str
    effect: str
    deferrable: bool
    validated: bool
    missing_index: str = ""


class IntegrityAnswer(BaseModel):
    """The foreign keys around a table."""

    database: str
    table: str
    operation: str
    keys: list[KeyAnswer]
    dependents: list[str] = Field(description="Tables that a cascade can reach, nearest first.")
    inferred: list[str] = Field(description="Likely references that no key declares: nothing guards these.")

    def text(self) -> str:
        lines = [f"{self.operation} on {self.table} meets {len(self.keys)} foreign keys."]
        for key in self.keys:
            lines.append(f"- {key.rule} {key.constraint}: {key.effect}")
            if key.missing_index:
                lines.append(f"  slow without an index: {key.missing_index}")
            if not key.validated:
                lines.append("  not validated: older rows may break it")
        if self.dependents:
            lines.append(f"A cascade can reach {', '.join(self.dependents)}.")
        lines += [f"- not guarded by a key: {join}" for join in self.inferred]
        return "\n".join(lines)


class StepAnswer(BaseModel):
    """One step of taking a change back."""

    number: int
    what: str


class RollbackPlanAnswer(BaseModel):
    """How a change would be taken back."""

    database: str
    statement: str
    steps: list[StepAnswer]
    captured: list[dict[str, Any]] = Field(description="What is kept of each table before it changes.")
    captured_rows: int
    captured_bytes: int
    estimated_seconds: float
    irreversible: list[str] = Field(description="What cannot be taken back, with the reason.")
    uncovered_tables: list[str] = Field(description="Of affected_tables, those this change does not touch.")
    further_tables: list[str] = Field(description="Tables it does touch that affected_tables left out.")

    def text(self) -> str:
        lines = [f"{step.number}. {step.what}" for step in self.steps]
        lines += [f"Cannot be taken back: {what}" for what in self.irreversible]
        if self.further_tables:
            lines.append(f"It also touches {', '.join(self.further_tables)}.")
        lines.append(
            f"Keeps {self.captured_rows:,} rows ({self.captured_bytes:,} bytes); about {self.estimated_seconds:.1f} s."
        )
        return "\n".join(lines)
