"""Rows that a deletion leaves pointing at nothing, along references that no foreign key declares."""

from __future__ import annotations

from collections.abc import Sequence

from pgwarden.adapters.postgres.counts import Counts
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.impact import SideEffect, SideEffectKind
from pgwarden.domain.quantity import counted, plural
from pgwarden.sql.counting import Counting
from pgwarden.sql.tallies import Counted, Tally
from pgwarden.undo.closure import Edge


async def orphans(catalog: Catalog, counts: Counts, counting: Counting, edges: Sequence[Edge]) -> list[SideEffect]:
    """What is left behind, where it can be counted: ``edges`` are guesses, so whatever does not fit says nothing."""
    tallies = [Tally(edge.relation, Counted.LEFT, edge=edge) for edge in edges]
    rows = await counts.tried([counting.query(tally) for tally in tallies])
    return [_left(catalog, edge, n) for edge, n in zip(edges, rows, strict=True) if n]


def _left(catalog: Catalog, edge: Edge, rows: int) -> SideEffect:
    child, parent = catalog.relations[edge.relation].name, catalog.relations[edge.source.relation].name
    column = ", ".join(edge.columns)
    text = f"{counted(rows, 'row')} of {child} {plural(rows, 'is')} left pointing at nothing"
    why = f"{column} looks like a reference to {parent} that no foreign key guards"
    return SideEffect(SideEffectKind.ORPHAN, str(child), column, f"{text}: {why}")
