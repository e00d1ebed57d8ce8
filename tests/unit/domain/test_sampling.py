"""The block-aware interval: exact binomial where rows are mixed, honest where blocks differ."""

from __future__ import annotations

import pytest

from pgwarden.domain.sampling import BlockSample, clopper_pearson, interval


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"), [(5, 50, 0.0333, 0.2181), (0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0)]
)
def test_the_exact_binomial_interval(hits: int, rows: int, low: float, high: float) -> None:
    """Against published tables."""
    assert clopper_pearson(hits, rows) == pytest.approx((low, high), abs=2e-4)


def test_blocks_that_differ_widen_the_interval() -> None:
    mixed = interval(BlockSample(tuple((100, 10) for _ in range(50)), 5000))
    clustered = interval(BlockSample(tuple((100, 100 if n % 10 == 0 else 0) for n in range(50)), 5000))
    assert mixed is not None
    assert clustered is not None
    assert mixed.rows == clustered.rows == 50_000
    assert (mixed.low, mixed.high) != (None, None)
    assert (clustered.high or 0) - (clustered.low or 0) > 3 * ((mixed.high or 0) - (mixed.low or 0))


def test_no_hit_bounds_by_the_number_of_blocks() -> None:
    figure = interval(BlockSample(tuple((100, 0) for _ in range(40)), 4000))
    assert figure is not None
    assert figure.rows == figure.low == 0
    assert figure.high == pytest.approx((1 - 0.025 ** (1 / 40)) * 400_000, rel=0.01)


def test_an_empty_sample_says_nothing() -> None:
    assert interval(BlockSample((), 10)) is None
