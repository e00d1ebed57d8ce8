"""``pgwarden notifications``: what one was told, how one wants to be told, and what did not arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.render import console, emit_json, one_line, simple_table
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.notification import Channel, Letter, Preferences, quiet_hours
from pgwarden.domain.request import Urgency
from pgwarden.domain.watch import Watch, WatchKind

if TYPE_CHECKING:
    from pgwarden.bootstrap import App

app = typer.Typer(help="What you were told, and how you want to be told.", no_args_is_help=True)
SHORT = 12
"""Characters of an id that are shown; so many are enough to name it."""
SOURCE = "cli"

Limit = Annotated[int, typer.Option("--limit", min=1, max=500, help="At most so many, the newest first.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids as listed, their beginning is enough; without any: all.")]
Kind = Annotated[WatchKind, typer.Argument(help="What to watch.")]
Name = Annotated[str, typer.Argument(help="A ticket's id, a database's registered name, or DATABASE.SCHEMA.TABLE.")]


@app.command("list")
def list_(
    unread: Annotated[bool, typer.Option("--unread", help="Only what you have not read.")] = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Your own notifications, newest first."""

    async def work(opened: App) -> tuple[Letter, ...]:
        return await opened.notification_desk.inbox(opened.session, unread=unread, limit=limit)

    letters = open_app(work)
    if as_json:
        emit_json([_document(letter) for letter in letters])
        return
    rows = [
        (
            letter.delivery.id[:SHORT],
            f"{letter.notification.at.astimezone():%Y-%m-%d %H:%M}",
            letter.notification.kind.value,
            letter.notification.summary.ticket,
            one_line(letter.notification.summary.title),
            "" if letter.delivery.read_at else "new",
        )
        for letter in letters
    ]
    if rows:
        console().print(simple_table(("id", "when", "what", "ticket", "about", ""), rows))
    else:
        console().print("Nothing to read." if unread else "Nothing yet.", style="dim")


@app.command()
def read(ids: Ids = None, as_json: Json = False) -> None:
    """Mark notifications as read, and show them."""

    async def work(opened: App) -> tuple[Letter, ...]:
        return await opened.notification_desk.read(opened.session, ids or ())

    letters = open_app(work)
    if as_json:
        emit_json([_document(letter) for letter in letters])
        return
    for letter in letters:
        summary = letter.notification.summary
        out = console()
        out.print(one_line(f"{letter.notification.kind.value}: {summary.title}"), style="bold", markup=False)
        for text in filter(
            None,
            (
                summary.latest,
                summary.reason,
                f"pgwarden ticket show {summary.ticket}" if summary.ticket else "pgwarden alerts",
            ),
        ):
            out.print(one_line(f"  {text}"), markup=False)
    console().print(f"{len(letters)} read.", style="dim")


@app.command()
def dead(limit: Limit = 50, as_json: Json = False) -> None:
    """Messages that were given up, with the reason. For administrators."""

    async def work(opened: App) -> tuple[Letter, ...]:
        return await opened.notification_desk.dead(opened.session, limit=limit)

    letters = open_app(work, scope=None)
    if as_json:
        emit_json([_document(letter) for letter in letters])
        return
    rows = [
        (
            letter.delivery.id[:SHORT],
            letter.delivery.person or "everyone",
            letter.delivery.channel.value,
            letter.notification.kind.value,
            letter.notification.summary.ticket,
            str(letter.delivery.attempts),
            one_line(letter.delivery.error),
        )
        for letter in letters
    ]
    console().print(simple_table(("id", "to", "channel", "what", "ticket", "tries", "why"), rows))


@app.command()
def retry(ids: Ids = None, as_json: Json = False) -> None:
    """Try messages that were given up anew. For administrators."""

    async def work(opened: App) -> int:
        return await opened.notification_desk.retry(opened.session, ids or ())

    count = open_app(work, scope=None)
    _say(as_json, {"retried": count}, f"{count} will be sent by the next worker.")


@app.command()
def preferences(
    channels: Annotated[
        list[str] | None,
        typer.Option("--channels", help="URGENCY=CHANNEL,…; as normal=email,slack or low= for the dashboard alone."),
    ] = None,
    quiet: Annotated[str | None, typer.Option("--quiet", help="As 22:00-07:00 in your zone; none for none.")] = None,
    batch: Annotated[
        int | None, typer.Option("--batch", min=0, max=1440, help="Minutes that low urgency is gathered; 0: at once.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How you want to be told; with options it is changed."""

    async def work(opened: App) -> tuple[Preferences, tuple[Watch, ...]]:
        desk, by = opened.notification_desk, opened.session
        before = await desk.preferences(by)
        after = changed(before, channels or (), quiet, batch)
        if after != before:
            await desk.prefer(by, after, SOURCE)
        return after, await desk.watches(by)

    chosen, watches = open_app(work)
    if as_json:
        emit_json({**chosen.to_dict(), "watches": [{"kind": w.kind.value, "name": w.name} for w in watches]})
        return
    rows = [
        (urgency.value, ", ".join(sorted(channel.value for channel in chosen.channels.get(urgency, ()))) or "-")
        for urgency in Urgency
    ]
    console().print(simple_table(("urgency", "channels besides the dashboard"), rows))
    said = chosen.to_dict()
    console().print(f"quiet hours: {said['quiet'] or 'none'}; low urgency gathered: {chosen.batch_minutes} minutes")
    for watch in watches:
        console().print(one_line(f"watching the {watch.kind.value} {watch.name}"), markup=False)


@app.command()
def watch(kind: Kind, name: Name, as_json: Json = False) -> None:
    """Be told of what happens to a ticket, a table or a database."""
    thing = watched(kind, name)

    async def work(opened: App) -> bool:
        return await opened.notification_desk.watch(opened.session, kind, thing)

    new = open_app(work)
    _say(as_json, {"watching": thing, "new": new}, f"Watching the {kind.value} {name}.")


@app.command()
def unwatch(kind: Kind, name: Name, as_json: Json = False) -> None:
    """Stop being told."""
    thing = watched(kind, name)

    async def work(opened: App) -> bool:
        return await opened.notification_desk.unwatch(opened.session, kind, thing)

    was = open_app(work)
    _say(as_json, {"unwatched": thing, "was": was}, "No longer watching." if was else "It was not watched.")


@app.command("test")
def try_channel(channel: Annotated[Channel, typer.Argument(help="The channel to try.")], as_json: Json = False) -> None:
    """Send yourself an example over a channel. For administrators."""

    async def work(opened: App) -> None:
        await opened.notification_desk.test(opened.session, channel)

    open_app(work, scope=None)
    _say(as_json, {"sent": channel.value}, f"The {channel.value} channel took the example.")


def watched(kind: WatchKind, name: str) -> str:
    """The name as it is kept. Raises InputInvalid for a table without its database and schema."""
    if kind is WatchKind.TICKET:
        return name.upper()
    if kind is WatchKind.DATABASE:
        return name
    database, _, table = name.partition(".")
    if "." not in table:
        raise InputInvalid(
            f"{name!r} names no table.", not_done="Nothing was changed.", next_step="Write DATABASE.SCHEMA.TABLE."
        )
    return f"{database} {table}"


def changed(before: Preferences, channels: Sequence[str], quiet: str | None, batch: int | None) -> Preferences:
    """The preferences with what the options say. Raises InputInvalid."""
    try:
        chosen = {**before.channels, **dict(_choice(text) for text in channels)}
        after = replace(before, channels=chosen)
        if quiet is not None:
            after = replace(after, quiet=None if quiet == "none" else quiet_hours(quiet))
    except ValueError as error:
        raise InputInvalid(
            "That is no preference.", why=f"{error}.", not_done="Nothing was changed.", next_step="See --help."
        ) from None
    return after if batch is None else replace(after, batch_minutes=batch)


def _choice(text: str) -> tuple[Urgency, frozenset[Channel]]:
    urgency, separator, names = text.partition("=")
    if not separator:
        raise ValueError(f"{text!r} is not URGENCY=CHANNEL,…")
    return Urgency(urgency), frozenset(Channel(name.strip()) for name in names.split(",") if name.strip())


def _document(letter: Letter) -> dict[str, Any]:
    delivery, told = letter.delivery, letter.notification
    return {
        "id": delivery.id,
        "kind": told.kind,
        "urgency": told.urgency,
        "at": told.at,
        "ticket": told.summary.ticket,
        "database": told.summary.database,
        "title": told.summary.title,
        "latest": told.summary.latest,
        "person": delivery.person,
        "channel": delivery.channel,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "error": delivery.error,
        "read_at": delivery.read_at,
    }


def _say(as_json: bool, document: dict[str, object], text: str) -> None:
    if as_json:
        emit_json(document)
    else:
        console().print(one_line(text), markup=False)
