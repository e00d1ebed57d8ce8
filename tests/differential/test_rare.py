"""The campaign on what is rare, against the same truth. ``PGWARDEN_SOAK`` sets how many cases are tried."""

from __future__ import annotations

import os

import pytest
from tests.conftest import MakeDatabase
from tests.differential.harness import Tally, run_case
from tests.differential.rare_cases import rare_case
from tests.support.change import owned

SLICES = 4
CASES = int(os.environ.get("PGWARDEN_SOAK", "32"))


@pytest.mark.parametrize("slice_", range(SLICES))
def test_what_is_rare_is_predicted_done_and_taken_back(make_database: MakeDatabase, slice_: int) -> None:
    database, tally = owned(make_database(18 if slice_ % 2 else 16)), Tally()
    for seed in range(slice_, CASES, SLICES):
        run_case(database, rare_case(seed), tally)
    assert tally.mismatches == []
    assert tally.undone > tally.statements / 2  # the campaign does what it claims
