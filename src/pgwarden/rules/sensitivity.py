"""Which sensitive columns a change affects: all of a row that comes or goes, the assigned ones of a row that stays."""

from __future__ import annotations

from pgwarden.domain.risk import RiskCase
from pgwarden.domain.sensitive import SensitiveKind, sensitivity


def sensitive_columns(case: RiskCase) -> list[tuple[str, str, SensitiveKind]]:
    """(table, column, kind), in the order of the tables."""
    rows = {table.relation: table for table in case.impact.tables}
    found = []
    for oid in case.touched():
        relation = case.catalog.relations.get(oid)
        if relation is None:
            continue
        table = rows.get(oid)
        whole = table is None or table.inserted.rows + table.deleted.rows > 0
        assigned = case.impact.assigned.get(oid, frozenset())
        for column in relation.columns:
            judged = sensitivity(relation, column)
            if judged and (whole or column.name in assigned):
                found.append((str(relation.name), column.name, judged.kind))
    return found
