"""What a model proposes: text made into a checked value, and whether its literals have a ground."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pgwarden.context.ranking import name_terms, words_of
from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.question import Complexity, Condition, Intent, Question
from pgwarden.domain.result import Result
from pgwarden.domain.statement import Verdict
from pgwarden.domain.value_index import folded
from pgwarden.ports import ValueIndex

MOST_TEXT = 20_000
EVERY = frozenset({"all", "every", "everything", "each", "any"})


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


def ungrounded(sql: str, question: Question, verdict: Verdict, catalog: Catalog, values: ValueIndex) -> tuple[str, ...]:
    """Text literals of a read that neither the question nor the data holds."""
    known = _known(verdict, catalog, values)
    said = _said(question)
    return tuple(literal for literal in _strings(sql) if not _is_said(literal, said) and folded(literal) not in known)


def change_doubts(
    sql: str, question: Question, verdict: Verdict, catalog: Catalog, values: ValueIndex
) -> tuple[str, ...]:
    """What in a change has no ground in the question, in words; empty when everything has."""
    doubts: list[str] = []
    said = words_of(_said(question))
    for oid in verdict.writes:
        relation = catalog.relations.get(oid)
        if relation is not None and not name_terms(relation.name.name) & frozenset(said):
            doubts.append(f"the table {relation.name} is not named in the question")
    known = _known(verdict, catalog, values)
    text = _said(question)
    plain = re.sub(r"(?i)\binterval\s+'[^']*'", " ", sql)
    if re.search(r"(?i)\b(e|b|x|u&)'|\$[\w]*\$", plain):
        doubts.append("a value is written in a form that cannot be checked")
    for literal in _strings(plain):
        if not _is_said(literal, text) and folded(literal) not in known:
            doubts.append(f"the value '{literal[:60]}' is neither in the question nor in the data")
    numbers = set(re.findall(r"\d+(?:\.\d+)?", text.replace(",", "")))
    bare = re.sub(r"\"[^\"]*\"", " ", re.sub(r"'(?:[^']|'')*'", " ", plain))
    for number in re.findall(r"(?<![\w.$])\d+(?:\.\d+)?", bare):
        if number not in numbers and float(number) not in {float(n) for n in numbers}:
            doubts.append(f"the number {number} is not in the question")
    for amount in re.findall(r"(?i)\binterval\s+'\s*(\d+)", sql):
        if amount not in numbers and amount != "1":
            doubts.append(f"the period of {amount} is not in the question")
    if not re.search(r"(?i)\bwhere\b", bare) and re.match(r"(?i)\s*(update|delete)", sql) and not EVERY & set(said):
        doubts.append("the question does not say that every row is meant")
    return tuple(dict.fromkeys([*doubts, *_unnamed_columns(sql, said, verdict, catalog)]))


def _unnamed_columns(sql: str, said: Sequence[str], verdict: Verdict, catalog: Catalog) -> Iterable[str]:
    assigned = re.match(r"(?is)\s*update\b.*?\bset\b(.*?)(?:\bwhere\b|\bfrom\b|\breturning\b|$)", sql)
    for name in re.findall(r'(?:^|,)\s*"?(\w+)"?\s*=', assigned.group(1)) if assigned else ():
        for oid in verdict.writes:
            relation: Relation | None = catalog.relations.get(oid)
            if relation and relation.column(name) and not name_terms(name) & frozenset(said):
                yield f"the column {name} is not named in the question"


def same_rows(left: Result, right: Result) -> bool | None:
    """Whether two results hold the same rows in any order, column names aside. None when that cannot be told."""
    masked = any(column.masked for column in (*left.columns, *right.columns))
    if masked or left.truncated or right.truncated:
        return None
    return Counter(map(_row, left.rows)) == Counter(map(_row, right.rows))


def _row(row: tuple[object, ...]) -> tuple[str, ...]:
    return tuple("∅" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row)


def _strings(sql: str) -> list[str]:
    return [found.replace("''", "'") for found in re.findall(r"'((?:[^']|'')*)'", sql)]


def _said(question: Question) -> str:
    return " ".join([question.text, question.instructions, *(f"{t} {m}" for t, m in question.glossary)])


def _is_said(literal: str, said: str) -> bool:
    bare = folded(literal.strip("%"))
    return not bare or f" {bare} " in f" {folded(said)} "


def _known(verdict: Verdict, catalog: Catalog, values: ValueIndex) -> frozenset[str]:
    known: set[str] = set()
    for oid in {*verdict.reads, *verdict.writes}:
        if relation := catalog.relations.get(oid):
            for column in relation.columns:
                known.update(folded(value) for value in values.values(oid, column.number))
                kind = catalog.types.get(column.type_oid)
                known.update(folded(label) for label in (kind.labels if kind else ()))
    return frozenset(known)


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
