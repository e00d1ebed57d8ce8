"""``pgwarden eval``: how good the engine is on your own questions and database."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgwarden.cli.ask import EngineName
from pgwarden.cli.door import Database, Json, open_app, read_text
from pgwarden.cli.progress import working
from pgwarden.cli.render import console, emit_json, hanging, one_line, simple_table
from pgwarden.cli.translate import asked_question
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.evaluation import Case, Evaluation, Outcome, Scored
from pgwarden.domain.question import Taught

if TYPE_CHECKING:
    from pgwarden.bootstrap import App


def register(app: typer.Typer) -> None:
    app.command("eval")(evaluate)


def evaluate(
    questions: Annotated[Path | None, typer.Argument(help="JSONL file; standard input without it.")] = None,
    database: Database = None,
    engine: EngineName = "auto",
    taught: Annotated[
        Taught,
        typer.Option(
            "--taught", help="Which vouched-for examples take part: others (all but the question's own), all, or none."
        ),
    ] = Taught.OTHERS,
    as_json: Json = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Rows to compare at most.")] = None,
) -> None:
    """Score an engine with your own questions: how often it is right, how well it knows, what it costs.

    Reads {"id", "question", "gold", "answerable"?, "instructions"?}, one object a line; gold is one SQL query or a list
    of which any will do. Only reads are run.

    [dim]pgwarden eval questions.jsonl --engine model --json[/dim]
    """
    text = read_text("-" if questions is None else None, questions)
    lines = [line for line in text.split("\n") if line.strip()]
    cases = [case_of(line, number) for number, line in enumerate(lines, 1)]

    async def work(app: App) -> Evaluation:
        from pgwarden.agents.evaluation import EvaluationAgent

        agent = EvaluationAgent(app.orchestrator, app.execution)
        scored: list[Scored] = []
        before = await app.models.spent(app.identity)
        async with app.target(database) as name:
            with working() as tell:
                for number, case in enumerate(cases, 1):
                    tell(f"question {number:,} of {len(cases):,}")
                    limits = app.limits(rows=limit)
                    scored.append(
                        await agent.score(
                            case, database=name, identity=app.identity, limits=limits, engine=engine, taught=taught
                        )
                    )
        return Evaluation(tuple(scored), (await app.models.spent(app.identity)).since(before))

    found = open_app(work)
    if as_json:
        emit_json(evaluation_object(found))
    else:
        _show(found)


def case_of(line: str, number: int) -> Case:
    """One input line, checked. Raises InputInvalid."""
    asked = asked_question(line, number)
    given = json.loads(line)
    gold, answerable = given.get("gold") or [], given.get("answerable", True)
    queries = [gold] if isinstance(gold, str) else gold
    if not isinstance(queries, list) or not all(isinstance(query, str) for query in queries):
        raise InputInvalid(f"Line {number}: 'gold' is no SQL.", next_step="Give one query, or a list of queries.")
    if not isinstance(answerable, bool) or answerable is not bool(queries):
        raise InputInvalid(
            f"Line {number}: an answerable question has 'gold', and one that is not has none.",
            next_step='Give "gold": "SELECT …", or "answerable": false.',
        )
    return Case(asked.id, asked.question, tuple(queries), answerable, asked.instructions)


def evaluation_object(found: Evaluation) -> dict[str, Any]:
    """An evaluation as JSON."""
    refused, unanswerable = found.unanswerable
    return {
        "questions": len(found.scored),
        "outcomes": found.outcomes,
        "table": {
            outcome.value: {"answerable": known, "unanswerable": unknown} for outcome, known, unknown in found.table
        },
        "precision": found.precision,
        "unanswerable": {"questions": unanswerable, "not_answered": refused},
        "calibration": [asdict(band) for band in found.calibration],
        "median_milliseconds": round(found.median_milliseconds, 1),
        "models": asdict(found.spent),
        "failures": [
            {
                "id": one.case.id,
                "question": one.case.question,
                "outcome": one.outcome.value,
                "sql": one.sql,
                "gold": list(one.case.gold),
                "confidence": round(one.confidence, 3),
                "engine": one.engine,
                "why": one.why,
            }
            for one in found.failures
        ],
    }


WORDS = {
    Outcome.CORRECT: "right",
    Outcome.SUBSET: "right, with more columns",
    Outcome.BOTH_EMPTY: "both without rows",
    Outcome.WRONG: "wrong",
    Outcome.ASKED: "asked back",
    Outcome.REFUSED: "refused",
    Outcome.ERROR: "could not be compared",
}


def _show(found: Evaluation) -> None:
    from rich.text import Text

    out = console()
    out.print(Text(f"{len(found.scored)} questions", style="bold"))
    has_answer = sum(one.case.answerable for one in found.scored)
    rows = [
        (WORDS[outcome], _share(known, has_answer), _share(unknown, len(found.scored) - has_answer))
        for outcome, known, unknown in found.table
        if known or unknown
    ]
    if rows:
        out.print(simple_table(("", "has an answer", "has none"), rows))
    if found.precision is not None:
        out.print(f"  {found.precision:.0%} of the answers that could be judged were right")
    refused, unanswerable = found.unanswerable
    if unanswerable:
        out.print(f"  {refused} of {unanswerable} unanswerable questions were not answered")
    out.print(f"  {found.median_milliseconds:.1f} ms to translate a question (median)")
    if (spent := found.spent).calls:
        unknown = f" and {spent.unpriced:,} tokens of unknown price" if spent.unpriced else ""
        out.print(f"  language models: {spent.calls:,} calls, {spent.tokens:,} tokens, ${spent.cost:.4f}{unknown}")
    for band in found.calibration:
        if band.answered:
            out.print(f"  confidence from {band.lower:.0%}: {band.right} of {band.answered} right")
    for one in found.failures:
        what = f"{one_line(str(one.case.id))}: {one_line(one.case.question)}"
        out.print(hanging(Text(f"{one.outcome.value:<10} ", style="yellow"), Text(what)))
        for detail in filter(None, (one.why, one.sql)):
            out.print(hanging(Text(" " * 11), Text(one_line(detail), style="dim")))


def _share(count: int, of: int) -> str:
    return f"{count:,} ({count / of:.0%})" if count else ""
