"""``pgwarden executions``: what ran and what it changed, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Database, Json, open_app
from pgwarden.cli.render import console, emit_json, one_line, simple_table

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.execution import Execution
    from pgwarden.domain.execution_report import ExecutionReport
    from pgwarden.domain.recovery import Row


def register(app: typer.Typer) -> None:
    app.command()(executions)


def executions(
    execution: Annotated[str | None, typer.Argument(help="One execution in full; the newest ones without it.")] = None,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=1000, help="Rows to show at most.")] = 20,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Show what ran: statement, who asked and approved, counts by table, and each row before and after (masked)."""

    async def listed(app: App) -> tuple[Execution, ...]:
        async with app.target(database) as name:
            return await app.execution.executions(name, rows=rows)

    async def one(app: App) -> ExecutionReport:
        async with app.target(database) as name:
            return await app.execution.report(name, execution or "", identity=app.identity, rows=rows)

    if execution is None:
        found = open_app(listed)
        emit_json(found) if as_json else _show_list(found)
        return
    report = open_app(one)
    emit_json(report) if as_json else _show_report(report)


def _counts(execution: Execution) -> str:
    words = (("inserted", "+"), ("updated", "~"), ("deleted", "-"))
    totals = ((sign, sum(getattr(c, word) for c in execution.counts.values())) for word, sign in words)
    return " ".join(f"{sign}{total:,}" for sign, total in totals if total)


def _show_list(found: tuple[Execution, ...]) -> None:
    rows = [
        (
            e.id,
            f"{e.started_at:%Y-%m-%d %H:%M}",
            e.kind.value,
            " ".join(e.statement.split()),
            _counts(e),
            f"{e.requested_by} / {e.approved_by}",
            "undone" if e.undone else "",
        )
        for e in found
    ]
    if rows:
        headers = ("id", "at", "kind", "statement", "rows", "asked / approved", "")
        console().print(simple_table(headers, rows))
    else:
        console().print("pgwarden has changed nothing in this database.")


def _show_report(report: ExecutionReport) -> None:
    from rich.text import Text

    e = report.execution
    out = console()
    out.print(Text(f"{e.kind.value} {e.id}", style="bold") + Text(f"  {e.milliseconds:.0f} ms, {e.isolation.value}"))
    out.print(Text(e.statement, style="cyan"))
    out.print(Text(f"asked by {e.requested_by}, approved by {e.approved_by}, run as {e.role}", style="dim"))
    rows = [(t, c.inserted or "", c.updated or "", c.deleted or "") for t, c in e.counts.items() if c.total]
    out.print(simple_table(("table", "inserted", "updated", "deleted"), rows))
    for change in report.changes:
        _show_row(change.table, change.columns, {"before": change.before, "after": change.after})
    for change in report.skipped:
        title = f"left alone: {change.table}"
        _show_row(title, change.columns, {"before": change.before, "after": change.after})
    state = f"undone by {e.undone_by}" if e.undone else f"undoes {e.undoes}" if e.undoes else "in force"
    out.print(Text(state, style="dim"))
    for way in sorted({table.way.words for table in e.tables}):
        out.print(Text(way, style="dim"))
    for limit in e.limits:
        out.print(Text(limit, style="dim"))


def show_plan(report: ExecutionReport) -> None:
    """The rows that would stand in the way of an undo now, as they were and as they are."""
    conflicts = report.conflicts or ()
    if not conflicts:
        console().print("No row stands in the way: everything is as the execution left it.")
    for conflict in conflicts:
        versions = {"before": conflict.before, "after": conflict.after, "now": conflict.now}
        _show_row(f"{conflict.table}: {conflict.kind.value}", conflict.columns, versions)


def _show_row(title: str, columns: tuple[str, ...], versions: dict[str, Row | None]) -> None:
    """Columns that differ between the versions, or all of them where there is only one version."""
    from rich.text import Text

    present = {name: row for name, row in versions.items() if row is not None}
    console().print(Text(one_line(title), style="bold"))
    for at, column in enumerate(columns):
        values = [row[at] for row in present.values()]
        if len(present) == 1 or len(set(values)) > 1:
            shown = ", ".join(f"{name} {_value(row[at])}" for name, row in present.items())
            console().print(Text(f"  {column}: ", style="dim") + Text(one_line(shown)))


def _value(text: str | None) -> str:
    return "∅" if text is None else text
