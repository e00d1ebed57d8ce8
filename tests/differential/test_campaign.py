"""The campaign: random schemas and statements against the truth. ``PGWARDEN_SOAK`` sets how many cases are tried."""

from __future__ import annotations

import os

import pytest
from tests.conftest import MakeDatabase
from tests.differential.harness import Tally, run_case
from tests.support.change import owned

SLICES = 8
CASES = int(os.environ.get("PGWARDEN_SOAK", "64"))
FOUND = {
    "a self-referencing key that changes for all rows": 46,
    "rows that move between partitions because their key changes": 30,
    "a trigger that logs what a CTE deletes": 3,
}
"""Seeds that once failed, by what they taught."""


@pytest.mark.parametrize("slice_", range(SLICES))
def test_predicted_is_actual_and_undo_is_before(make_database: MakeDatabase, slice_: int) -> None:
    database, tally = owned(make_database(18 if slice_ % 4 else 16)), Tally()
    for seed in range(slice_, CASES, SLICES):
        run_case(database, seed, tally)
    assert tally.mismatches == []
    assert tally.undone > tally.statements / 2  # the campaign does what it claims


@pytest.mark.parametrize("seed", FOUND.values(), ids=FOUND)
def test_what_once_failed(make_database: MakeDatabase, seed: int) -> None:
    database, tally = owned(make_database()), Tally()
    run_case(database, seed, tally)
    assert tally.mismatches == []
