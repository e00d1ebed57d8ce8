"""QueryCheck: a query that is not simple is planned by the server first, and looked at twice when nothing comes."""

from __future__ import annotations

from dataclasses import replace

from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.agents.spare import LOSSES
from pgwarden.domain.identity import Identity
from pgwarden.domain.question import Option
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.validation import Validation, validation_of
from pgwarden.sql.relaxed import relaxed

MOST_TRIED = 3
"""Conditions that are left out, one after the other, to find which one nothing fits."""
SECONDS = 5.0
"""How long each of these may take."""


class QueryCheck:
    """The validation step of a plan, before and after the query runs."""

    def __init__(self, execution: SafeExecutionAgent) -> None:
        self._execution = execution

    async def planned(self, database: str, sql: str, *, identity: Identity, limits: ReadLimits) -> Validation:
        """The query against the real schema and its statistics. Raises what planning it raises."""
        plan = await self._execution.explain(database, sql, identity=identity, limits=limits)
        return validation_of(plan, shown=limits.rows)

    async def without_rows(
        self, database: str, sql: str, *, identity: Identity, limits: ReadLimits
    ) -> tuple[str, tuple[Option, ...]]:
        """For a query that gave nothing: why that may be, and queries that do give something."""
        options = []
        few = replace(limits, rows=1, seconds=min(limits.seconds, SECONDS))
        for condition, query in relaxed(sql)[:MOST_TRIED]:
            try:
                found = await self._execution.read(database, query, identity=identity, limits=few)
            except LOSSES:
                continue
            if not is_empty(found):
                options.append(Option(f"without {condition}", sql=query))
        if options:
            return "No row fits all conditions; there are rows without one of them.", tuple(options)
        return "No row fits.", ()


def is_empty(result: Result) -> bool:
    """No row, or one number alone that counts or sums nothing."""
    return not result.rows or (len(result.rows) == 1 and all(value in (None, 0) for value in result.rows[0]))
