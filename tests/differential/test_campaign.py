"""The campaign: random schemas and statements against the truth. ``PGWARDEN_SOAK`` sets how many cases are tried."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.differential.cases import case
from tests.differential.harness import Tally, batched, run_case
from tests.support.change import owned

from pgwarden.adapters.postgres.image_files import ImageFiles
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.domain.errors import StoreUnavailable
from pgwarden.undo import images

SLICES = 8
CASES = int(os.environ.get("PGWARDEN_SOAK", "64"))
FOUND = {
    "a self-referencing key that changes for all rows": 46,
    "rows that move between partitions because their key changes": 30,
    "a trigger that logs what a CTE deletes": 3,
    "rows without a key that are updated and then deleted": 167,
    "rows that were written without being changed, and that others changed since": 165,
}
"""Seeds that once failed, by what they taught."""


@pytest.mark.parametrize("slice_", range(SLICES))
def test_predicted_is_actual_and_undo_is_before(
    make_database: MakeDatabase, slice_: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every other slice keeps even few rows in bulk; one of each version keeps its images in files."""
    tally = Tally()
    if slice_ % 2 == 0:
        monkeypatch.setattr(images, "BULK", 0)
    store = ImageFiles(tmp_path / "images") if slice_ in (3, 4) else None
    if store:
        monkeypatch.setattr(Ledger, "ensure", refuse)
    for seeds in batched(range(slice_, CASES, SLICES)):
        database = owned(make_database(18 if slice_ % 4 else 16))
        for seed in seeds:
            run_case(database, case(seed), tally, store)
    assert tally.mismatches == []
    assert tally.undone > tally.statements / 2  # the campaign does what it claims


async def refuse(_: Ledger) -> None:
    raise StoreUnavailable("For this campaign the database holds no images.")


@pytest.mark.parametrize("seed", FOUND.values(), ids=FOUND)
def test_what_once_failed(make_database: MakeDatabase, seed: int) -> None:
    database, tally = owned(make_database()), Tally()
    run_case(database, case(seed), tally)
    assert tally.mismatches == []


@pytest.mark.parametrize("seed", [3, 21])
def test_rows_in_the_way_are_left_or_overwritten_as_chosen(make_database: MakeDatabase, seed: int) -> None:
    """Seeds in which both choices can be carried out, so that the campaign's check of them is no empty one."""
    database, tally = owned(make_database()), Tally()
    run_case(database, case(seed), tally)
    assert tally.decided == {"skip": 1, "overwrite": 1, "each": 1}
    assert tally.mismatches == []
