"""IntelligentQueryAgent: from words to SQL, and the judgement of SQL before anything runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.question import Question, Reading
from pgwarden.domain.result import ReadLimits
from pgwarden.domain.statement import Decision, Verdict
from pgwarden.ports import LanguageEngine, ReadRunner, ValueIndex
from pgwarden.sql.verdict import judge


class IntelligentQueryAgent:
    """Translates with the engines in order of preference; the first that answers wins, the last one's doubt is kept."""

    def __init__(self, engines: Sequence[LanguageEngine]) -> None:
        self._engines = tuple(engines)

    async def translate(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading:
        """The best reading of a question; its ``sql`` is None when every engine asks back."""
        reading: Reading | None = None
        for engine in self._engines:
            found = await engine.translate(question, catalog, values)
            if found.sql is not None:
                return found
            if reading is None or found.confidence > reading.confidence:
                reading = found
        assert reading is not None, "bootstrap gives at least one engine"
        return reading

    def validate(self, sql: str, catalog: Catalog) -> Verdict:
        """The verdict on a statement; nothing is sent anywhere."""
        return judge(sql, catalog)

    async def explain(self, verdict: Verdict, runner: ReadRunner, limits: ReadLimits) -> Mapping[str, object] | None:
        """The server's plan of a statement, or None for one that was refused or has no plan."""
        from pgwarden.domain.statement import StatementKind

        planned = {StatementKind.SELECT, StatementKind.INSERT, StatementKind.UPDATE, StatementKind.DELETE}
        if verdict.decision is Decision.REFUSE or verdict.kind not in {*planned, StatementKind.MERGE}:
            return None
        return await runner.explain(verdict, limits=limits)
