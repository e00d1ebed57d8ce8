"""``pgwarden advise``: how a statement could be written better, with what PostgreSQL says each form costs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.ask import print_sql
from pgwarden.cli.door import Database, Json, open_app, read_text
from pgwarden.cli.progress import working
from pgwarden.cli.render import console, emit_json, hanging, one_line
from pgwarden.cli.statement import SqlFile
from pgwarden.domain.advice_json import advice_object, estimate_words, index_words, setting_words

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.advice import Advice


def register(app: typer.Typer) -> None:
    app.command()(advise)


def advise(
    sql: Annotated[str | None, typer.Argument(help="One SELECT; '-' reads it from stdin.")] = None,
    file: SqlFile = None,
    database: Database = None,
    as_json: Json = False,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Also run it and its other forms, behind the fences, to measure them.")
    ] = False,
    comments: Annotated[
        bool, typer.Option("--comments", help="Also show it with comments that explain its parts.")
    ] = False,
    timeout: Annotated[float | None, typer.Option("--timeout", min=0.1, help="Seconds each form may run.")] = None,
) -> None:
    """Say how a SELECT could be faster or simpler. Without --analyze the statement is planned and not run.

    Each form gives the same rows, or says in what it differs, and is shown with PostgreSQL's own estimate.
    """
    text = read_text(sql, file)

    async def work(app: App) -> Advice:
        async with app.target(database) as name:
            with working() as tell:
                tell("planning the statement and its other forms")
                catalog = await app.orchestrator.visible(name, identity=app.identity)
                limits = app.limits(seconds=timeout)
                return await app.advisor.advise(
                    name, text, catalog, identity=app.identity, limits=limits, analyze=analyze, comments=comments
                )

    advice = open_app(work)
    if as_json:
        emit_json(advice_object(advice))
    else:
        show(advice)


def show(advice: Advice) -> None:
    """The advice for a person."""
    from rich.text import Text

    out = console()
    out.print(Text("as given  ", style="bold") + Text(estimate_words(advice.estimate)))
    out.print(hanging(Text("  plan:   ", style="dim"), Text(one_line(advice.plan))))
    for one in advice.alternatives:
        out.print()
        head = f"{one.rewrite.purpose.value}  " if one.faster or one.rewrite.purpose.value != "faster" else ""
        out.print(Text(head, style="bold green") + Text(estimate_words(one.estimate)))
        for reason in one.rewrite.reasons:
            out.print(hanging(Text("  • "), Text(one_line(reason))))
        print_sql(one.rewrite.sql, decorate=sys.stdout.isatty())
    if not any(one.faster and one.rewrite.same for one in advice.alternatives):
        out.print(Text("No other form that gives the same rows is cheaper.", style="dim"))
    if advice.indexes:
        out.print(Text("\nindexes that could help (none is made)", style="bold"))
    for wish in advice.indexes:
        out.print(hanging(Text("  • "), Text(one_line(index_words(wish)))))
        print_sql(wish.definition, decorate=sys.stdout.isatty())
    if advice.settings:
        out.print(Text("\nplanner settings that help this statement", style="bold"))
    for setting in advice.settings:
        out.print(hanging(Text("  • "), Text(one_line(setting_words(setting)))))
        given = " ".join(f"--set {name}={value}" for name, value in setting.settings)
        out.print(Text(f"    pgwarden query {given} …", style="cyan"))
    if advice.commented:
        out.print(Text("\nwith comments", style="bold"))
        print_sql(advice.commented, decorate=sys.stdout.isatty())
    for note in advice.notes:
        out.print(Text(one_line(note), style="yellow"))
