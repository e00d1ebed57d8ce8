"""Something in a statement that nobody said, that the data does not hold, or that the question says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from pgwarden.domain.claims import Place


@dataclass(frozen=True, slots=True)
class Doubt:
    """One finding, in words for whoever asked."""

    words: str
    literal: str = ""
    nearest: tuple[str, ...] = ()
    """Values that the column does hold and that may have been meant; only what who asks may see."""
    held: frozenset[Place] = frozenset()
    """The columns whose stored values speak; empty where question and statement alone do."""
