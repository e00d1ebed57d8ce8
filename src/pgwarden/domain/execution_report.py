"""One execution as a reader may see it: the ledger's word, and its rows with what is withheld hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgwarden.domain.execution import Execution
from pgwarden.domain.recovery import RowChange, RowConflict
from pgwarden.domain.undo_choice import RowInTheWay


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """``conflicts``: rows that would stand in the way of an undo now; None where nobody looked."""

    execution: Execution
    changes: tuple[RowChange, ...] = ()
    conflicts: tuple[RowConflict, ...] | None = None
    rows: tuple[RowInTheWay, ...] = ()
    """The rows behind ``conflicts``, each with the id by which one chooses what becomes of it."""
    skipped: tuple[RowChange, ...] = ()
    """Of an undo: the changes that it left alone."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The primary key's columns of each table among them that has one."""
