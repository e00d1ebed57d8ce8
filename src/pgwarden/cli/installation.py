"""``pgwarden doctor``, ``migrate`` and ``glossary``: the installation itself."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden import __version__
from pgwarden.cli.databases import MARK, STYLE
from pgwarden.cli.door import Database, Json, open_app
from pgwarden.cli.progress import working
from pgwarden.cli.render import console, emit_json, one_line, simple_table
from pgwarden.domain.database import CheckFinding, Grade
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.glossary import Term
from pgwarden.domain.health import Health

if TYPE_CHECKING:
    from pgwarden.bootstrap import App

glossary = typer.Typer(help="A team's own words for one database, used when questions are read.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command()(doctor)
    app.command()(migrate)
    app.add_typer(glossary, name="glossary")


def doctor(as_json: Json = False) -> None:
    """Look at the whole installation: versions, settings, control database, cache, every registered database."""

    async def work(app: App) -> Health:
        with working() as tell:
            findings = [*_own_findings(app), await _cache_finding(app)]
            for database in await app.targets.all():
                tell(f"looking at {database.name}")
                findings += await _of_target(app, database.name)
            return Health(tuple(findings))

    try:
        health = open_app(work, scope=None)
    except PgwardenError as error:
        next_step = error.next_step
        health = Health((CheckFinding(error.code, Grade.DANGER, error.what, error.why, next_step),))
    if as_json:
        emit_json({"well": health.well, "findings": health.findings})
    else:
        _show(health)
    if not health.well:
        raise typer.Exit(1)


def _own_findings(app: App) -> list[CheckFinding]:
    python = f"pgwarden {__version__}, Python {platform.python_version()}, psycopg {version('psycopg')}"
    settings = app.settings
    where = "as the settings say" if settings.control_url else "embedded PostgreSQL"
    file = "read" if settings.config.exists() else "not there; defaults hold"
    findings = [
        CheckFinding("versions", Grade.GOOD, f"{python} on {platform.system()} {platform.machine()}"),
        CheckFinding("settings", Grade.GOOD, f"settings file {settings.config}: {file}"),
        CheckFinding("home", Grade.GOOD, f"state directory {settings.home}"),
        CheckFinding("control", Grade.GOOD, f"control database reachable and migrated ({where})"),
    ]
    if sys.stdout.encoding.lower().replace("-", "") != "utf8":
        why = "Tables and names may look wrong."
        findings.append(CheckFinding("encoding", Grade.WARNING, "the terminal is not UTF-8", why, "Set LANG=C.UTF-8."))
    return findings


async def _cache_finding(app: App) -> CheckFinding:
    """Whether the cache keeps what it is given: one that is down behaves like an empty one."""
    if app.settings.redis_url is None:
        return CheckFinding("cache", Grade.GOOD, "cache: in memory")
    await app.cache.set("doctor", "here", seconds=5)
    if await app.cache.get("doctor") == "here":
        return CheckFinding("cache", Grade.GOOD, "cache: shared (Redis)")
    why = "Work goes on without it: slower, and each process reads schemas for itself."
    return CheckFinding("cache", Grade.WARNING, "cache: Redis does not answer", why, "Look at PGWARDEN_REDIS_URL.")


async def _of_target(app: App, name: str) -> list[CheckFinding]:
    """The worst findings of one target, or that it does not answer."""
    try:
        found = await app.check_target(await app.targets.get(name))
    except PgwardenError as error:
        return [CheckFinding(error.code, Grade.DANGER, f"{name}: {error.what}", error.why, error.next_step)]
    bad = [f for f in found.findings if f.grade in (Grade.WARNING, Grade.DANGER)]
    shown = [CheckFinding(f.code, f.grade, f"{name}: {f.what}", f.why, f.next_step) for f in bad]
    major = found.server_version // 10000
    return shown or [CheckFinding("target", Grade.GOOD, f"{name}: PostgreSQL {major}, role {found.role}, all is well")]


def _show(health: Health) -> None:
    from rich.text import Text

    for finding in health.findings:
        console().print(Text(f" {MARK[finding.grade]} {one_line(finding.what)}", style=STYLE[finding.grade]))
        if finding.grade is not Grade.GOOD:
            for text in filter(None, (finding.why, finding.next_step)):
                console().print(Text(f"     {one_line(text)}", style="dim"))


def migrate(as_json: Json = False) -> None:
    """Bring the control database up to date. Every other command does this on its start, too."""

    async def work(app: App) -> str:
        return "embedded" if app.settings.control_url is None else "external"

    where = open_app(work, scope=None)
    if as_json:
        emit_json({"migrated": True, "control_database": where})
    else:
        console().print("The control database is up to date.")


@glossary.command("list")
def list_(database: Database = None, as_json: Json = False) -> None:
    """Show the terms of a database."""

    async def work(app: App) -> tuple[Term, ...]:
        async with app.target(database) as name:
            return await app.glossary.of(name)

    terms = open_app(work)
    if as_json:
        emit_json(terms)
    else:
        rows = [(t.term, t.meaning, t.author, f"{t.at:%Y-%m-%d}") for t in terms]
        console().print(simple_table(("term", "meaning", "by", "since"), rows))


@glossary.command()
def add(
    term: Annotated[str, typer.Argument(help="The word or phrase.")],
    meaning: Annotated[str, typer.Argument(help="What it means, in words or as a SQL expression.")],
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Say what a term means; the same term is replaced.

    [dim]pgwarden glossary add "active customer" "customers with an order in the last 90 days"[/dim]
    """

    async def work(app: App) -> Term:
        async with app.target(database) as name:
            said = Term(term, meaning, app.identity.name, datetime.now(UTC))
            entry = app.trail.entry("glossary.changed", identity=app.identity, database=name, subject=said.term)
            await app.glossary.save(name, said, audit=(entry,))
            return said

    said = open_app(work)
    if as_json:
        emit_json(said)
    else:
        console().print(f"“{said.term}” is known.", markup=False)


@glossary.command()
def remove(term: str, database: Database = None, as_json: Json = False) -> None:
    """Forget a term."""

    async def work(app: App) -> bool:
        async with app.target(database) as name:
            entry = app.trail.entry("glossary.removed", identity=app.identity, database=name, subject=term)
            return await app.glossary.delete(name, term, audit=(entry,))

    removed = open_app(work)
    if as_json:
        emit_json({"removed": removed})
    else:
        console().print("Forgotten." if removed else "There was no such term.")
