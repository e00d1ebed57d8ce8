"""``execution-monitor``: run what was approved, watch it, back up, take back, verify."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from pydantic import Field

from pgwarden.agents.schema_context import find_table
from pgwarden.domain.backup import BackupStrategy
from pgwarden.domain.errors import InputInvalid, PgwardenError, UnknownTicket
from pgwarden.domain.ticket import OPEN, WAITING, TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.servers.approval_workflow import own_ticket, request_change
from pgwarden.servers.asking import ask_which
from pgwarden.servers.desk import ADDS, CHANGES, READS, Desk, offer
from pgwarden.servers.execution_answers import (
    BackupAnswer,
    CopyAnswer,
    ExecutionAnswer,
    IntegrityReport,
    MonitoringConfig,
    ProgressAnswer,
    WaitingTicket,
    resources_of,
)
from pgwarden.servers.integrity import integrity_report
from pgwarden.servers.postgresql_ops import Database, Sql
from pgwarden.servers.ticket_answers import OperationDetails

if TYPE_CHECKING:
    from pgwarden.agents.approval_workflow import TicketView
    from pgwarden.agents.ticket_execution import Ran
    from pgwarden.servers.caller import Caller

LOOK_EVERY_SECONDS = 0.5
"""How often a running execution is looked at for its progress."""
ExecutionId = Annotated[str, Field(description="As execute_with_transaction gave it.", min_length=1, max_length=200)]
Plan = Annotated[
    dict[str, Any] | None, Field(description="The plan that you know: a hint only; it is made anew from what was kept.")
]


def add_tools(server: MCPServer[Any], desk: Desk) -> None:
    """Offer the five tools."""

    async def execute_with_transaction(
        sql_statement: Sql,
        rollback_plan: Plan = None,
        monitoring_config: Annotated[MonitoringConfig | None, Field(description="How to run it.")] = None,
        ticket_id: Annotated[
            str | None,
            Field(description="The approved ticket; without it the one approved ticket for this statement is used."),
        ] = None,
        database: Database = None,
        ctx: Context[Any, Any] | None = None,
    ) -> ExecutionAnswer:
        """Run exactly what a person approved, in one watched transaction that can be taken back.

        Without an approved ticket for this very statement nothing runs: the answer is `awaiting_approval` with the
        ticket (opened now, if there was none). Inside the transaction the rows are counted and compared with what was
        approved; any difference rolls everything back and asks the approvers again. The same ticket never runs twice.
        """
        config = monitoring_config or MonitoringConfig()
        async with desk.call("execute", database) as (caller, name):
            if ticket_id is not None:
                view = await _covering(desk, caller, ticket_id, sql_statement, name)
                return await _execute(desk, caller, name, view, config, ctx, rollback_plan)
            views = await _matching(desk, caller, sql_statement, name)
            approved = [view for view in views if view.standing.status is TicketStatus.APPROVED]
            if len(approved) == 1:
                return await _execute(desk, caller, name, approved[0], config, ctx, rollback_plan)
            if not approved:
                waiting = [view for view in views if view.standing.status in OPEN]
                return _waiting(name, waiting or [await _opened(desk, caller, name, sql_statement, config)])
        chosen = await _asked_which(ctx, approved)  # outside: a person's time is not the caller's
        if chosen is None:
            return _choose(name, approved)
        async with desk.call("execute", database) as (caller, name):
            view = await _covering(desk, caller, chosen, sql_statement, name)
            return await _execute(desk, caller, name, view, config, ctx, rollback_plan)

    async def monitor_execution_progress(execution_id: ExecutionId) -> ProgressAnswer:
        """Tell how far a running execution is: rows, rate, time left, locks, who waits for it, resources.

        For one that has ended it tells the outcome and the counts. Only your own executions are shown.
        """
        async with desk.caller("ask") as caller:
            view = await own_execution(desk, caller, execution_id)
            return await _progress(desk, view, execution_id)

    async def create_pre_execution_backup(
        affected_tables: Annotated[list[str], Field(description="The tables to copy.", min_length=1, max_length=100)],
        backup_strategy: Annotated[
            Literal["snapshot", "file", "restore_point"],
            Field(
                description="snapshot: into the schema pgwarden; file: compressed, outside the database; "
                "restore_point: a mark in the write-ahead log."
            ),
        ] = "snapshot",
        database: Database = None,
    ) -> BackupAnswer:
        """Copy whole tables before a change, besides the before-images that every execution keeps by itself.

        It tells where the copies are and how to restore them. Usually you do not need it: execute_rollback undoes
        exactly what an execution changed.
        """
        async with desk.call("execute", database) as (caller, name):
            return await _backup(desk, caller, name, affected_tables, BackupStrategy(backup_strategy))

    async def execute_rollback(
        transaction_id: ExecutionId,
        rollback_plan: Plan = None,
        reason: Annotated[str, Field(description="Why it is taken back.", max_length=4000)] = "",
        database: Database = None,
    ) -> ExecutionAnswer:
        """Take an execution back exactly, unless somebody changed its rows since. A person approves that, too.

        The restored state is proven to be the mirror of the execution before it is committed. The answer is
        `awaiting_approval` with a ticket until a person approved; then call execute_with_transaction's ticket.
        """
        async with desk.call("execute", database) as (caller, name):
            await own_execution(desk, caller, transaction_id)
            ticket = await desk.app.execution.changes.undo(
                name,
                transaction_id,
                identity=caller.identity,
                source=caller.source,
                reason=reason or _reason(rollback_plan),
            )
            view = await desk.app.approval.check_approval_status(ticket.id)
            if view.standing.status is not TicketStatus.APPROVED:
                return _waiting(name, [view])
            ran = await desk.app.execution.execute(ticket.id, identity=caller.identity, source=caller.source)
            return _executed(name, ran)

    async def verify_execution_integrity(
        execution_results: Annotated[
            dict[str, Any], Field(description='What you know of it: {"execution_id": "…"}. It is looked up anew.')
        ],
        expected_outcomes: Annotated[
            dict[str, Any] | None,
            Field(description='What should have happened: {"public.orders": {"deleted": 12}} or {"rows": 12}.'),
        ] = None,
        database: Database = None,
    ) -> IntegrityReport:
        """Check an execution afterwards: counts against what was approved and expected, keys, rows changed since.

        `sound` says whether every check held; each check names what it compared. Nothing is changed by it.
        """
        async with desk.call("ask", database) as (caller, name):
            execution_id = str(execution_results.get("execution_id") or execution_results.get("transaction_id") or "")
            view = await own_execution(desk, caller, execution_id)
            return await integrity_report(desk, caller, name, view, execution_id, expected_outcomes or {})

    offer(server, execute_with_transaction, title="Run an approved change", annotations=CHANGES)
    offer(server, monitor_execution_progress, title="Watch an execution", annotations=READS)
    offer(server, create_pre_execution_backup, title="Copy tables", annotations=ADDS)
    offer(server, execute_rollback, title="Take an execution back", annotations=CHANGES)
    offer(server, verify_execution_integrity, title="Verify an execution", annotations=READS)


async def _covering(desk: Desk, caller: Caller, ticket_id: str, sql: str, name: str) -> TicketView:
    """The caller's ticket, if it is for this very statement."""
    view = await own_ticket(desk, caller, ticket_id)
    if not _covers(view, sql, name):
        raise InputInvalid(
            f"The ticket {ticket_id} is for another statement.",
            why="An approval covers exactly the text that was shown: not one space, literal or parameter more.",
            not_done="Nothing was run.",
            next_step="Give the ticket's statement as check_approval_status shows it, or ask for a new approval.",
        )
    return view


def _covers(view: TicketView, sql: str, name: str) -> bool:
    request = view.standing.request
    taking_back = request.undo is not None and sql.strip().lower() in ("undo", f"undo {request.undo.execution_id}")
    return request.database == name and (taking_back or (sql in (request.sql, request.original) and bool(request.sql)))


async def _matching(desk: Desk, caller: Caller, sql: str, name: str) -> list[TicketView]:
    """The caller's own open tickets for this statement."""
    wanted = TicketFilter(statuses=OPEN, database=name, requester=caller.identity.name, limit=200)
    return [view for view in await desk.app.approval.find(wanted) if _covers(view, sql, name)]


async def _opened(desk: Desk, caller: Caller, name: str, sql: str, config: MonitoringConfig) -> TicketView:
    reason = config.reason or f"{caller.identity.name} wants to run it and gave no reason"
    return await request_change(desk, caller, name, OperationDetails(sql=sql, reason=reason), {})


async def _execute(
    desk: Desk,
    caller: Caller,
    name: str,
    view: TicketView,
    config: MonitoringConfig,
    ctx: Context[Any, Any] | None,
    plan: dict[str, Any] | None,
) -> ExecutionAnswer:
    if view.standing.status in WAITING:
        return _waiting(name, [view])
    run = asyncio.create_task(
        desk.app.execution.execute(view.ticket.id, identity=caller.identity, source=caller.source)
    )
    if not config.wait:
        return await _begun(desk, name, view.ticket.id, run)
    try:
        await _watch(desk, view.ticket.id, run, ctx)
    finally:
        if not run.done():  # given up
            run.cancel()  # which cancels the statement on the server, and rolls it back
            await asyncio.wait([run])
    answer = _executed(name, run.result())
    if plan:
        answer.next += " Your rollback plan was not needed: everything that changed was kept."
    return answer


async def _watch(desk: Desk, ticket_id: str, run: asyncio.Task[Ran], ctx: Context[Any, Any] | None) -> None:
    """Wait for the end, telling the progress; the first message names the execution."""
    told = False
    while not (await asyncio.wait([run], timeout=LOOK_EVERY_SECONDS))[0]:
        try:
            seen = await desk.app.execution.changes.progress(ticket_id)
        except PgwardenError:  # costs a message, and not the change
            continue
        if ctx is not None and seen is not None:
            words = f"execution {seen.execution_id} is running" if not told else f"{seen.rows_done:,} rows"
            await ctx.report_progress(seen.rows_done, None, words)
            told = True


async def _begun(desk: Desk, name: str, ticket_id: str, run: asyncio.Task[Ran]) -> ExecutionAnswer:
    """Answer as soon as the ticket is claimed; the execution goes on by itself, and is settled whatever happens."""
    desk.keep(run)
    while not (await asyncio.wait([run], timeout=0.05))[0]:
        view = await desk.app.approval.check_approval_status(ticket_id)
        if view.standing.status is TicketStatus.EXECUTING:
            return ExecutionAnswer(
                database=name,
                status="running",
                ticket_id=ticket_id,
                execution_id=view.standing.execution_id,
                transaction_id=view.standing.execution_id,
                next="monitor_execution_progress tells how far it is.",
            )
    return _executed(name, run.result())


def _executed(name: str, ran: Ran) -> ExecutionAnswer:
    execution = ran.execution
    return ExecutionAnswer(
        database=name,
        status="executed",
        ticket_id=ran.ticket.id,
        execution_id=execution.id,
        transaction_id=execution.id,
        counts={table: counts.to_dict() for table, counts in execution.counts.items() if counts.total},
        milliseconds=round(execution.milliseconds, 3),
        proven=True,
        undoes=execution.undoes or "",
        next="Committed. verify_execution_integrity checks it; execute_rollback takes it back.",
    )


def _waiting(name: str, views: list[TicketView]) -> ExecutionAnswer:
    return ExecutionAnswer(
        database=name,
        status="awaiting_approval",
        ticket_id=views[0].ticket.id if len(views) == 1 else "",
        tickets=[_listed(view) for view in views],
        next="Nothing was run. A person decides: look with check_approval_status, then call again.",
    )


async def _asked_which(ctx: Context[Any, Any] | None, approved: Sequence[TicketView]) -> str | None:
    """The approved ticket that whoever sits at the client means, where they can be asked."""
    lines = [
        f"{view.ticket.id}, asked for {view.ticket.opened_at:%Y-%m-%d %H:%M} UTC: {view.ticket.request.reason[:200]}"
        for view in approved
    ]
    message = "\n".join(["Several approved tickets cover exactly this statement. Which one is to run?", *lines])
    ids = [view.ticket.id for view in approved]
    return await ask_which(ctx, "ticket_id", message, ids, "The ticket to run, once.")


def _choose(name: str, views: list[TicketView]) -> ExecutionAnswer:
    return ExecutionAnswer(
        database=name,
        status="choose",
        tickets=[_listed(view) for view in views],
        next="Nothing was run. Several approved tickets fit: name one as ticket_id.",
    )


def _listed(view: TicketView) -> WaitingTicket:
    return WaitingTicket(ticket_id=view.ticket.id, status=view.standing.status.value, asked=list(view.asked))


async def own_execution(desk: Desk, caller: Caller, execution_id: str) -> TicketView:
    """The caller's ticket that an execution belongs to."""
    found = await desk.app.approval.find(TicketFilter(execution_id=execution_id, limit=1)) if execution_id else ()
    if not found:
        raise UnknownTicket(
            f"There is no execution {execution_id or 'without an id'}.",
            not_done="Nothing was done.",
            next_step="Use the execution_id that execute_with_transaction gave you.",
        )
    return await own_ticket(desk, caller, found[0].ticket.id)


async def _progress(desk: Desk, view: TicketView, execution_id: str) -> ProgressAnswer:
    answer = ProgressAnswer(
        execution_id=execution_id, ticket_id=view.ticket.id, status=view.standing.status.value.lower()
    )
    seen = await desk.app.execution.changes.progress(view.ticket.id)
    if seen is None:
        records = await desk.app.execution.executions(view.standing.request.database, rows=500)
        ended = [execution for execution in records if execution.id == execution_id]
        answer.counts = {t: c.to_dict() for t, c in ended[0].counts.items()} if ended else {}
        return answer
    answer.rows_done, answer.rows_expected = seen.rows_done, view.standing.request.rows
    answer.seconds, answer.seconds_left = round(seen.seconds, 3), seen.seconds_left
    answer.rows_per_second, answer.waiting_for = seen.rows_per_second, seen.waiting_for
    answer.locks, answer.waiters, answer.blocked_by = seen.locks, list(seen.waiters), list(seen.blocked_by)
    answer.resources, answer.unknown = resources_of(seen), dict(seen.unknown)
    return answer


async def _backup(desk: Desk, caller: Caller, name: str, tables: list[str], strategy: BackupStrategy) -> BackupAnswer:
    catalog = await desk.app.orchestrator.visible(name, identity=caller.identity)
    names = [find_table(catalog, table).name for table in tables]
    made = await desk.app.execution.backup(name, names, strategy, identity=caller.identity)
    return BackupAnswer(
        database=name,
        backup_id=made.id,
        strategy=strategy.value,
        made_at=made.made_at.isoformat(),
        tables=[CopyAnswer(table=t.table, location=t.location, rows=t.rows) for t in made.tables],
        restore_instructions=list(made.instructions),
        lsn=made.lsn,
    )


def _reason(plan: dict[str, Any] | None) -> str:
    """Why something is taken back; a plan may say it."""
    return str((plan or {}).get("reason") or "asked for through execute_rollback")
