"""How likely a reading is right: evidence → features → a calibrated number. The weights are data, fitted offline."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Block, Has, Ratio

LINE = 0.5
"""Below it the engine asks instead of answering."""

WEIGHTS: Mapping[str, float] = {
    "bias": 2.6,
    "unknown": -2.2,
    "unknown_more": -1.2,
    "ungrounded": -0.9,
    "weak": -3.0,
    "ambiguous": -0.8,
    "unused": -1.1,
    "far": -0.35,
    "unnamed": -0.9,
    "guess": -0.25,
    "conditions": -0.1,
    "related": -0.2,
    "tables": -0.25,
    "instructed": -0.5,
    "sentences": -0.3,
    "length": -0.03,
    "no_limit_order": -1.5,
}


def features(draft: Draft, block: Block, cost: float, named: bool, sentences: int, words: int, instructed: bool) -> dict[str, float]:
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
        "tables": float(max(0, len(set(draft.mentioned)) - 2)),
        "instructed": 1.0 if instructed else 0.0,
        "sentences": float(max(0, sentences - 1)),
        "length": max(0.0, words - 14.0),
        "no_limit_order": 1.0 if draft.bare_limit and not block.order else 0.0,
        "ratio": 1.0 if any(isinstance(e, Ratio) for e in block.select) else 0.0,
    }


def confidence(values: Mapping[str, float]) -> float:
    """The calibrated probability that the reading is right."""
    score = WEIGHTS["bias"] + sum(WEIGHTS.get(name, 0.0) * value for name, value in values.items())
    return round(1 / (1 + math.exp(-score)), 3)
