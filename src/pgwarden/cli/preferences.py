"""``pgwarden preferences``: how one likes answers to be shown."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.render import console, emit_json, simple_table
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.user_preferences import CHOICES, MEANINGS

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.user_preferences import UserPreferences

app = typer.Typer(help="How you like answers: form, chart, numbers, dates, time zone.", no_args_is_help=True)


@app.command()
def show(as_json: Json = False) -> None:
    """Show your preferences and what each can be."""

    async def work(opened: App) -> UserPreferences:
        return await opened.memory.preferences(identity=opened.identity)

    _told(open_app(work), as_json=as_json)


@app.command(name="set")
def set_(
    given: Annotated[list[str], typer.Argument(metavar="NAME=VALUE…", help="e.g. output=csv zone=Europe/Berlin")],
    as_json: Json = False,
) -> None:
    """Set preferences; they hold at the terminal, on the page and in conversations from now on.

    [dim]pgwarden preferences set zone=America/New_York dates=us units=short[/dim]
    """
    changes = dict(map(_pair, given))

    async def work(opened: App) -> UserPreferences:
        return await opened.memory.prefer(changes, identity=opened.identity)

    _told(open_app(work), as_json=as_json)


@app.command()
def unset(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Which; they are as usual again.")],
    as_json: Json = False,
) -> None:
    """Give preferences back."""

    async def work(opened: App) -> UserPreferences:
        return await opened.memory.prefer(dict.fromkeys(names), identity=opened.identity)

    _told(open_app(work), as_json=as_json)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InputInvalid(
            f"{text!r} sets nothing.", not_done="Nothing was changed.", next_step="Write NAME=VALUE, e.g. output=csv."
        )
    return name.strip(), value.strip()


def _told(preferences: UserPreferences, *, as_json: bool) -> None:
    values = asdict(preferences)
    if as_json:
        emit_json(values)
        return
    rows = [
        (name, values[name] or "(the database's)", meaning, ", ".join(CHOICES.get(name, ("Europe/Berlin, …",))))
        for name, meaning in MEANINGS.items()
    ]
    console().print(simple_table(("preference", "now", "what it decides", "one of"), rows))
