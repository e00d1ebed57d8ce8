"""Compares sampled values of columns that names and types suggest to join."""

from __future__ import annotations

import time
from typing import Any

from psycopg import AsyncConnection, sql

from pgwarden.adapters.postgres.looking import READABLE_KINDS, UNREADABLE, Looker, drawn_from, fetch, pages_now, table
from pgwarden.domain.catalog import Catalog, InferredJoin
from pgwarden.domain.inference import JoinCandidate, join_candidates

SAMPLED_VALUES = 200
WANTED_PAGES = 50
MILLISECONDS_EACH = 500
SURE = 0.8
"""Above this, names alone are believed when the time is up."""


async def inferred_joins(looker: Looker, catalog: Catalog, *, seconds: float = 3.0) -> tuple[InferredJoin, ...]:
    """Joins that no foreign key declares, with score and evidence, best first.

    Candidates come from names and types, at no cost to the server; their values are compared for at most ``seconds``,
    the likeliest first. What could not be compared is kept only where the names leave little doubt.
    """
    until = time.monotonic() + seconds
    found = []
    for candidate in join_candidates(catalog):
        in_time = time.monotonic() < until
        overlap = await _overlap(looker, candidate) if in_time else None
        join = candidate.joined(overlap)
        if join and (overlap is not None or candidate.score >= SURE):
            found.append(join)
    return tuple(sorted(found, key=lambda join: (-join.score, join.relation_oid, join.column)))


async def _overlap(looker: Looker, candidate: JoinCandidate) -> float | None:
    """Share of sampled values that the other side has; None when nothing can be said."""
    if not {candidate.relation.kind, candidate.foreign.kind} <= READABLE_KINDS.keys():
        return None
    try:
        async with looker.look(MILLISECONDS_EACH) as connection:
            return await _compare(connection, candidate)
    except UNREADABLE:
        return None


async def _compare(connection: AsyncConnection[Any], candidate: JoinCandidate) -> float | None:
    pages = await pages_now(connection, candidate.relation)
    query = sql.SQL(
        "select count(*), count(*) filter (where exists (select from {target} as t where t.{key} = v.value))"
        " from (select distinct value from (select s.{column} as value from {source} where s.{column} is not null"
        " limit 5000) as d limit {most}) as v"
    ).format(
        target=table(candidate.foreign),
        key=sql.Identifier(candidate.foreign_column.name),
        column=sql.Identifier(candidate.column.name),
        source=drawn_from(candidate.relation, pages, WANTED_PAGES),
        most=sql.Literal(SAMPLED_VALUES),
    )
    ((values, there),) = await fetch(connection, query)
    return there / values if values else None
