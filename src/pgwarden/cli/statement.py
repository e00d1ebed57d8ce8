"""``pgwarden check`` and ``pgwarden query``: SQL in, the verdict or the rows out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.confirming import Yes, once_confirmed
from pgwarden.cli.door import Database, Json, open_app, read_text
from pgwarden.cli.progress import working
from pgwarden.cli.render import chart, console, emit_json, footer, hanging, one_line, print_rows, write_csv
from pgwarden.domain.plain import plain
from pgwarden.domain.query_plan import plan_summary
from pgwarden.domain.statement import Decision, Reason, Verdict
from pgwarden.domain.verdict_json import column_names, relation_names, verdict_object

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.catalog import Catalog
    from pgwarden.domain.result import Result

EXIT_STATUS = {Decision.ALLOW: 0, Decision.REFUSE: 3, Decision.NEEDS_APPROVAL: 4}
STYLE = {Decision.ALLOW: "bold green", Decision.NEEDS_APPROVAL: "bold yellow", Decision.REFUSE: "bold red"}
WORD = {Decision.ALLOW: "ALLOW", Decision.NEEDS_APPROVAL: "NEEDS APPROVAL", Decision.REFUSE: "REFUSE"}

SqlFile = Annotated[Path | None, typer.Option("--file", "-f", help="Read the SQL from a file.", exists=True)]


def register(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(query)


def check(
    sql: Annotated[str | None, typer.Argument(help="One SQL statement; '-' reads it from stdin.")] = None,
    file: SqlFile = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Say what a statement is, what it would touch, and whether it may run. Nothing is run.

    The exit status tells the decision: 0 allow, 3 refuse, 4 needs approval.
    """
    text = read_text(sql, file)

    async def work(app: App) -> tuple[Verdict, Catalog, Mapping[str, object] | None]:
        async with app.target(database) as name:
            catalog = await app.schema.catalog(name)
            trail = app.trail.event(
                "statement.checked", identity=app.identity, database=name, personal={"statement": text}
            )
            async with trail as event:
                verdict = app.query.validate(text, catalog)
                event.details["verdict"] = verdict.decision.value
            plan = None
            if verdict.allowed:
                plan = await app.execution.explain(name, text, identity=app.identity, limits=app.limits())
            return verdict, catalog, plan

    verdict, catalog, plan = open_app(work)
    if as_json:
        emit_json(verdict_object(verdict, catalog, plain(plan) if plan else None))
    else:
        _show(verdict, catalog, plan)
    raise typer.Exit(EXIT_STATUS[verdict.decision])


def _show(verdict: Verdict, catalog: Catalog, plan: Mapping[str, object] | None) -> None:
    from rich.text import Text

    out = console()
    out.print(Text(WORD[verdict.decision], style=STYLE[verdict.decision]) + Text(f"  {verdict.kind.value}"))
    for reason in verdict.reasons:
        _show_reason("because", reason)
    facts = (
        ("reads", relation_names(verdict.reads, catalog)),
        ("writes", relation_names(verdict.writes, catalog)),
        ("columns", column_names(verdict, catalog)),
    )
    for label, names in facts:
        if names:
            shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
            out.print(hanging(Text(f"  {label + ':':<10}", style="dim"), Text(one_line(shown))))
    if plan:
        out.print(hanging(Text("  plan:     ", style="dim"), Text(plan_summary(plan))))
    for suggestion in verdict.suggestions:
        _show_reason("consider", suggestion)


def _show_reason(label: str, reason: Reason) -> None:
    from rich.text import Text

    where = f" (at character {reason.position + 1})" if reason.position is not None else ""
    console().print(hanging(Text(f"  {label + ':':<10}", style="dim"), Text(one_line(reason.message) + where)))
    if reason.hint:
        console().print(Text(f"{'':<12}{one_line(reason.hint)}", style="dim"))


def query(
    sql: Annotated[str | None, typer.Argument(help="One SQL statement that reads; '-' reads it from stdin.")] = None,
    file: SqlFile = None,
    database: Database = None,
    as_json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Rows to return at most.")] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", min=0.1, help="Seconds the query may run.")] = None,
    yes: Yes = False,
    chosen: Annotated[
        list[str] | None,
        typer.Option("--set", help="A planner setting for this read alone, e.g. enable_nestloop=off; repeatable."),
    ] = None,
) -> None:
    """Run one reading SQL statement behind the fences and show its rows."""
    text = read_text(sql, file)

    async def work(app: App) -> Result:
        async with app.target(database) as name:
            limits = app.limits(rows=limit, seconds=timeout, planner=chosen or ())
            limits = await app.orchestrator.zoned(limits, identity=app.identity)

            async def read(*, confirmed: bool) -> Result:
                with working() as tell:
                    tell("running the statement")
                    return await app.execution.read(
                        name, text, identity=app.identity, limits=limits, plan=True, confirmed=confirmed
                    )

            return await once_confirmed(read, yes=yes)

    result = open_app(work)
    if csv and not as_json:
        write_csv(result, sys.stdout)
    else:
        show_result(result, as_json=as_json)


def show_result(result: Result, *, as_json: bool) -> None:
    """Rows as a table with a small chart, or as one JSON document."""
    if as_json:
        emit_json(result)
        return
    from rich.text import Text

    print_rows(result)
    for line in chart(result):
        console().print(Text(line, style="cyan"))
    for notice in result.notices:
        console(stderr=True).print(Text(one_line(notice), style="yellow"))
    console().print(Text(footer(result), style="dim"))
