"""``pgwarden audit``: what happened, whether it is still what was written, and what auditors make of it."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from pgwarden.cli.audit_screen import show_anchoring, show_entries, show_record, show_verification
from pgwarden.cli.door import Json, open_app, write_file
from pgwarden.cli.moment import Since, Until, moment_of
from pgwarden.cli.render import console, emit_json
from pgwarden.domain.audit import Outcome
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.plain import plain

if TYPE_CHECKING:
    from pgwarden.agents.audit_notary import Anchoring
    from pgwarden.bootstrap import App
    from pgwarden.domain.audit_chain import AuditRecord
    from pgwarden.domain.audit_verification import Verification
    from pgwarden.domain.compliance import ComplianceReport

app = typer.Typer(help="What happened, and the proof that it is still what was written.", no_args_is_help=True)


class ReportForm(StrEnum):
    """What a report is written as."""

    HTML = "html"
    CSV = "csv"
    JSON = "json"


Keys = Annotated[
    list[Path] | None,
    typer.Option("--key", help="Public key that is trusted; without any, those that lie beside the audit's key."),
]


@app.command("list")
def list_(
    action: Annotated[str, typer.Option("--action", help="An action (ticket.approved), or its noun alone.")] = "",
    actor: Annotated[str, typer.Option("--actor", help="Who did it.")] = "",
    database: Annotated[str, typer.Option("--database", "-d", help="On which registered database.")] = "",
    subject: Annotated[str, typer.Option("--subject", help="Id of the ticket, execution, session …")] = "",
    outcome: Annotated[Outcome | None, typer.Option("--outcome", help="How it ended.")] = None,
    since: Since = "",
    until: Until = "",
    before: Annotated[int | None, typer.Option("--before", help="Only entries with a lower number.")] = None,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=10_000, help="Entries to show at most.")] = 50,
    as_json: Json = False,
) -> None:
    """Show entries, newest first."""
    from pgwarden.domain.audit_filter import AuditFilter

    wanted = AuditFilter(action, actor, database, subject, outcome, _maybe(since), _maybe(until))

    async def work(opened: App) -> tuple[AuditRecord, ...]:
        return await opened.audit_desk.find(wanted, by=opened.session, limit=rows, before=before)

    show_entries(open_app(work, scope=None), as_json)


@app.command()
def show(
    number: Annotated[int, typer.Argument(min=1, help="Number of an entry, as `pgwarden audit list` shows it.")],
    as_json: Json = False,
) -> None:
    """Show one entry in full."""

    async def work(opened: App) -> AuditRecord:
        return await opened.audit_desk.show(number, by=opened.session)

    show_record(open_app(work, scope=None), as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to write it; - for standard output.")],
    without_personal: Annotated[
        bool, typer.Option("--without-personal", help="Leave statements and other personal values out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the whole chain as JSON lines, to be verified anywhere."""

    async def work(opened: App) -> int:
        with ExitStack() as stack:
            stream, count = None, 0
            async for line in opened.audit_desk.export(by=opened.session, personal=not without_personal):
                stream = stream or _opened(file, stack)
                stream.write(line)
                count += 1
            return count - 2  # the first and the last line are no entries

    count = open_app(work, scope=None)
    if str(file) == "-":
        return  # what stands on standard output is JSON already
    if as_json:
        emit_json({"file": str(file), "entries": count})
    else:
        console(stderr=True).print(f"{count:,} entries are in {file}.", markup=False)


@app.command()
def verify(
    export_file: Annotated[
        Path | None, typer.Argument(metavar="[EXPORT]", help="A file of `audit export`; else the audit itself.")
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option("--against", help="A checkpoint, or a folder of them, kept elsewhere.")
    ] = None,
    key: Keys = None,
    as_json: Json = False,
) -> None:
    """Walk the chain: find what was rewritten, reordered, deleted, inserted or cut off. Exit status 1 if anything was.

    An export is verified without any database. Without --against the audit itself is compared with the newest
    checkpoint of each anchor, an export with those that it carries.
    """
    silent: tuple[str, ...] = ()
    if export_file is not None:
        found = _verify_export(export_file, against or [], key or [])
    else:
        found, silent = open_app(lambda opened: _verify(opened, against or [], key or []), scope=None)
    show_verification(found, silent, as_json)
    if not found.intact:
        raise typer.Exit(1)


@app.command()
def checkpoint(as_json: Json = False) -> None:
    """Sign where the chain stands now, and take that to every anchor."""

    async def work(opened: App) -> Anchoring:
        opened.audit_desk.require_auditor(opened.session)
        return await opened.notary.checkpoint(actor=opened.session.identity.name, source="cli")

    made = open_app(work, scope=None)
    show_anchoring(made, as_json)
    if made.failures:
        raise typer.Exit(1)


@app.command()
def key(
    new: Annotated[
        bool, typer.Option("--new", help="Make a new key: the one before signs once more if it is still there.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the public key that checkpoints can be checked with. Give it to whoever verifies."""

    async def work(opened: App) -> str:
        if not new:
            return opened.audit_key.public_key()
        opened.audit_desk.require_administrator(opened.session)
        return await opened.notary.change_key(actor=opened.session.identity.name, source="cli")

    public = open_app(work, scope=None)
    if as_json:
        emit_json({"public_key": public})
    else:
        typer.echo(public)


@app.command()
def erase(
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the audit.")],
    person: Annotated[str, typer.Option("--person", help="Personal values of entries by or about this account.")] = "",
    entry: Annotated[list[int] | None, typer.Option("--entry", help="Personal values of this entry.")] = None,
    containing: Annotated[
        str, typer.Option("--containing", help="Personal values that hold this text, e.g. a mail address; - reads it.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Take personal values away for ever. The chain stays whole, and the erasure is an entry of it."""
    from pgwarden.domain.audit_filter import Erasure, ranges

    text = sys.stdin.read().strip() if containing == "-" else containing
    wanted = Erasure(frozenset(entry or ()), person, text)

    async def work(opened: App) -> tuple[int, ...]:
        return await opened.audit_desk.erase(wanted, reason=reason, by=opened.session)

    numbers = open_app(work, scope=None)
    if as_json:
        emit_json({"entries": numbers})
    elif numbers:
        console().print(f"Personal values of {len(numbers):,} entries are gone: {ranges(numbers)}.", markup=False)
    else:
        console().print("There was nothing to erase.")


@app.command()
def report(
    since: Since = "30d",
    until: Until = "",
    database: Annotated[str, typer.Option("--database", "-d", help="One registered database; all without it.")] = "",
    form: Annotated[ReportForm, typer.Option("--format", help="HTML prints well, and to PDF.")] = ReportForm.HTML,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write it.")] = None,
    as_json: Json = False,
) -> None:
    """Report who approved what, how long it took, and what became of it: overrides, denied, expired, undone, drift."""
    start, end = moment_of(since), moment_of(until) if until else datetime.now(UTC)

    async def work(opened: App) -> ComplianceReport:
        return await opened.audit_desk.report(by=opened.session, since=start, until=end, database=database)

    text = _report_text(open_app(work, scope=None), ReportForm.JSON if as_json else form)
    if output is None:
        sys.stdout.write(text)
    else:
        write_file(output, text)
        console(stderr=True).print(f"The report is in {output}.", markup=False)


@app.command()
def collect(as_json: Json = False) -> None:
    """Copy what the targets' ledgers hold into the audit now; a worker does it every minute."""

    async def work(opened: App) -> tuple[str, ...]:
        opened.audit_desk.require_auditor(opened.session)
        await opened.handlers["copy_ledger"]({})
        return await opened.targets.names()

    names = open_app(work, scope=None)
    if as_json:
        emit_json({"databases": names})
    else:
        console().print(
            f"The audit has all that the ledgers of {', '.join(names) or 'no database'} hold.", markup=False
        )


async def _verify(opened: App, against: list[Path], keys: list[Path]) -> tuple[Verification, tuple[str, ...]]:
    from pgwarden.bootstrap import trust

    trusted = trust(opened.settings, keys)
    silent: tuple[str, ...] = ()
    if against:
        given = trusted.read(against)
    else:
        newest, silent = await opened.notary.newest()
        given = trusted.require(newest)
    return await opened.audit_desk.verify(given, by=opened.session), silent


def _verify_export(file: Path, against: list[Path], keys: list[Path]) -> Verification:
    from pgwarden.bootstrap import trust
    from pgwarden.domain.audit_export import checkpoints_in, verify_lines
    from pgwarden.settings import load

    trusted = trust(load(), keys)
    given = trusted.read(against)
    try:
        with file.open(encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
            if not against:
                given = trusted.among(checkpoints_in(stream))
                stream.seek(0)
            return verify_lines(stream, given)
    except OSError as error:
        raise InputInvalid(
            f"{file} cannot be read.", why=f"{error.strerror}.", not_done="Nothing was verified."
        ) from None


def _report_text(made: ComplianceReport, form: ReportForm) -> str:
    import json

    from pgwarden.domain.compliance_html import report_csv, report_html

    if form is ReportForm.JSON:
        return json.dumps(plain(made.to_dict()), ensure_ascii=False, indent=2) + "\n"
    return report_html(made) if form is ReportForm.HTML else report_csv(made)


def _opened(file: Path, stack: ExitStack) -> TextIO:
    if str(file) == "-":
        return sys.stdout
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        return stack.enter_context(os.fdopen(descriptor, "w", encoding="utf-8"))
    except OSError as error:
        raise InputInvalid(
            f"{file} cannot be written.",
            why=f"{error.strerror}.",
            not_done="Nothing was exported.",
            next_step="Choose another place.",
        ) from None


def _maybe(text: str) -> datetime | None:
    return moment_of(text) if text else None
