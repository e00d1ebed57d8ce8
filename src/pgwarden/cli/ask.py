"""``pgwarden ask``: words in, rows or SQL out."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgwarden.cli.confirming import Yes, once_confirmed
from pgwarden.cli.door import Database, Json, open_app, read_text
from pgwarden.cli.progress import working
from pgwarden.cli.render import chart, console, emit_json, footer, hanging, one_line, print_rows, write_csv
from pgwarden.domain.advice_json import choice_object, estimate_words
from pgwarden.domain.answer import Answer, AnswerStatus
from pgwarden.domain.login import Scope
from pgwarden.domain.plain import plain

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.undo_proposal import UndoProposal

EXIT_STATUS = {
    AnswerStatus.ANSWERED: 0,
    AnswerStatus.REFUSED: 3,
    AnswerStatus.AWAITING_APPROVAL: 4,
    AnswerStatus.CLARIFY: 5,
}


EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        help="auto, built-in, or model; auto asks the model first where one is set up.",
        callback=lambda name: "built-in" if name == "builtin" else name,
    ),
]


def register(app: typer.Typer) -> None:
    app.command()(ask)


def ask(
    question: Annotated[
        str | None, typer.Argument(help="The question, in plain words; '-' reads it from stdin.")
    ] = None,
    database: Database = None,
    as_json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
    sql_only: Annotated[bool, typer.Option("--sql-only", help="Print the SQL and do not run it.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also show the plan and how the question was read.")
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Show the steps that would be taken, and stop.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Rows to return at most.")] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", min=0.1, help="Seconds the query may run.")] = None,
    instructions: Annotated[
        str, typer.Option("--instructions", "-i", help="Definitions for this question, e.g. 'revenue = sum of price'.")
    ] = "",
    session: Annotated[
        str, typer.Option("--session", "-s", help="Name of a conversation, for follow-up questions.")
    ] = "",
    engine: EngineName = "auto",
    alternatives: Annotated[
        bool, typer.Option("--alternatives", help="Also other readings and other ways to write it, each with its cost.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Answer a question from the database: the SQL, how it was read, and the rows.

    [dim]pgwarden ask "customers from California, newest first"[/dim]
    """
    text = read_text(question).strip()

    async def work(app: App) -> Answer:
        async with app.target(database) as name:
            limits = app.limits(rows=limit, seconds=timeout)

            async def answered(*, confirmed: bool) -> Answer:
                with working() as tell:
                    return await app.orchestrator.ask(
                        text,
                        database=name,
                        identity=app.identity,
                        session=session,
                        instructions=instructions,
                        limits=limits,
                        execute=not (sql_only or plan),
                        explain=True,
                        engine=engine,
                        progress=lambda event: tell(event.words),
                        opens=opening_door(app),
                        confirmed=confirmed,
                    )

            answer = await once_confirmed(answered, yes=yes)
            if not alternatives:
                return answer
            catalog = await app.orchestrator.visible(name, identity=app.identity)
            found = await app.advisor.choices(name, answer.reading, catalog, identity=app.identity, limits=limits)
            return replace(answer, choices=found)

    answer = open_app(work)
    liked = answer.preferences.output if answer.result is not None and not (plan or sql_only or explain) else ""
    as_json, csv = as_json or (liked == "json" and not csv), csv or (liked == "csv" and not as_json)
    if as_json:
        emit_json(answer_object(answer))
    elif sql_only:
        if answer.reading.sql is None:
            show(answer)
        else:
            print_sql(answer.reading.sql, decorate=sys.stdout.isatty())
    elif csv and answer.result is not None:
        write_csv(answer.result, sys.stdout)
    elif plan:
        show_plan(answer)
    else:
        show(answer, explain=explain)
    if EXIT_STATUS[answer.status] and not (plan or (sql_only and answer.reading.sql)):
        raise typer.Exit(EXIT_STATUS[answer.status])


def opening_door(app: App) -> str:
    """What the audit calls this door, where whoever sits at it may open requests; '' where not."""
    return "cli" if Scope.REQUEST in app.session.scopes else ""


def answer_object(answer: Answer) -> dict[str, Any]:
    """An answer as JSON, without the engine's inner state."""
    reading = answer.reading
    shown = {
        "status": answer.status.value,
        "database": answer.database,
        "question": reading.question,
        "sql": reading.sql,
        "explanation": reading.explanation,
        "assumptions": list(reading.assumptions),
        "confidence": round(reading.confidence, 3),
        "engine": reading.engine,
        "intent": plain(reading.intent),
        "clarification": plain(reading.clarification),
        "plan": plain(answer.plan),
        "reasons": [plain(reason) for reason in answer.verdict.reasons] if answer.verdict else [],
        "suggestions": [plain(s) for s in answer.verdict.suggestions] if answer.verdict else [],
        "result": plain(answer.result),
        "assessment": answer.assessment.to_dict() if answer.assessment else None,
        "validation": plain(answer.validation),
        "notes": list(answer.notes),
        "options": plain(answer.options),
        "undo": {**plain(answer.undo), "next": answer.undo.next_step} if answer.undo else None,
        "alternatives": [choice_object(one) for one in answer.choices],
        "follow_ups": list(answer.follow_ups),
        "warnings": list(answer.warnings),
        "preferences": plain(answer.preferences),
        "turn": answer.turn,
        "milliseconds": round(answer.milliseconds, 1),
    }
    return {key: value for key, value in shown.items() if value is not None}


def show(answer: Answer, *, explain: bool = False) -> None:
    """An answer for a person: the reading, the SQL, the rows, and what could come next."""
    from rich.text import Text

    out = console()
    reading = answer.reading
    if reading.explanation:
        out.print(Text(one_line(reading.explanation), style="bold"))
    if reading.sql:
        print_sql(reading.sql, decorate=True)
    if explain:
        for assumption in reading.assumptions:
            out.print(Text(f"  assumed: {one_line(assumption)}", style="dim"))
        out.print(Text(f"  confidence {reading.confidence:.0%}, {reading.engine} engine", style="dim"))
        show_plan(answer)
    if answer.verdict:
        for reason in answer.verdict.reasons:
            out.print(hanging(Text("• "), Text(one_line(reason.message))))
    if answer.assessment is not None:
        from pgwarden.cli.impact import show_assessment

        show_assessment(answer.assessment)
    if answer.result is not None:
        print_rows(answer.result, answer.preferences)
        for line in chart(answer.result, answer.preferences):
            out.print(Text(line, style="cyan"))
        out.print(Text(footer(answer.result), style="dim"))
    if explain and answer.result is not None and answer.result.statistics.plan:
        out.print(Text(one_line(answer.result.statistics.plan), style="dim"))
    if explain and answer.validation is not None:
        out.print(Text(f"planned by the server: {answer.validation.words()}", style="dim"))
    for note in answer.notes:
        out.print(hanging(Text("• "), Text(one_line(note))))
    for option in answer.options:
        out.print(hanging(Text(f"  {one_line(option.label)}: "), Text(one_line(option.sql), style="cyan")))
    for choice in answer.choices:
        cost = f" ({estimate_words(choice.estimate)})" if choice.estimate else ""
        out.print(hanging(Text("\n" + choice.kind + ": ", style="bold"), Text(one_line(choice.explanation) + cost)))
        print_sql(choice.sql, decorate=True)
    for warning in answer.warnings:
        out.print(Text(one_line(warning), style="yellow"))
    show_next(answer)


def show_next(answer: Answer) -> None:
    """The options of a question back, or follow-ups worth asking."""
    from rich.text import Text

    out, reading = console(), answer.reading
    clarification = reading.clarification
    if clarification is not None:
        out.print(Text(one_line(clarification.message), style="yellow"))
        for number, option in enumerate(clarification.options, 1):
            out.print(Text(f"  {number}. {one_line(option.label)}"))
    if answer.undo is not None:
        show_undo(answer.undo)
    elif answer.status is AnswerStatus.AWAITING_APPROVAL:
        changes = answer.verdict is None or not answer.verdict.allowed
        what = "This changes data" if changes else "This shows sensitive values"
        out.print(Text(f"{what}: nothing was run. It needs a person's approval.", style="yellow"))
        asking = f'pgwarden request "{one_line(reading.question)}" --reason "…"'
        out.print(Text(f"Ask for it: {asking}", style="dim"))
    if answer.follow_ups:
        out.print(Text("You could ask: " + " · ".join(one_line(f) for f in answer.follow_ups), style="dim"))


def show_undo(undo: UndoProposal) -> None:
    """What taking it back would do, and what became of the wish."""
    from rich.text import Text

    out = console()
    out.print(Text(one_line(undo.statement), style="cyan"))
    for number, step in enumerate(undo.steps, 1):
        out.print(Text(f"  {number}. {one_line(step)}"))
    out.print(Text("Nothing was changed yet.", style="yellow"))
    out.print(Text(one_line(undo.next_step), style="dim"))


def show_plan(answer: Answer) -> None:
    """The steps with the agent that takes each, and why."""
    from rich.text import Text

    if answer.plan is None:
        return
    changed = answer.plan.risk_before
    before = f", {changed.value} before the impact was known" if changed else ""
    head = f"plan ({answer.plan.intent_type}, {answer.plan.complexity.value}, risk {answer.plan.risk.value}{before})"
    console().print(Text(head, style="bold"))
    for number, step in enumerate(answer.plan.steps, 1):
        label = Text(f"  {number}. {step.name:<17}", style="cyan") + Text(f"{step.agent:<22} ", style="dim")
        given = f" (with {', '.join(step.inputs)})" if step.inputs else ""
        console().print(hanging(label, Text(step.why) + Text(given, style="dim")))


def print_sql(sql: str, *, decorate: bool) -> None:
    """SQL, highlighted on a terminal and bare in a pipe."""
    if not (decorate and sys.stdout.isatty()):
        sys.stdout.write(sql.rstrip() + "\n")
        return
    from rich.syntax import Syntax

    console().print(Syntax(sql, "postgresql", theme="ansi_dark", word_wrap=True, background_color="default"))
