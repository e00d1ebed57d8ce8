"""The recovery plan that is shown before a change: what is captured, how undo would run, what cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.impact import Cost, SideEffect, TableImpact
from pgwarden.domain.quantity import counted
from pgwarden.domain.recovery import CapturePlan, RecoveryPlan

ROW_OVERHEAD = 28
"""Bytes of tuple header and item pointer."""
USUAL_WIDTH = 100
"""Bytes of a row where nothing is known."""
BLOCK = 8192
WAL_PER_CHANGE = 60
WAL_PER_ENTRY = 70
"""Bytes of an index entry of few columns and what says where it goes. An update that needs none is not foreseen."""
SECONDS = {"inserted": 9e-6, "updated": 14e-6, "deleted": 4e-6}
"""Per row, capture included, as measured on two slow cores: the order of magnitude is meant."""


def recovery_plan(catalog: Catalog, tables: Sequence[TableImpact], side_effects: Iterable[SideEffect]) -> RecoveryPlan:
    """How these changes would be taken back."""
    captured = tuple(
        CapturePlan(table.name, table.counts.images, round(table.counts.images * _width(catalog, table)))
        for table in tables
        if table.rows
    )
    seconds = sum(
        table.deleted.rows * SECONDS["inserted"]
        + table.inserted.rows * SECONDS["deleted"]
        + table.updated.rows * SECONDS["updated"]
        for table in tables
    )
    irreversible = tuple(
        f"what {effect.kind.value} {effect.name} on {effect.table} does outside the captured tables"
        for effect in side_effects
        if not effect.known
    )
    return RecoveryPlan(captured, tuple(_steps(tables)), round(seconds, 3), irreversible)


def cost(catalog: Catalog, tables: Sequence[TableImpact]) -> Cost:
    """WAL, time and room for images, roughly."""
    images = sum(table.counts.images * _width(catalog, table) for table in tables)
    written = sum(
        (table.inserted.rows + table.updated.rows) * (_width(catalog, table) + WAL_PER_ENTRY * _indexes(catalog, table))
        for table in tables
    )
    rows = sum(table.rows for table in tables)
    seconds = sum(getattr(table, kind).rows * each for table in tables for kind, each in SECONDS.items())
    return Cost(round(images + written + rows * WAL_PER_CHANGE), round(seconds, 3), round(images))


def _relations(catalog: Catalog, table: TableImpact) -> list[Relation]:
    """The tables where its rows lie: a partitioned one has none itself, and counts those of its partitions again."""
    tree = list(catalog.partition_tree(table.relation)) if table.relation in catalog.relations else []
    return [relation for relation in tree if relation.kind != "p"] or tree


def _indexes(catalog: Catalog, table: TableImpact) -> int:
    """How many indexes a row of it stands in."""
    return max((len(relation.indexes) for relation in _relations(catalog, table)), default=0)


def _width(catalog: Catalog, table: TableImpact) -> float:
    relations = _relations(catalog, table)
    there = table.deleted.rows + table.updated.rows  # at least these, however long ago the rows were counted
    rows = max(sum(max(relation.estimated_rows, 0.0) for relation in relations), there)
    pages = sum(relation.pages for relation in relations)
    return pages * BLOCK / rows if rows and pages else _declared_width(relations[:1])


def _declared_width(relations: Sequence[Relation]) -> float:
    return ROW_OVERHEAD + USUAL_WIDTH if not relations else ROW_OVERHEAD + 12.0 * len(relations[0].columns)


def _steps(tables: Sequence[TableImpact]) -> Iterable[str]:
    yield "lock the tables against writers and check that every row is as the execution left it"
    yield "keep user triggers and rules quiet, one by one, since what they did is in the images already"
    for table in tables:
        if table.deleted.rows:
            was = "as it was" if table.deleted.rows == 1 else "as they were"
            yield f"insert {counted(table.deleted.rows, 'row')} into {table.name} {was}"
        if table.updated.rows:
            yield f"put {counted(table.updated.rows, 'row')} of {table.name} back in place"
        if table.inserted.rows:
            yield f"delete {counted(table.inserted.rows, 'row')} from {table.name}"
    yield "prove that the undo is the exact mirror of the execution, row for row; otherwise roll it back"
    yield "sequences stay where they are"
