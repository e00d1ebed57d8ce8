"""``pgwarden questions``: questions that are kept, shared and sent, and what one asked before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.confirming import Yes, once_confirmed
from pgwarden.cli.door import Database, Json, open_app
from pgwarden.cli.render import console, emit_json, one_line, simple_table
from pgwarden.cli.statement import show_result
from pgwarden.domain.saved_question import Chart, Schedule

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.result import Result
    from pgwarden.domain.saved_question import SavedQuestion
    from pgwarden.domain.session import Turn

app = typer.Typer(help="Questions that are kept, shared and sent.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `pgwarden questions list` shows it.")]
Search = Annotated[str, typer.Option("--search", "-s", help="A part of the name, the words or the SQL.")]
Shared = Annotated[str, typer.Option("--share", help="everybody, a role, or group:NAME; without: yourself.")]


@app.command(name="list")
def list_(search: Search = "", as_json: Json = False) -> None:
    """List your saved questions and those that are shared with you."""

    async def work(opened: App) -> tuple[SavedQuestion, ...]:
        return await opened.question_desk.find(opened.session, text=search)

    found = open_app(work)
    if as_json:
        emit_json(found)
        return
    rows = [
        (each.id, one_line(each.name), each.owner, each.shared_with or "nobody", each.database, _when(each.schedule))
        for each in found
    ]
    heads = ("id", "name", "owner", "shared with", "database", "sent")
    console().print(simple_table(heads, rows) if rows else "No question is saved.")


@app.command()
def save(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    sql: Annotated[str, typer.Argument(help="One SELECT.")],
    question: Annotated[str, typer.Option("--question", "-q", help="The words that it came from.")] = "",
    share: Shared = "",
    chart: Annotated[str, typer.Option("--chart", help="auto, bars, line, area, points or none.")] = "auto",
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Keep a question.

    [dim]pgwarden questions save "Big orders" "select * from orders where total > 1000" --share everybody[/dim]
    """

    async def work(opened: App) -> SavedQuestion:
        async with opened.target(database) as target:
            return await opened.question_desk.save(
                opened.session,
                name=name,
                database=target,
                sql=sql,
                question=question,
                shared_with=share,
                chart=Chart(chart),
            )

    _told(open_app(work), "Saved", as_json=as_json)


@app.command()
def run(question: Id, as_json: Json = False, yes: Yes = False) -> None:
    """Run a saved question with your own rights."""

    async def work(opened: App) -> Result:
        run_it = partial(opened.question_desk.run, question, opened.session, limits=opened.limits())
        return await once_confirmed(run_it, yes=yes)

    show_result(open_app(work), as_json=as_json)


@app.command()
def share(
    question: Id,
    with_: Annotated[str, typer.Argument(metavar="WITH", help="everybody, a role, group:NAME; '' for nobody.")],
    as_json: Json = False,
) -> None:
    """Let others open a question of yours; each runs it with rights of their own."""

    async def work(opened: App) -> SavedQuestion:
        found = await opened.question_desk.get(question, opened.session)
        return await opened.question_desk.change(question, opened.session, revision=found.revision, shared_with=with_)

    _told(open_app(work), "Shared", as_json=as_json)


@app.command()
def schedule(
    question: Id,
    cron: Annotated[str, typer.Argument(help='minute hour day month weekday, e.g. "0 8 * * mon-fri".')],
    to: Annotated[list[str], typer.Option("--to", help="Name of an account; several times for several.")],
    zone: Annotated[str, typer.Option("--zone", help="IANA time zone; your account's without.")] = "",
    form: Annotated[str, typer.Option("--form", help="The attachment: csv or xlsx.")] = "csv",
    as_json: Json = False,
) -> None:
    """Have a question of yours sent by mail, with your rights, to people who may open it."""

    async def work(opened: App) -> SavedQuestion:
        found = await opened.question_desk.get(question, opened.session)
        place = zone or opened.session.require_login().zone
        wanted = Schedule(cron, place, tuple(dict.fromkeys(to)), form)
        return await opened.question_desk.schedule(question, opened.session, wanted, revision=found.revision)

    _told(open_app(work), "Scheduled", as_json=as_json)


@app.command()
def unschedule(question: Id, as_json: Json = False) -> None:
    """Send a question no more."""

    async def work(opened: App) -> SavedQuestion:
        found = await opened.question_desk.get(question, opened.session)
        return await opened.question_desk.unschedule(question, opened.session, revision=found.revision)

    _told(open_app(work), "No longer sent", as_json=as_json)


@app.command()
def remove(question: Id, as_json: Json = False) -> None:
    """Forget a question of yours, with its schedule."""

    async def work(opened: App) -> None:
        await opened.question_desk.remove(question, opened.session)

    open_app(work)
    if as_json:
        emit_json({"removed": question})
        return
    console().print("Removed.")


@app.command()
def history(search: Search = "", as_json: Json = False) -> None:
    """List what you asked before, newest first."""

    async def work(opened: App) -> tuple[Turn, ...]:
        return await opened.question_desk.history(opened.session, text=search)

    found = open_app(work)
    if as_json:
        emit_json(found)
        return
    rows = [(f"{each.at:%Y-%m-%d %H:%M}", each.database, one_line(each.question)) for each in found]
    console().print(simple_table(("at", "database", "question"), rows) if rows else "No question is remembered.")


def _when(plan: Schedule | None) -> str:
    if plan is None:
        return ""
    return f"{plan.cron} {plan.zone}" if plan.next_at else f"stopped: {one_line(plan.last_said)}"


def _told(kept: SavedQuestion, what: str, *, as_json: bool) -> None:
    if as_json:
        emit_json(kept)
        return
    sent = (
        f"; sent next at {kept.schedule.next_at:%Y-%m-%d %H:%M} UTC" if kept.schedule and kept.schedule.next_at else ""
    )
    console().print(f"{what}: {kept.id} “{one_line(kept.name)}”{sent}.", markup=False)
