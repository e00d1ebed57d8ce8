"""Numbers as people read them: with separators, with the right plural, and never more exact than they are."""

from __future__ import annotations

IRREGULAR = {"index": "indexes", "entry": "entries", "query": "queries", "is": "are", "references": "reference"}


def plural(number: int, word: str) -> str:
    """The word for so many of it."""
    return word if number == 1 else IRREGULAR.get(word, f"{word}s")


def counted(number: int, word: str) -> str:
    """``1 row``, ``12,000 rows``."""
    return f"{number:,} {plural(number, word)}"


def size(number: float) -> str:
    """Bytes: ``less than 0.1 MB``, ``about 12.5 MB``, ``about 3.2 GB``."""
    megabytes = number / 1024**2
    if megabytes < 0.1:
        return "less than 0.1 MB"
    if megabytes < 1024:
        return f"about {megabytes:,.1f} MB"
    return f"about {megabytes / 1024:,.1f} GB"


def duration(seconds: float) -> str:
    """Seconds: ``less than 0.1 s``, ``2.5 s``, ``12 min``, ``3.5 h``."""
    if seconds < 0.1:
        return "less than 0.1 s"
    if seconds < 90:
        return f"{seconds:,.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:,.0f} min"
    return f"{seconds / 3600:,.1f} h"
