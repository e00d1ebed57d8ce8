"""``pgwarden tickets`` and ``pgwarden ticket …``: what waits for people, and their word on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.agents.ticket_object import ticket_object
from pgwarden.cli.door import Json, open_app, tell_error
from pgwarden.cli.proof import approver, fresh_proof
from pgwarden.cli.render import console, emit_json, one_line
from pgwarden.cli.ticket_screen import show_ticket, show_tickets
from pgwarden.domain.errors import InputInvalid, PgwardenError
from pgwarden.domain.login import Scope
from pgwarden.domain.proposal import Proposal
from pgwarden.domain.request import Urgency
from pgwarden.domain.ticket import WAITING, TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.ticket_events import Decision, EscalationCause

if TYPE_CHECKING:
    from pgwarden.agents.approval_workflow import TicketView
    from pgwarden.agents.change_preview import ChangePreview
    from pgwarden.bootstrap import App

SOURCE = "cli"
WATCH_SECONDS = 2.0

group = typer.Typer(help="One ticket: look at it, decide on it.", no_args_is_help=True)

Ids = Annotated[list[str], typer.Argument(help="Tickets, as `pgwarden tickets` lists them.")]
Id = Annotated[str, typer.Argument(help="A ticket, as `pgwarden tickets` lists it.")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; everyone involved reads it.")]


def register(app: typer.Typer) -> None:
    app.command()(tickets)
    app.add_typer(group, name="ticket")


def tickets(
    status: Annotated[
        list[str] | None, typer.Option("--status", "-s", help="PENDING, APPROVED …; several are allowed.")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Those that you asked for.")] = False,
    for_me: Annotated[bool, typer.Option("--for-me", help="Those that you are asked to decide on.")] = False,
    urgent: Annotated[bool, typer.Option("--urgent", help="Those of high urgency and emergencies.")] = False,
    database: Annotated[str, typer.Option("--database", "-d", help="Those on one database.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="At most so many.")] = 50,
    watch: Annotated[bool, typer.Option("--watch", help="Show them again every two seconds, until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """List tickets, the newest first."""
    wanted = TicketFilter(
        statuses=frozenset(map(_status, status or ())),
        database=database,
        urgencies=frozenset({Urgency.HIGH, Urgency.EMERGENCY}) if urgent else frozenset(),
        limit=limit,
    )

    async def work(app: App) -> None:
        await app.execution.changes.settle_all()
        while True:
            views = await _listed(app, wanted, mine=mine, for_me=for_me)
            if as_json:
                emit_json([ticket_object(view) for view in views])
            else:
                if watch:
                    console().clear()
                switch = await app.approval.writes()
                if switch.frozen:
                    console().print(f"All writes are frozen by {switch.actor}: {switch.reason}", style="bold red")
                show_tickets(views, datetime.now(UTC))
            if not watch:
                return
            await asyncio.sleep(WATCH_SECONDS)

    open_app(work)


@group.command()
def show(
    ticket: Id,
    sample: Annotated[bool, typer.Option("--sample/--no-sample", help="Some rows before and after.")] = True,
    as_json: Json = False,
) -> None:
    """Everything that whoever decides needs: statement, reason, risk, rows, cascades, sample, recovery, timeline."""

    async def work(app: App) -> tuple[TicketView, ChangePreview | None]:
        view = await app.approval.check_approval_status(ticket)
        app.session.require_database(view.ticket.request.database)
        open_now = sample and view.standing.status in WAITING | {TicketStatus.APPROVED}
        return view, await _preview(app, view) if open_now else None

    view, preview = open_app(work)
    emit_json(ticket_object(view, preview)) if as_json else show_ticket(view, datetime.now(UTC), preview)


@group.command()
def approve(
    ids: Ids,
    comment: Annotated[str, typer.Option("--comment", "-c", help="A word for everyone involved.")] = "",
    as_json: Json = False,
) -> None:
    """Say yes to exactly what each ticket asks for now."""
    _decide(ids, Decision.APPROVE, comment, as_json=as_json)


@group.command()
def deny(ids: Ids, reason: Reason, as_json: Json = False) -> None:
    """Say no; it is final."""
    _decide(ids, Decision.DENY, reason, as_json=as_json)


@group.command()
def confirm(
    ticket: Id,
    number: Annotated[int | None, typer.Option("--number", min=1, help="The proposal that you were shown.")] = None,
    comment: Annotated[str, typer.Option("--comment", "-c", help="Your words instead of the agent's.")] = "",
    as_json: Json = False,
) -> None:
    """Make a decision that an agent passed on in your name your own; it takes your proof like any other."""

    async def one(app: App, ticket: str) -> TicketView:
        who = approver(app)
        view, found = await app.approval.check_approval_status(ticket), await app.proposals.of(ticket, who.name)
        if not as_json:
            show_ticket(view, datetime.now(UTC), await _preview(app, view))
        yes = found is None or found.decision is Decision.APPROVE
        step_up = yes and await fresh_proof(app, view.ticket.request.risk)
        shown = number or (found.number if found else None)
        return await app.proposals.confirm(ticket, shown, identity=who, comment=comment, via=SOURCE, step_up=step_up)

    _each([ticket], one, as_json=as_json, scope=Scope.APPROVE)


@group.command()
def discard(
    ticket: Id,
    number: Annotated[int | None, typer.Option("--number", min=1, help="The proposal that you were shown.")] = None,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Take a decision off the ticket that an agent passed on in your name; the ticket waits as before."""

    async def one(app: App, ticket: str) -> TicketView:
        return await app.proposals.discard(ticket, number, identity=approver(app), comment=reason, via=SOURCE)

    _each([ticket], one, as_json=as_json, scope=Scope.APPROVE)


@group.command()
def escalate(
    ids: Ids,
    reason: Reason,
    level: Annotated[int | None, typer.Option("--level", min=1, max=3, help="The level to ask.")] = None,
    risk: Annotated[bool, typer.Option("--risk", help="Because it is riskier than its level.")] = False,
    as_json: Json = False,
) -> None:
    """Have a higher level decide: the next one, or the one named."""
    cause = EscalationCause.RISK if risk else EscalationCause.MANUAL

    async def one(app: App, ticket: str) -> TicketView:
        return await app.approval.escalate_approval(
            ticket, identity=app.identity, reason=reason, source=SOURCE, level=level, cause=cause
        )

    _each(ids, one, as_json=as_json)


@group.command()
def cancel(
    ids: Ids,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Take your own request back, or your own yes to one that has not run yet."""

    async def one(app: App, ticket: str) -> TicketView:
        return await app.approval.cancel(ticket, identity=app.identity, reason=reason, source=SOURCE)

    _each(ids, one, as_json=as_json)


@group.command()
def revise(
    ticket: Id,
    what: Annotated[str, typer.Argument(help="What is asked for instead: a statement, or plain words.")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Ask for something else in your own ticket; what was approved of it before is void."""

    async def work(app: App) -> TicketView:
        old = (await app.approval.check_approval_status(ticket, history=False)).ticket.request
        sql, question = await app.request_desk.statement_in(old.database, what, identity=app.identity)
        wanted = Proposal(
            old.database,
            sql,
            reason,
            question=question,
            urgency=old.urgency,
            window=old.window,
            run_when_approved=old.run_when_approved,
            isolation=old.isolation,
        )
        return await app.approval.revise(ticket, wanted, identity=app.identity, source=SOURCE)

    view = open_app(work, scope=Scope.REQUEST)
    emit_json(ticket_object(view)) if as_json else tell_status(view)


@group.command()
def comment(
    ids: Ids, text: Annotated[str, typer.Option("--text", "-t", help="What you say.")], as_json: Json = False
) -> None:
    """Say something that everyone involved can read."""

    async def one(app: App, ticket: str) -> TicketView:
        return await app.approval.comment(ticket, text, identity=app.identity, source=SOURCE)

    _each(ids, one, as_json=as_json)


@group.command()
def remind(ids: Ids, as_json: Json = False) -> None:
    """Tell those who are asked once more; at most once an hour."""

    async def one(app: App, ticket: str) -> TicketView:
        return await app.approval.notify_approvers(ticket, identity=app.identity, source=SOURCE)

    _each(ids, one, as_json=as_json)


@group.command()
def delegate(
    ids: Ids,
    to: Annotated[str, typer.Option("--to", help="The approver who decides in your place.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Let another approver decide on these tickets in your place."""

    async def one(app: App, ticket: str) -> TicketView:
        who = approver(app)
        return await app.approval.delegate(ticket, to, identity=who, reason=reason, source=SOURCE)

    _each(ids, one, as_json=as_json, scope=Scope.APPROVE)


@group.command()
def override(ids: Ids, reason: Reason, as_json: Json = False) -> None:
    """Your part of an emergency override: it takes two seniors, holds shortly, and is reviewed afterwards."""

    async def one(app: App, ticket: str) -> TicketView:
        who = approver(app)
        view = await app.approval.check_approval_status(ticket)
        step_up = await fresh_proof(app, view.ticket.request.risk)
        return await app.approval.override(ticket, identity=who, reason=reason, via=SOURCE, step_up=step_up)

    _each(ids, one, as_json=as_json, scope=Scope.APPROVE)


@group.command()
def review(
    ids: Ids,
    comment: Annotated[str, typer.Option("--comment", "-c", help="What you found.")],
    unjustified: Annotated[bool, typer.Option("--unjustified", help="The override should not have been used.")] = False,
    as_json: Json = False,
) -> None:
    """Judge an emergency override afterwards; by somebody who took no part in it."""

    async def one(app: App, ticket: str) -> TicketView:
        app.session.require_login()
        return await app.approval.review(
            ticket, identity=app.identity, justified=not unjustified, comment=comment, source=SOURCE
        )

    _each(ids, one, as_json=as_json)


def _decide(ids: list[str], decision: Decision, words: str, *, as_json: bool) -> None:
    async def one(app: App, ticket: str) -> TicketView:
        who = approver(app)
        view = await app.approval.check_approval_status(ticket)
        if not as_json and decision is Decision.APPROVE:
            show_ticket(view, datetime.now(UTC), await _preview(app, view))
        step_up = decision is Decision.APPROVE and await fresh_proof(app, view.ticket.request.risk)
        return await app.approval.audit_approval_decision(
            ticket,
            decision,
            identity=who,
            comment=words,
            via=SOURCE,
            seal=view.ticket.request.seal,
            step_up=step_up,
        )

    _each(ids, one, as_json=as_json, scope=Scope.APPROVE)


def _each(
    ids: list[str],
    one: Callable[[App, str], Awaitable[TicketView]],
    *,
    as_json: bool,
    scope: Scope = Scope.REQUEST,
) -> None:
    """The same for several tickets, one after the other; one that is refused does not stop the others."""

    async def work(app: App) -> list[tuple[str, TicketView | PgwardenError]]:
        found: list[tuple[str, TicketView | PgwardenError]] = []
        for each in dict.fromkeys(ids):
            try:
                view = await app.approval.check_approval_status(each, history=False)
                app.session.require_database(view.ticket.request.database)
                found.append((each, await one(app, each)))
            except PgwardenError as error:
                if len(ids) == 1:
                    raise
                found.append((each, error))
        return found

    results = open_app(work, scope=scope)
    if as_json:
        shown = [
            {"id": each, **result.to_dict()} if isinstance(result, PgwardenError) else ticket_object(result)
            for each, result in results
        ]
        emit_json(shown[0] if len(shown) == 1 else shown)
    else:
        for each, result in results:
            if isinstance(result, PgwardenError):
                console(stderr=True).print(one_line(f"{each}:"), style="bold")
                tell_error(result, as_json=False)
            else:
                tell_status(result)
    failed = [result.exit_status for _, result in results if isinstance(result, PgwardenError)]
    if failed:
        raise typer.Exit(failed[0])


def tell_status(view: TicketView) -> None:
    """Where a ticket stands now, and what could come next, in a line or two."""
    ticket, standing, out = view.ticket.id, view.standing, console()
    out.print(f"{ticket} is {standing.status.value}.", markup=False)
    if standing.status in WAITING:
        out.print(f"  asked: {', '.join(view.asked) or 'nobody who could decide; an administrator names approvers'}")
        if standing.seniors:
            out.print("  the override takes another senior approver")
    if standing.status is TicketStatus.APPROVED and not ticket_runs_itself(view):
        out.print(f"  run it: pgwarden execute {ticket}", markup=False)


def ticket_runs_itself(view: TicketView) -> bool:
    """Whether a worker runs it once it is approved."""
    return view.ticket.request.run_when_approved


async def _listed(app: App, wanted: TicketFilter, *, mine: bool, for_me: bool) -> tuple[TicketView, ...]:
    views = await app.approval.find(wanted)
    if mine:
        views = tuple(view for view in views if app.identity.name in view.ticket.request.own)
    if "*" not in app.session.databases:
        views = tuple(view for view in views if view.ticket.request.database in app.session.databases)
    if for_me:
        name = app.session.require_login().name
        views = tuple(view for view in views if name in view.asked)
    return views


async def _preview(app: App, view: TicketView) -> ChangePreview:
    from pgwarden.agents.change_preview import preview_change

    return await preview_change(app.execution, view.ticket.request, identity=app.identity, limits=app.limits())


def _status(text: str) -> TicketStatus:
    try:
        return TicketStatus(text.strip().upper())
    except ValueError:
        raise InputInvalid(
            f"There is no status {text!r}.",
            not_done="Nothing was listed.",
            next_step=f"Use one of {', '.join(status.value for status in TicketStatus)}.",
        ) from None
