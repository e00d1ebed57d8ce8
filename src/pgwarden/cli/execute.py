"""``pgwarden execute``, ``undo``, ``freeze`` and ``unfreeze``: running what was approved, and taking it back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.agents.ticket_object import ticket_object
from pgwarden.cli.door import Database, Json, open_app
from pgwarden.cli.executions import show_plan
from pgwarden.cli.progress import Tell, working
from pgwarden.cli.render import console, emit_json, one_line, print_rows, simple_table
from pgwarden.cli.tickets import SOURCE, tell_status
from pgwarden.domain.approval import OnConflict
from pgwarden.domain.errors import InputInvalid, NotApproved, PgwardenError
from pgwarden.domain.login import Scope
from pgwarden.domain.quantity import counted
from pgwarden.domain.recovery import RowsChangedSince
from pgwarden.domain.request import RequestKind
from pgwarden.domain.result import Result
from pgwarden.domain.ticket import TicketStatus
from pgwarden.domain.undo_choice import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgwarden.agents.approval_workflow import TicketView
    from pgwarden.agents.ticket_execution import Ran
    from pgwarden.bootstrap import App
    from pgwarden.domain.execution import Progress
    from pgwarden.domain.execution_report import ExecutionReport

PROGRESS_SECONDS = 0.5


def register(app: typer.Typer) -> None:
    for command in (execute, undo, freeze, unfreeze):
        app.command()(command)


def execute(
    ticket: Annotated[str, typer.Argument(help="An approved ticket, as `pgwarden tickets` lists it.")],
    as_json: Json = False,
) -> None:
    """Run what was approved, once, in a watched transaction; Ctrl-C cancels it on the server and changes nothing.

    Where the tables or the numbers are not those that were approved, nothing is changed and the approvers are asked
    again.
    """

    async def work(app: App) -> Ran | Result:
        view = await app.approval.check_approval_status(ticket)
        app.session.require_database(view.ticket.request.database)
        with working() as tell:
            tell(f"running {ticket}")
            if view.ticket.request.kind is RequestKind.READ:
                return await app.execution.show(ticket, identity=app.identity, limits=app.limits(), source=SOURCE)
            return await _watched(app, ticket, tell)

    ran = open_app(work, scope=Scope.EXECUTE)
    if isinstance(ran, Result):
        emit_json(ran) if as_json else print_rows(ran)
    else:
        emit_json(ran.execution) if as_json else _show_ran(ran)


def undo(
    execution: Annotated[str, typer.Argument(help="Id of an execution, as `pgwarden executions` shows it.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why it is taken back.")] = "",
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what taking it back would meet now; change nothing.")
    ] = False,
    force_rows: Annotated[
        bool, typer.Option("--force-rows", help="Overwrite rows that others changed since; takes a new approval.")
    ] = False,
    skip_rows: Annotated[
        bool, typer.Option("--skip-rows", help="Leave rows that others changed since; takes a new approval.")
    ] = False,
    force_row: Annotated[
        list[str], typer.Option("--force-row", metavar="TABLE:KEY", help="Overwrite this row; may be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    skip_row: Annotated[
        list[str], typer.Option("--skip-row", metavar="TABLE:KEY", help="Leave this row; may be repeated.")
    ] = [],  # noqa: B006 - typer copies it
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Take an execution back exactly.

    The approval of a change covers its undo for some days, if no row stands in the way and a person asks; everything
    else opens a ticket. An undo can itself be undone.
    """
    if force_rows and skip_rows:
        raise InputInvalid("Either --force-rows or --skip-rows.", not_done="Nothing was taken back.")

    async def look(app: App) -> ExecutionReport:
        async with app.target(database) as name:
            return await app.execution.undo_plan(name, execution, identity=app.identity)

    if plan:
        report = open_app(look)
        emit_json(report) if as_json else show_plan(report)
        return
    on_conflict = OnConflict.OVERWRITE if force_rows else OnConflict.SKIP if skip_rows else OnConflict.REFUSE

    async def work(app: App) -> tuple[TicketView, Ran | None]:
        async with app.target(database) as name:
            choices: dict[str, OnConflict] = {}
            if force_row or skip_row:
                choices = _choices(
                    await app.execution.undo_plan(name, execution, identity=app.identity), skip_row, force_row
                )
            ticket = await app.execution.changes.undo(
                name,
                execution,
                identity=app.identity,
                source=SOURCE,
                reason=reason or "taking it back",
                on_conflict=on_conflict,
                choices=choices,
            )
            view = await app.approval.check_approval_status(ticket.id)
            if view.standing.status is not TicketStatus.APPROVED:
                return view, None
            with working() as tell:
                return view, await _watched(app, ticket.id, tell)

    try:
        view, ran = open_app(work, scope=Scope.EXECUTE)
    except RowsChangedSince:
        report = open_app(look)  # the rows and the choices
        emit_json(report) if as_json else show_plan(report)
        raise
    if ran is None:
        emit_json(ticket_object(view)) if as_json else tell_status(view)
        if as_json:
            raise typer.Exit(NotApproved.exit_status)
        raise NotApproved(
            "Taking it back waits for an approval.",
            why=_why_asked(view),
            not_done="Nothing was taken back yet.",
            next_step=f"When it is approved: pgwarden execute {view.ticket.id}",
        )
    emit_json(ran.execution) if as_json else _show_ran(ran)


def freeze(
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; whoever is stopped by it reads it.")],
    as_json: Json = False,
) -> None:
    """Stop all writes at once: nothing new begins, and what runs is cancelled and rolled back."""

    async def work(app: App) -> tuple[str, ...]:
        app.session.require_switching()
        await app.approval.switch_writes(frozen=True, identity=app.identity, reason=reason, source=SOURCE)
        return await app.execution.changes.stop_all()

    left = open_app(work, scope=None)
    if as_json:
        emit_json({"frozen": True, "still_ending": list(left)})
        return
    console().print("All writes are frozen. `pgwarden unfreeze` lets them run again.", markup=False)
    if left:
        console().print(f"Still ending: {', '.join(left)}", style="bold red")


def unfreeze(
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why they may run again.")],
    as_json: Json = False,
) -> None:
    """Let writes run again."""

    async def work(app: App) -> None:
        app.session.require_switching()
        await app.approval.switch_writes(frozen=False, identity=app.identity, reason=reason, source=SOURCE)

    open_app(work, scope=None)
    if as_json:
        emit_json({"frozen": False})
    else:
        console().print("Writes may run again.")


async def _watched(app: App, ticket: str, tell: Tell) -> Ran:
    """Run it while telling how far it is. Cancelling this cancels the statement on the server."""
    running = asyncio.ensure_future(app.execution.execute(ticket, identity=app.identity, source=SOURCE))
    try:
        while not (await asyncio.wait({running}, timeout=PROGRESS_SECONDS))[0]:
            with suppress(PgwardenError):
                found = await app.execution.changes.progress(ticket)
                if found is not None:
                    tell(_progress(found))
    except BaseException:  # Ctrl-C: the execution learns of it, rolls back, and writes down what became of it
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running  # what it raises itself, such as that it was too late, is what is told
        raise
    return running.result()


def _progress(found: Progress) -> str:
    parts = [f"{found.rows_done:,} rows" if found.rows_done else "", f"{found.seconds:.0f} s"]
    parts += [f"about {found.seconds_left:.0f} s left" if found.seconds_left is not None else ""]
    parts += [f"waiting: {found.waiting_for}" if found.waiting_for else ""]
    parts += [f"{len(found.waiters)} sessions wait for it" if found.waiters else ""]
    parts += [f"blocked by session {', '.join(map(str, found.blocked_by))}" if found.blocked_by else ""]
    return "running: " + ", ".join(part for part in parts if part)


def _show_ran(ran: Ran) -> None:
    from rich.text import Text

    e, out = ran.execution, console()
    out.print(Text(f"{ran.ticket.id} is done", style="bold green") + Text(f"  {e.milliseconds:.0f} ms", style="dim"))
    rows = [(t, c.inserted or "", c.updated or "", c.deleted or "") for t, c in e.counts.items() if c.total]
    out.print(simple_table(("table", "inserted", "updated", "deleted"), rows))
    for copy in ran.backup.tables if ran.backup else ():
        out.print(f"{copy.table} was copied first: {copy.rows:,} rows in {copy.location}", markup=False)
    if e.skipped:
        out.print(f"{e.skipped:,} rows were left as they are now.")
    out.print(Text(one_line(f"execution {e.id}; take it back: pgwarden undo {e.id}"), style="dim"))


def _choices(report: ExecutionReport, skip: Sequence[str], force: Sequence[str]) -> dict[str, OnConflict]:
    """What becomes of single rows, by their ids. Raises InputInvalid for what names none, or one row for both."""
    found: dict[str, OnConflict] = {}
    for texts, choice in ((skip, OnConflict.SKIP), (force, OnConflict.OVERWRITE)):
        for text in texts:
            row = named(report.rows, report.keys, text)
            if found.get(row.id, choice) is not choice:
                raise InputInvalid(f"{text} is to be skipped and overwritten.", not_done="Nothing was taken back.")
            found[row.id] = choice
    return found


def _why_asked(view: TicketView) -> str:
    undo = view.ticket.request.undo
    if undo is not None and undo.conflicts:
        were = "was" if undo.conflicts == 1 else "were"
        rows = f"{counted(undo.conflicts, 'row')} {were} changed since; pgwarden undo {undo.execution_id} --plan shows"
        choose = "" if undo.on_conflict is not OnConflict.REFUSE else "; say --skip-rows or --force-rows to go on"
        return f"{rows} {'it' if undo.conflicts == 1 else 'them'}{choose}"
    return "the approval of the change does not cover it (too late, by an agent, or its recovery was not shown)"
