"""What a read brought back: rows within the caps, and the notices that came with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from types import TracebackType
from typing import Any

from psycopg import AsyncConnection, pq
from psycopg.errors import Diagnostic

from pgwarden.adapters.postgres.loaders import RowLoader
from pgwarden.adapters.postgres.projection import BPCHAR, BYTEA, TEXT, VARCHAR, Field, Projection
from pgwarden.domain.result import ReadLimits

Cells = list[Any]
TEXTUAL = frozenset({TEXT, VARCHAR, BPCHAR})
ELLIPSIS = "…"
MOST_NOTICES = 20
LONGEST_NOTICE = 500


@dataclass(slots=True)
class Rows:
    """What came back so far."""

    fields: tuple[Field, ...]
    values: list[tuple[Any, ...]] = field(default_factory=list)
    bytes: int = 0
    more: bool = False
    """More rows exist than the limit lets through."""
    over: bool = False
    """The byte cap was reached."""
    cut_cells: int = 0
    notices: list[str] = field(default_factory=list)


class RowTaker:
    """Moves results into `Rows` until a cap is reached."""

    def __init__(
        self, connection: AsyncConnection[Any], rows: Rows, projection: Projection, limits: ReadLimits
    ) -> None:
        self._rows = rows
        self._cell_bytes = projection.cell_bytes
        self._limits = limits
        self._loader = RowLoader(connection, projection.type_oids())
        self._measured = [i for i in range(len(rows.fields)) if i not in projection.masked and not projection.narrow(i)]
        self._fixed_bytes = sum(max(1, f.type.length) for i, f in enumerate(rows.fields) if i not in self._measured)

    def take(self, result: pq.abc.PGresult) -> bool:
        """Keep what fits. False when a cap is reached and nothing more is wanted."""
        rows, count = self._rows, result.ntuples
        if len(rows.values) + count > self._limits.rows:
            rows.more, count = True, self._limits.rows - len(rows.values)
        values = self._loader.load(result, count)
        columns = {column: self._cells(result, values, column) for column in self._measured}
        totals = {column: _total(cells) for column, cells in columns.items()}
        cut: dict[tuple[int, int], str | bytes] = {}
        for column, cells in columns.items():
            if totals[column] > self._cell_bytes:  # otherwise no single one is longer
                cut |= self._cut_cells(result, column, cells)
        fitting, size = self._fit(list(columns.values()), sum(totals.values()), count)
        for (row, column), shown in cut.items():
            values[row] = (*values[row][:column], shown, *values[row][column + 1 :])
        rows.values += values[:fitting] if fitting < count else values
        rows.bytes += size
        rows.cut_cells += sum(row < fitting for row, _ in cut)
        rows.over = fitting < count
        return not (rows.over or rows.more)

    def _cells(self, result: pq.abc.PGresult, values: list[tuple[Any, ...]], column: int) -> Cells:
        """The values of a column whose length can be asked: texts as they are, others as they travelled."""
        if self._rows.fields[column].type.oid in TEXTUAL:
            return list(map(itemgetter(column), values))
        return [result.get_value(row, column) for row in range(len(values))]

    def _fit(self, columns: list[Cells], measured: int, count: int) -> tuple[int, int]:
        """How many rows fit under the byte cap, and their bytes. ``measured``: of all those columns together."""
        room = self._limits.total_bytes - self._rows.bytes
        whole = count * self._fixed_bytes + measured
        if whole <= room:
            return count, whole
        used = 0
        for row in range(count):
            size = self._fixed_bytes + sum(min(_length(cells[row]), self._cell_bytes) for cells in columns)
            if used + size > room:
                return row, used
            used += size
        return count, used

    def _cut_cells(self, result: pq.abc.PGresult, column: int, cells: Cells) -> dict[tuple[int, int], str | bytes]:
        """The cells that were longer than allowed, as they are shown, by row and column."""
        limit = self._cell_bytes
        if max(map(len, filter(None, cells)), default=0) <= limit // 4:  # a character has 4 bytes at most
            return {}
        binary = self._rows.fields[column].type.oid == BYTEA
        cut: dict[tuple[int, int], str | bytes] = {}
        for row in range(len(cells)):
            value = result.get_value(row, column) or b""
            if not binary and len(value) > limit:
                cut[row, column] = value[:limit].decode("utf-8", "ignore") + ELLIPSIS
            elif binary and len(value) - 2 > 2 * limit:  # shown as \x and two digits a byte
                cut[row, column] = bytes.fromhex(value[2 : 2 + 2 * limit].decode())
        return cut


def _total(cells: Cells) -> int:
    """Bytes of a column; joining is far cheaper than asking one by one."""
    present = list(filter(None, cells))
    if not present:
        return 0
    if isinstance(present[0], bytes):
        return sum(map(len, present))
    text = "".join(present)
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _length(cell: str | bytes | None) -> int:
    return len(cell.encode("utf-8", "surrogatepass")) if isinstance(cell, str) else len(cell or b"")


class Notices:
    """Collects the first few messages that the server sends beside the rows."""

    def __init__(self, connection: AsyncConnection[Any], *, keep: bool) -> None:
        """``keep``: False where they could quote a value that the reader must not see."""
        self._connection = connection
        self._keep = keep
        self._heard: list[str] = []

    def __enter__(self) -> list[str]:
        self._connection.add_notice_handler(self._hear)
        return self._heard

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.remove_notice_handler(self._hear)

    def _hear(self, notice: Diagnostic) -> None:
        if self._keep and len(self._heard) < MOST_NOTICES:
            self._heard.append(f"{notice.severity}: {notice.message_primary}"[:LONGEST_NOTICE])
