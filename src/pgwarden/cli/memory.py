"""``pgwarden memory``: what is remembered of the person at the keyboard, to look at, take along, and forget."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Database, Json, open_app
from pgwarden.cli.render import console, emit_json, one_line, simple_table
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.catalog_json import to_json
from pgwarden.domain.context import ContextType
from pgwarden.domain.plain import plain
from pgwarden.domain.remembered import Forgotten

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.context import Context
    from pgwarden.domain.remembered import Patterns, Remembered
    from pgwarden.domain.trouble import Trouble

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
    for sentence in found.sentences:
        out.print(one_line(sentence), markup=False)
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


@app.command()
def context(
    kind: Annotated[ContextType, typer.Argument(metavar="TYPE", help="session, schema, user or system.")],
    session: Annotated[str, typer.Option("--session", "-s", help="Of the session memory: which conversation.")] = "",
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Show what questions on a database are answered with: the conversation, the schema, yourself, or what went wrong.

    Only what you may see.
    """

    async def work(opened: App) -> Context:
        async with opened.target(database) as name:
            return await opened.memory.retrieve_context(session, kind, identity=opened.identity, database=name)

    found = open_app(work)
    shown = json.loads(to_json(found, users_only=True)) if isinstance(found, Catalog) else plain(found)
    if as_json:
        emit_json(shown)
    else:
        console().print(json.dumps(shown, ensure_ascii=False, indent=2, default=str), markup=False, highlight=False)


@app.command()
def system(
    database: Annotated[str | None, typer.Option("--database", "-d", help="Of one database alone.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=2000, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """Show statements that were slow or failed, how often, and what helped; for administrators.

    Values are not kept: a statement is its form, with ? for each of them.
    """

    async def work(opened: App) -> tuple[Trouble, ...]:
        opened.session.require_arranging()
        return await opened.memory.system.all(database, limit=limit)

    found = open_app(work)
    if as_json:
        emit_json(found)
        return
    rows = [
        (t.database, t.code, t.times, f"{t.last_at:%Y-%m-%d %H:%M}", f"{t.worst_ms:,.0f}" if t.worst_ms else "",
         one_line(t.form), one_line(t.helped)) for t in found
    ]  # fmt: skip
    headers = ("database", "what", "times", "last", "worst ms", "statement", "what helped")
    console().print(simple_table(headers, rows) if rows else "Nothing was slow and nothing failed.")
