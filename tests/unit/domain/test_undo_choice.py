"""What a person chose for rows in the way of an undo: bound to the rows as they were shown, and never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.tickets import request

from pgwarden.domain.approval import OnConflict, RowChoice
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.recovery import ConflictKind, RowConflict, RowsChangedSince
from pgwarden.domain.request import RequestKind, UndoTarget
from pgwarden.domain.undo_choice import chosen, named, rows_in_the_way

SKIP, OVERWRITE, REFUSE = OnConflict.SKIP, OnConflict.OVERWRITE, OnConflict.REFUSE
SEALED = "6928d5f3b5ef11df0716258b0170c75535e6f24ef7a2ca4fe0285cc2eab820fd"
"""What the plain undo below was sealed as before."""
COLUMNS = ("id", "part", "v")


def conflict(kind: ConflictKind, number: str, before: str | None, after: str | None, now: str | None) -> RowConflict:
    rows = (None if v is None else (number, "x", v) for v in (before, after, now))
    return RowConflict(kind, "public.t", COLUMNS, *rows)


CHANGED = conflict(ConflictKind.CHANGED, "1", "old", "new", "other")
CHILD = conflict(ConflictKind.CHILD, "1", None, "new", "new")
GONE = conflict(ConflictKind.GONE, "2", "old", "new", None)
CONFLICTS = (CHANGED, GONE, CHILD)


def test_conflicts_of_one_row_are_one_choice() -> None:
    first, second = rows_in_the_way(CONFLICTS)
    assert (first.kinds, second.kinds) == ((ConflictKind.CHANGED, ConflictKind.CHILD), (ConflictKind.GONE,))
    assert (first.before, first.after, first.now) == (("1", "x", "old"), ("1", "x", "new"), ("1", "x", "other"))
    again = rows_in_the_way((CHILD, GONE, CHANGED))
    assert {row.id for row in again} == {first.id, second.id}, "the order in which they are found does not matter"
    moved = rows_in_the_way((replace(CHANGED, now=("1", "x", "third")), CHILD))
    assert moved[0].id != first.id


def test_choices_alike_are_the_choice_for_the_whole() -> None:
    first, second = (row.id for row in rows_in_the_way(CONFLICTS))
    assert chosen(CONFLICTS, SKIP, {}) == (SKIP, ())
    assert chosen(CONFLICTS, REFUSE, {first: SKIP, second: SKIP}) == (SKIP, ())
    assert chosen(CONFLICTS, OVERWRITE, {first: OVERWRITE}) == (OVERWRITE, ())
    mixed = (OnConflict.EACH, tuple(RowChoice(*pair) for pair in sorted({first: SKIP, second: OVERWRITE}.items())))
    assert chosen(CONFLICTS, REFUSE, {first: SKIP, second: OVERWRITE}) == mixed
    assert chosen(CONFLICTS, OVERWRITE, {first: SKIP}) == mixed


def test_a_row_without_a_choice_and_a_choice_without_its_row_are_refused() -> None:
    first, _ = (row.id for row in rows_in_the_way(CONFLICTS))
    with pytest.raises(InputInvalid, match="1 row in the way has no choice") as refused:
        chosen(CONFLICTS, REFUSE, {first: SKIP})
    assert refused.value.why == "public.t: gone"
    with pytest.raises(RowsChangedSince, match="1 row that was chosen is not in the way as shown") as gone:
        chosen((GONE,), SKIP, {first: OVERWRITE})
    assert gone.value.conflicts == (GONE,)


@pytest.mark.parametrize("text", ["t:1,x", "public.t:1,x", "id"])
def test_a_row_is_named_by_its_key_or_its_id(text: str) -> None:
    rows = rows_in_the_way(CONFLICTS)
    keys = {"public.t": ("id", "part")}
    assert named(rows, keys, rows[0].id[:8] if text == "id" else text) is rows[0]


@pytest.mark.parametrize("text", ["t:1", "t:3,x", "other.t:1,x", "s:1,x", "short", ""])
def test_what_names_no_row_is_refused(text: str) -> None:
    with pytest.raises(InputInvalid, match="0 rows in the way"):
        named(rows_in_the_way(CONFLICTS), {"public.t": ("id", "part")}, text)


def test_choices_are_sealed_and_earlier_seals_hold_on() -> None:
    """An undo that was approved before rows could be chosen singly is still approved."""
    plain = request(kind=RequestKind.UNDO, undo=UndoTarget("e9", SKIP, 1, "c" * 64))
    assert plain.undo is not None
    single = replace(plain, undo=replace(plain.undo, choices=(RowChoice("a" * 64, SKIP),)))
    other = replace(plain, undo=replace(plain.undo, choices=(RowChoice("a" * 64, OVERWRITE),)))
    assert len({plain.seal, single.seal, other.seal}) == 3
    assert plain.seal == SEALED
