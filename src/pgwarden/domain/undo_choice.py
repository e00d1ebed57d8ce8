"""What becomes of each row that stands in the way of an undo, as a person chose it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pgwarden.domain.approval import OnConflict, RowChoice
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.quantity import counted
from pgwarden.domain.recovery import ConflictKind, Row, RowConflict, RowsChangedSince
from pgwarden.domain.stored import digest

CHOICES = (OnConflict.SKIP, OnConflict.OVERWRITE)
"""What may become of one row."""
SHORTEST_ID = 8
"""Letters of an id that name a row at least."""


@dataclass(frozen=True, slots=True)
class RowInTheWay:
    """One row with all that stands between it and the state before. One choice settles it."""

    id: str
    """SHA-256 over its conflicts: another value of the row now makes another id."""
    conflicts: tuple[RowConflict, ...]

    @property
    def table(self) -> str:
        return self.conflicts[0].table

    @property
    def columns(self) -> tuple[str, ...]:
        return self.conflicts[0].columns

    @property
    def kinds(self) -> tuple[ConflictKind, ...]:
        return tuple(dict.fromkeys(conflict.kind for conflict in self.conflicts))

    @property
    def before(self) -> Row | None:
        return next((c.before for c in self.conflicts if c.before is not None), None)

    @property
    def after(self) -> Row | None:
        return next((c.after for c in self.conflicts if c.after is not None), None)

    @property
    def now(self) -> Row | None:
        return next((c.now for c in self.conflicts if c.now is not None), None)


def rows_in_the_way(conflicts: Iterable[RowConflict]) -> tuple[RowInTheWay, ...]:
    """The rows behind conflicts, in the order of the first of each: conflicts that share an image are of one row."""
    groups: list[list[RowConflict]] = []
    known: dict[tuple[str, str, Row], list[RowConflict]] = {}
    for conflict in conflicts:
        images = [(conflict.table, side, row) for side, row in _images(conflict)]
        group = next((known[image] for image in images if image in known), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(conflict)
        for image in images:
            known.setdefault(image, group)
    return tuple(RowInTheWay(digest(sorted(digest(c) for c in group)), tuple(group)) for group in groups)


def _images(conflict: RowConflict) -> list[tuple[str, Row]]:
    sides = (("before", conflict.before), ("after", conflict.after))
    return [(side, row) for side, row in sides if row is not None]


def chosen(
    conflicts: Sequence[RowConflict], on_conflict: OnConflict, choices: Mapping[str, OnConflict]
) -> tuple[OnConflict, tuple[RowChoice, ...]]:
    """What an undo does, from the choice for all rows and those for single ones, by their ids.

    Where all rows come out alike, that is the choice for the whole. Raises RowsChangedSince where a row that was chosen
    is not in the way as it was shown, and InputInvalid where a row is left without a choice.
    """
    if not choices:
        return on_conflict, ()
    rows = {row.id: row for row in rows_in_the_way(conflicts)}
    if choices.keys() - rows.keys():
        raise _changed(conflicts, len(choices.keys() - rows.keys()))
    settled = {row: choices.get(row, on_conflict) for row in rows}
    open_rows = [rows[row] for row, choice in settled.items() if choice not in CHOICES]
    if open_rows:
        raise InputInvalid(
            f"{counted(len(open_rows), 'row')} in the way {'has' if len(open_rows) == 1 else 'have'} no choice.",
            why=", ".join(sorted({f"{row.table}: {kind.value}" for row in open_rows for kind in row.kinds})),
            not_done="Nothing was taken back.",
            next_step="Say for each row whether it is skipped or overwritten, or what becomes of all others.",
        )
    kinds = set(settled.values())
    if len(kinds) == 1:
        return kinds.pop(), ()
    return OnConflict.EACH, tuple(RowChoice(row, settled[row]) for row in sorted(settled))


def named(rows: Iterable[RowInTheWay], keys: Mapping[str, Sequence[str]], text: str) -> RowInTheWay:
    """The row that is meant by ``TABLE:KEY``, the parts of a longer key with commas between, or by the begin of its id.

    ``keys``: the primary key's columns by ``schema.table``; the schema may be left out. Raises InputInvalid where none
    or several are meant.
    """
    table, colon, key = text.rpartition(":")
    found = [
        row
        for row in rows
        if (not colon and len(text) >= SHORTEST_ID and row.id.startswith(text.lower()))
        or (colon and table in (row.table, row.table.rpartition(".")[2]) and key in _keys(row, keys))
    ]
    if len(found) != 1:
        raise InputInvalid(
            f"{text} means {counted(len(found), 'row')} in the way of the undo.",
            not_done="Nothing was taken back.",
            next_step="Name one as --plan lists it: TABLE:KEY, or the begin of its id.",
        )
    return found[0]


def _keys(row: RowInTheWay, keys: Mapping[str, Sequence[str]]) -> set[str]:
    columns = keys.get(row.table, ())
    if not columns or not set(columns) <= set(row.columns):
        return set()
    places = [row.columns.index(column) for column in columns]
    return {",".join(str(image[place]) for place in places) for image in (row.before, row.after) if image}


def _changed(conflicts: Sequence[RowConflict], gone: int) -> RowsChangedSince:
    error = RowsChangedSince(
        f"{counted(gone, 'row')} that {'was' if gone == 1 else 'were'} chosen {'is' if gone == 1 else 'are'} not in the"
        " way as shown.",
        why="others changed rows since they were looked at",
        not_done="Nothing was taken back, nothing was overwritten.",
        next_step="Look at the rows again, and choose anew.",
    )
    error.conflicts = tuple(conflicts)
    return error
