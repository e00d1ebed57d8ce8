"""``pgwarden executions``: what ran and what it changed, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Database, Json, open_app
from pgwarden.cli.render import console, emit_json, hanging, one_line, simple_table
from pgwarden.domain.quantity import counted

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.execution import Execution
    from pgwarden.domain.execution_report import ExecutionReport
    from pgwarden.domain.recovery import Row

MEANINGS = {
    "changed": "others changed the row since",
    "gone": "the row is not there any more",
    "taken": "its key or a unique value is in use again",
    "child": "a row that came later references it",
    "parent": "what it references is gone",
}
"""Of the kinds of conflict, in words."""


def register(app: typer.Typer) -> None:
    app.command()(executions)


def executions(
    execution: Annotated[str | None, typer.Argument(help="One execution in full; the newest ones without it.")] = None,
    rows: Annotated[
        int, typer.Option("--rows", "-n", min=1, max=1000, help="Executions, or rows of each table, at most.")
    ] = 20,
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
    words = ("inserted", "updated", "deleted")
    totals = ((word, sum(getattr(c, word) for c in execution.counts.values())) for word in words)
    return ", ".join(f"{total:,} {word}" for word, total in totals if total) or "no row"


def _show_list(found: tuple[Execution, ...]) -> None:
    from rich.text import Text

    out = console()
    if not found:
        out.print("pgwarden has changed nothing in this database.")
    for e in found:
        head = Text(e.id, style="bold") + Text(f"  {e.started_at:%Y-%m-%d %H:%M}  {_counts(e)}")
        out.print(head + Text("  undone" if e.undone else "", style="yellow"))
        out.print(hanging(Text("  "), Text(_what(e), style="cyan")))
        out.print(hanging(Text("  "), Text(f"asked by {e.requested_by}, approved by {e.approved_by}", style="dim")))


def _what(execution: Execution) -> str:
    return f"undo of {execution.undoes}" if execution.undoes else one_line(" ".join(execution.statement.split()))


def _show_report(report: ExecutionReport) -> None:
    from rich.text import Text

    e = report.execution
    out = console()
    out.print(Text(f"{e.kind.value} {e.id}", style="bold") + Text(f"  {e.milliseconds:.0f} ms, {e.isolation.value}"))
    out.print(Text(f"undo of {e.undoes}" if e.undoes else e.statement, style="cyan"))
    out.print(Text(f"asked by {e.requested_by}, approved by {e.approved_by}, run as {e.role}", style="dim"))
    rows = [(t, c.inserted or "", c.updated or "", c.deleted or "") for t, c in e.counts.items() if c.total]
    out.print(simple_table(("table", "inserted", "updated", "deleted"), rows))
    _show_rows(report)
    if sum(c.total for c in e.counts.values()) > len(report.changes):
        out.print(Text("net changes; at most as many rows of each table as --rows says", style="dim"))
    state = f"undone by {e.undone_by}" if e.undone else "in force"
    out.print(Text(f"{state}; every image is accounted for", style="dim"))
    for way in sorted({table.way.words for table in e.tables}):
        out.print(Text(way, style="dim"))
    for limit in e.limits:
        out.print(Text(limit, style="dim"))


def _show_rows(report: ExecutionReport) -> None:
    for change in report.changes:
        sign = "-" if change.after is None else "+" if change.before is None else "~"
        versions = {"before": change.before, "after": change.after}
        _show_row(sign, change.table, report.keys.get(change.table, ()), change.columns, versions)
    for change in report.skipped:
        versions = {"before": change.before, "after": change.after}
        keys = report.keys.get(change.table, ())
        _show_row("left alone:", change.table, keys, change.columns, versions)


def show_plan(report: ExecutionReport) -> None:
    """The rows that would stand in the way of an undo now, as they were and as they are."""
    from rich.text import Text

    e, conflicts, out = report.execution, report.conflicts or (), console()
    if e.undone:
        out.print(f"It is undone already. To bring the change back: pgwarden undo {e.undone_by}", markup=False)
        return
    if not conflicts:
        out.print("No row stands in the way: everything is as the execution left it.")
        return
    rows = report.rows
    stand = "stands" if len(rows) == 1 else "stand"
    out.print(f"{counted(len(rows), 'row')} {stand} in the way. Nothing is overwritten unless you choose:")
    for row in rows:
        versions = {"before": row.before, "after": row.after, "now": row.now}
        kinds = ", ".join(kind.value for kind in row.kinds)
        _show_row(f"{kinds}:", row.table, report.keys.get(row.table, ()), row.columns, versions)
        if not report.keys.get(row.table):
            out.print(Text(f"      id {row.id[:12]}", style="dim"))
    for kind in sorted({conflict.kind.value for conflict in conflicts}):
        out.print(Text(f"{kind}: {MEANINGS[kind]}", style="dim"))
    out.print(
        Text("--skip-rows leaves them as they are now, --force-rows overwrites what the execution itself", style="dim")
    )
    out.print(
        Text("touched; --skip-row TABLE:KEY and --force-row TABLE:KEY choose for single ones. Each takes", style="dim")
    )
    out.print(Text("a new approval of exactly these rows.", style="dim"))


def _show_row(
    sign: str, table: str, keys: tuple[str, ...], columns: tuple[str, ...], versions: Mapping[str, Row | None]
) -> None:
    """The row's key, then the columns that differ between its versions, or all where there is only one version."""
    from rich.text import Text

    present = {name: row for name, row in versions.items() if row is not None}
    places = {column: at for at, column in enumerate(columns)}
    key = [
        f"{column} {_either(row[places[column]] for row in present.values())}" for column in keys if column in places
    ]
    cells = []
    for column, at in places.items():
        values = [row[at] for row in present.values()]
        if len(present) == 1:
            cells += [f"{column} {_value(values[0])}"] if column not in keys else []
        elif len(set(values)) > 1:
            cells.append(f"{column} " + ", ".join(f"{name} {_value(row[at])}" for name, row in present.items()))
    label = Text(f"  {sign} ", style="bold") + Text(one_line(f"{table} {', '.join(key)}").strip())
    console().print(
        hanging(label + Text("  "), Text(one_line("; ".join(cells)), style="dim" if len(present) == 1 else ""))
    )


def _either(values: Iterable[str | None]) -> str:
    """A key as it was; where it changed, as it became, too."""
    return " → ".join(dict.fromkeys(_value(value) for value in values))


def _value(text: str | None) -> str:
    return "∅" if text is None else text
