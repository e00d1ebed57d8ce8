"""Which columns of a statement must be cut or masked on the server, and the SELECT around it that does so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgwarden.adapters.postgres.facts import TypeFact
from pgwarden.domain.result import ReadLimits

MASK = "***"
TEXT, VARCHAR, BPCHAR, BYTEA, NUMERIC = 25, 1043, 1042, 17, 1700
BIT, VARBIT, NAME = 1560, 1562, 19
LONGEST_VARCHAR = 10_485_760
SHORT = frozenset({650, 869})
"""inet and cidr: of varying length, but never longer than a line."""
LONGEST_SHORT = 64
"""Bytes that a value of a fixed-length type takes as text, roughly; for sizing batches only."""
LONGEST_NUMERIC = 131072 + 16383 + 2
"""Digits before and after the point, the point and the sign: the type itself is bounded, so none is cut there."""
BATCH_BYTES = 32 * 1024 * 1024
"""Row data that the server may put together for one FETCH, and libpq for one result."""


@dataclass(frozen=True, slots=True)
class Field:
    """One output column as the server describes it. ``modifier`` is ``atttypmod``, -1 for none."""

    name: str
    type: TypeFact
    modifier: int


@dataclass(frozen=True, slots=True)
class Projection:
    """How each column travels. All are of the statement's own columns, in order."""

    fields: tuple[Field, ...]
    cut: frozenset[int]
    """Positions that are cut on the server."""
    masked: frozenset[int]
    cell_bytes: int
    """Bytes at which a value is cut; less than asked for where there are many wide columns."""

    @property
    def plain(self) -> bool:
        """Whether the statement can run as it is."""
        return not self.cut and not self.masked

    @property
    def row_bytes(self) -> int:
        """About the most that one row can take (a character may be up to 4 bytes)."""
        return sum(self.cell_bytes if i in self.cut else _widest(f) for i, f in enumerate(self.fields)) or 1

    def narrow(self, position: int) -> bool:
        """Whether a column cannot hold enough to be worth measuring."""
        return position not in self.cut and _widest(self.fields[position]) <= LONGEST_SHORT

    def batch(self, rows: int) -> int:
        """How many rows to fetch at once so that not even the widest ones fill the memory."""
        return max(1, min(rows, BATCH_BYTES // self.row_bytes))

    def around(self) -> tuple[str, str]:
        """What stands before and after the statement to cut and mask its columns; rows keep their order."""
        if self.plain:
            return "", ""
        positions = range(len(self.fields))
        columns = ", ".join(self._column(i) for i in positions)
        before = f"select {columns} from (\n"  # noqa: S608 - column numbers, and functions quoted by the server
        return before, "\n) as q (" + ", ".join(f"c{i}" for i in positions) + ")"

    def type_oids(self) -> tuple[int, ...]:
        """What to load each column as: cut values are text of their own type."""
        return tuple(TEXT if i in self.masked else f.type.oid for i, f in enumerate(self.fields))

    def _column(self, position: int) -> str:
        name = f"c{position}"
        if position in self.masked:
            return f"'{MASK}'::pg_catalog.text as {name}"
        if position not in self.cut:
            return name
        type_, length = self.fields[position].type, self.cell_bytes + 1
        if type_.oid == BYTEA:
            return f'pg_catalog."substring"({name}, 1, {length}) as {name}'
        text = name if type_.oid in (TEXT, VARCHAR) else f"pg_catalog.textin({type_.output}({name}))"
        if length > LONGEST_VARCHAR:
            return f'pg_catalog."left"({text}, {length}) as {name}'
        return f"{text}::pg_catalog.varchar({length}) as {name}"  # a short value passes without being copied


def project(fields: Sequence[Field], limits: ReadLimits, masked: frozenset[int]) -> Projection:
    """Decide for each column. One row of cut values never exceeds the bytes allowed for the whole result."""
    wide = frozenset(i for i, field in enumerate(fields) if i not in masked and not _bounded(field, limits.cell_bytes))
    room = limits.total_bytes // max(1, len(wide))
    return Projection(tuple(fields), wide, masked, max(1, min(limits.cell_bytes, room)))


def _bounded(field: Field, cell_bytes: int) -> bool:
    """Whether no value of the column can be longer than a cell may be."""
    if field.type.length > 0 or field.type.kind == "e" or field.type.oid in SHORT or field.type.oid == NUMERIC:
        return True
    return 0 < _declared(field) <= cell_bytes


def _declared(field: Field) -> int:
    """Bytes that the declared length of a column allows, 0 when none is declared."""
    if field.modifier < 0:
        return 0
    if field.type.oid in (VARCHAR, BPCHAR):
        return (field.modifier - 4) * 4
    if field.type.oid == NUMERIC:
        return ((field.modifier - 4) >> 16 & 0xFFFF) + 3
    if field.type.oid in (BIT, VARBIT):
        return field.modifier
    return 0


def _widest(field: Field) -> int:
    return _declared(field) or (LONGEST_NUMERIC if field.type.oid == NUMERIC else LONGEST_SHORT)
