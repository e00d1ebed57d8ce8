"""Which planner settings help one statement: each is tried, and told only where the server shows that it does.

The planner picks what it takes for cheapest, so forbidding its choice never lowers its own estimate: such a setting is
tried by time alone, where the statement may be run. What lets it consider more (memory, partitions, longer searches)
shows in the estimate, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from pgwarden.domain.advice import Estimate, SettingWish
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.identity import Identity
from pgwarden.domain.planner_settings import WORK_MEM, Chosen
from pgwarden.domain.query_plan import estimate_of, plan_nodes
from pgwarden.domain.result import ReadLimits

CHEAPER = 0.95
"""By the estimate: the part of the given cost that a setting must come below."""
QUICKER = 0.8
"""By the clock, where noise is: the part of the fastest given run that the fastest run with it must come below."""
LEAST_GAIN_MS = 1.0
RUNS = 3
"""How often both are run, by turns, before a setting is said to help."""
MOST = 8
"""Settings that are tried on one statement."""
MANY_TABLES = 8
"""More tables than PostgreSQL's search takes at once."""


class Explains(Protocol):
    """What has a statement planned or measured."""

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


class SettingTrials:
    """Tries planner settings on one statement."""

    def __init__(self, reads: Explains, database: str, sql: str, *, identity: Identity, limits: ReadLimits) -> None:
        self._reads, self._database, self._sql = reads, database, sql
        self._identity, self._limits = identity, limits

    async def helping(self, plan: Mapping[str, object], *, analyze: bool) -> list[SettingWish]:
        """The settings that help, best first; ``plan`` is the statement's own, measured where ``analyze``."""
        given = estimate_of(plan)
        found = []
        for chosen, reason, by_cost in list(_candidates(plan, self._limits))[:MOST]:
            if analyze:
                wish = await self._by_time(plan, given, chosen, reason)
            else:
                wish = await self._by_cost(given, chosen, reason) if by_cost else None
            if wish is not None:
                found.append(wish)
        return sorted(found, key=lambda wish: (wish.after.milliseconds or 0.0, wish.after.cost))

    async def _by_cost(self, given: Estimate, chosen: Chosen, reason: str) -> SettingWish | None:
        plan = await self._plan(chosen, self._limits, analyze=False)
        after = estimate_of(plan) if plan else given
        return SettingWish(chosen, reason, given, after) if after.cost < CHEAPER * given.cost else None

    async def _by_time(
        self, plan: Mapping[str, object], given: Estimate, chosen: Chosen, reason: str
    ) -> SettingWish | None:
        """A first run that may take no longer than the statement did as it was given; then both, by turns."""
        took = given.milliseconds or 0.0
        brief = replace(self._limits, seconds=min(self._limits.seconds, max(0.05, took / 1000)))
        other = await self._plan(chosen, self._limits, analyze=False)
        if other is None or (_shape(other) == _shape(plan) and not _same_shape_helps(chosen)):
            return None
        tried = await self._plan(chosen, brief, analyze=True)
        if tried is None or not _quicker(estimate_of(tried), given):
            return None
        before, after = [given], [estimate_of(tried)]
        for _ in range(RUNS - 1):
            again = await self._plan((), self._limits, analyze=True)
            tried = await self._plan(chosen, brief, analyze=True)
            if again is None or tried is None:
                return None
            before.append(estimate_of(again))
            after.append(estimate_of(tried))
        fastest, best = (min(runs, key=lambda run: run.milliseconds or 0.0) for runs in (before, after))
        return SettingWish(chosen, reason, fastest, best) if _quicker(best, fastest) else None

    async def _plan(self, chosen: Chosen, limits: ReadLimits, *, analyze: bool) -> Mapping[str, object] | None:
        """None where the server refuses, or it takes too long: then the setting does not help."""
        try:
            return await self._reads.explain(
                self._database,
                self._sql,
                identity=self._identity,
                limits=replace(limits, planner=chosen),
                analyze=analyze,
            )
        except PgwardenError:
            return None


def _candidates(plan: Mapping[str, object], limits: ReadLimits) -> Iterator[tuple[Chosen, str, bool]]:
    """(setting, what it does, whether the estimate can show that it helps), as far as the plan gives cause for it."""
    nodes = list(plan_nodes(plan))
    kinds = {str(node["Node Type"]) for node in nodes}
    tables = sum("Relation Name" in node for node in nodes)
    if kinds & {"Sort", "Incremental Sort", "Aggregate", "Hash", "Memoize", "Bitmap Heap Scan", "Unique"}:
        yield ((WORK_MEM, f"{limits.work_mem_kb}kB"),), "lets it sort and hash in memory", True
    if "Append" in kinds or "Merge Append" in kinds:
        yield (("enable_partitionwise_aggregate", "on"),), "groups each partition by itself", True
        yield (("enable_partitionwise_join", "on"),), "joins partition by partition", True
    if tables > MANY_TABLES:
        longer = (("from_collapse_limit", "12"), ("join_collapse_limit", "12"))
        yield longer, "lets it search more orders of the joins", True
    if "JIT" in plan:
        yield (("jit", "off"),), "spares compiling the statement, which took longer than it won", False
    for kind, name, words in (
        ("Nested Loop", "enable_nestloop", "joins otherwise than row by row, of which there are more than it thinks"),
        ("Hash Join", "enable_hashjoin", "joins without building a hash table"),
        ("Merge Join", "enable_mergejoin", "joins without sorting both sides"),
        ("Seq Scan", "enable_seqscan", "reads by an index rather than whole tables"),
        ("Bitmap Heap Scan", "enable_bitmapscan", "reads without a bitmap of pages"),
        ("Index Scan", "enable_indexscan", "reads otherwise than row by row through an index"),
    ):
        if kind in kinds:
            yield ((name, "off"),), words, False
    if kinds & {"Gather", "Gather Merge"}:
        yield (("max_parallel_workers_per_gather", "0"),), "spares starting parallel workers", False
    if "Seq Scan" in kinds:
        yield (("random_page_cost", "1.1"),), "takes reading here and there for cheap, as on solid-state disks", False


def _same_shape_helps(chosen: Chosen) -> bool:
    """Whether a statement can get faster although its plan looks the same."""
    return chosen[0][0] in (WORK_MEM, "jit")


def _quicker(tried: Estimate, given: Estimate) -> bool:
    before, after = given.milliseconds, tried.milliseconds
    return before is not None and after is not None and after < QUICKER * before and before - after >= LEAST_GAIN_MS


def _shape(plan: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """What the plan does, without what it costs."""
    named = ("Node Type", "Strategy", "Partial Mode", "Join Type", "Relation Name", "Alias", "Index Name", "Sort Key")
    return [tuple(str(node.get(name)) for name in named) for node in plan_nodes(plan)]
