"""``pgwarden memory``: what is remembered of the person at the keyboard, to look at, take along, and forget."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.render import console, emit_json, one_line, simple_table
from pgwarden.domain.remembered import Forgotten

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.remembered import Patterns, Remembered

app = typer.Typer(help="What is remembered of your questions.", no_args_is_help=True)


@app.command()
def show(
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How far back to look.")] = 30,
    as_json: Json = False,
) -> None:
    """Show the patterns in your questions: how many, which again and again, and what you judged."""

    async def work(opened: App) -> Patterns:
        name = opened.identity.name
        return await opened.memory.analyze_patterns(name, timedelta(days=days), identity=opened.identity)

    found = open_app(work)
    if as_json:
        emit_json(found)
        return
    out = console()
    out.print(f"{found.questions} questions in {days} days, {found.asked_back} of them asked back.", markup=False)
    out.print(f"Judged right: {found.judged_right}; wrong: {found.judged_wrong}.", markup=False)
    if found.repeated:
        rows = [(one_line(question), str(times)) for question, times in found.repeated]
        out.print(simple_table(("asked again", "times"), rows))


@app.command()
def export(as_json: Json = False) -> None:
    """Print every conversation, judgement and preference of yours; as JSON with --json."""

    async def work(opened: App) -> Remembered:
        return await opened.memory.remembered(identity=opened.identity)

    found = open_app(work)
    if as_json:
        emit_json(found)
        return
    rows = [
        (each.session.id, f"{turn.at:%Y-%m-%d %H:%M}", one_line(turn.question), one_line(turn.sql or ""))
        for each in found.conversations
        for turn in each.turns
    ]
    out = console()
    out.print(simple_table(("conversation", "at", "question", "SQL"), rows) if rows else "No question is remembered.")
    out.print(f"{len(found.judgements)} judgements; --json shows them.", markup=False)
    for name, value in found.preferences.items():
        out.print(f"preference {name}: {value}", markup=False)


@app.command()
def forget(
    session: Annotated[str, typer.Option("--session", "-s", help="This conversation alone.")] = "",
    everything: Annotated[
        bool,
        typer.Option(
            "--everything", help="All conversations, judgements (with the examples made of them) and preferences."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Delete what is remembered of you. The audit keeps what it must; that is erased with [i]audit erase[/i]."""
    if bool(session) == everything:
        raise typer.BadParameter("say either --session NAME or --everything")

    async def work(opened: App) -> Forgotten:
        if session:
            await opened.memory.forget(session, identity=opened.identity)
            return Forgotten(1)
        return await opened.memory.forget_all(identity=opened.identity)

    gone = open_app(work)
    if as_json:
        emit_json(gone)
        return
    counted = f"{gone.conversations} conversations, {gone.judgements} judgements, {gone.preferences} preferences"
    console().print(f"Forgotten: {counted}.", markup=False)
