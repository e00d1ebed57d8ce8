"""``pgwarden rights``: who may read which tables and columns, and who sees them masked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.render import console, emit_json, simple_table
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.identity import Access, DataRight
from pgwarden.domain.plain import plain

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.rights_version import RightsVersion

app = typer.Typer(help="Who may read what, and who sees it masked.", no_args_is_help=True)

Subject = Annotated[str, typer.Argument(help="person:NAME, group:NAME, token:ID, or * for everyone.")]
Where = Annotated[
    str,
    typer.Option("--on", help="DATABASE.SCHEMA.TABLE.COLUMN, each part may hold wildcards; shorter means all below."),
]
Sensitive = Annotated[bool, typer.Option("--sensitive", help="Only columns with personal or secret data.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show every line in force. The most specific line wins; between equals the weaker access wins."""

    async def work(opened: App) -> RightsVersion:
        return await opened.rights.current()

    version = open_app(work)
    if as_json:
        emit_json(version)
        return
    rows = [(number, *_cells(line)) for number, line in enumerate(version.lines, 1)]
    console().print(simple_table(("#", "who", "access", "on", "columns"), rows))
    author = f"version {version.number}, by {version.author}" if version.author else "the rights pgwarden starts with"
    console().print(author, style="dim", markup=False)


@app.command()
def grant(
    subject: Subject, access: Access, on: Where = "*", sensitive: Sensitive = False, as_json: Json = False
) -> None:
    """Add a line: this subject has this access there.

    [dim]pgwarden rights grant group:support read --on "shop.public.customers.*"[/dim]
    """
    added = parse_line(subject, access, on, sensitive)

    async def work(opened: App) -> RightsVersion:
        opened.session.require_arranging()
        version = await opened.rights.current()
        if added in version.lines:
            return version
        return await _replace(opened, version, (*version.lines, added), granted=added)

    _tell(open_app(work, scope=None), as_json)


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(min=1, help="Number of the line as `pgwarden rights list` shows it.")],
    as_json: Json = False,
) -> None:
    """Take a line away."""

    async def work(opened: App) -> RightsVersion:
        opened.session.require_arranging()
        version = await opened.rights.current()
        if number > len(version.lines):
            raise InputInvalid(f"There is no line {number}.", next_step="`pgwarden rights list` numbers them.")
        kept = tuple(line for position, line in enumerate(version.lines, 1) if position != number)
        return await _replace(opened, version, kept, revoked=version.lines[number - 1])

    _tell(open_app(work, scope=None), as_json)


async def _replace(
    opened: App, version: RightsVersion, lines: tuple[DataRight, ...], **changed: DataRight
) -> RightsVersion:
    """Put these lines in force, and write down which one came or went."""
    author, at = opened.identity.name, datetime.now(UTC)
    ((what, line),) = changed.items()
    entry = AuditEntry(
        f"rights.{what}", author, at, source="cli", details={"version": version.number + 1, **plain(line)}
    )
    return await opened.rights.replace(lines, expected=version.number, author=author, at=at, audit=(entry,))


def parse_line(subject: str, access: Access, on: str, sensitive: bool) -> DataRight:
    """One line from the words of the command line. Raises InputInvalid."""
    kind, _, name = subject.partition(":")
    if subject != "*" and (kind not in ("person", "group", "token") or not name):
        raise InputInvalid(
            f"{subject!r} is no subject.",
            not_done="Nothing was changed.",
            next_step="Write person:NAME, group:NAME, token:ID, or * for everyone.",
        )
    parts = on.split(".")
    if len(parts) > 4 or not all(parts):
        raise InputInvalid(
            f"{on!r} is no place.", not_done="Nothing was changed.", next_step="Write DATABASE.SCHEMA.TABLE.COLUMN."
        )
    database, schema, table, column = (*parts, *["*"] * (4 - len(parts)))
    return DataRight(subject, access, database, schema, table, column, sensitive)


def _cells(line: DataRight) -> tuple[str, str, str, str]:
    place = ".".join((line.database, line.schema, line.table, line.column))
    return line.subject, line.access.value, place, "sensitive only" if line.sensitive_only else "all"


def _tell(version: RightsVersion, as_json: bool) -> None:
    if as_json:
        emit_json(version)
    else:
        console().print(f"Data rights are now version {version.number}, {len(version.lines)} lines.")
