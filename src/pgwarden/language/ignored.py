"""Words that turn an answer into another one when a reading passes over them: comparison, negation, one for each."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NEGATIONS = frozenset({"not", "never", "without", "nobody", "neither", "nor", "except"})
_COMPARISONS = frozenset({"than", "exceed", "exceeds", "exceeding"})
_EACH = frozenset({"each", "every", "per", "respectively"})
_NEGATED = re.compile(r"\bNOT\b|[<>]|\bNULL\b|\bEXCEPT\b|= 0\b|\bFALSE\b", re.IGNORECASE)
_COMPARED = re.compile(r"[<>]|\bBETWEEN\b|\bORDER BY\b|\bNOT\b", re.IGNORECASE)
_AGGREGATED = re.compile(r"\b(?:count|sum|avg|min|max|percentile_cont)\(", re.IGNORECASE)
_GROUPED = re.compile(r"\bGROUP BY\b|\bOVER\b|\bDISTINCT ON\b|\bEXISTS\b", re.IGNORECASE)
_LITERAL = re.compile(r"'(?:[^']|'')*'")


def ignored(words: Sequence[str], sql: str) -> int:
    """How many kinds of such words the question holds and the SQL shows no trace of; ``words`` are lower case."""
    said = frozenset(words)
    bare = _LITERAL.sub("''", sql)
    negation = bool(said & _NEGATIONS or any(w.endswith(("n't", "n’t")) for w in words))
    return sum((
        negation and not _NEGATED.search(bare),
        bool(said & _COMPARISONS) and not _COMPARED.search(bare),
        bool(said & _EACH) and bool(_AGGREGATED.search(bare)) and not _GROUPED.search(bare),
    ))  # fmt: skip
