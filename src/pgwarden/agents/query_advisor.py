"""Advice on a read: each way to write it better is planned by the server, and offered only where the plan agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from pgwarden.agents.setting_trials import Explains, SettingTrials
from pgwarden.domain.advice import Advice, Alternative, Choice, Estimate, IndexWish, Purpose, Rewrite, SettingWish
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import ExecutionFailed, ExecutionTimeout, PgwardenError, RightMissing, StatementRefused
from pgwarden.domain.identity import Identity
from pgwarden.domain.query_plan import estimate_of, plan_nodes, plan_summary
from pgwarden.domain.question import Reading
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.statement import StatementKind
from pgwarden.sql.commented import commented
from pgwarden.sql.index_wishes import index_wishes
from pgwarden.sql.lesser import lesser
from pgwarden.sql.rewrites import rewrites
from pgwarden.sql.verdict import verdict_of

CLEARLY = 0.95
"""A rewrite is faster when its cost is below this part of the given one's."""
MOST = 18
"""Rewrites of one statement that are planned."""
MOST_SHAPES = 4
FAR_DEARER = 10.0
"""A shape that costs so many times as much is not worth a look."""


class Reads(Explains, Protocol):
    """What runs and explains reads, with rights checked and every call told in the audit."""

    async def read(
        self, database: str, sql: str, parameters: Sequence[object] = (), *, identity: Identity, limits: ReadLimits
    ) -> Result: ...

    async def explain_with_index(
        self, database: str, sql: str, definition: str, *, identity: Identity, limits: ReadLimits
    ) -> Mapping[str, object] | None: ...

    async def pace(self, database: str, *, limits: ReadLimits) -> float | None: ...


class QueryAdvisor:
    """Finds other ways to write a read, and asks the server what they would cost."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

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
        trials: bool = True,
    ) -> Advice:
        """Everything worth saying about a statement that reads; ``catalog`` is what the identity may see.

        ``comments`` adds the statement with comments. ``timed`` also guesses its time, for which a first call runs a
        statement that reads no table. ``analyze`` also runs the statement and its faster forms, within the limits, to
        measure them. ``trials`` also has the server plan it with indexes and settings that it has
        not. Raises StatementInvalid, StatementRefused for what is no read, RightMissing, and what an EXPLAIN can raise.
        """
        _require_read(sql, catalog)
        plan = await self._reads.explain(database, sql, identity=identity, limits=limits, analyze=analyze)
        pace = await self._reads.pace(database, limits=limits) if timed else None
        given = estimate_of(plan, pace)
        zone = limits.zone or await self._zone(database, identity=identity, limits=limits)
        notes = []
        found: list[Alternative] = []
        others = (*rewrites(sql, catalog, zone=zone), *lesser(sql, catalog, rows=given.rows, most=limits.rows))
        for rewrite in others[:MOST]:
            try:
                other = await self._reads.explain(
                    database, rewrite.sql, identity=identity, limits=limits, analyze=analyze
                )
            except (ExecutionFailed, ExecutionTimeout, StatementRefused, RightMissing) as error:
                notes.append(f"The form {rewrite.code} could not be planned: {error.what}")
                continue
            found.append(_alternative(rewrite, given, estimate_of(other, pace)))
        indexes: Sequence[IndexWish] = index_wishes(sql, catalog)
        settings: Sequence[SettingWish] = ()
        if trials:
            indexes, told = await self._tried(database, sql, indexes, given, identity=identity, limits=limits)
            notes += told
            settings = await SettingTrials(self._reads, database, sql, identity=identity, limits=limits).helping(
                plan, analyze=analyze
            )
        return Advice(
            sql,
            given,
            plan_summary(plan),
            tuple(_offered(found, given)),
            tuple(indexes),
            tuple(settings),
            commented(sql, catalog) if comments else "",
            tuple(notes),
        )

    async def choices(
        self, database: str, reading: Reading, catalog: Catalog, *, identity: Identity, limits: ReadLimits
    ) -> tuple[Choice, ...]:
        """What else a reading's question could be answered by: its other readings, and other ways to write its SQL.

        Each comes with its estimate.
        """
        others = [(other.sql, other.explanation) for other in reading.alternatives if other.sql]
        costs = await self.costs(database, [sql for sql, _ in others], identity=identity, limits=limits)
        found = [
            Choice("another reading", sql, words, estimate, same=False)
            for (sql, words), estimate in zip(others, costs, strict=True)
        ]
        if reading.sql is not None and verdict_of(reading.sql, catalog).allowed:
            advice = await self.advise(database, reading.sql, catalog, identity=identity, limits=limits, trials=False)
            found += [
                Choice(one.rewrite.purpose.value, one.rewrite.sql, "; ".join(one.rewrite.reasons), one.estimate,
                       same=one.rewrite.same)
                for one in advice.alternatives
            ]  # fmt: skip
        return tuple(found)

    async def costs(
        self, database: str, statements: Sequence[str], *, identity: Identity, limits: ReadLimits
    ) -> list[Estimate | None]:
        """What each statement would cost; None for one that cannot be planned."""
        found: list[Estimate | None] = []
        for sql in statements:
            estimate = None
            with suppress(PgwardenError):
                estimate = estimate_of(await self._reads.explain(database, sql, identity=identity, limits=limits))
            found.append(estimate)
        return found

    async def _tried(
        self,
        database: str,
        sql: str,
        wishes: Sequence[IndexWish],
        given: Estimate,
        *,
        identity: Identity,
        limits: ReadLimits,
    ) -> tuple[list[IndexWish], list[str]]:
        """The indexes worth wishing for, and what to say of the others. One that the server can imagine is kept only
        where the plan uses it and is cheaper; one that it cannot imagine is kept unverified."""
        kept, notes = [], []
        for wish in wishes:
            plan = None
            try:
                plan = await self._reads.explain_with_index(
                    database, sql, wish.plain_definition, identity=identity, limits=limits
                )
            except (ExecutionFailed, RightMissing) as error:
                notes.append(f"The index on {wish.table} could not be tried: {error.what}")
            if plan is None:
                kept.append(wish)
                continue
            cost = estimate_of(plan).cost
            if cost < CLEARLY * given.cost and _imagined(plan):
                kept.append(replace(wish, costs=(given.cost, cost)))
            else:
                notes.append(f"An index on {wish.table} ({', '.join(wish.columns)}) was tried and would not help.")
        return kept, notes

    async def _zone(self, database: str, *, identity: Identity, limits: ReadLimits) -> str:
        shown = await self._reads.read(database, "show timezone", identity=identity, limits=limits)
        return str(shown.rows[0][0])


def _require_read(sql: str, catalog: Catalog) -> None:
    verdict = verdict_of(sql, catalog)
    if not verdict.allowed or verdict.kind is not StatementKind.SELECT:
        raise StatementRefused(
            "Advice is given on statements that read.",
            why=" ".join(reason.message for reason in verdict.reasons) or f"This one is {verdict.kind.value}.",
            not_done="It was neither planned nor run.",
            next_step="Give one SELECT.",
        )


def _imagined(plan: Mapping[str, object]) -> bool:
    """Whether the plan uses an imagined index: hypopg names it <number>, which no index of the catalog begins with."""
    return any(str(node.get("Index Name", "")).startswith("<") for node in plan_nodes(plan))


def _alternative(rewrite: Rewrite, given: Estimate, estimate: Estimate) -> Alternative:
    faster = estimate.cost < CLEARLY * given.cost
    if given.milliseconds is not None and estimate.milliseconds is not None:
        faster = estimate.milliseconds < CLEARLY * given.milliseconds and estimate.cost <= given.cost
    return Alternative(rewrite, estimate, faster)


def _offered(found: Sequence[Alternative], given: Estimate) -> list[Alternative]:
    """Faster ones where they are, cheapest first; simpler ones that cost no more; a few other shapes with what they
    cost; and, last, what gives less than was asked for and costs no more."""
    kept: list[Alternative] = []
    dearest = {
        Purpose.SIMPLER: given.cost / CLEARLY,
        Purpose.SHAPE: given.cost * FAR_DEARER,
        Purpose.DIFFERENT: given.cost,
    }
    for one in sorted(found, key=lambda each: (not each.rewrite.same, each.estimate.cost, len(each.rewrite.sql))):
        purpose = one.rewrite.purpose
        useful = one.faster if purpose is Purpose.FASTER else one.estimate.cost <= dearest[purpose]
        if purpose is Purpose.SHAPE:
            useful &= sum(other.rewrite.purpose is purpose for other in kept) < MOST_SHAPES
        if useful and all(one.rewrite.sql != other.rewrite.sql for other in kept):
            kept.append(one)
    return kept
