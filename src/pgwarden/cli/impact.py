"""``pgwarden impact``: what a change would do, before anyone does it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Database, Json, open_app, read_text
from pgwarden.cli.render import console, emit_json, hanging, one_line, simple_table
from pgwarden.cli.statement import SqlFile
from pgwarden.domain.assessment import Assessment
from pgwarden.domain.business import BusinessImpact
from pgwarden.domain.impact import Basis, CascadeStep, Figure, Impact, SideEffect, SideEffectKind
from pgwarden.domain.login import Scope
from pgwarden.domain.quantity import counted, duration, plural, size
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import Risk

if TYPE_CHECKING:
    from rich.text import Text

    from pgwarden.bootstrap import App

LEVEL_STYLE = {
    RiskLevel.LOW: "bold green",
    RiskLevel.MEDIUM: "bold yellow",
    RiskLevel.HIGH: "bold red",
    RiskLevel.CRITICAL: "bold white on red",
}
K = SideEffectKind
GATHERED = {
    K.VIEW: "views that show the change: {names}",
    K.MATERIALIZED_VIEW: "stale until they are refreshed: {names}",
    K.FUNCTION: "functions that mention these tables and are not run: {names}",
    K.INDEX: "indexes are maintained on {tables}",
    K.CONSTRAINT: "constraints are checked on {tables}",
    K.LOCK: "writers to {tables} wait from the start of the execution to its end; readers do not",
}
"""Side effects of one kind that are told together, where there are several."""


def register(app: typer.Typer) -> None:
    app.command()(impact)


def impact(
    sql: Annotated[str | None, typer.Argument(help="One statement that changes rows; '-' reads it from stdin.")] = None,
    file: SqlFile = None,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Run it and roll it back, for what counting cannot tell. Leaves traces.")
    ] = False,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Say exactly what a change would do: rows, cascades, triggers, what stops it, risk, and how to take it back.

    Everything is found out by reading; nothing is changed, locked or run, unless a rehearsal is asked for.
    """
    text = read_text(sql, file)

    async def work(app: App) -> Assessment:
        async with app.target(database) as name:
            if not rehearse:
                return await app.impact.assess(name, text, identity=app.identity)
            app.session.require(Scope.EXECUTE)
            return await app.impact.rehearse(name, text, identity=app.identity)

    found = open_app(work)
    if as_json:
        emit_json(found.to_dict())
    else:
        show_assessment(found)


def show_assessment(found: Assessment) -> None:
    """The whole analysis, the decision-relevant part first. What a finding has told is not told again."""
    show_risk(found.risk)
    _show_rows(found.impact)
    if len(found.impact.violations) > 1:
        told = (v.message + ("" if v.certain else " (may be)") for v in found.impact.violations)
        _show_lines("what would refuse it", told, "bold red")
    _show_cascades(found.impact)
    _show_business(found.risk.business)
    _show_lines("beside the rows", _around(found.impact), "bold")
    _show_lines("who uses these tables", map(str, found.impact.users), "bold")
    _show_lines("not exact because", found.impact.doubts, "bold yellow")
    _show_lines("frozen", (f"{f.expression} → {f.literal}" for f in found.impact.frozen), "bold")
    _show_lines("taken when it runs", found.impact.taken, "bold")
    if found.backup is not None:
        _show_lines("kept before it runs", found.backup.words, "bold")
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


def _show_rows(impact: Impact) -> None:
    touched = [t for t in impact.tables if t.target or t.rows or not t.certain]
    untouched = len(impact.tables) - len(touched)
    notes = any(t.note for t in touched)
    rows = [
        (
            one_line(t.name) + ("" if t.target else " ←"),
            _figure(t.inserted),
            _figure(t.updated),
            _figure(t.deleted),
            *([t.note] if notes else []),
        )
        for t in touched
    ]
    console().print(simple_table(("table", "inserted", "updated", "deleted", *(["note"] if notes else [])), rows))
    if any(not t.target for t in touched):
        _dim("← reached by foreign keys or triggers")
    if untouched:
        _dim(
            f"{counted(untouched, 'table')} in reach of foreign keys {'has' if untouched == 1 else 'have'} no such row"
        )


def _dim(text: str) -> None:
    from rich.text import Text

    console().print(Text(text, style="dim"))


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
    root = Tree(Text("foreign keys", style="bold"))
    branches: dict[str, Tree] = {}
    for step in sorted(impact.cascades, key=lambda step: step.depth):
        parent = branches.get(step.source, root) if step.depth > 1 else root
        branch = parent.add(_step(step))
        branches.setdefault(step.table, branch)
        if step.missing_index and step.figure.rows:
            branch.add(Text(f"slow without: {one_line(step.missing_index)}", style="yellow"))
    console().print(root)


def _step(step: CascadeStep) -> Text:
    """``orders.customer_id → customers  RESTRICT, 16 rows``, dim where no row is reached."""
    from rich.text import Text

    figure = _figure(step.figure)
    rows = "no row" if not figure else f"{figure} {plural(step.figure.rows, 'row')}"
    change = "" if step.event == "DELETE" else "key change of "
    where = f"{change}{step.source} → {step.table} ({', '.join(step.columns)})"
    return Text(one_line(f"{where}  {step.action}: {rows}"), style="" if figure else "dim")


def _show_business(business: BusinessImpact) -> None:
    lines = [*map(str, business.tables), *business.disruption, *business.recovery]
    _show_lines("for the business", lines, "bold")


def _around(impact: Impact) -> list[str]:
    """Side effects as lines, without those that a finding has told as unknown, and those that have their own part."""
    kinds: dict[SideEffectKind, list[SideEffect]] = {}
    for effect in impact.side_effects:
        if effect.known and effect.kind is not K.APPLICATION:
            kinds.setdefault(effect.kind, []).append(effect)
    lines = []
    for kind, effects in kinds.items():
        form = GATHERED.get(kind)
        if form and len({effect.message for effect in effects}) > 1:
            names = ", ".join(dict.fromkeys(effect.name for effect in effects))
            lines.append(form.format(names=names, tables=", ".join(dict.fromkeys(effect.table for effect in effects))))
        else:
            lines += dict.fromkeys(effect.message for effect in effects)
    wal, seconds = impact.cost.wal_bytes, impact.cost.seconds
    if wal:
        lines.append(f"{size(wal)} of write-ahead log; it takes {_about(seconds)}")
    return lines


def _about(seconds: float) -> str:
    return duration(seconds) if seconds < 0.1 else f"about {duration(seconds)}"


def _show_lines(title: str, lines: Iterable[str], style: str) -> None:
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
    unknown = any(figure.basis is Basis.UNKNOWN for t in impact.tables for figure in (t.inserted, t.updated, t.deleted))
    kept = f"{counted(plan.rows, 'row image')} kept, {size(plan.bytes)}; it takes {_about(plan.seconds)}"
    taken = f"taking it back: {'how many rows are kept is not known' if unknown else kept}"
    _show_lines(taken, plan.steps, "bold")
    _show_lines("cannot be taken back", plan.irreversible, "bold red")
