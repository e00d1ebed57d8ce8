"""A statement that changes one table once, and can be made to return each row that it changes."""

from __future__ import annotations

from dataclasses import dataclass

from pgwarden.domain.statement import StatementKind


@dataclass(frozen=True, slots=True)
class SingleChange:
    """One INSERT, UPDATE or DELETE without changing CTEs and without a RETURNING clause of its own."""

    kind: StatementKind
    schema: str | None
    table: str
    alias: str
    """How RETURNING names the table, quoted."""
    assigned: frozenset[str]
    """Columns that an UPDATE assigns."""
    text: str
    """The statement as it was written, without a semicolon: RETURNING may follow on the next line."""
