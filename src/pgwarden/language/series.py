"""Along time: running totals, and each period beside the one before ("month over month growth of revenue")."""

from __future__ import annotations

from pgwarden.language.dates import Span
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Binary, Bucket, Col, Expr, Ratio, Window
from pgwarden.language.lexicon import UNITS
from pgwarden.language.periods import time_column

RUNNING = ("running", "cumulative")
_CHANGES = ("growth", "change", "increase")


def lead(draft: Draft, position: int) -> int | None:
    """The words that make a measure a series; what they do to it is settled when the sentence has been read."""
    item = draft.item(position)
    if item is None or item.linked:
        return None
    if draft.is_word(position, *RUNNING):
        draft.series = "running"
        return position + 1
    unit = item.lemma
    if unit in UNITS and draft.is_word(position + 1, "over", "on", "to") and draft.is_word(position + 2, unit):
        draft.series, draft.series_unit = "growth", unit
        return draft.skip(position + 3, *_CHANGES, "rate", "of", "in", "the", "for")
    if draft.is_word(position, "growth") and position:
        draft.series = "growth"
        return draft.skip(position + 1, "rate", "of", "in", "the")
    return None


def settle(draft: Draft) -> None:
    """Turns the one measure of a sentence into its series over the one period that it is grouped by."""
    if not draft.series:
        return
    measures = [e for e in draft.select if isinstance(e, Agg) and e.function in ("sum", "count")]
    _sum_of_one(draft, measures)
    buckets = [e for e in draft.group if isinstance(e, Bucket) and not e.part] or _bucket(draft)
    if len(measures) != 1 or len(buckets) != 1 or len(draft.select) != 1 or draft.grouped_entities:
        draft.evidence.unknown.append(draft.series)
        return
    measure, bucket = measures[0], buckets[0]
    if measure.function == "count" and not measure.entity and measure.over is None:
        measure = Agg("count", None, draft.main)
    others = tuple(e for e in draft.group if e != bucket)
    order: tuple[tuple[Expr, bool], ...] = ((bucket, False),)
    if draft.series == "running":
        draft.select = [Window("sum", measure, others, order)]
        return
    before = Window("lag", measure, others, order)
    draft.select = [measure, Ratio(Binary("-", measure, before), before, 100)]
    draft.evidence.guesses.append(f"growth in percent of the {bucket.unit} before")


def _sum_of_one(draft: Draft, measures: list[Agg]) -> None:
    """ "growth of the price paid": a plain number is added up."""
    plain = draft.select[0] if len(draft.select) == 1 else None
    if not measures and isinstance(plain, Col) and draft.attribute(plain.field).kind == "number":
        draft.select = [Agg("sum", plain)]
        measures.append(Agg("sum", plain))


def _bucket(draft: Draft) -> list[Bucket]:
    """The period of "month over month" or "monthly", when no group was said."""
    unit = draft.series_unit or (draft.units[0] if draft.units else "")
    target = time_column(draft, len(draft.items), Span(None, None, 1, unit)) if unit else None
    if target is None or target.kind != "time":
        return []
    draft.units = []
    draft.group.append(Bucket(unit, Col(target.field)))
    return [Bucket(unit, Col(target.field))]
