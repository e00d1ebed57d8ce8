"""What a model proposes: text made into a checked value, and whether two proposals give the same rows."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pgwarden.domain.evaluation import Outcome, compared
from pgwarden.domain.question import Complexity, Condition, Intent
from pgwarden.domain.result import Result

MOST_TEXT = 20_000


class ProposalInvalid(ValueError):
    """The model's text is no proposal; the message tells the model what was expected."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A model's answer. Nothing in it is believed before it was checked."""

    sql: str | None
    explanation: str = ""
    confidence: float = 0.0
    assumptions: tuple[str, ...] = ()
    clarification: str = ""
    options: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    """Other SQL, where the question can be read otherwise."""
    intent: Intent | None = None


def parse(text: str) -> Proposal:
    """The JSON object in a model's text. Raises ProposalInvalid."""
    start, end = text.find("{"), text.rfind("}")
    try:
        given = json.loads(text[start : end + 1]) if 0 <= start < end and len(text) <= MOST_TEXT else None
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise ProposalInvalid("The answer is not one JSON object.")
    sql = given.get("sql")
    if sql is not None and (not isinstance(sql, str) or "\x00" in sql):
        raise ProposalInvalid('"sql" is neither a text nor null.')
    stated = given.get("confidence", 0.5)
    sure = float(stated) if isinstance(stated, int | float) and not isinstance(stated, bool) else 0.0
    sure = min(max(sure, 0.0), 1.0) if sure == sure else 0.0
    clarification = _text(given.get("clarification"))
    sql = sql.strip().rstrip(";").strip() if sql else None
    if not sql and not clarification:
        raise ProposalInvalid('Neither "sql" nor "clarification" is given.')
    return Proposal(
        sql or None, _text(given.get("explanation")), sure, _texts(given.get("assumptions")), clarification,
        _texts(given.get("options")), _texts(given.get("alternatives"))[:2], _intent(given.get("intent")),
    )  # fmt: skip


def same_rows(left: Result, right: Result) -> bool | None:
    """Whether two results hold the same rows, whatever the order of rows and columns. None when that cannot be told:
    one is cut or masked, or neither has a row."""
    masked = any(column.masked for column in (*left.columns, *right.columns))
    if masked or left.truncated or right.truncated:
        return None
    found = compared(left.rows, right.rows, ordered=False)
    return None if found is Outcome.BOTH_EMPTY else found is Outcome.CORRECT


def _text(given: object) -> str:
    return " ".join(given.split())[:1000] if isinstance(given, str) else ""


def _texts(given: object) -> tuple[str, ...]:
    return tuple(text for each in given[:6] if (text := _text(each))) if isinstance(given, list) else ()


def _intent(given: object) -> Intent | None:
    if not isinstance(given, dict) or given.get("intent_type") not in ("SELECT", "INSERT", "UPDATE", "DELETE"):
        return None
    conditions = given.get("conditions")
    found = [c for c in conditions if isinstance(c, dict)][:20] if isinstance(conditions, list) else []
    made = tuple(Condition(_text(c.get("column")), _text(c.get("operator")), str(c.get("value"))[:200]) for c in found)
    known = {each.value for each in Complexity}
    hard = given.get("complexity")
    complexity = Complexity(hard) if hard in known else Complexity.SIMPLE
    return Intent(
        given["intent_type"], _texts(given.get("entities")), _texts(given.get("operations")), made, complexity
    )
