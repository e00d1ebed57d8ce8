"""Advice on a read: each way to write it better is planned by the server, and offered only where the plan agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from pgwarden.domain.advice import Advice, Alternative, Estimate, Purpose, Rewrite
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import ExecutionFailed, PgwardenError, StatementRefused
from pgwarden.domain.identity import Identity
from pgwarden.domain.query_plan import estimates, measured, plan_summary
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.statement import StatementKind
from pgwarden.sql.commented import commented
from pgwarden.sql.index_wishes import index_wishes
from pgwarden.sql.rewrites import rewrites
from pgwarden.sql.verdict import verdict_of

CLEARLY = 0.95
"""A rewrite is faster when its cost is below this part of the given one's."""
MOST = 12
"""Rewrites of one statement that are planned."""
YARDSTICK = "select count(*) from generate_series(1, 200000) g"
"""What is run to learn how long this server takes for a unit of cost: it reads no table."""


class Reads(Protocol):
    """What runs and explains reads, with rights checked and every call told in the audit."""

    async def read(
        self, database: str, sql: str, parameters: Sequence[object] = (), *, identity: Identity, limits: ReadLimits
    ) -> Result: ...

    async def explain(
        self,
        database: str,
        sql: str,
        parameters: Sequence[object] = (),
        *,
        identity: Identity,
        limits: ReadLimits,
        analyze: bool = False,
    ) -> Mapping[str, object]: ...


class QueryAdvisor:
    """Finds other ways to write a read, and asks the server what they would cost."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._paces: dict[str, float] = {}
        """Milliseconds for a unit of cost, by database."""

    async def advise(
        self,
        database: str,
        sql: str,
        catalog: Catalog,
        *,
        identity: Identity,
        limits: ReadLimits,
        analyze: bool = False,
        comments: bool = False,
        timed: bool = True,
    ) -> Advice:
        """Everything worth saying about a statement that reads; ``catalog`` is what the identity may see.

        ``comments`` adds the statement with comments. ``timed`` also guesses its time, for which a first call runs a
        statement that reads no table. ``analyze`` also runs the statement and its faster forms, within the limits, to
        measure them. Raises StatementInvalid, StatementRefused for what is no read, RightMissing, and what an EXPLAIN
        can raise.
        """
        _require_read(sql, catalog)
        plan = await self._reads.explain(database, sql, identity=identity, limits=limits, analyze=analyze)
        pace = await self._pace(database, identity=identity, limits=limits) if timed else None
        given = _estimate(plan, pace)
        zone = limits.zone or await self._zone(database, identity=identity, limits=limits)
        notes = []
        found: list[Alternative] = []
        for rewrite in rewrites(sql, catalog, zone=zone)[:MOST]:
            try:
                other = await self._reads.explain(
                    database, rewrite.sql, identity=identity, limits=limits, analyze=analyze
                )
            except (ExecutionFailed, StatementRefused) as error:
                notes.append(f"The form {rewrite.code} could not be planned: {error.what}")
                continue
            found.append(_alternative(rewrite, given, _estimate(other, pace)))
        return Advice(
            sql,
            given,
            plan_summary(plan),
            tuple(_offered(found, given)),
            index_wishes(sql, catalog),
            commented(sql, catalog) if comments else "",
            tuple(notes),
        )

    async def costs(
        self, database: str, statements: Sequence[str], *, identity: Identity, limits: ReadLimits
    ) -> list[Estimate | None]:
        """What each statement would cost; None for one that cannot be planned."""
        found: list[Estimate | None] = []
        for sql in statements:
            estimate = None
            with suppress(PgwardenError):
                estimate = _estimate(await self._reads.explain(database, sql, identity=identity, limits=limits), None)
            found.append(estimate)
        return found

    async def _zone(self, database: str, *, identity: Identity, limits: ReadLimits) -> str:
        shown = await self._reads.read(database, "show timezone", identity=identity, limits=limits)
        return str(shown.rows[0][0])

    async def _pace(self, database: str, *, identity: Identity, limits: ReadLimits) -> float | None:
        if database not in self._paces:
            plan = await self._reads.explain(database, YARDSTICK, identity=identity, limits=limits, analyze=True)
            cost, _ = estimates(plan)
            took = measured(plan)
            if cost and took is not None:
                self._paces[database] = took / cost
        return self._paces.get(database)


def _require_read(sql: str, catalog: Catalog) -> None:
    verdict = verdict_of(sql, catalog)
    if not verdict.allowed or verdict.kind is not StatementKind.SELECT:
        raise StatementRefused(
            "Advice is given on statements that read.",
            why=" ".join(reason.message for reason in verdict.reasons) or f"This one is {verdict.kind.value}.",
            not_done="It was neither planned nor run.",
            next_step="Give one SELECT.",
        )


def _estimate(plan: Mapping[str, object], pace: float | None) -> Estimate:
    cost, rows = estimates(plan)
    return Estimate(cost or 0.0, rows or 0.0, measured(plan), None if pace is None else (cost or 0.0) * pace)


def _alternative(rewrite: Rewrite, given: Estimate, estimate: Estimate) -> Alternative:
    faster = estimate.cost < CLEARLY * given.cost
    if given.milliseconds is not None and estimate.milliseconds is not None:
        faster = estimate.milliseconds < CLEARLY * given.milliseconds and estimate.cost <= given.cost
    return Alternative(rewrite, estimate, faster)


def _offered(found: Sequence[Alternative], given: Estimate) -> list[Alternative]:
    """Faster ones where they are, cheapest first; simpler ones that cost no more; other shapes as they are."""
    kept: list[Alternative] = []
    for one in sorted(found, key=lambda each: (each.estimate.cost, len(each.rewrite.sql))):
        purpose = one.rewrite.purpose
        useful = one.faster if purpose is Purpose.FASTER else True
        if purpose is Purpose.SIMPLER:
            useful = one.estimate.cost <= given.cost / CLEARLY
        if useful and all(one.rewrite.sql != other.rewrite.sql for other in kept):
            kept.append(one)
    return kept
