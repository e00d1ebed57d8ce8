"""Words that want the last change taken back: "undo that", "please revert my last change", "take it back"."""

from __future__ import annotations

import re

_VERB = r"(?:undo|revert|reverse|roll\s*back|take\s+back|un-?do)"
_WHAT = (
    r"(?:that|this|it|(?:that|this|the|my)\s+(?:(?:last|latest|previous)\s+)?(?:change|one|thing|update|delete|deletion"
    r"|insert|statement|execution)|(?:the\s+)?last(?:\s+(?:change|one))?|what\s+(?:i|you|we)\s+(?:just\s+)?did)"
)
_POLITE = r"(?:(?:please|now|ok|okay|no|oops|wait|and|can\s+you|could\s+you|i\s+want\s+to|let'?s)[\s,!.]+)*"
_END = r"(?:\s+(?:please|again|now))?[\s.!?]*"
_ASKED = re.compile(rf"{_POLITE}(?:{_VERB}\s+{_WHAT}|take\s+{_WHAT}\s+back|{_VERB}){_END}", re.IGNORECASE)
_NAMED = re.compile(rf"{_POLITE}{_VERB}\s+(?:execution\s+)?(?P<id>[0-9a-f-]{{8,64}}){_END}", re.IGNORECASE)


def wants_undo(text: str) -> bool:
    """Whether the whole text says to take back what was done last; a table or a value in it says something else."""
    return _ASKED.fullmatch(text.strip()) is not None or undo_of(text) != ""


def undo_of(text: str) -> str:
    """The id of the execution that is to be taken back, '' where none is named."""
    found = _NAMED.fullmatch(text.strip())
    return found["id"] if found else ""
