"""Row numbers without counting: the planner's estimate, and a sample of blocks with an interval that covers."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from pgwarden.adapters.postgres.session import Session
from pgwarden.domain.catalog import Relation
from pgwarden.domain.execution import Parameter
from pgwarden.domain.impact import Basis, Figure
from pgwarden.domain.sampling import BlockSample, interval

SAMPLE_PAGES = 2_000
"""Blocks that a sample aims at."""
SEED = 20_261


async def planner_estimate(session: Session, query: str, parameters: Sequence[Parameter]) -> Figure:
    """What EXPLAIN (never ANALYZE) expects the statement to touch.

    UNKNOWN where the planner refuses it, or where rules make several statements of it.
    """
    try:
        (row,) = await session.attempt(f"explain (format json) {query}", parameters)
    except psycopg.Error:
        return Figure(0, Basis.UNKNOWN)
    (plans,) = row.values()
    if len(plans) != 1 or not isinstance(plans[0], dict) or not isinstance(plans[0].get("Plan"), dict):
        return Figure(0, Basis.UNKNOWN)
    return Figure(_touched(plans[0]["Plan"]), Basis.ESTIMATED)


def _touched(plan: dict[str, object]) -> int:
    """Rows that flow into the topmost ModifyTable, or out of the plan."""
    children = plan.get("Plans")
    if plan["Node Type"] == "ModifyTable" and isinstance(children, list):
        return sum(int(child["Plan Rows"]) for child in children if child.get("Parent Relationship") == "Outer")
    if plan["Node Type"] == "Aggregate" and isinstance(children, list) and plan.get("Strategy") == "Plain":
        return int(children[0]["Plan Rows"])
    return int(str(plan["Plan Rows"]))


async def sampled(
    session: Session,
    relation: Relation,
    where: str,
    parameters: Sequence[Parameter],
    *,
    pages: int = SAMPLE_PAGES,
    seed: int = SEED,
) -> Figure | None:
    """Rows of one table that fulfil a condition, from a sample of whole blocks.

    Rows of a block resemble each other, so the interval comes from the variance between blocks; a binomial one
    would be far too narrow. None where the condition cannot be sampled.
    """
    if relation.kind != "r" or relation.pages <= 0:
        return None
    percent = min(100.0, 100.0 * pages / relation.pages)
    name = relation.name.name.replace('"', '""')
    try:
        rows = await session.attempt(
            f"select count(*)::int8 as rows, count(*) filter (where ({where}))::int8 as hits from {relation.name} as"
            f' "{name}" tablesample system ({percent:.6f}) repeatable ({seed})'
            " group by (ctid::text::point)[0]",
            parameters,
        )
    except psycopg.Error:
        return None
    blocks = await session.value(
        "select pg_catalog.pg_relation_size($1::int8::oid::regclass)::int8 / current_setting('block_size')::int8",
        [relation.oid],
    )
    return interval(BlockSample(tuple((row["rows"], row["hits"]) for row in rows), blocks))
