"""Words of a question find the columns that hold them."""

from __future__ import annotations

import pytest

from pgwarden.domain.value_index import SampledValues

INDEX = SampledValues(
    {
        (1, 2): ["California", "New York", "North Carolina", "Côte d'Or"],
        (2, 3): ["shipped", "delivered"],
        (3, 4): ["california", "New York City"],
        (4, 1): [],
    }
)


def _found(phrase: str) -> list[tuple[int, int, str]]:
    return [(hit.relation_oid, hit.column, hit.value) for hit in INDEX.find(phrase)]


def test_the_same_value_whatever_its_case() -> None:
    assert _found("CALIFORNIA")[:2] == [(1, 2, "California"), (3, 4, "california")]
    assert [hit.score for hit in INDEX.find("shipped")] == [1.0]
    assert _found("cote d or")[0] == (1, 2, "Côte d'Or")


def test_part_of_a_value_scores_less() -> None:
    exact, part = INDEX.find("new york")[:2]
    assert (exact.value, part.value) == ("New York", "New York City")
    assert exact.score > part.score > 0.6


def test_misspelt_values() -> None:
    assert (1, 2, "California") in _found("Califronia")
    assert _found("delivred")[0] == (2, 3, "delivered")
    assert _found("shp") == []


def test_nothing_like_it() -> None:
    assert _found("zanzibar") == []
    assert _found("") == []
    assert _found("!?") == []


def test_values_of_a_column_and_json() -> None:
    assert INDEX.values(2, 3) == ("shipped", "delivered")
    assert INDEX.values(9, 9) == ()
    again = SampledValues.from_json(INDEX.to_json())
    assert again.find("new york") == INDEX.find("new york")


@pytest.mark.parametrize("phrase", ["a" * 10_000, "'; drop table t --", "\x00", "😀"])
def test_odd_phrases_are_harmless(phrase: str) -> None:
    assert list(INDEX.find(phrase)) == []
