"""Numbers of rows in one snapshot: counted where that is quick enough, else sampled or guessed, and labelled so."""

from __future__ import annotations

import re
from collections.abc import Sequence

import psycopg

from pgwarden.adapters.postgres.estimates import planner_estimate, sampled
from pgwarden.adapters.postgres.session import Session
from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.execution import Parameter
from pgwarden.domain.impact import Basis, Figure
from pgwarden.sql.change import Change

WRITING = (psycopg.errors.ReadOnlySqlTransaction,)
"""A value to assign comes from a function that writes: the rows are counted without evaluating it."""
_PARAMETER = re.compile(r"\$(\d+)")


class Counts:
    """Counts for one analysis; the transaction that it runs in is the snapshot."""

    def __init__(
        self,
        session: Session,
        catalog: Catalog,
        targets: Sequence[tuple[Change, Relation]],
        parameters: Sequence[Parameter],
        sampling: tuple[int, int],
        doubts: list[str],
    ) -> None:
        """``sampling``: pages from which a table is sampled when it cannot be counted, and pages of a sample.

        ``doubts`` is added to.
        """
        self._session, self._catalog, self._targets = session, catalog, targets
        self._parameters, self._sampling, self._doubts = tuple(parameters), sampling, doubts

    async def figures(self, queries: Sequence[tuple[str, int, str]]) -> list[Figure]:
        """The exact count of each query (about a relation); where it takes too long, a sample or an estimate.

        The third of each is the same count for a role that may not read every column, or ''.
        """
        answers = await self._session.attempts([(query, self.known(query)) for query, *_ in queries])
        found = []
        for (query, oid, bare), answer in zip(queries, answers, strict=True):
            denied = isinstance(answer, (*WRITING, psycopg.errors.InsufficientPrivilege))
            if isinstance(answer, psycopg.errors.QueryCanceled):
                found.append(await self._instead(query, oid))
            elif denied and (rows := await self._barely(bare)) is not None:
                found.append(Figure(rows, Basis.EXACT))
            elif isinstance(answer, psycopg.errors.InsufficientPrivilege):
                why = answer.diag.message_primary
                self._doubts.append(f"{self._catalog.role} cannot count what it may not read: {why}")
                found.append(Figure(0, Basis.UNKNOWN))
            elif isinstance(answer, WRITING):
                self._doubts.append(f"what a function would write keeps its rows from being counted: {answer.sqlstate}")
                found.append(Figure(0, Basis.UNKNOWN))
            elif isinstance(answer, psycopg.Error):
                raise answer
            else:
                (row,) = answer
                found.append(Figure(int(row["count"]), Basis.EXACT))
        return found

    async def _barely(self, bare: str) -> int | None:
        """A count that reads only the columns of the condition; None where even that is forbidden."""
        return (await self.tried([bare]))[0] if bare else None

    async def exact(self, query: str) -> int:
        """A count; one that fails does not end the analysis. Raises psycopg.Error."""
        (row,) = await self._session.attempt(query, self.known(query))
        (rows,) = row.values()
        return int(rows)

    async def tried(self, queries: Sequence[str]) -> list[int | None]:
        """Each count; None where the server refuses it or takes too long."""
        answers = await self._session.attempts([(query, self.known(query)) for query in queries])
        return [None if isinstance(answer, psycopg.Error) else int(answer[0]["count"]) for answer in answers]

    async def every(self, query: str) -> list[int]:
        """Several counts from one query that gives an array; none where it fails or takes too long."""
        try:
            (row,) = await self._session.attempt(query, self.known(query))
        except psycopg.Error:
            return []
        return [int(rows) for rows in row["array"]]

    def known(self, query: str) -> list[Parameter]:
        """The parameters, with a type for those that this query does not mention."""
        used = {int(number) for number in _PARAMETER.findall(query)}
        return [
            parameter if position in used or parameter.type_oid else Parameter(25, None)
            for position, parameter in enumerate(self._parameters, start=1)
        ]

    async def _instead(self, query: str, oid: int) -> Figure:
        relation = self._catalog.relations[oid]
        change = next((change for change, target in self._targets if target.oid == oid), None)
        alone = change is not None and bool(change.where) and not change.joined and not change.view
        large, pages = self._sampling
        if change and alone and relation.pages >= large:
            figure = await sampled(self._session, relation, change.where, self.known(change.where), pages=pages)
            if figure is not None:
                return figure
        body = query.replace("select count(*) from", "select * from", 1) if query.startswith("select") else query
        return await planner_estimate(self._session, body, self.known(body))
