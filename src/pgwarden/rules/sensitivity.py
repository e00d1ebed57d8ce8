"""Which columns a change affects, and which of them are sensitive."""

from __future__ import annotations

from collections.abc import Iterator

from pgwarden.domain.catalog import Column, Relation
from pgwarden.domain.risk import RiskCase
from pgwarden.domain.sensitive import SensitiveKind


def affected_columns(case: RiskCase) -> Iterator[tuple[Relation, Column]]:
    """All columns of a row that comes or goes, the assigned ones of a row that stays, in the order of the tables."""
    rows = {table.relation: table for table in case.impact.tables}
    for oid in case.touched():
        relation = case.catalog.relations.get(oid)
        if relation is None:
            continue
        table = rows.get(oid)
        whole = table is None or table.inserted.rows + table.deleted.rows > 0
        assigned = case.impact.assigned.get(oid, frozenset())
        yield from ((relation, column) for column in relation.columns if whole or column.name in assigned)


def sensitive_columns(case: RiskCase) -> list[tuple[str, str, SensitiveKind]]:
    """(table, column, kind) of the affected columns: by policy, name and comment, else by what their values look like.

    What the policy or a comment calls public stays so, whatever its values look like.
    """
    found = []
    for relation, column in affected_columns(case):
        judged = case.policy.sensitivity(relation, column)
        kind = judged.kind if judged else None
        if kind is None and not case.policy.public(relation, column):
            kind = case.impact.detected.get((relation.oid, column.name))
        if kind:
            found.append((str(relation.name), column.name, kind))
    return found
