"""``pgwarden request``: ask people for a change. Nothing is run; a ticket waits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.agents.ticket_object import ticket_object
from pgwarden.cli.door import Database, Json, open_app, read_text
from pgwarden.cli.progress import working
from pgwarden.cli.render import console, emit_json
from pgwarden.cli.statement import SqlFile
from pgwarden.cli.ticket_screen import show_ticket
from pgwarden.cli.tickets import SOURCE, tell_status, ticket_runs_itself
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.execution import Isolation
from pgwarden.domain.login import Scope
from pgwarden.domain.proposal import Proposal
from pgwarden.domain.request import Urgency, Window
from pgwarden.domain.ticket import WAITING, TicketStatus

if TYPE_CHECKING:
    from pgwarden.agents.approval_workflow import TicketView
    from pgwarden.bootstrap import App

POLL_SECONDS = 1.0
WAIT_STATUS = {TicketStatus.DENIED: 3, TicketStatus.CANCELLED: 3, TicketStatus.FAILED: 1, TicketStatus.EXPIRED: 4}
"""Exit status of --wait where it did not end with a yes."""


def register(app: typer.Typer) -> None:
    app.command()(request)


def request(
    what: Annotated[
        str | None, typer.Argument(help="A statement that changes rows, or the change in plain words; '-' for stdin.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; whoever decides reads it. Required.")] = "",
    file: SqlFile = None,
    database: Database = None,
    urgency: Annotated[Urgency, typer.Option("--urgency", "-u", help="How soon an answer is needed.")] = Urgency.NORMAL,
    start: Annotated[
        str, typer.Option("--from", help="Not before this moment (ISO 8601), e.g. 2026-03-01T22:00.")
    ] = "",
    until: Annotated[str, typer.Option("--until", help="Not after this moment (ISO 8601).")] = "",
    isolation: Annotated[
        Isolation, typer.Option("--isolation", help="How its transaction sees what others do.")
    ] = Isolation.READ_COMMITTED,
    run: Annotated[bool, typer.Option("--run", help="Have a worker run it as soon as it is approved.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is decided.")] = False,
    as_json: Json = False,
) -> None:
    """Ask for a change: it is analysed, and a ticket waits until the right people have decided.

    [dim]pgwarden request "delete all orders older than 6 months" --reason "retention policy"[/dim]
    """
    text = read_text(what, file)
    window = Window(_moment(start), _moment(until))

    async def work(app: App) -> TicketView:
        async with app.target(database) as name:
            with working() as tell:
                tell("finding out what it would do")
                sql, question = await app.request_desk.statement_in(name, text, identity=app.identity)
                wanted = Proposal(
                    name,
                    sql,
                    reason,
                    question=question,
                    urgency=urgency,
                    window=window,
                    run_when_approved=run,
                    isolation=isolation,
                )
                view = await app.request_desk.open(wanted, identity=app.identity, limits=app.limits(), source=SOURCE)
            view = await app.approval.check_approval_status(view.ticket.id)
            if not as_json:
                show_ticket(view, datetime.now(UTC))
            return await _waited(app, view) if wait else view

    view = open_app(work, scope=Scope.REQUEST)
    if as_json:
        emit_json(ticket_object(view))
    else:
        console().print()
        tell_status(view)
    if wait and view.standing.status in WAIT_STATUS:
        raise typer.Exit(WAIT_STATUS[view.standing.status])


async def _waited(app: App, view: TicketView) -> TicketView:
    """The ticket once it is decided and, where a worker runs it, has ended. It ends by itself at the latest."""
    goes_on = WAITING | ({TicketStatus.APPROVED, TicketStatus.EXECUTING} if ticket_runs_itself(view) else frozenset())
    with working() as tell:
        while view.standing.status in goes_on:
            tell(f"{view.ticket.id} is {view.standing.status.value}; waiting for {', '.join(view.asked) or 'a worker'}")
            await asyncio.sleep(POLL_SECONDS)
            view = await app.approval.check_approval_status(view.ticket.id, history=False)
    return view


def _moment(text: str) -> datetime | None:
    """A moment as people write it; without a zone it is in this machine's."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise InputInvalid(
            f"{text!r} is no moment.", not_done="No ticket was opened.", next_step="Write it so: 2026-03-01T22:00"
        ) from None
