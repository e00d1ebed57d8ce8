"""``pgwarden translate``: many questions in, as many answers out, one JSON object a line."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pgwarden.cli.ask import EngineName
from pgwarden.cli.door import open_app, read_text
from pgwarden.cli.progress import working
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.plain import plain

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.question import Reading


class Asked(NamedTuple):
    """One input line."""

    id: object
    question: str
    instructions: str
    glossary: tuple[tuple[str, str], ...]


def register(app: typer.Typer) -> None:
    app.command()(translate)


def translate(
    database: Annotated[
        str | None, typer.Option("--database", "-d", help="Name of a registered database, or a postgresql:// URL.")
    ] = None,
    questions: Annotated[Path | None, typer.Argument(help="JSONL file; standard input without it.")] = None,
    engine: EngineName = "auto",
) -> None:
    """Translate many questions: JSON lines in, JSON lines out.

    Reads {"id", "question", "instructions"?, "glossary"?} and writes
    {"id", "sql" or null, "confidence", "engine", "clarification"?}, one line for each, in their order. Nothing is run.
    A line that is no question gets "sql": null and an "error", and the exit status is 2.
    """
    text = read_text("-" if questions is None else None, questions)
    lines = [line for line in text.split("\n") if line.strip()]  # JSON texts may hold the other line separators

    async def work(app: App) -> int:
        wrong = 0
        async with app.target(database) as name:
            silent = sys.stdout.isatty()  # there the answers themselves show how far it is
            with nullcontext(lambda _what: None) if silent else working() as tell:
                for number, line in enumerate(lines, 1):
                    tell(f"question {number:,} of {len(lines):,}")
                    found = await _answer(app, name, line, number, engine)
                    wrong += "error" in found
                    sys.stdout.write(_line(found) + "\n")
                    sys.stdout.flush()
        return wrong

    if open_app(work):
        raise typer.Exit(InputInvalid.exit_status)


async def _answer(app: App, database: str, line: str, number: int, engine: str) -> dict[str, Any]:
    """The output object of one line; what is wrong with the line is told in it, and the next line has its turn."""
    asked_id: object = number
    try:
        asked = asked_question(line, number)
        asked_id = asked.id
        reading = await app.orchestrator.translate(
            asked.question,
            database=database,
            identity=app.identity,
            instructions=asked.instructions,
            glossary=asked.glossary,
            engine=engine,
        )
    except InputInvalid as error:
        return {"id": asked_id, "sql": None, "confidence": 0.0, "engine": "none", "error": error.to_dict()}
    return {"id": asked.id} | _translation(reading)


def _translation(reading: Reading) -> dict[str, Any]:
    found: dict[str, Any] = {"sql": reading.sql, "confidence": round(reading.confidence, 4), "engine": reading.engine}
    if reading.clarification is not None:
        found["clarification"] = plain(reading.clarification)
    if reading.explanation:
        found["explanation"] = reading.explanation
    return found


def _line(found: dict[str, Any]) -> str:
    text = json.dumps(found, ensure_ascii=False)
    return text if text.isascii() or not any("\ud800" <= ch <= "\udfff" for ch in text) else json.dumps(found)


def asked_question(line: str, number: int) -> Asked:
    """One input line, checked. Raises InputInvalid."""
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply or holds a huge number"
        raise InputInvalid(f"Line {number} is not JSON: {why}.", next_step="Give one JSON object a line.") from None
    if not isinstance(given, dict) or not isinstance(given.get("question"), str):
        raise InputInvalid(f"Line {number} has no text under 'question'.", next_step='Give {"id": …, "question": "…"}.')
    instructions = given.get("instructions") or ""
    if not isinstance(instructions, str):
        raise InputInvalid(f"Line {number}: 'instructions' is no text.", next_step="Give a text, or leave it out.")
    return Asked(given.get("id", number), given["question"], instructions, _glossary(given.get("glossary"), number))


def _glossary(given: object, number: int) -> tuple[tuple[str, str], ...]:
    pairs = list(given.items()) if isinstance(given, dict) else given or []
    if isinstance(pairs, list) and all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        words = [word for pair in pairs for word in pair]
        if all(isinstance(word, str) for word in words):
            return tuple((term, meaning) for term, meaning in pairs)
    raise InputInvalid(
        f"Line {number}: 'glossary' is neither an object of texts nor a list of pairs of texts.",
        next_step='Give {"term": "meaning"} or [["term", "meaning"]], or leave it out.',
    )
