"""Words that turn an answer into another one when a reading passes over them: comparison, negation, one for each;
and the clauses that words of counting, averaging, sharing, ranking and dating call for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

_NEGATIONS = frozenset({"not", "never", "without", "nobody", "neither", "nor", "except"})
_COMPARISONS = frozenset({"than", "exceed", "exceeds", "exceeding"})
_EACH = frozenset({"each", "every", "per", "respectively"})
_SHARES = frozenset({"percentage", "percent", "proportion", "ratio", "fraction", "share"})
_AVERAGES = frozenset({"average", "mean", "avg"})
_EXTREMES = frozenset(
    {"highest", "lowest", "largest", "smallest", "most", "fewest", "top", "rank", "ranked", "ranking", "longest",
     "shortest", "oldest", "youngest", "newest", "latest", "earliest", "cheapest", "sorted", "descending",
     "ascending", "alphabetically"}
)  # fmt: skip
_RELATIVE = frozenset({"last", "past", "previous", "this", "current", "next"})
_SPANS = frozenset(
    {"day", "days", "week", "weeks", "month", "months", "quarter", "quarters", "year", "years", "hour", "hours"}
)
_NEGATED = re.compile(r"\bNOT\b|[<>]|\bNULL\b|\bEXCEPT\b|= 0\b|\bFALSE\b", re.IGNORECASE)
_COMPARED = re.compile(r"[<>]|\bBETWEEN\b|\bORDER BY\b|\bNOT\b", re.IGNORECASE)
_AGGREGATED = re.compile(r"\b(?:count|sum|avg|min|max|percentile_cont)\(", re.IGNORECASE)
_GROUPED = re.compile(r"\bGROUP BY\b|\bOVER\b|\bDISTINCT ON\b|\bEXISTS\b", re.IGNORECASE)
_COUNTED = re.compile(r"\b(?:count|sum|avg|min|max)\(|num|count|quantity|qty", re.IGNORECASE)
_SUMMED = re.compile(r"\b(?:count|sum)\(|total", re.IGNORECASE)
_DIVIDED = re.compile(r"/|\bavg\(", re.IGNORECASE)
_RANKED = re.compile(r"\bORDER BY\b|\bmax\(|\bmin\(", re.IGNORECASE)
_DATED = re.compile(r"current_date|date_trunc|\bDATE '|interval|now\(\)|\d{4}-\d\d|\bextract\(", re.IGNORECASE)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_BOUNDS = frozenset(
    {("or", "more"), ("or", "less"), ("or", "fewer"), ("or", "above"), ("or", "higher"), ("or", "below"),
     ("at", "least"), ("at", "most"), ("up", "to")}
)  # fmt: skip
_BOUNDED = re.compile(r"[<>]|\bBETWEEN\b|\bEXISTS\b", re.IGNORECASE)
_BOTH = re.compile(r"\bINTERSECT\b|\bAND\b|\bIN \(|\bGROUP BY\b|,", re.IGNORECASE)
_ABSENT = re.compile(r"\bNOT EXISTS\b|\bEXCEPT\b|\bIS NULL\b|\bNOT IN \(SELECT\b|= 0\b", re.IGNORECASE)
_NOW = frozenset({"currently", "still", "now", "yet"})
_NOW_TESTED = re.compile(r"\bNULL\b|current_date|now\(\)|''|\bNOT\b|[<>]|WHERE \w+$", re.IGNORECASE)
_SPENDING = frozenset({"spend", "spent", "earn", "earned", "owe", "owed", "cost"})
_PRICED = re.compile(
    r"\b(?:sum|avg|max|min|count)\(|\*|amount|amt|price|cost|fee|total|paid|pay|salary|wage|charge|value|balance|rate",
    re.IGNORECASE,
)


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


def missing(words: Sequence[str], sql: str) -> dict[str, float]:
    """Clauses that the words call for and the statement has not, each 1.0 when it is missing."""
    said, pairs = frozenset(words), set(pairwise(words))
    bare = _LITERAL.sub("''", sql)
    shown = bare.split("FROM")[0]
    shares = said & _SHARES
    found = {
        "no_count": ("how", "many") in pairs and not _COUNTED.search(shown),
        "no_average": bool(said & _AVERAGES) and not _DIVIDED.search(bare),
        "no_total": "total" in said and not _SUMMED.search(bare),
        "no_share": bool(shares) and not _DIVIDED.search(bare) and not any(w in bare.lower() for w in shares),
        "no_order": bool(said & _EXTREMES) and ("at", "most") not in pairs and not _RANKED.search(bare),
        "no_date": _dated(words) and not _DATED.search(sql),
        "no_bound": bool(pairs & _BOUNDS) and not _BOUNDED.search(bare),
        "no_both": "both" in said and not _BOTH.search(bare),
        "no_now": bool(said & _NOW) and not _NOW_TESTED.search(bare),
        "no_never": "never" in said and not _ABSENT.search(bare),
        "no_amount": _priced(words) and not _PRICED.search(shown),
    }
    numbers = [w for w in words if w.isdigit() and len(w) > 1]
    twice = found["no_order"] and "first" in said  # "most expensive first"
    return {
        **{name: float(flag) for name, flag in found.items()},
        "no_order": 2.0 if twice else float(found["no_order"]),
        "no_number": float(any(w not in sql for w in numbers)),
    }


def _priced(words: Sequence[str]) -> bool:
    """ "how much …", "what did we spend on …": an amount is asked for."""
    opened = tuple(words[:2])
    return opened == ("how", "much") or (opened[:1] == ("what",) and "we" in words[:4] and bool(set(words) & _SPENDING))


def _dated(words: Sequence[str]) -> bool:
    """ "last month", "past 30 days": a stretch of time counted from today."""
    triples = zip(words, [*words[1:], ""], [*words[2:], "", ""], strict=False)
    return any(a in _RELATIVE and (b in _SPANS or (b.isdigit() and c in _SPANS)) for a, b, c in triples)
