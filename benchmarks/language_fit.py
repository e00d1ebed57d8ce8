"""Fits the weights of ``pgwarden.language.confidence``: logistic regression in which evidence can only lower trust."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

ROUNDS, PULL, SPEED, MEMORY = 400, 1.0, 2.0, 0.9
LINES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85)


@dataclass(frozen=True, slots=True)
class Sample:
    """The features of one reading and whether it was right."""

    features: Mapping[str, float]
    right: bool
    database: str
    subset: str


def fit(samples: Sequence[Sample], prior: Mapping[str, float] | None = None) -> dict[str, float]:
    """Weights by gradient ascent; every weight but the bias stays at or below zero.

    Each is pulled to its ``prior`` (0 without one): what the samples say little of stays what it was thought to be.
    """
    names = sorted({name for sample in samples for name in sample.features})
    meant = prior or {}
    weights = {"bias": meant.get("bias", 1.0), **{name: meant.get(name, 0.0) for name in names}}
    momentum = dict.fromkeys(weights, 0.0)
    for _ in range(ROUNDS):
        slopes = dict.fromkeys(weights, 0.0)
        for sample in samples:
            error = sample.right - probability(weights, sample.features)
            slopes["bias"] += error
            for name, value in sample.features.items():
                slopes[name] += error * value
        for name in weights:
            pull = PULL * (weights[name] - meant.get(name, 0.0)) if name != "bias" else 0.0
            momentum[name] = MEMORY * momentum[name] + (slopes[name] - pull) * SPEED / len(samples)
            weights[name] += momentum[name]
            if name != "bias":
                weights[name] = min(0.0, weights[name])
    return weights


def probability(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    score = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in features.items())
    return 1 / (1 + math.exp(-score))


def leave_one_out(samples: Sequence[Sample]) -> Iterator[tuple[float, int, float]]:
    """(line, readings above it, share of them that is right), each database judged by weights that never saw it."""
    judged: list[tuple[float, bool]] = []
    for database in sorted({sample.database for sample in samples}):
        weights = fit([sample for sample in samples if sample.database != database])
        judged += [(probability(weights, s.features), s.right) for s in samples if s.database == database]
    for line in LINES:
        above = [right for likely, right in judged if likely >= line]
        yield line, len(above), sum(above) / max(1, len(above))


def rounded(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in weights.items() if round(value, 2)}
