"""The seal covers everything, and the tolerance is exact for small numbers."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from pgwarden.domain.approval import Approved, DatabaseIdentity, Expectation, Tolerance, seal_of
from pgwarden.domain.execution import Isolation, Parameter, RowCounts
from pgwarden.testing import issue_approval

APPROVED = issue_approval(
    execution_id="1",
    sql="delete from t where id = 1",
    database=DatabaseIdentity("77", 5, "db"),
    role="r",
    reach=[1],
    definitions="d",
    expectations=[Expectation(1, "t", RowCounts(deleted=1))],
    until=datetime(2026, 1, 1, tzinfo=UTC),
)
OTHER: dict[str, object] = {
    "execution_id": "2",
    "sql": "delete from t where id = 2",
    "parameters": (Parameter(23, "1"),),
    "database": DatabaseIdentity("78", 5, "db"),
    "role": "x",
    "search_path": "x",
    "reach": (1, 2),
    "definitions": "e",
    "expectations": (),
    "requested_by": "x",
    "approved_by": "x",
    "until": datetime(2027, 1, 1, tzinfo=UTC),
    "tolerance": Tolerance(0, 1.0),
    "isolation": Isolation.SERIALIZABLE,
}


def test_nothing_is_left_out_of_the_seal() -> None:
    assert {field.name for field in fields(Approved)} == OTHER.keys() | {"seal"}


@pytest.mark.parametrize("name", OTHER)
def test_any_change_breaks_the_seal(name: str) -> None:
    assert seal_of(APPROVED) == APPROVED.seal
    assert seal_of(replace(APPROVED, **{name: OTHER[name]})) != APPROVED.seal  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("approved", "actual", "accepted"),
    [
        (10_000, 10_000, True),
        (10_000, 10_001, False),
        (100_000, 101_000, True),
        (100_000, 101_001, False),
        (0, 1, False),
    ],
)
def test_the_tolerance(approved: int, actual: int, accepted: bool) -> None:
    assert Tolerance().accepts(approved, actual) is accepted


def test_unknown_numbers_accept_any_and_unlisted_tables_none() -> None:
    approved = replace(APPROVED, expectations=(Expectation(1, "t", None),))
    assert approved.differences({1: ("t", RowCounts(deleted=99))}) == ()
    (difference,) = approved.differences({2: ("u", RowCounts(inserted=1))})
    assert str(difference) == "u: inserted 1 (approved 0)"


def test_rows_that_move_count_before_and_after() -> None:
    approved = replace(APPROVED, expectations=(Expectation(1, "t", RowCounts(updated=3), moves=True),))
    assert approved.differences({1: ("t", RowCounts(inserted=2, updated=1, deleted=2))}) == ()
    assert approved.differences({1: ("t", RowCounts(inserted=1, updated=1, deleted=2))}) != ()
