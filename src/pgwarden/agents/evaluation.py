"""The engine held against a team's own questions, on their own database, through the fences of every read."""

from __future__ import annotations

import time
from dataclasses import replace

from pgwarden.agents.orchestrator import DatabaseOrchestrator
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.evaluation import Case, Outcome, Scored, compared
from pgwarden.domain.identity import Identity
from pgwarden.domain.question import Reading, Taught
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.sql.parse import parse


class EvaluationAgent:
    """Asks what a case asks and compares the rows with those of its gold queries. Changes are never run."""

    def __init__(self, orchestrator: DatabaseOrchestrator, execution: SafeExecutionAgent) -> None:
        self._orchestrator, self._execution = orchestrator, execution

    async def score(
        self,
        case: Case,
        *,
        database: str,
        identity: Identity,
        limits: ReadLimits,
        engine: str = "auto",
        taught: Taught = Taught.OTHERS,
    ) -> Scored:
        """One case, scored. What is wrong with its SQL is told in it; a question that is none raises InputInvalid.

        Without ``taught`` the very question's own verified SQL takes no part: it would be scored against itself. An
        engine that was wanted and could not be asked is an error, whoever stood in for it.
        """
        started = time.perf_counter()
        reading = await self._orchestrator.translate(
            case.question, database=database, identity=identity, instructions=case.instructions, engine=engine,
            taught=taught,
        )  # fmt: skip
        taken = (time.perf_counter() - started) * 1000
        scored = Scored(case, _unanswered(reading), reading.sql, reading.confidence, taken, engine=reading.engine)
        if engine == "model" and (reading.failed or reading.engine == "built-in"):
            return replace(scored, outcome=Outcome.ERROR, sql=None, why=" ".join(reading.notes))
        if reading.sql is None:
            return scored
        if not case.answerable:
            return replace(scored, outcome=Outcome.WRONG, why="The question has no answer here.")
        try:
            answer = await self._rows(database, reading.sql, identity, limits)
            outcomes = []
            for gold in case.gold:
                rows = await self._rows(database, gold, identity, limits)
                outcomes.append(compared(rows, answer, ordered=_ordered(gold)))
        except PgwardenError as error:
            return replace(scored, outcome=Outcome.ERROR, why=" ".join(filter(None, (error.what, error.why))))
        except _NotComparable as error:
            return replace(scored, outcome=Outcome.ERROR, why=str(error))
        best = next((o for o in (Outcome.CORRECT, Outcome.SUBSET, Outcome.BOTH_EMPTY) if o in outcomes), Outcome.WRONG)
        return replace(scored, outcome=best)

    async def _rows(
        self, database: str, sql: str, identity: Identity, limits: ReadLimits
    ) -> tuple[tuple[object, ...], ...]:
        result: Result = await self._execution.read(database, sql, identity=identity, limits=limits)
        if result.truncated:
            raise _NotComparable("A result was cut at the limit of a read: raise it with --limit.")
        if any(column.masked for column in result.columns):
            raise _NotComparable("A result holds values that are masked for you.")
        return result.rows


class _NotComparable(Exception):
    """A result that shows only a part of the rows or values."""


def _unanswered(reading: Reading) -> Outcome:
    asked = reading.clarification is not None and reading.clarification.options
    return Outcome.ASKED if asked else Outcome.REFUSED


def _ordered(sql: str) -> bool:
    """Whether the query itself, not one within it, has an ORDER BY."""
    statement = parse(sql).statements[0]
    return bool(statement["stmt"].get("SelectStmt", {}).get("sortClause"))
