"""A read that shows sensitive values as they are: how risky it is, scored like any operation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgwarden.agents.planning import risk_level, risk_score
from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.read_access import WHOLE_ROW, Sensitivity
from pgwarden.domain.sensitive import sensitivity
from pgwarden.domain.statement import Verdict


@dataclass(frozen=True, slots=True)
class UnmaskedRead:
    """Which sensitive columns a read shows, of which tables, and how risky that is."""

    risk: RiskLevel
    rows: int
    """At most so many come out: the tables' estimated rows, within the limit."""
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    """``schema.table.column`` of each sensitive column that shows."""
    kinds: frozenset[str]


def unmasked_read(
    verdict: Verdict, catalog: Catalog, masked: frozenset[int], sensitive: Sensitivity, *, rows: int
) -> UnmaskedRead | None:
    """None where the read shows no sensitive value, or only masked ones. ``rows``: its limit."""
    shown = dict.fromkeys(
        source
        for position, output in enumerate(verdict.outputs)
        if position not in masked
        for source in sorted(output.lineage)
    )
    found = [pair for oid, number in shown for pair in _columns(catalog, oid, number, sensitive)]
    if not found:
        return None
    known = (catalog.relations[oid] for oid in sorted(verdict.reads) if oid in catalog.relations)
    read = [relation for relation in known if relation.kind != "v"]
    most = min(rows, round(max((relation.estimated_rows for relation in read), default=0)))
    score = risk_score("SELECT", several_tables=len(read) > 1, estimated_rows=most, sensitive=True)
    judged = (sensitivity(relation, column) for relation, column in found)
    return UnmaskedRead(
        risk_level(score),
        most,
        tuple(str(relation.name) for relation in read),
        tuple(dict.fromkeys(f"{relation.name}.{column.name}" for relation, column in found)),
        frozenset(kind.kind.value for kind in judged if kind is not None) or frozenset({"sensitive"}),
    )


def _columns(catalog: Catalog, oid: int, number: int, sensitive: Sensitivity) -> Iterator[tuple[Relation, Column]]:
    relation = catalog.relations.get(oid)
    if relation is None or number < WHOLE_ROW:
        return
    columns = relation.columns if number == WHOLE_ROW else (relation.column_at(number),)
    for column in columns:
        if column is not None and sensitive(catalog, oid, column.number):
            yield relation, column
