"""``pgwarden token``: secrets for programs and for people who cannot log in, with an end and a purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.render import console, emit_json, print_facts
from pgwarden.domain.login import Scope

if TYPE_CHECKING:
    from pgwarden.agents.personnel import MadeToken
    from pgwarden.bootstrap import App
    from pgwarden.domain.person import ApiToken

app = typer.Typer(help="Tokens for programs: scoped, expiring, revocable.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The account that it acts for.")],
    label: Annotated[str, typer.Argument(help="What it is for.")],
    scopes: Annotated[
        list[Scope] | None, typer.Option("--scope", help="Repeat for more; ask and request without.")
    ] = None,
    databases: Annotated[
        list[str] | None, typer.Option("--database", "-d", help="Repeat for more; all without.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How long it holds.")] = 90,
    allow_approve: Annotated[
        bool, typer.Option("--allow-approve", help="Let it decide as you; with --scope approve.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a token. Its secret is shown once.

    [dim]pgwarden token create importer "nightly import" --scope ask --scope request -d shop --days 30[/dim]
    """
    wanted = frozenset(scope.value for scope in scopes or (Scope.ASK, Scope.REQUEST))

    async def work(opened: App) -> MadeToken:
        return await opened.personnel.make_token(
            name,
            label,
            scopes=wanted,
            databases=frozenset(databases or ("*",)),
            lifetime=timedelta(days=days),
            allow_approve=allow_approve,
            by=opened.session,
        )

    made = open_app(work, scope=None)
    if as_json:
        emit_json({"token": made.token, "secret": made.secret})
        return
    console().print(made.secret, markup=False, soft_wrap=True)
    until = f"{made.token.expires_at:%Y-%m-%d}"
    console().print(f"{made.token.id}, until {until}. It is not shown again.", style="dim", markup=False)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show your tokens; an administrator sees all."""

    async def work(opened: App) -> tuple[ApiToken, ...]:
        return await opened.personnel.tokens(by=opened.session)

    tokens = open_app(work, scope=None)
    if as_json:
        emit_json(tokens)
        return
    now = datetime.now(UTC)
    rows = [
        (t.id, t.person, t.label, ", ".join(sorted(t.scopes)), ", ".join(sorted(t.databases)), _state(t, now))
        for t in tokens
    ]
    print_facts(("id", "for", "label", "may", "databases", "state"), rows)


@app.command()
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID", help="As listed.")], as_json: Json = False) -> None:
    """End a token at once."""

    async def work(opened: App) -> None:
        await opened.personnel.revoke(token_id, by=opened.session)

    open_app(work, scope=None)
    if as_json:
        emit_json({"revoked": token_id})
    else:
        console().print(f"{token_id} no longer holds.", markup=False)


def _state(token: ApiToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    return f"until {token.expires_at:%Y-%m-%d}" if token.usable(now) else "expired"
