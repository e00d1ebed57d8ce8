"""``pgwarden db``: the registered target databases."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.render import console, emit_json, hanging, one_line, simple_table
from pgwarden.domain.database import Database, DatabaseCheck, Grade, RoleAdvice

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.retention import Footprint

app = typer.Typer(help="Register, check and forget target databases.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of a registered database.")]
MARK = {Grade.GOOD: "✓", Grade.NOTE: "·", Grade.WARNING: "!", Grade.DANGER: "✗"}
STYLE = {Grade.GOOD: "green", Grade.NOTE: "dim", Grade.WARNING: "yellow", Grade.DANGER: "bold red"}


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A short name: lower-case letters, digits, - and _.")],
    url: Annotated[str, typer.Argument(help="postgresql://user@host:port/dbname, without the password.")],
    password_env: Annotated[str, typer.Option(help="Environment variable that holds the password.")] = "",
    passfile: Annotated[Path | None, typer.Option(help="A pgpass file (mode 0600).")] = None,
    password_command: Annotated[str, typer.Option(help="Command that prints the password; run without a shell.")] = "",
    sslmode: Annotated[
        str | None, typer.Option(help="disable, allow, prefer, require, verify-ca, verify-full.")
    ] = None,
    sslrootcert: Annotated[Path | None, typer.Option(help="Certificate authority file.")] = None,
    sslcert: Annotated[Path | None, typer.Option(help="Client certificate file.")] = None,
    sslkey: Annotated[Path | None, typer.Option(help="Client key file.")] = None,
    allow_writes: Annotated[bool, typer.Option("--allow-writes", help="Let approved changes run there.")] = False,
    owner: Annotated[str, typer.Option(help="Who answers for it.")] = "",
    notes: Annotated[str, typer.Option(help="Anything worth knowing.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Change the registration of that name.")] = False,
    as_json: Json = False,
) -> None:
    """Register a database. Read-only unless --allow-writes. The password never goes on the command line.

    [dim]pgwarden db add shop postgresql://reader@db.example/shop --password-env SHOP_PASSWORD[/dim]
    """

    async def work(opened: App) -> Database:
        database = opened.describe_target(
            name,
            url,
            on_command_line=True,
            password_env=password_env,
            passfile=passfile.resolve() if passfile else None,
            password_command=shlex.split(password_command),
            sslmode=sslmode,
            sslrootcert=sslrootcert,
            sslcert=sslcert,
            sslkey=sslkey,
            allow_writes=allow_writes,
            owner=owner,
            notes=notes,
        )
        desk = opened.database_desk
        await (desk.change if replace else desk.register)(database, by=opened.session, source="cli")
        return database

    database = open_app(work, scope=None)
    if as_json:
        emit_json(_object(database))
        return
    mode = "approved changes may run there" if database.allow_writes else "read-only"
    console().print(f"{name} is registered ({mode}). Check it with: pgwarden db check {name}", markup=False)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show the registered databases."""

    async def work(opened: App) -> tuple[Database, ...]:
        return await opened.targets.all()

    databases = open_app(work)
    if as_json:
        emit_json([_object(database) for database in databases])
        return
    rows = [(d.name, "changes" if d.allow_writes else "read-only", d.conninfo, d.owner, d.notes) for d in databases]
    if rows:
        console().print(simple_table(("name", "may", "connection", "owner", "notes"), rows))
    else:
        console().print("No database is registered. Register one with: pgwarden db add NAME URL", markup=False)


@app.command()
def remove(name: Name, as_json: Json = False) -> None:
    """Forget a database. Nothing is changed in it; what was learnt about it stays for when it comes back."""

    async def work(opened: App) -> None:
        await opened.database_desk.remove(name, by=opened.session, source="cli")

    open_app(work, scope=None)
    if as_json:
        emit_json({"removed": name})
    else:
        console().print(f"{name} is forgotten.", markup=False)


@app.command()
def uninstall(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only what would be lost is told.")] = False,
    as_json: Json = False,
) -> None:
    """Take pgwarden's schema out of a database: the ledger there, before-images, copies of tables.

    The audit, the tickets, copies in files and the registration stay.
    """

    async def work(opened: App) -> Footprint:
        opened.session.require_arranging()
        database = await opened.targets.get(name)
        return await opened.retention.uninstall(database.name, identity=opened.identity, confirmed=yes)

    found = open_app(work, scope=None)
    if as_json:
        emit_json(found)
    elif not found.present:
        console().print(f"pgwarden keeps nothing in {name}.", markup=False)
    else:
        what = f"{found.executions:,} executions, {found.bytes:,} bytes"
        console().print(f"pgwarden's schema in {name} is gone ({what}).", markup=False)
        console().print("The audit, the tickets, copies in files and the registration stay.", style="dim")


@app.command()
def check(name: Name, as_json: Json = False) -> None:
    """Look at a database: version, rights of the role, TLS, what is safe and what is not. Changes nothing.

    Prints the SQL for a least-privilege reader role and a writer role first, and the findings below it.
    """

    async def work(opened: App) -> DatabaseCheck:
        return await opened.check_target(await opened.targets.get(name))

    found = open_app(work)
    if as_json:
        emit_json(found)
    else:
        show_roles(found.advice)
        show_check(found)
    if not found.safe:
        raise typer.Exit(1)


def show_check(found: DatabaseCheck) -> None:
    """The findings, worst last so that they stand above the prompt."""
    from rich.text import Text

    out = console()
    version = f"PostgreSQL {found.server_version // 10000}.{found.server_version % 10000}"
    out.print(Text(f"{found.database}: {version}, role {found.role}", style="bold"))
    order = list(Grade)
    for finding in sorted(found.findings, key=lambda f: order.index(f.grade)):
        style = STYLE[finding.grade]
        out.print(hanging(Text(f" {MARK[finding.grade]} ", style=style), Text(one_line(finding.what), style=style)))
        for text in (finding.why, finding.next_step):
            if text and finding.grade is not Grade.GOOD:
                out.print(hanging(Text("     "), Text(one_line(text), style="dim")))


@app.command("roles")
def roles(name: Name, as_json: Json = False) -> None:
    """Print the SQL that makes a least-privilege reader role and a writer role there. You run it, pgwarden does not."""

    async def work(opened: App) -> tuple[RoleAdvice, ...]:
        return await opened.advise_roles(await opened.targets.get(name))

    advice = open_app(work)
    if as_json:
        emit_json(advice)
        return
    show_roles(advice)


def show_roles(advice: tuple[RoleAdvice, ...]) -> None:
    """The SQL of the roles, to be copied as it stands."""
    for role in advice:
        typer.echo(f"-- {role.role}: {role.purpose}\n{role.sql.rstrip()}\n")


def _object(database: Database) -> dict[str, object]:
    """A registration without anything secret."""
    shown = dataclasses.asdict(database)
    shown["password"] = {k: v for k, v in shown["password"].items() if k != "literal" and v}
    return shown
