"""Stretches of time between two columns: "average session duration", "delivery time in hours"."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Duration
from pgwarden.language.index import Field
from pgwarden.language.outputs import show


def timespan(draft: Draft, position: int, functions: list[str]) -> int | None:
    """ "average session duration": the time between a start and an end column."""
    at = position
    while at < position + 3 and not _spans(draft, at):
        at += 1
    item = draft.item(at)
    if item is None or not _spans(draft, at):
        return None
    if any(link.score > 0.9 and draft.attribute(link.field).kind == "number" for link in item.columns):
        return None
    tables = [draft.table(p) for p in range(position, at + 2) if draft.table(p)]
    for oid in dict.fromkeys([*tables, draft.focus, draft.main, *sorted(draft.ahead)]):
        pair = _start_and_end(draft, oid) if oid else None
        if pair is None:
            continue
        draft.mention(oid)
        said = [i.lemma for i, before in zip(draft.items[1:], draft.items, strict=False) if before.lower == "in"]
        unit = next((word for word in said if word in ("second", "minute", "hour", "day")), "seconds")
        unit = {"second": "seconds", "minute": "minute", "hour": "hour", "day": "day"}.get(unit, "seconds")
        for function in dict.fromkeys(functions):
            show(draft, Agg(function, Duration(*pair, unit)))
        return at + 3 if draft.is_word(at + 1, "in") else at + 1
    return None


def _spans(draft: Draft, position: int) -> bool:
    """A word for a stretch of time: duration, length, "delivery time"."""
    item = draft.item(position)
    return item is not None and item.tokens[-1].lower in ("duration", "length", "time")


_STARTS = frozenset({"start", "begin", "open", "pickup", "departure", "admission", "ship", "request", "submit"})
_ENDS = frozenset(
    {"end", "finish", "stop", "close", "dropoff", "arrival", "discharge", "deliver", "complete", "resolve"}
)


def _start_and_end(draft: Draft, oid: int) -> tuple[Field, Field] | None:
    times = draft.times(oid)
    start = next((a.field for a in times if _STARTS & set(a.words)), None)
    end = next((a.field for a in times if _ENDS & set(a.words)), None)
    return (start, end) if start is not None and end is not None else None
