"""``pgwarden delegate``: who decides while an approver is away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.render import console, emit_json, print_facts
from pgwarden.domain.person import Delegation
from pgwarden.domain.written_moment import read_moment

if TYPE_CHECKING:
    from pgwarden.bootstrap import App

app = typer.Typer(help="Who decides while an approver is away.", no_args_is_help=True)

Deputy = Annotated[str, typer.Argument(help="The approver who stands in.")]
Giver = Annotated[str | None, typer.Option("--for", help="Whose right it is; your own without it.")]


@app.command()
def to(
    deputy: Deputy,
    until: Annotated[str, typer.Option("--until", help="When it ends: 2026-12-01 or 2026-12-01T09:00.")],
    start: Annotated[str | None, typer.Option("--from", help="When it begins; now without it.")] = None,
    giver: Giver = None,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Let another approver decide in your place for a time; never on their own requests, nor on yours.

    [dim]pgwarden delegate to max --until 2026-12-01 --reason holiday[/dim]
    """

    async def work(opened: App) -> Delegation:
        person = opened.session.require_login()
        zone = ZoneInfo(person.zone)
        begins = read_moment(start, zone) if start else datetime.now(UTC)
        given = Delegation(giver or person.name, deputy, begins, read_moment(until, zone), reason)
        await opened.personnel.delegate(given, by=opened.session)
        return given

    given = open_app(work, scope=None)
    if as_json:
        emit_json(given)
    else:
        console().print(
            f"{given.deputy} stands in for {given.giver} until {given.end:%Y-%m-%d %H:%M %Z}.", markup=False
        )


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False, as_json: Json = False
) -> None:
    """Show who stands in for whom, now and later."""

    async def work(opened: App) -> tuple[Delegation, ...]:
        return await opened.personnel.delegations(by=opened.session, over=every)

    found = open_app(work, scope=None)
    if as_json:
        emit_json(found)
        return
    rows = [(d.giver, d.deputy, f"{d.start:%Y-%m-%d %H:%M}", f"{d.end:%Y-%m-%d %H:%M}", d.reason) for d in found]
    print_facts(("for", "decides", "from (UTC)", "until (UTC)", "reason"), rows)


@app.command()
def end(deputy: Deputy, giver: Giver = None, as_json: Json = False) -> None:
    """Take the right back now."""

    async def work(opened: App) -> str:
        name = giver or opened.session.require_login().name
        await opened.personnel.end_delegation(name, deputy, by=opened.session)
        return name

    name = open_app(work, scope=None)
    if as_json:
        emit_json({"giver": name, "deputy": deputy, "ended": True})
    else:
        console().print(f"{deputy} no longer stands in for {name}.", markup=False)
