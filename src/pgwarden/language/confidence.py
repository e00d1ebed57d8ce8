"""How likely a reading is right: evidence → features → a calibrated number. The weights are data, fitted offline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Block, Col, Compare, Cond, Has, Ratio, fields_of, has_aggregate

LINE = 0.8
"""Below it the engine asks instead of answering."""

WEIGHTS: Mapping[str, float] = {
    "bias": 2.95,
    "unknown": -2.0,
    "unknown_more": -1.25,
    "named_unknown": -0.4,
    "bare_unknown": -1.2,
    "ungrounded": -1.7,
    "weak": -0.6,
    "ambiguous": -1.2,
    "unused": -0.9,
    "ignored": -2.5,
    "far": -0.1,
    "unnamed": -0.2,
    "guess": -0.5,
    "conditions": -0.15,
    "related": -0.3,
    "sidestep": -1.5,
    "loose": -1.5,
    "fanned": -1.8,
    "roles": -1.8,
    "instructed": -0.35,
    "sentences": -0.2,
    "bare": -1.0,
    "open": -0.6,
    "no_limit_order": -0.8,
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
    plain = [e for e in block.select if isinstance(e, Col) and e not in block.group]
    return sum(draft.attribute(e.field).kind == "number" for e in plain)


def _fanned(draft: Draft, block: Block) -> bool:
    """A sum beside a table whose rows repeat what is summed: siblings of one parent, joined."""
    shown = (*block.select, *block.group, *block.hidden_group)
    joined = {f.relation for e in shown for f in fields_of(e)} & set(draft.index.entities)
    summed = {f.relation for e in shown if isinstance(e, Agg) and e.function == "sum" for f in fields_of(e.over)}
    paths = (draft.graph.path(table, other, draft.index) or () for table in summed for other in joined - {table})
    return any(one.to_one and not two.to_one for path in paths for one, two in pairwise(path))


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
