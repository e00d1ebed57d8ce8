"""``pgwarden impact``: what a change would do, before anyone does it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Database, Json, open_app, read_text
from pgwarden.cli.render import console, emit_json, hanging, one_line, simple_table
from pgwarden.cli.statement import SqlFile
from pgwarden.domain.assessment import Assessment
from pgwarden.domain.impact import Basis, CascadeStep, Figure, Impact
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Risk

if TYPE_CHECKING:
    from pgwarden.bootstrap import App

LEVEL_STYLE = {
    RiskLevel.LOW: "bold green",
    RiskLevel.MEDIUM: "bold yellow",
    RiskLevel.HIGH: "bold red",
    RiskLevel.CRITICAL: "bold white on red",
}


def register(app: typer.Typer) -> None:
    app.command()(impact)


def impact(
    sql: Annotated[str | None, typer.Argument(help="One statement that changes rows; '-' reads it from stdin.")] = None,
    file: SqlFile = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Say exactly what a change would do: rows, cascades, triggers, what stops it, risk, and how to take it back.

    Everything is found out by reading; nothing is changed, locked or run.
    """
    text = read_text(sql, file)

    async def work(app: App) -> Assessment:
        async with app.target(database) as name:
            return await app.impact.assess(name, text, identity=app.identity)

    found = open_app(work)
    if as_json:
        emit_json(found.to_dict())
    else:
        show_assessment(found)


def show_assessment(found: Assessment) -> None:
    """The whole analysis, the decision-relevant part first."""
    show_risk(found.risk)
    _show_rows(found.impact)
    _show_lines("would fail", (v.message for v in found.impact.violations), "bold red")
    _show_cascades(found.impact)
    effects = (f"{e.kind.value} {e.name}: {e.message}" for e in found.impact.side_effects)
    _show_lines("beside the rows", effects, "bold")
    _show_lines("not exact because", found.impact.doubts, "bold yellow")
    _show_lines("frozen", (f"{f.expression} → {f.literal}" for f in found.impact.frozen), "bold")
    _show_recovery(found.impact)


def show_risk(risk: Risk) -> None:
    """The level and each reason."""
    from rich.text import Text

    head = Text("risk ") + Text(f" {risk.level.value} ", style=LEVEL_STYLE[risk.level])
    detail = f"  score {risk.score} ({risk.score_level.value}), matrix {risk.matrix_level.value}"
    console().print(head + Text(detail, style="dim"))
    for finding in risk.findings:
        level = f" [{finding.level.value}]" if finding.level else ""
        console().print(hanging(Text("  • "), Text(f"{one_line(finding.message)}{level}")))
        if finding.hint:
            console().print(hanging(Text("    "), Text(one_line(finding.hint), style="dim")))
    for line in risk.business:
        console().print(hanging(Text("  • "), Text(one_line(line))))


def _show_rows(impact: Impact) -> None:
    rows = [
        (
            t.name + ("" if t.target else "  (reached)"),
            _figure(t.inserted),
            _figure(t.updated),
            _figure(t.deleted),
            t.note,
        )
        for t in impact.tables
    ]
    console().print(simple_table(("table", "inserted", "updated", "deleted", "note"), rows))


def _figure(figure: Figure) -> str:
    if figure.basis is Basis.UNKNOWN:
        return "?"
    if figure.rows == 0 and figure.certain:
        return ""
    if figure.certain:
        return f"{figure.rows:,}"
    between = f" ({figure.low:,}–{figure.high:,})" if figure.low is not None and figure.high is not None else ""
    return f"≈ {figure.rows:,}{between} {figure.basis.value}"


def _show_cascades(impact: Impact) -> None:
    from rich.text import Text
    from rich.tree import Tree

    if not impact.cascades:
        return
    root = Tree(Text("cascades", style="bold"))
    branches: dict[str, Tree] = {}
    for step in sorted(impact.cascades, key=lambda step: step.depth):
        parent = branches.get(step.source, root) if step.depth > 1 else root
        branch = parent.add(Text(_step(step)))
        branches.setdefault(step.table, branch)
        if step.missing_index:
            branch.add(Text(f"slow without: {one_line(step.missing_index)}", style="yellow"))
    console().print(root)


def _step(step: CascadeStep) -> str:
    rows = _figure(step.figure) or "0"
    return f"{step.source} {step.event} → {step.table}({', '.join(step.columns)}) {step.action}: {rows} rows"


def _show_lines(title: str, lines: Iterator[str] | tuple[str, ...], style: str) -> None:
    from rich.text import Text

    shown = list(lines)
    if shown:
        console().print(Text(title, style=style))
        for line in shown:
            console().print(hanging(Text("  • "), Text(one_line(line))))


def _show_recovery(impact: Impact) -> None:
    plan = impact.recovery
    if plan is None:
        return
    taken = f"taking it back: {plan.rows:,} rows kept, about {plan.bytes / 1024**2:,.1f} MB and {plan.seconds:,.1f} s"
    _show_lines(taken, plan.steps, "bold")
    _show_lines("cannot be taken back", plan.irreversible, "bold red")
