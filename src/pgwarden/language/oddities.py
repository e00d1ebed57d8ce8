"""What is odd about a reading in itself: shapes that people hardly ever mean, whichever words led to them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from pgwarden.language.draft import Draft
from pgwarden.language.forms import (
    Agg,
    Block,
    Both,
    Bucket,
    Col,
    Compare,
    Cond,
    Expr,
    Has,
    Length,
    Not,
    Period,
    Ratio,
    counted_of,
    fields_of,
    has_aggregate,
)
from pgwarden.language.index import Field
from pgwarden.language.lexicon import FILLER, OPENERS, SCALES, SIZES, TIMELY
from pgwarden.language.morphology import is_plural
from pgwarden.language.outputs import DISTINCT

_LETTERS = frozenset(
    {"letter", "letters", "character", "characters", "name", "names", "title", "titles", "text", "word"}
)
_NUMBERS = frozenset({"number", "numbers", "count", "amount", "most", "many", "often", "total"})


def oddities(draft: Draft, block: Block) -> dict[str, float]:
    """The signals of one reading, each 1.0 when it is there."""
    words = frozenset(t.lower for t in draft.said)
    found = {
        "odd_count": _odd_count(draft, block, words),
        "stray": _stray(draft, block),
        "odd_order": _odd_order(draft, block, words),
        "limited_total": block.limit is not None and not block.group and _all_aggregates(block),
        "counted_size": bool(words & SIZES) and not words & _NUMBERS and any(_counts(e) for e, _ in block.order),
        "own_count": _own_count(draft, block),
        "unsummed": _unsummed(draft, block),
        "echo": _echo(block),
        "name_length": not words & _LETTERS and any(_is_name(draft, e) for e, _ in block.order),
        "stray_period": any(_stray_period(draft, block, c) for c in block.where),
        "ranked_rows": _ranked_rows(draft, block),
        "other_unit": any(_other_unit(draft, c) for c in _flat(block.where)),
        "unmeasured": _unmeasured(draft, block),
        "some_other": any(_some_other(draft, block, c) for c in block.where),
        "per_unit": _per_unit(draft, block),
        "drifted": _drifted(draft, block),
        "bare_qualifier": _bare_qualifier(draft, block),
        "denied_period": any(isinstance(c, Not) and not isinstance(c.part, Compare) for c in block.where),
    }
    return {name: float(flag) for name, flag in found.items()}


def _all_aggregates(block: Block) -> bool:
    return bool(block.select) and all(isinstance(e, Agg) for e in block.select)


def _counts(node: Expr) -> bool:
    return isinstance(node, Agg) and node.function == "count"


def _odd_count(draft: Draft, block: Block, words: frozenset[str]) -> bool:
    """Different amounts, dates or flags counted, though nobody said "different"."""
    if words & set(DISTINCT):
        return False
    over = [e.over for e in block.select if isinstance(e, Agg) and e.function == "count" and e.distinct]
    kinds = [draft.attribute(e.field) for e in over if isinstance(e, Col)]
    return any(a.kind in ("number", "time", "bool") and not a.identifier for a in kinds)


def _stray(draft: Draft, block: Block) -> bool:
    """A plain column of a table that nobody named, of which each row of the tables named has many."""
    named = {block.entity, *draft.ahead, *draft.grouped_entities}
    plain = [e for e in (*block.select, *block.group) if isinstance(e, Col | Bucket)]
    for field_ in {f for e in plain for f in fields_of(e)}:
        if field_.relation in named or field_.relation not in draft.index.entities:
            continue
        path = draft.graph.path(block.entity, field_.relation, draft.index) or ()
        if any(not edge.to_one for edge in path) and _closeness(draft, field_) < 1.0:
            return True
    return False


def _closeness(draft: Draft, field_: Field) -> float:
    """How well the best word of the question names a column, 0–1."""
    links = (c.score for i in (*draft.first_items, *draft.items) for c in i.columns if c.field == field_)
    return max(links, default=0.0)


def _stray_period(draft: Draft, block: Block, condition: Cond) -> bool:
    """A stretch of time tested on rows that are not spoken of, of which each row shown has many."""
    if not isinstance(condition, Period):
        return False
    measured = {f.relation for e in block.select if has_aggregate(e) for f in fields_of(e)}
    spoken = {block.entity, *draft.ahead, *draft.mentioned, *draft.related, *draft.events, *measured}
    away = [f.relation for f in fields_of(condition.column) if f.relation not in spoken]
    paths = (draft.graph.path(block.entity, oid, draft.index) or () for oid in away)
    return any(not edge.to_one for path in paths for edge in path)


def _unsummed(draft: Draft, block: Block) -> bool:
    """ "monthly revenue", "amount per month", and the amounts of single rows are shown."""
    if any(has_aggregate(e) for e in block.select):
        return False
    numbers = [e for e in block.select if isinstance(e, Col) and draft.attribute(e.field).kind == "number"]
    shown = any(isinstance(e, Bucket) for e in block.select)
    return bool(draft.units) or (shown and any(not draft.attribute(e.field).identifier for e in numbers))


def _echo(block: Block) -> bool:
    """Nothing is shown, or grouped by, but what was asked with: each column is tested for one value."""
    fixed = {c.left for c in block.where if isinstance(c, Compare) and c.operator == "=" and len(c.values) == 1}
    plain = [e for e in block.select if isinstance(e, Col)]
    return bool(fixed & set(block.group)) or (bool(plain) and set(block.select) <= fixed)


def _is_name(draft: Draft, node: Expr) -> bool:
    """Whether letters of a name are counted: "the longest route" is not the one with the longest name."""
    known = (f for f in fields_of(node) if f.relation in draft.index.entities)
    return isinstance(node, Length) and any(f in draft.displays(f.relation) for f in known)


def _ranked_rows(draft: Draft, block: Block) -> bool:
    """The top few of a table by single rows of another, of which each has many: rather by their sum."""
    key = block.order[0][0] if block.order and (block.limit or 0) > 1 and not block.group else None
    if not isinstance(key, Col) or draft.attribute(key.field).kind != "number":
        return False
    shown = {f.relation for e in block.select if e != key for f in fields_of(e)} - {key.field.relation}
    paths = (draft.graph.path(oid, key.field.relation, draft.index) or () for oid in shown)
    return any(not edge.to_one for path in paths for edge in path)


def _odd_order(draft: Draft, block: Block, words: frozenset[str]) -> bool:
    """The first by a date, where nothing said is early or late, old or new; the most by a text."""
    key = block.order[0][0] if block.order and block.limit is not None else None
    kind = draft.attribute(key.field).kind if isinstance(key, Col) else ""
    return (kind == "time" and not words & TIMELY) or (kind == "text" and bool(words & {"most", "least"}))


def _own_count(draft: Draft, block: Block) -> bool:
    """Rows counted or added up for each single row: grouped by the key of what is measured."""
    measures = [e for e in (*block.select, *(o for o, _ in block.order)) if isinstance(e, Agg)]
    measured = {oid for e in measures for oid in (counted_of(e) | {f.relation for f in fields_of(e)})}
    keys = {Col(k) for oid in measured if oid in draft.index.entities if (k := draft.key(oid)) is not None}
    return bool(keys & {*block.group, *block.hidden_group, *(e for e in block.select if isinstance(e, Col))})


_MEASURING = ("old", "long", "far", "big", "large", "tall", "high", "heavy", "deep", "wide", "expensive", "often")


def _unmeasured(draft: Draft, block: Block) -> bool:
    """ "how old is …", and nothing shown is a number or a date."""
    words = [t.lower for t in draft.said[:2]]
    if words[:1] != ["how"] or words[1:2] == [] or words[1] not in _MEASURING:
        return False
    plain = [draft.attribute(e.field) for e in block.select if isinstance(e, Col)]
    return len(plain) == len(block.select) and all(a.kind not in ("number", "time") or a.identifier for a in plain)


def _some_other(draft: Draft, block: Block, condition: Cond) -> bool:
    """ "went to neither A nor B", read as: went somewhere else at least once."""
    if not isinstance(condition, Compare) or condition.operator not in ("<>", "not-ilike"):
        return False
    paths = [draft.graph.path(block.entity, f.relation, draft.index) or () for f in fields_of(condition.left)]
    return any(not edge.to_one for path in paths for edge in path)


_PAYING = frozenset({"pay", "earn", "cost", "charge", "rent"})


def _per_unit(draft: Draft, block: Block) -> bool:
    """ "the price per day", read as one row for each day."""
    units = {e.unit for e in (*block.group, *block.select, *block.distinct_on) if isinstance(e, Bucket)}
    counted = any(_counts(e) for e in block.select)  # "orders per day": how many
    paying = any(i.lemma in _PAYING for i in draft.first_items)
    for before, item, following in zip(draft.first_items, draft.first_items[1:], draft.first_items[2:], strict=False):
        if item.lower == "per" and following.lemma in units:
            last = before.tokens[-1]
            single = bool(before.tables) and last.lower == last.lemma and not is_plural(last.lower)
            return before.number or (single and not counted) or (paying and following.lemma == "hour")
    return False


def _drifted(draft: Draft, block: Block) -> bool:
    """ "theatres that hired …", where the rows shown are those of another table than the one that holds "theatre"."""
    head = next((i for i in draft.first_items if i.lower not in OPENERS and i.lower not in FILLER), None)
    if head is None or head.named or not head.values or not draft.default_display:
        return False
    return all(v.field.relation != block.entity for v in head.values)


def _bare_qualifier(draft: Draft, block: Block) -> bool:
    """ "the delayed sailings", where no condition is on what the first word names."""
    filters = [c for e in block.select for c in _filters(e)]
    tested = {f for c in (*_flat(block.where), *filters) for f in fields_of(c)}
    for position, (item, following) in enumerate(pairwise(draft.first_items)):
        told = item.lower.endswith("ed") and item.lower != item.lemma and bool(item.columns) and not item.tables
        graded = position and draft.first_items[position - 1].lower in ("most", "least", "best", "worst")
        if told and not graded and following.tables and following.start == item.end:
            return not tested & {c.field for c in item.columns}
    return False


def _filters(node: Expr) -> tuple[Cond, ...]:
    if isinstance(node, Ratio):
        return (*_filters(node.upper), *_filters(node.lower))
    return node.where if isinstance(node, Agg) else ()


def _other_unit(draft: Draft, condition: Cond) -> bool:
    """ "over 5 metres" of a column that counts centimetres."""
    if not isinstance(condition, Compare) or not isinstance(condition.left, Col) or not condition.values:
        return False
    scale = SCALES.get(draft.attribute(condition.left.field).name.lower().split("_")[-1])
    for number, unit in pairwise(draft.said):
        if scale is not None and number.value == condition.values[0] and unit.lower in SCALES:
            return SCALES[unit.lower] != scale
    return False


def _flat(conditions: Iterable[Cond]) -> list[Cond]:
    found: list[Cond] = []
    for node in conditions:
        if isinstance(node, Both):
            found += _flat(node.parts)
        elif isinstance(node, Has):
            found += _flat(node.where)
        else:
            found.append(node)
    return found
