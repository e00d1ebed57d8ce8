"""``pgwarden report``, ``metrics`` and ``alerts``: how an installation does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.moment import Since, moment_of
from pgwarden.cli.render import console, emit_json, one_line, simple_table

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.anomaly import Alert
    from pgwarden.domain.error_report import ErrorReport
    from pgwarden.domain.facts import Facts
    from pgwarden.domain.slow_report import SlowReport

app = typer.Typer(help="Slow statements, and errors that come again.", no_args_is_help=True)

OneDatabase = Annotated[str, typer.Option("--database", "-d", help="One registered database; all without it.")]
SHORT_STATEMENT = 70


def register(root: typer.Typer) -> None:
    root.command()(metrics)
    root.command()(alerts)


@app.command()
def slow(
    since: Since = "7d",
    database: OneDatabase = "",
    limit: Annotated[int, typer.Option("--rows", "-n", min=1, max=1000, help="Statements to show of each kind.")] = 20,
    as_json: Json = False,
) -> None:
    """Show which statements take the time: what ran through pgwarden, and what the servers count of everybody.

    Literals are left out. The servers' numbers come from pg_stat_statements, where it is there, since its last reset.
    """
    start = moment_of(since)

    async def work(opened: App) -> SlowReport:
        return await opened.report_desk.slow(by=opened.session, since=start, database=database, limit=limit)

    report = open_app(work, scope=None)
    if as_json:
        emit_json(report.to_dict())
        return
    rows = [
        (
            one_line(line.statement)[:SHORT_STATEMENT],
            line.database,
            line.counted_by,
            f"{line.count:,}",
            f"{line.total_ms:,.0f}",
            f"{line.mean_ms:,.1f}",
            f"{line.max_ms:,.1f}",
            f"{line.rows:,}",
            _time(line.last_seen),
        )
        for line in report.lines
    ]
    headers = ("statement", "database", "by", "count", "total ms", "mean ms", "max ms", "rows", "last seen")
    if rows:
        console().print(simple_table(headers, rows))
    else:
        console().print("Nothing ran in that time.")
    if report.unreadable:
        console().print(f"{report.unreadable:,} runs are left out: erased, or too long.", style="dim")
    for name, why in report.unknown.items():
        console().print(one_line(f"{name}: no numbers from the server: {why}."), style="dim", markup=False)


@app.command()
def errors(since: Since = "7d", database: OneDatabase = "", as_json: Json = False) -> None:
    """Show what was refused or failed, how often, whether it gets more, and what to do about it."""
    start = moment_of(since)

    async def work(opened: App) -> ErrorReport:
        return await opened.report_desk.errors(by=opened.session, since=start, database=database)

    report = open_app(work, scope=None)
    if as_json:
        emit_json(report.to_dict())
        return
    rows = [
        (
            line.code,
            line.name,
            line.kind.value,
            line.action,
            line.outcome.value,
            f"{line.count:,}",
            line.trend.value,
            _time(line.first_seen),
            _time(line.last_seen),
        )
        for line in report.lines
    ]
    if not rows:
        console().print("Nothing was refused or failed in that time.")
        return
    headers = ("code", "error", "kind", "action", "outcome", "count", "trend", "first seen", "last seen")
    console().print(simple_table(headers, rows))
    for advice in dict.fromkeys(line.what_to_do for line in report.lines):
        console().print(one_line(advice), style="dim", markup=False)


def metrics(
    since: Since = "1d",
    database: OneDatabase = "",
    prometheus: Annotated[bool, typer.Option("--prometheus", help="In Prometheus's text format.")] = False,
    as_json: Json = False,
) -> None:
    """Show what the control database knows as numbers: verbs, reads, executions, tickets, jobs, messages, alerts.

    [dim]pgwarden metrics --prometheus > /var/lib/node_exporter/pgwarden.prom[/dim]
    """
    start = moment_of(since)

    async def work(opened: App) -> tuple[Facts, str]:
        found = await opened.report_desk.facts(by=opened.session, since=start, database=database)
        return found, opened.facts_text(found) if prometheus else ""

    facts, text = open_app(work, scope=None)
    if prometheus:
        typer.echo(text, nl=False)
    elif as_json:
        emit_json(facts.to_dict())
    else:
        _show_facts(facts)


def alerts(
    everything: Annotated[bool, typer.Option("--all", help="Those that ended, too.")] = False,
    database: OneDatabase = "",
    as_json: Json = False,
) -> None:
    """Show what is out of the ordinary: rows written, refusals, waits for locks. A worker looks every minute."""

    async def work(opened: App) -> tuple[Alert, ...]:
        return await opened.report_desk.alerts(by=opened.session, only_open=not everything, database=database)

    found = open_app(work, scope=None)
    if as_json:
        emit_json([alert.to_dict() for alert in found])
        return
    rows = [
        (
            alert.id,
            alert.measure.words,
            alert.database,
            f"{alert.value:,.0f}",
            f"{alert.usual:,.0f}",
            f"{alert.limit:,.0f}",
            _time(alert.opened_at),
            _time(alert.closed_at) or "goes on",
        )
        for alert in found
    ]
    if rows:
        headers = ("id", "what", "database", "highest", "usual", "limit", "since", "until")
        console().print(simple_table(headers, rows))
    else:
        console().print("Nothing was out of the ordinary." if everything else "Nothing is out of the ordinary.")


def _show_facts(facts: Facts) -> None:
    out = console()
    days = (facts.until - facts.since) / timedelta(days=1)
    out.print(f"Of the last {days:.1f} days", style="bold")
    verbs = [(v.action, v.outcome, v.error, f"{v.count:,}") for v in facts.verbs]
    out.print(simple_table(("verb", "outcome", "error", "count"), verbs))
    out.print(
        f"reads {facts.reads:,} ({facts.reads_cached:,} from the cache), {facts.read_rows:,} rows, "
        f"{facts.read_ms:,.0f} ms on the servers"
    )
    out.print(f"executions {facts.executions:,}, {facts.rows_written:,} rows written, {facts.execution_ms:,.0f} ms")
    out.print("Now", style="bold")
    out.print(f"tickets: {_counts(facts.tickets)}", markup=False)
    states: dict[str, int] = {}
    for job in facts.jobs:
        states[job.state] = states.get(job.state, 0) + job.count
    waits = f"; the oldest that is due waits {facts.oldest_due_seconds:,.0f} s" if facts.oldest_due_seconds else ""
    out.print(f"jobs: {_counts(states)}{waits}", markup=False)
    out.print(f"messages: {_counts(facts.deliveries)}", markup=False)
    out.print(f"alerts: {facts.alerts}")


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name.lower()}" for name, count in counted.items()) or "none"


def _time(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}" if at else ""
