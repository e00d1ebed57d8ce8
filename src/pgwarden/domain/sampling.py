"""The block-aware estimate of a share, with an interval that keeps its promise on clustered data."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pgwarden.domain.impact import Basis, Figure

Z95 = 1.959964
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class BlockSample:
    """Rows and hits of each sampled block, and how many blocks the table has."""

    blocks: tuple[tuple[int, int], ...]
    total_blocks: int


def interval(sample: BlockSample) -> Figure | None:
    """The estimated number of hits in the table, with a 95 % interval; None without any sampled row."""
    rows = sum(n for n, _ in sample.blocks)
    if not rows:
        return None
    hits = sum(k for _, k in sample.blocks)
    blocks = len(sample.blocks)
    share = hits / rows
    whole = rows / blocks * sample.total_blocks
    low, high = _bounds(sample, rows, hits, share)
    return Figure(round(share * whole), Basis.SAMPLED, math.floor(low * whole), math.ceil(high * whole))


def _bounds(sample: BlockSample, rows: int, hits: int, share: float) -> tuple[float, float]:
    blocks = len(sample.blocks)
    if hits == 0:
        return 0.0, 1 - (ALPHA / 2) ** (1 / blocks)
    if hits == rows:
        return (ALPHA / 2) ** (1 / blocks), 1.0
    if blocks < 2:
        return 0.0, 1.0
    mean = rows / blocks
    spread = sum((k - share * n) ** 2 for n, k in sample.blocks) / (blocks - 1)
    variance = spread / (blocks * mean * mean)
    design = max(1.0, variance / (share * (1 - share) / rows))
    effective = rows / design
    return clopper_pearson(share * effective, effective)


def clopper_pearson(hits: float, rows: float) -> tuple[float, float]:
    """The exact binomial interval, for fractional counts too."""
    low = 0.0 if hits <= 0 else _beta_quantile(ALPHA / 2, hits, rows - hits + 1)
    high = 1.0 if hits >= rows else _beta_quantile(1 - ALPHA / 2, hits + 1, rows - hits)
    return low, high


def _beta_quantile(probability: float, a: float, b: float) -> float:
    """By bisection: the distribution function rises."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _beta_distribution(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta_distribution(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x > (a + 1) / (a + b + 2):
        return 1.0 - front * _fraction(1 - x, b, a) / b
    return front * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1), tiny)
    result = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / _away(1.0 + even * d, tiny)
        c = _away(1.0 + even / c, tiny)
        result *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1.0 / _away(1.0 + odd * d, tiny)
        c = _away(1.0 + odd / c, tiny)
        step = d * c
        result *= step
        if abs(step - 1.0) < 1e-12:
            break
    return result


def _away(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
