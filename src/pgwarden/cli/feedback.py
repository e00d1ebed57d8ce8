"""``pgwarden feedback`` and ``pgwarden examples``: what people say about answers, and what is learnt from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Database, Json, open_app, read_text
from pgwarden.cli.render import console, emit_json, simple_table

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.feedback import Example, Feedback


def register(app: typer.Typer) -> None:
    app.command()(feedback)
    app.command()(examples)


def feedback(
    turn: Annotated[str, typer.Argument(help="Which answer: its turn, as --json shows it; the last one without.")] = "",
    right: Annotated[
        bool | None, typer.Option("--right/--wrong", help="Whether the answer was what was meant.", show_default=False)
    ] = None,
    sql: Annotated[str | None, typer.Option("--sql", help="What it should have been; '-' reads it from stdin.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="The same, from a file.", exists=True)] = None,
    as_json: Json = False,
) -> None:
    """Say whether an answer was right. The same question gets the confirmed or corrected SQL from then on.

    [dim]pgwarden feedback --wrong --sql "select count(*) from users where active"[/dim]
    """
    if right is None:
        raise typer.BadParameter("say --right or --wrong")
    corrected = read_text(sql, file).strip() if sql is not None or file is not None else None

    async def work(app: App) -> Feedback:
        return await app.orchestrator.feedback(turn, right=right, corrected_sql=corrected, identity=app.identity)

    said = open_app(work)
    if as_json:
        emit_json(said)
        return
    learnt = "the same question gets this SQL from now on" if said.example else "that reading is asked about next time"
    console().print(f"Remembered for “{said.question}”: {learnt}.", markup=False)


def examples(database: Database = None, as_json: Json = False) -> None:
    """List questions with the SQL that people vouched for, the newest first."""

    async def work(app: App) -> tuple[Example, ...]:
        async with app.target(database) as name:
            return await app.feedback.examples(name)

    found = open_app(work)
    if as_json:
        emit_json(found)
        return
    rows = [(each.question, each.sql, each.identity, f"{each.at:%Y-%m-%d}") for each in found]
    console().print(simple_table(("question", "SQL", "vouched for by", "on"), rows) if rows else "No example yet.")
