"""Answers are compared by their rows, and the sums say what a team needs to know."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pgwarden.domain.evaluation import Case, Evaluation, Outcome, Rows, Scored, compared


@pytest.mark.parametrize(
    ("gold", "answer", "ordered", "outcome"),
    [
        ([(1, "a"), (2, "b")], [(2, "b"), (1, "a")], False, Outcome.CORRECT),
        ([(1, "a"), (2, "b")], [(2, "b"), (1, "a")], True, Outcome.WRONG),
        ([(1, "a")], [("a", 1)], True, Outcome.CORRECT),
        ([(1,), (1,), (2,)], [(1,), (2,), (2,)], False, Outcome.WRONG),
        ([(1, 2), (2, 1)], [(1, 1), (2, 2)], False, Outcome.WRONG),
        ([("a",)], [("a", 7)], False, Outcome.SUBSET),
        ([("a", 7)], [("a",)], False, Outcome.WRONG),
        ([(Decimal("3.00"),)], [(3,)], False, Outcome.CORRECT),
        ([(True,)], [(1,)], False, Outcome.WRONG),
        ([(None,)], [("None",)], False, Outcome.WRONG),
        ([(2**60,)], [(2**60 + 1,)], False, Outcome.WRONG),
        ([(float("nan"),)], [(Decimal("NaN"),)], False, Outcome.CORRECT),
        ([], [], False, Outcome.BOTH_EMPTY),
        ([], [(1,)], False, Outcome.WRONG),
    ],
)
def test_rows_are_compared_as_a_multiset(gold: Rows, answer: Rows, ordered: bool, outcome: Outcome) -> None:
    assert compared(gold, answer, ordered=ordered) is outcome


def test_the_sums() -> None:
    asked, unanswerable = Case(1, "q", ("select 1",)), Case(2, "q", (), answerable=False)
    found = Evaluation(
        (
            Scored(asked, Outcome.CORRECT, "select 1", 0.95, 1),
            Scored(asked, Outcome.WRONG, "select 2", 0.75, 2),
            Scored(asked, Outcome.ASKED, None, 0.4, 3),
            Scored(asked, Outcome.ERROR, "select 3", 0.9, 4),
            Scored(unanswerable, Outcome.REFUSED, None, 0.1, 5),
        )
    )
    assert found.precision == 0.5
    assert found.unanswerable == (1, 1)
    assert [(band.lower, band.answered, band.right) for band in found.calibration if band.answered] == [
        (0.7, 1, 0),
        (0.9, 1, 1),
    ]
    assert [one.outcome for one in found.failures] == [Outcome.WRONG, Outcome.ASKED, Outcome.ERROR]
    assert found.median_milliseconds == 3
    assert Evaluation(()).precision is None
