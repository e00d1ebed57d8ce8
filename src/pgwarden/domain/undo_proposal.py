"""What taking back a change would do, and the ticket that was opened for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UndoProposal:
    """The recovery plan of one execution, for who said "undo that"."""

    execution: str
    statement: str
    question: str
    """In words, where it was asked for so."""
    counts: Mapping[str, Mapping[str, int]]
    """By table: how many rows it inserted, updated and deleted."""
    in_the_way: int
    """Rows that others changed since."""
    steps: tuple[str, ...]
    ticket: str = ""
    """'' where none was opened."""
    status: str = ""
    """The ticket's."""
    asked: tuple[str, ...] = ()
    """Who is asked to decide."""

    @property
    def next_step(self) -> str:
        if self.in_the_way and not self.ticket:
            choice = "--skip-rows leaves them as they are, --force-rows overwrites them; either takes a new approval"
            return f"See the rows: pgwarden undo {self.execution} --plan. Then choose: {choice}."
        if not self.ticket:
            return f"Take it back: pgwarden undo {self.execution}"
        if self.status == "APPROVED":
            return f"It is approved. Run it: pgwarden execute {self.ticket}"
        asked = ", ".join(self.asked) or "nobody yet"
        return f"The ticket {self.ticket} is {self.status}; {asked} decides. Then: pgwarden execute {self.ticket}"
