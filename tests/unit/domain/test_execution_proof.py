"""The proof of an execution laid out: what agrees, what does not, and why, in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.support.tickets import request

from pgwarden.domain.approval import Expectation
from pgwarden.domain.execution import Execution, ExecutionKind, ImageCounts, Isolation, RowCounts, TableImages
from pgwarden.domain.execution_proof import Prediction, ProofLine, proof_of
from pgwarden.domain.recovery import TableProof
from pgwarden.domain.request import RequestKind, UndoTarget

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TABLE = "public.orders"


def ran(counts: RowCounts, *, undoes: str | None = None, skipped: int = 0) -> Execution:
    kind = ExecutionKind.UNDO if undoes else ExecutionKind.EXECUTE
    table = TableImages(1, "public", "orders", "x", "_op", ("id",), ("integer",), counts)
    return Execution(
        "e1",
        kind,
        "",
        "s",
        "ana",
        "max",
        "owner",
        Isolation.READ_COMMITTED,
        NOON,
        undoes=undoes,
        tables=(table,),
        skipped=skipped,
    )


def line(
    counts: RowCounts, approved: RowCounts | None, images: ImageCounts | None, rows: RowCounts | None
) -> ProofLine:
    asked = request(expectations=(Expectation(1, TABLE, approved),))
    (found,) = proof_of(ran(counts), (TableProof(TABLE, images, rows, "their time ended"),), asked).lines
    return found


def test_what_agrees_everywhere() -> None:
    two = RowCounts(deleted=2)
    found = line(two, two, ImageCounts(deleted=2), two)
    assert (found.agrees, found.captured) == (True, two)
    assert found.words == ("2 deleted, exactly as was approved.", "Each of them is kept: 2 row images.")


C, M = RowCounts, ImageCounts


@pytest.mark.parametrize(
    ("counts", "approved", "images", "rows", "agrees", "words"),
    [
        (C(deleted=3), C(deleted=2), M(deleted=3), C(deleted=3), False, "but approved was: 2 deleted"),
        (C(updated=4), C(updated=2), M(before=4, after=4), C(updated=2), True, "touched more than once"),
        (C(10_050), C(10_001), M(10_050), C(10_050), True, "within what was approved"),
        (C(7), None, M(7), C(7), True, "any number was approved"),
        (C(updated=2), C(updated=2), M(before=2, after=1), C(updated=1), False, "1 after an update"),
        (C(updated=2), C(updated=2), None, None, True, "are gone now: their time ended"),
    ],
)
def test_what_differs_is_marked_and_said(
    counts: RowCounts,
    approved: RowCounts | None,
    images: ImageCounts | None,
    rows: RowCounts | None,
    agrees: bool,
    words: str,
) -> None:
    found = line(counts, approved, images, rows)
    assert found.agrees is agrees
    assert words in " ".join(found.words)


def test_a_table_that_nobody_spoke_of_and_one_that_was_spared_differ() -> None:
    asked = request(expectations=(Expectation(2, "public.items", RowCounts(deleted=1)),))
    one = RowCounts(deleted=1)
    proof = proof_of(ran(one), (TableProof(TABLE, ImageCounts(deleted=1), one),), asked)
    assert [(each.table, each.agrees) for each in proof.lines] == [(TABLE, False), ("public.items", False)]
    assert not proof.agrees


def test_what_is_not_known_is_said_and_blames_nobody() -> None:
    one = RowCounts(deleted=1)
    (found,) = proof_of(ran(one), (TableProof(TABLE, ImageCounts(deleted=1), one),), None).lines
    assert found.agrees
    assert found.words[0] == "The numbers that were approved are not known here."


def test_the_prediction_is_that_of_the_analysis() -> None:
    figure = {"rows": 2, "basis": "sampled", "low": 1, "high": 3}
    none = {"rows": 0, "basis": "exact"}
    impact = {"tables": [{"table": TABLE, "inserted": none, "updated": none, "deleted": figure}]}
    one = RowCounts(deleted=1)
    (found,) = proof_of(ran(one), (), request(assessment={"impact": impact}, expectations=())).lines
    assert found.predicted is not None
    assert found.predicted["deleted"] == Prediction(2, "sampled", 1, 3)
    assert not found.agrees, "no image was kept"


@pytest.mark.parametrize(
    ("unmirrored", "skipped", "mirrored"), [(0, 0, True), (2, 0, False), (2, 2, True), (3, 2, False), (None, 0, None)]
)
def test_an_undo_says_whether_the_state_before_is_back(
    unmirrored: int | None, skipped: int, mirrored: bool | None
) -> None:
    asked = request(kind=RequestKind.UNDO, undo=UndoTarget("e0"))
    one = RowCounts(1)
    tables = (TableProof(TABLE, ImageCounts(1), one, unmirrored=unmirrored),)
    proof = proof_of(ran(one, undoes="e0", skipped=skipped), tables, asked, changed_since=0)
    assert (proof.mirrored, proof.left, proof.changed_since) == (mirrored, skipped, 0)
    assert proof.lines[0].words[0] == "1 inserted, to take back what e0 did."
