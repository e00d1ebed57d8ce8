"""``pgwarden login``, ``logout`` and ``whoami``: proving who asks, for this user of this machine."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.render import console, emit_json
from pgwarden.domain.errors import InputInvalid, ProofNeeded, ProviderRefused, TokenInvalid

if TYPE_CHECKING:
    from pgwarden.agents.front_desk import OpenedLogin
    from pgwarden.bootstrap import App

PROVIDER_SECONDS = 300.0
"""How long a login in the browser is waited for."""

FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read passwords from standard input, one a line, instead of asking.")
]


def register(app: typer.Typer) -> None:
    app.command()(login)
    app.command()(logout)
    app.command()(whoami)


def login(
    name: Annotated[str | None, typer.Argument(help="The account; your user name without it.")] = None,
    oidc: Annotated[bool, typer.Option("--oidc", help="Log in at the identity provider, with the browser.")] = False,
    code: Annotated[str, typer.Option("--code", help="A code of the second factor, or a recovery code.")] = "",
    from_input: FromInput = False,
    as_json: Json = False,
) -> None:
    """Log in: from then on the commands of this user act for the account, until it ends or `pgwarden logout`.

    [dim]pgwarden login ana[/dim]
    """

    async def work(app: App) -> OpenedLogin:
        if oidc:
            opened = await _at_provider(app)
        else:
            opened = await _with_password(app, name or app.settings.user, code, from_input)
        app.login_file.write(opened.secret, opened.login.person)
        return opened

    opened = open_app(work, admit=False, scope=None)
    if as_json:
        emit_json({"login": opened.login, "must_change_password": opened.must_change_password})
        return
    out = console()
    out.print(f"Logged in as {opened.login.person} until {opened.login.expires_at:%Y-%m-%d %H:%M} UTC.", markup=False)
    if "PGWARDEN_TOKEN" in os.environ:
        out.print("PGWARDEN_TOKEN is set, and goes before this login.")
    if opened.must_change_password:
        out.print("Now set a password of your own: pgwarden people password")


async def _with_password(app: App, name: str, code: str, from_input: bool) -> OpenedLogin:
    password = ask_password(f"Password of {name}", from_input=from_input)
    try:
        return await app.front_desk.log_in(name, password, code=code, source="cli")
    except ProofNeeded:
        if from_input or not sys.stdin.isatty():
            raise
    code = str(typer.prompt("Code of the second factor, or a recovery code", err=True))
    return await app.front_desk.log_in(name, password, code=code, source="cli")


async def _at_provider(app: App) -> OpenedLogin:
    """The address is shown and opened; the browser comes back to a listener on this machine."""
    import webbrowser

    if app.provider is None:
        raise InputInvalid(
            "No identity provider is set up.",
            not_done="Nobody was logged in.",
            next_step="Set oidc_issuer and oidc_client_id, or log in with a password.",
        )
    async with app.redirect_listener() as redirect:
        url = await app.provider.begin(redirect.uri)
        console(stderr=True).print(f"Log in here: {url}", markup=False, soft_wrap=True)
        if sys.stderr.isatty():
            webbrowser.open(url)
        try:
            returned = await redirect.returned(PROVIDER_SECONDS)
        except TimeoutError:
            raise ProviderRefused(
                "The login at the identity provider was not finished.",
                why=f"Nobody came back within {PROVIDER_SECONDS // 60:.0f} minutes.",
                not_done="Nobody was logged in.",
                next_step="Begin again: pgwarden login --oidc",
            ) from None
        return await app.provider.finish(returned, "cli")


def logout(as_json: Json = False) -> None:
    """End the login, here and at the server."""

    async def work(app: App) -> bool:
        secret = app.login_file.read()
        if secret:
            with suppress(TokenInvalid):  # it has ended already, which is what is wanted
                await app.front_desk.log_out(await app.front_desk.admit_login(secret, "cli"), "cli")
            app.login_file.remove()
        return bool(secret)

    was = open_app(work, admit=False, scope=None)
    if as_json:
        emit_json({"logged_out": was})
    else:
        console().print("Logged out." if was else "Nobody was logged in.")


def whoami(as_json: Json = False) -> None:
    """Show as whom commands act here, and what that may do."""

    async def work(app: App) -> App:
        return app

    app = open_app(work, scope=None)
    session = app.session
    if as_json:
        emit_json(
            {
                "identity": session.identity,
                "authenticated": session.authenticated,
                "source": session.source,
                "roles": session.roles,
                "level": session.person.level if session.person else 0,
                "scopes": session.scopes,
                "databases": session.databases,
            }
        )
        return
    out = console()
    if session.person is None:
        out.print(f"{session.identity.name}: a guest, who can ask and request. pgwarden login", markup=False)
        return
    roles = ", ".join(sorted(session.roles))
    level = f", level {session.person.level}" if session.person.level else ""
    groups = f"; groups {', '.join(sorted(session.identity.groups))}" if session.identity.groups else ""
    out.print(f"{session.identity.name} ({session.person.kind.value}): {roles}{level}{groups}", markup=False)
    out.print(f"by {session.source}, may {', '.join(sorted(session.scopes))}", style="dim", markup=False)


def ask_password(prompt: str, *, from_input: bool, twice: bool = False) -> str:
    """A password, from the terminal without showing it, or one line of standard input. Never from an argument."""
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InputInvalid(
            "There is no terminal to ask for a password.",
            not_done="Nothing was done.",
            next_step="Give it on standard input: --password-stdin",
        )
    answer: str = typer.prompt(prompt, hide_input=True, err=True, confirmation_prompt=twice)
    return answer
