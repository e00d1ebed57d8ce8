from __future__ import annotations

import pytest

from pgwarden.cli.data import evenly
from pgwarden.domain.profile import Bucket


def test_the_shape_shows_where_values_are_dense() -> None:
    shares = evenly([Bucket("0", "1", 0.5), Bucket("1", "10", 0.5)])
    assert sum(shares) == pytest.approx(1)
    assert shares[0] == pytest.approx(0.5)
    assert shares[1:] == pytest.approx([0.5 / 9] * 9)


def test_times_have_a_shape_too_and_one_value_alone_takes_its_place() -> None:
    months = [Bucket("2026-01-01", "2026-01-01", 0.5), Bucket("2026-01-01", "2026-01-11", 0.5)]
    assert evenly(months) == pytest.approx([0.55] + [0.05] * 9)


@pytest.mark.parametrize("ends", [("a", "b"), ("1", "1"), ("-infinity", "1"), ("***", "***")])
def test_no_shape_where_values_have_no_distance(ends: tuple[str, str]) -> None:
    assert evenly([Bucket(*ends, 1.0)]) == []
