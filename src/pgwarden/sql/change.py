"""One branch of a changing statement, told as queries of the rows it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgwarden.domain.statement import StatementKind
from pgwarden.sql.views import ThroughView

DEFAULT = "default"
"""Stands for the text of a value where a column gets its default, which is no expression elsewhere."""


@dataclass(frozen=True, slots=True)
class Arbiter:
    """The ON CONFLICT clause of an INSERT. Without columns and name any unique key counts."""

    columns: tuple[str, ...] = ()
    constraint: str = ""
    exact: bool = True
    """False where expressions, a predicate or a collation decide, which counting does not follow."""
    updates: bool = False
    where: str = ""
    assigned: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    """Text of each assigned expression, as in ``Change.values``."""
    alias: str = ""
    """The name under which the expressions know the target."""


@dataclass(frozen=True, slots=True)
class Change:
    """One branch of a statement that writes to one table."""

    kind: StatementKind
    schema: str | None
    table: str
    only: bool
    rows: str
    """For UPDATE and DELETE the query of target rows: all columns, ``_pgw_table``, ``_pgw_at``, and the value
    assigned to each column as ``_pgw_new_<n>``. For INSERT the query of source rows."""
    bare: str = ""
    """``select count(*)`` of the same rows that reads no more columns than the condition does; '' where a target row
    may match several times, or through a view."""
    ctes: str = ""
    """``WITH …`` that ``rows`` needs in front, or ''."""
    columns: tuple[str, ...] = ()
    """Assigned columns of an UPDATE, or the column list of an INSERT (empty: all in order)."""
    values: tuple[str, ...] = ()
    """Text of each assigned expression, for UPDATE; ``DEFAULT``, or '' where it cannot be told beforehand."""
    arbiter: Arbiter | None = None
    where: str = ""
    """The condition as text, '' where there is none."""
    joined: bool = False
    """Whether other tables take part (FROM, USING, MERGE): a target row may match several times."""
    source_rows: int | None = None
    """Number of rows of a VALUES list."""
    override: bool = False
    defaulted: Mapping[int, bool] = field(default_factory=dict)
    """Positions of an INSERT's values that hold DEFAULT, and whether in every row."""
    view: ThroughView | None = None
    """The view that the statement names; everything else here speaks of the table behind it."""
    once: bool = False
    """Whether a target row that matches several times makes the statement fail (MERGE)."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All branches of one statement."""

    kind: StatementKind
    changes: tuple[Change, ...]
    doubts: tuple[str, ...] = ()
    """Why counting cannot be exact, as sentences."""
