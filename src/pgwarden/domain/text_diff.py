"""What is different between two texts, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum


class Side(StrEnum):
    """Which of the two texts a line stands in."""

    BOTH = "both"
    BEFORE = "before"
    AFTER = "after"
    PLACE = "place"
    """No line: where the next ones stand, as ``@@ -3,4 +3,5 @@``."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of the difference."""

    side: Side
    text: str


_SIDES = {"-": Side.BEFORE, "+": Side.AFTER, "@": Side.PLACE}


def text_diff(before: str, after: str) -> tuple[DiffLine, ...]:
    """The lines that differ, each with three lines around it; nothing for equal texts."""
    lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm=""))[2:]
    return tuple(
        DiffLine(_SIDES.get(line[:1], Side.BOTH), line if line.startswith("@@") else line[1:]) for line in lines
    )
