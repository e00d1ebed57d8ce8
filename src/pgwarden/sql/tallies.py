"""What counting is asked for, and what it knows of the tables: effects, foreign keys, columns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from pgwarden.sql.change import Change


class Node(Protocol):
    """An effect of the closure (pgwarden.undo.closure.Effect): rows are deleted, or columns change."""

    @property
    def relation(self) -> int: ...
    @property
    def columns(self) -> frozenset[str]: ...
    @property
    def deletes(self) -> bool: ...


class Path(Protocol):
    """A foreign key between two effects (pgwarden.undo.closure.Edge)."""

    @property
    def source(self) -> Node: ...
    @property
    def relation(self) -> int: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def foreign_columns(self) -> tuple[str, ...]: ...
    @property
    def result(self) -> Node | None: ...
    @property
    def action(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Start:
    """One branch of the statement on one table."""

    change: Change
    effect: Node


@dataclass(frozen=True, slots=True)
class Cell:
    """What counting knows about a column: its type, and its default as text; None where evaluating it has effects."""

    type_name: str
    default: str | None


class Counted(Enum):
    """Which rows are counted."""

    DELETED = "distinct rows of some tables that are deleted"
    CHANGED = "distinct rows of some tables that change and stay"
    REACHED = "rows that a foreign key reaches"
    LEFT = "rows that a forbidding foreign key would find whichever way others go"
    FORBIDDEN = "rows that it would find unless other foreign keys take them first"
    ORPHANED = "rows that SET DEFAULT would point at nothing"


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of rows of ``relation`` that is wanted."""

    relation: int
    rows: Counted
    tables: frozenset[int] = frozenset()
    """For rows that are deleted or change: the tables (a partition tree, as a rule)."""
    edge: Path | None = None
    """For all others."""
