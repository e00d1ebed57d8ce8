"""When words want the last change taken back, and when they ask for something else."""

from __future__ import annotations

import pytest

from pgwarden.language.undoing import undo_of, wants_undo


@pytest.mark.parametrize(
    "text",
    [
        "undo that", "Undo that!", "please undo it", "undo", "revert the last change", "take that back",
        "Oops, undo my last update please.", "roll back what I just did", "can you reverse this?",
        "Take back the deletion", "undo execution 0a1b2c3d-0000-4000-8000-0123456789ab",
    ],
)  # fmt: skip
def test_that_is_meant(text: str) -> None:
    assert wants_undo(text)


@pytest.mark.parametrize(
    "text",
    [
        "which orders were taken back?", "undo logs by month", "how many reverted orders", "revert order 17 to open",
        "delete that", "show the last change", "take back stock of product 3", "undo that and delete all customers", "",
    ],
)  # fmt: skip
def test_that_is_not_meant(text: str) -> None:
    assert not wants_undo(text)


def test_an_execution_can_be_named() -> None:
    assert undo_of("Undo execution 0a1b2c3d.") == "0a1b2c3d"
    assert undo_of("undo that") == ""
