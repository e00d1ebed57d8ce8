"""How likely a reading is right: evidence → features → a calibrated number. The weights are data, fitted offline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from pgwarden.language.draft import Draft
from pgwarden.language.forms import (
    Agg,
    Block,
    Both,
    Col,
    Compare,
    Cond,
    Has,
    Ratio,
    counted_of,
    fields_of,
    has_aggregate,
)
from pgwarden.language.index import Field

LINE = 0.8
"""Below it the engine asks instead of answering."""

WEIGHTS: Mapping[str, float] = {
    "bias": 3.19,
    "ambiguous": -0.44,
    "bare": -0.98,
    "bare_qualifier": -2.0,
    "bare_unknown": -2.86,
    "conditions": -0.1,
    "contradiction": -4.55,
    "counted_size": -2.86,
    "denied_period": -2.85,
    "double": -2.79,
    "fanned": -1.8,
    "guess": -0.53,
    "ignored": -2.59,
    "instructed": -0.78,
    "limited_total": -2.39,
    "loose": -1.42,
    "lost_columns": -1.73,
    "lost_head": -1.79,
    "lost_people": -3.02,
    "lost_states": -3.15,
    "lost_tables": -0.42,
    "lost_values": -2.51,
    "lost_verbs": -0.05,
    "lost_words": -0.53,
    "no_amount": -2.19,
    "no_average": -1.8,
    "no_both": -3.9,
    "no_bound": -2.9,
    "no_date": -1.5,
    "no_limit_order": -0.73,
    "no_number": -0.32,
    "no_order": -1.38,
    "no_share": -2.71,
    "no_total": -2.0,
    "odd_count": -3.38,
    "open": -0.91,
    "other_unit": -2.85,
    "own_count": -2.45,
    "per_unit": -2.04,
    "related": -0.37,
    "repeated_means": -0.84,
    "repeated_sums": -0.24,
    "roles": -3.16,
    "same_as": -2.2,
    "sentences": -0.07,
    "sidestep": -2.91,
    "some_other": -2.81,
    "stray": -3.87,
    "tables": -0.14,
    "trivial": -2.14,
    "twice": -1.23,
    "ungrounded": -2.63,
    "unknown": -2.36,
    "unknown_more": -0.75,
    "unmeasured": -2.88,
    "unnamed": -0.65,
    "no_count": -2.0,
    "row_extreme": -0.3,
    "odd_order": -1.6,
    "unsummed": -1.92,
    "drifted": -1.6,
    "unused": -0.13,
    "weak": -1.35,
    "echo": -3.43,
    "name_length": -2.21,
    "no_never": -2.0,
    "no_now": -3.07,
    "ranked_rows": -2.23,
    "stray_period": -1.66,
}


def features(
    draft: Draft, block: Block, cost: float, named: bool, sentences: int, words: int, instructed: bool
) -> dict[str, float]:
    """The features of one reading, all 0 when nothing speaks against it."""
    evidence = draft.evidence
    weakest = min(evidence.weak, default=1.0)
    return {
        "unknown": min(1.0, float(len(evidence.unknown))),
        "unknown_more": float(min(3, max(0, len(evidence.unknown) - 1))),
        "ungrounded": float(min(2, len(evidence.ungrounded))),
        "weak": max(0.0, 0.9 - weakest),
        "ambiguous": float(min(3, len(evidence.ambiguous))),
        "unused": float(min(3, evidence.unused)),
        "far": max(0.0, cost - 2.5),
        "unnamed": 0.0 if named else 1.0,
        "guess": float(min(2, len(evidence.guesses))),
        "conditions": float(len(block.where)),
        "related": float(sum(isinstance(c, Has) for c in block.where)),
        "sidestep": float(len({t for c in block.where for t in _tables_of(c) if _sidestep(draft, block, t)})),
        "loose": float(_loose(draft, block)),
        "fanned": float(_fanned(draft, block)),
        "tables": float(max(0, len(set(draft.mentioned)) - 2)),
        "instructed": 1.0 if instructed else 0.0,
        "sentences": float(max(0, sentences - 1)),
        "length": max(0.0, words - 14.0),
        "no_limit_order": 1.0 if draft.bare_limit and not block.order else 0.0,
        "open": 1.0 if _open_ended(draft) else 0.0,
        "bare": 1.0 if not (block.where or block.order or block.group or _aggregated(block)) else 0.0,
        "bare_unknown": float(bool(evidence.unknown) and not (block.where or block.order or block.group)),
        "named_unknown": float(any(word[:1].isupper() for word in evidence.unknown)),
        "double": float(len(set(block.select)) < len(block.select)),
        "row_extreme": float(_row_extreme(draft, block)),
        "trivial": float(_trivial(draft, block)),
        "contradiction": float(_contradiction(draft, block.where)),
        "twice": float(_twice(draft, block)),
        "same_as": float(_same_as(draft)),
        "combined": 1.0 if block.combine else 0.0,
        "ratio": 1.0 if any(isinstance(e, Ratio) for e in block.select) else 0.0,
    }


def _tables_of(condition: Cond) -> frozenset[int]:
    if isinstance(condition, Has):
        return frozenset({condition.entity})
    if isinstance(condition, Compare):
        return frozenset(f.relation for f in fields_of(condition.left))
    return frozenset()


def _loose(draft: Draft, block: Block) -> int:
    """Plain numbers shown beside aggregates that nothing was grouped by: a measure that found no place."""
    if not any(has_aggregate(e) for e in block.select):
        return 0
    plain = [e for e in block.select if isinstance(e, Col) and e not in draft.group]
    numbers = (draft.attribute(e.field) for e in plain)
    return sum(a.kind in ("number", "bool") and not a.identifier for a in numbers)


def _fanned(draft: Draft, block: Block) -> bool:
    """A sum beside a table whose rows repeat what is summed: siblings of one parent, joined."""
    shown = (*block.select, *block.group, *block.hidden_group)
    joined = {f.relation for e in shown for f in fields_of(e)} & set(draft.index.entities)
    summed = {f.relation for e in shown if isinstance(e, Agg) and e.function == "sum" for f in fields_of(e.over)}
    paths = (draft.graph.path(table, other, draft.index) or () for table in summed for other in joined - {table})
    return any(one.to_one and not two.to_one for path in paths for one, two in pairwise(path))


def _row_extreme(draft: Draft, block: Block) -> bool:
    """One row shown by the largest of many rows of another table: the largest one, or the largest sum of them?"""
    if block.limit is None or block.group or block.hidden_group or block.distinct_on or not block.order:
        return False
    key = block.order[0][0]
    if not isinstance(key, Col) or key.field.relation == block.entity:
        return False
    shown = {f.relation for e in block.select for f in fields_of(e)} or {block.entity}
    paths = [draft.graph.path(t, key.field.relation, draft.index) or () for t in shown - {key.field.relation}]
    return draft.attribute(key.field).kind == "number" and any(not edge.to_one for path in paths for edge in path)


def _trivial(draft: Draft, block: Block) -> bool:
    """Rows counted one by one: grouped by their own key, or picked by it."""
    counted = {e.entity for e in block.select if isinstance(e, Agg) and e.function == "count" and e.over is None}
    keys = {Col(Field(oid, draft.entity(oid).key)) for oid in counted if oid in draft.index.entities}
    picked = {c.left for c in block.where if isinstance(c, Compare) and c.operator == "=" and len(c.values) == 1}
    return bool(keys & {*block.group, *block.hidden_group, *picked})


def _contradiction(draft: Draft, where: tuple[Cond, ...]) -> bool:
    """Conditions that no row meets: two values of one column at once, one that has and has not."""
    wanted: dict[object, set[tuple[str, ...]]] = {}
    for part in (p for c in where for p in (c.parts if isinstance(c, Both) else (c,))):
        if isinstance(part, Compare) and part.operator in ("=", "ilike", "like") and part.right is None:
            wanted.setdefault(part.left, set()).add(part.values)
    denied = {c.entity for c in where if isinstance(c, Has) and c.negated and not c.where and not c.operator}
    had = [c for c in where if isinstance(c, Has) and not c.negated]
    ways = (draft.graph.path(c.anchor or draft.main, c.entity, draft.index) or () for c in had)
    return any(len(values) > 1 for values in wanted.values()) or any(
        edge.right.relation in denied for way in ways for edge in way
    )


def _twice(draft: Draft, block: Block) -> bool:
    """A condition on rows of a table that is also joined: on other rows of it than those that are measured."""
    shown = (*block.select, *block.group, *(e for e, _ in block.order))
    joined = {t for e in shown for t in ({f.relation for f in fields_of(e)} | counted_of(e))} - {block.entity}
    for condition in block.where:
        if isinstance(condition, Has) and not condition.anchor and not condition.operator and not condition.negated:
            way = draft.graph.path(block.entity, condition.entity, draft.index) or ()
            if any(edge.right.relation in joined for edge in way):
                return True
    return False


def _same_as(draft: Draft) -> bool:
    """ "the same town as …": a comparison of two rows that no clause here stands for."""
    words = [t.lower for item in draft.first_items for t in item.tokens]
    return any(w == "same" and "as" in words[i + 1 : i + 5] for i, w in enumerate(words))


def _sidestep(draft: Draft, block: Block, table: int) -> bool:
    """A table that nobody named, reached by going up to one row and down to many: siblings by accident."""
    if table in draft.ahead or table not in draft.index.entities:
        return False
    path = draft.graph.path(block.entity, table, draft.index) or ()
    return any(one.to_one and not two.to_one for one, two in pairwise(path))


def _aggregated(block: Block) -> bool:
    return any(has_aggregate(e) for e in block.select)


def _open_ended(draft: Draft) -> bool:
    """Questions that ask for an explanation or an opinion rather than for rows."""
    words = [t.lower for item in draft.first_items for t in item.tokens][:3]
    if not words:
        return True
    if words[0] == "how":
        return len(words) > 1 and words[1] not in ("many", "much", "long", "often", "old", "far", "big", "large")
    return (
        words[0] in ("why", "should", "do", "does", "is", "are", "can", "could", "have", "has", "in", "would")
        and words[1:2] != ["you"]
    ) or (words[:2] == ["can", "you"] and words[2:3] not in (["show"], ["list"], ["give"], ["tell"], ["find"], ["get"]))


def confidence(values: Mapping[str, float]) -> float:
    """The calibrated probability that the reading is right."""
    score = WEIGHTS["bias"] + sum(WEIGHTS.get(name, 0.0) * value for name, value in values.items())
    return round(1 / (1 + math.exp(-score)), 3)
