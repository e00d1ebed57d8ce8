"""``impact-analysis``: what a change would do, before anybody is asked. Nothing here changes anything."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from pydantic import Field

from pgwarden.agents.schema_context import find_table
from pgwarden.domain.assessment import Assessment
from pgwarden.domain.errors import ExecutionTimeout, InputInvalid
from pgwarden.domain.query_plan import estimates
from pgwarden.domain.referential import key_effects, reached_by_cascade
from pgwarden.domain.relationships import relationships_of
from pgwarden.domain.statement import StatementKind
from pgwarden.servers.desk import READS, Desk, offer
from pgwarden.servers.impact_answers import (
    CascadeAnswer,
    EstimateAnswer,
    FindingAnswer,
    ImpactAnswer,
    IntegrityAnswer,
    KeyAnswer,
    RollbackPlanAnswer,
    StepAnswer,
)
from pgwarden.servers.postgresql_ops import Database, Sql

if TYPE_CHECKING:
    from pgwarden.domain.catalog import Catalog, Relation
    from pgwarden.servers.caller import Caller

Conditions = Annotated[
    str | None,
    Field(
        description="The rows that you mean, as the text after WHERE. It must say the same as the statement's own "
        "WHERE: a check that both of you mean the same rows.",
        max_length=20_000,
    ),
]
COUNT_SECONDS = 10.0
"""How long an exact count may take before the planner's guess has to do."""


def add_tools(server: MCPServer[Any], desk: Desk) -> None:
    """Offer the five tools."""

    async def analyze_update_impact(
        update_sql: Sql,
        target_conditions: Conditions = None,
        database: Database = None,
        ctx: Context[Any, Any] | None = None,
    ) -> ImpactAnswer:
        """Tell what an UPDATE (also INSERT or MERGE) would do: rows, cascades, triggers, violations, risk.

        Nothing is changed. Use it before create_approval_request, and show its numbers to the person you work for.
        """
        async with desk.call("ask", database) as (caller, name):
            kinds = {StatementKind.UPDATE, StatementKind.INSERT, StatementKind.MERGE}
            return await _analysed(desk, caller, name, update_sql, target_conditions, kinds, ctx)

    async def analyze_delete_impact(
        delete_sql: Sql,
        target_conditions: Conditions = None,
        database: Database = None,
        ctx: Context[Any, Any] | None = None,
    ) -> ImpactAnswer:
        """Tell what a DELETE would do: rows in every table that a cascade reaches, what would stop it, risk.

        Nothing is changed. Use it before create_approval_request, and show its numbers to the person you work for.
        """
        async with desk.call("ask", database) as (caller, name):
            return await _analysed(desk, caller, name, delete_sql, target_conditions, {StatementKind.DELETE}, ctx)

    async def estimate_affected_rows(
        sql_conditions: Annotated[
            str, Field(description="What stands after WHERE, e.g. status = 'closed'.", min_length=1, max_length=20_000)
        ],
        target_table: Annotated[str, Field(description="The table.", min_length=1, max_length=300)],
        database: Database = None,
    ) -> EstimateAnswer:
        """Count the rows of a table that a condition picks, to know the size of a change before you write it.

        `basis` says how: `exact`, or `estimated` by PostgreSQL's planner where counting takes longer than ten seconds.
        """
        async with desk.call("ask", database) as (caller, name):
            return await _estimated(desk, caller, name, sql_conditions, target_table)

    async def check_referential_integrity(
        table_name: Annotated[str, Field(description="The table.", min_length=1, max_length=300)],
        operation_type: Annotated[
            Literal["INSERT", "UPDATE", "DELETE"], Field(description="What you want to do with its rows.")
        ] = "DELETE",
        database: Database = None,
    ) -> IntegrityAnswer:
        """Tell which foreign keys an operation on a table meets and what each does: cascade, set null, refuse.

        It looks at the structure alone. For the rows that a certain statement reaches use analyze_delete_impact or
        analyze_update_impact.
        """
        async with desk.call("ask", database) as (caller, name):
            catalog = await desk.app.orchestrator.visible(name, identity=caller.identity)
            return _integrity(catalog, name, find_table(catalog, table_name), operation_type)

    async def generate_rollback_plan(
        operation_sql: Sql,
        affected_tables: Annotated[
            list[str] | None,
            Field(description="Tables you think it touches: a hint; they are found out anew.", max_length=200),
        ] = None,
        database: Database = None,
    ) -> RollbackPlanAnswer:
        """Tell how a change would be taken back: what is kept beforehand, the steps, what cannot be undone.

        Nothing is changed or kept by this. Once the change has run, execute_rollback takes it back.
        """
        async with desk.call("ask", database) as (caller, name):
            found = await desk.app.impact.assess(name, operation_sql, identity=caller.identity)
            catalog = await desk.app.orchestrator.visible(name, identity=caller.identity)
            named = {str(find_table(catalog, table).name) for table in affected_tables or ()}
            return _rollback_plan(name, found, named)

    offer(server, analyze_update_impact, title="Impact of an update", annotations=READS)
    offer(server, analyze_delete_impact, title="Impact of a delete", annotations=READS)
    offer(server, estimate_affected_rows, title="Count affected rows", annotations=READS)
    offer(server, check_referential_integrity, title="Foreign keys of a table", annotations=READS)
    offer(server, generate_rollback_plan, title="Plan the way back", annotations=READS)


async def _analysed(
    desk: Desk,
    caller: Caller,
    name: str,
    sql: str,
    conditions: str | None,
    kinds: set[StatementKind],
    ctx: Context[Any, Any] | None,
) -> ImpactAnswer:
    if conditions is not None and not desk.app.query.agrees(sql, conditions):
        raise InputInvalid(
            "The conditions and the statement do not mean the same rows.",
            why="target_conditions is not the WHERE of the statement.",
            not_done="Nothing was analysed.",
            next_step="Put the conditions into the statement's WHERE, or leave target_conditions out.",
        )
    if ctx is not None:
        await ctx.report_progress(0, 1, "finding out what it would do")
    found = await desk.app.impact.assess(name, sql, identity=caller.identity)
    if found.impact.kind not in kinds:
        raise InputInvalid(
            f"The statement is {found.impact.kind.value}, which this tool does not take.",
            not_done="Its impact is not told under another name.",
            next_step="Use analyze_delete_impact for DELETE, analyze_update_impact for UPDATE, INSERT and MERGE.",
        )
    return impact_answer(name, found)


def impact_answer(name: str, found: Assessment) -> ImpactAnswer:
    """An assessment in the tools' words."""
    parts = found.to_dict()
    impact, risk = parts["impact"], parts["risk"]
    return ImpactAnswer(
        database=name,
        statement=impact["sql"],
        kind=impact["kind"],
        risk_level=risk["level"],
        risk_score=risk["score"],
        findings=[FindingAnswer(**{**finding, "level": finding["level"] or ""}) for finding in risk["findings"]],
        rows=impact["rows"],
        certain=impact["certain"],
        tables=impact["tables"],
        cascades=[CascadeAnswer(**step, source=step["from"]) for step in impact["cascades"]],
        violations=impact["violations"],
        side_effects=impact["side_effects"],
        frozen=impact["frozen"],
        taken_when_run=impact["taken_when_run"],
        doubts=impact["doubts"],
        estimated_seconds=impact["cost"]["seconds"],
        wal_bytes=impact["cost"]["wal_bytes"],
        undo_bytes=impact["cost"]["undo_bytes"],
        recovery=impact["recovery"],
        business=parts.get("business", {}),
    )


async def _estimated(desk: Desk, caller: Caller, name: str, conditions: str, table: str) -> EstimateAnswer:
    started = time.perf_counter()
    catalog = await desk.app.orchestrator.visible(name, identity=caller.identity)
    relation = find_table(catalog, table)
    picking, counting = desk.app.query.picking(relation, conditions)
    limits = desk.app.limits(rows=1, seconds=COUNT_SECONDS)
    plan = await desk.app.execution.explain(name, picking, identity=caller.identity, limits=limits)
    guess = estimates(plan)[1]
    try:
        result = await desk.app.execution.read(name, counting, identity=caller.identity, limits=limits)
        rows, basis, confidence = int(str(result.rows[0][0])), "exact", 1.0
    except ExecutionTimeout:
        rows, basis, confidence = round(guess or 0), "estimated", 0.5
    return EstimateAnswer(
        database=name,
        table=str(relation.name),
        rows=rows,
        basis=basis,
        confidence=confidence,
        planner_rows=guess,
        table_rows=relation.estimated_rows,
        milliseconds=round((time.perf_counter() - started) * 1000, 3),
    )


def _integrity(catalog: Catalog, name: str, relation: Relation, operation: str) -> IntegrityAnswer:
    def answer(key: Any) -> KeyAnswer:
        return KeyAnswer(**{field: getattr(key, field) for field in KeyAnswer.model_fields})

    inferred = [
        f"{r.table}({', '.join(r.columns)}) -> {r.foreign_table}({', '.join(r.foreign_columns)}), {r.score:.0%}"
        for r in relationships_of(catalog)
        if r.inferred and (r.foreign_schema, r.foreign_table) == relation.name
    ]
    return IntegrityAnswer(
        database=name,
        table=str(relation.name),
        operation=operation,
        keys=[answer(key) for key in key_effects(catalog, relation, operation)],
        dependents=list(reached_by_cascade(catalog, relation, operation)),
        inferred=inferred,
    )


def _rollback_plan(name: str, found: Assessment, named: set[str]) -> RollbackPlanAnswer:
    touched = {table.name for table in found.impact.tables}
    plan = found.impact.recovery
    if plan is None:
        raise InputInvalid("There is no way back to plan for: the statement changes no rows that can be kept.")
    parts = plan.to_dict()
    return RollbackPlanAnswer(
        database=name,
        statement=found.impact.sql,
        steps=[StepAnswer(number=number, what=what) for number, what in enumerate(plan.steps, 1)],
        captured=parts["captured"],
        captured_rows=plan.rows,
        captured_bytes=plan.bytes,
        estimated_seconds=plan.seconds,
        irreversible=list(plan.irreversible),
        uncovered_tables=sorted(named - touched),
        further_tables=sorted(touched - named) if named else [],
    )
