"""What the tools of postgresql-ops return."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, SkipValidation, WithJsonSchema

from pgwarden.servers.fencing import NOTICE, fenced
from pgwarden.servers.rows import table_text

_ROWS = "Each row is an array of JSON values; exact numbers, moments and bytes come as text."
Rows = Annotated[
    SkipValidation[list[list[Any]]], WithJsonSchema({"type": "array", "title": "Rows", "description": _ROWS})
]
"""Rows, whose cells the schema leaves open: checking each costs a client ten times what reading them costs us."""


class WithRows(BaseModel):
    """An answer with ``rows`` of JSON values, which go out as they are: a copy of them takes as long as the read."""

    def structured(self) -> dict[str, Any]:
        """What programs get, as ``model_dump``."""
        return {**self.model_dump(exclude={"rows"}), "rows": vars(self)["rows"]}


class ColumnAnswer(BaseModel):
    """One column of a result."""

    name: str
    type: str
    masked: bool = Field(default=False, description="Its values are withheld from you.")


class RowsAnswer(WithRows):
    """Rows, and what it took to get them."""

    database: str
    columns: list[ColumnAnswer]
    rows: Rows
    row_count: int
    truncated: bool
    more: str = Field(description="How to get what was left out; '' when nothing was.")
    milliseconds: float
    bytes: int
    cached: bool
    plan: str = ""
    estimated_cost: float | None = None
    estimated_rows: float | None = None
    estimated_milliseconds: float | None = None
    notices: list[str] = []
    notice: str = Field(default=NOTICE, description="How to take the values.")

    def text(self) -> str:
        masked = [column.name for column in self.columns if column.masked]
        parts = [f"{self.row_count:,} row{'' if self.row_count == 1 else 's'} in {self.milliseconds:.0f} ms."]
        if masked:
            parts.append(f"Masked: {', '.join(masked)}.")
        if self.more:
            parts.append(self.more)
        return " ".join(parts) + "\n" + table_text([c.name for c in self.columns], self.rows)


class SampleAnswer(WithRows):
    """Representative rows of a table."""

    database: str
    table: str
    columns: list[ColumnAnswer]
    rows: Rows
    estimated_rows: float = Field(description="Rows in the table as far as known; -1 when unknown.")
    method: str = Field(description="How the rows were chosen.")
    notice: str = NOTICE

    def text(self) -> str:
        size = f" of about {self.estimated_rows:,.0f}" if self.estimated_rows >= 0 else ""
        head = f"{len(self.rows)} rows{size} of {self.table} ({self.method})."
        return head + "\n" + table_text([f"{c.name} {c.type}" for c in self.columns], self.rows)


class ReasonAnswer(BaseModel):
    """Why, or what to consider."""

    code: str
    message: str
    position: int | None = Field(default=None, description="0-based character offset in the SQL.")
    hint: str = ""


class AlternativeAnswer(BaseModel):
    """Another statement for the same request."""

    sql: str
    explanation: str
    confidence: float
    estimated_cost: float | None = Field(default=None, description="PostgreSQL's own, in its units.")
    kind: str = Field(
        default="another reading",
        description="another reading: the request may mean this instead; faster, simpler, other shape: the same "
        "request written in another way; different: less than was asked for, with less work.",
    )
    same_rows: bool = Field(default=False, description="Whether it gives exactly the rows of sql.")


class ValidationAnswer(BaseModel):
    """The verdict on a statement; nothing was run."""

    database: str
    valid: bool = Field(description="Whether it is one statement that this database understands.")
    decision: str = Field(description="allow: may run as a read; needs_approval: a person decides; refuse.")
    kind: str
    reasons: list[ReasonAnswer]
    suggestions: list[ReasonAnswer]
    reads: list[str]
    writes: list[str]
    columns: list[str]
    functions: list[str]
    missing_tables: list[str] = Field(description="Of target_tables, those that the statement does not touch.")
    unexpected_tables: list[str] = Field(description="Tables it touches that target_tables does not name.")
    plan: dict[str, Any] | None = Field(default=None, description="PostgreSQL's plan; only for what may run.")
    estimated_cost: float | None = None
    estimated_rows: float | None = None
    alternatives: list[AlternativeAnswer] = Field(default=[], description="A cheaper form that gives the same rows.")

    def text(self) -> str:
        lines = [f"{self.decision.replace('_', ' ').upper()}: {self.kind}."]
        lines += [f"- {reason.message}. {reason.hint}".rstrip() for reason in self.reasons]
        lines += [f"- consider: {s.message}. {s.hint}".rstrip() for s in self.suggestions]
        if self.missing_tables:
            lines.append(f"It does not touch {', '.join(self.missing_tables)}.")
        if self.unexpected_tables:
            lines.append(f"It also touches {', '.join(self.unexpected_tables)}.")
        if self.estimated_cost is not None:
            lines.append(f"Estimated cost {self.estimated_cost:,.0f}, about {self.estimated_rows or 0:,.0f} rows.")
        lines += [f"Cheaper, same rows (cost {a.estimated_cost or 0:,.0f}): {a.sql}" for a in self.alternatives]
        if self.decision == "needs_approval":
            lines.append("Next: create_approval_request with this statement; a person decides.")
        return "\n".join(lines)


class TableAnswer(BaseModel):
    """One table or view."""

    name: str
    kind: str
    comment: str = ""
    estimated_rows: float = Field(description="-1 when unknown.")
    columns: list[str] = Field(description='Each as "name type", with "not null", "key" and the like; empty in a list.')
    constraints: list[str] = []
    indexes: list[str] = []
    triggers: list[str] = []


class RelationshipAnswer(BaseModel):
    """Two tables that belong together."""

    table: str
    columns: list[str]
    foreign_table: str
    foreign_columns: list[str]
    inferred: bool = Field(description="True: no foreign key says so; likely, with the score.")
    score: float = 1.0


class SchemaAnswer(BaseModel):
    """A database's structure, or a page of it."""

    database: str
    version: str = Field(description="Changes when the structure changes.")
    databases: list[str] = Field(description="The databases you can use.")
    tables: list[TableAnswer]
    relationships: list[RelationshipAnswer]
    total_tables: int
    page: int
    pages: int
    more: str = ""

    def text(self) -> str:
        lines = [
            f"{table.name} ({table.kind})" + (f": {table.comment}" if table.comment else "") for table in self.tables
        ]
        for number, table in enumerate(self.tables):
            details = [*table.columns, *table.constraints]
            lines[number] += "".join(f"\n    {detail}" for detail in details)
        joins = [
            f"{r.table}({', '.join(r.columns)}) -> {r.foreign_table}({', '.join(r.foreign_columns)})"
            + (f"  inferred, {r.score:.0%}" if r.inferred else "")
            for r in self.relationships
        ]
        head = f"{self.database}: {self.total_tables:,} tables, page {self.page} of {self.pages}. {self.more}".rstrip()
        body = "\n".join([*lines, *(["relationships:"] if joins else []), *joins])
        return f"{head}\n{fenced(body)}"


class OptionAnswer(BaseModel):
    """One way to settle a doubt."""

    label: str
    question: str = ""
    sql: str = ""


class GeneratedAnswer(BaseModel):
    """SQL for an intent, or what must be settled first."""

    database: str
    status: str = Field(description="ready, or clarify: choose an option or say more.")
    sql: str | None
    explanation: str = Field(description="How the request was understood, in words.")
    confidence: float = Field(description="0 to 1; of answers at 0.9, nine in ten are right.")
    intent: dict[str, Any] | None = None
    decision: str = Field(default="", description="allow, needs_approval or refuse, as validate_query_syntax says.")
    assumptions: list[str] = []
    alternatives: list[AlternativeAnswer] = []
    message: str = Field(default="", description="What must be settled, when status is clarify.")
    options: list[OptionAnswer] = []
    suggestions: list[ReasonAnswer] = []
    estimated_cost: float | None = None
    engine: str = ""
    preferences: dict[str, str] = Field(default={}, description="How whoever asks likes rows to be shown.")

    def text(self) -> str:
        if self.sql is None:
            return "\n".join(
                [self.message, *(f"- {o.label}" + (f": {o.question}" if o.question else "") for o in self.options)]
            )
        lines = [self.sql, f"Understood as: {self.explanation} (confidence {self.confidence:.0%})."]
        lines += [f"Assumed: {assumption}" for assumption in self.assumptions]
        if self.decision == "needs_approval":
            lines.append("It changes data: call create_approval_request; a person decides.")
        for one in self.alternatives:
            cost = "" if one.estimated_cost is None else f", cost {one.estimated_cost:,.0f}"
            rows = ", same rows" if one.same_rows else ""
            lines.append(f"Or ({one.kind}{rows}{cost}): {one.explanation}\n{one.sql}")
        return "\n".join(lines)
