"""A few of the rows that a change would touch, before and after, as far as whoever looks may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.identity import Identity
from pgwarden.domain.request import Request, RequestKind
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.statement import StatementKind
from pgwarden.sql.conditions import DEFAULT, Change, change_set

NEW = "_pgw_new_"
HIDDEN_PARTS = ("_pgw_table", "_pgw_at")
ROWS = 5


class Reader(Protocol):
    """Runs a read with its masks, fences and limits."""

    async def read(
        self, database: str, sql: str, parameters: Any = (), *, identity: Identity, limits: ReadLimits
    ) -> Result: ...


@dataclass(frozen=True, slots=True)
class RowPreview:
    """One row. ``before`` None: it would be new; ``after`` None: it would be gone. Masked values come as ``***``."""

    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """Some rows as they are now, and what the statement itself would make of them."""

    table: str
    rows: tuple[RowPreview, ...] = ()
    missing: str = ""
    """Why there are none, or ''."""


async def preview_change(
    reader: Reader, request: Request, *, identity: Identity, limits: ReadLimits, rows: int = ROWS
) -> ChangePreview:
    """At most so many rows; each read counts as a read of whoever looks. Never raises: it says why it shows nothing."""
    table = request.tables[0] if request.tables else ""
    if request.kind is not RequestKind.CHANGE:
        return ChangePreview(table, missing="nothing is changed by it but what `pgwarden executions` shows")
    if request.parameters:
        return ChangePreview(table, missing="the statement has parameters")
    try:
        change = change_set(request.sql).changes[-1]
        bounds = replace(limits, rows=rows)
        result = await reader.read(
            request.database, f"{change.ctes} {change.rows}".strip(), identity=identity, limits=bounds
        )
    except PgwardenError as error:
        return ChangePreview(table, missing=f"{error.what} {error.why}".strip())
    names = [column.name for column in result.columns]
    return ChangePreview(table, tuple(_row(change, dict(zip(names, row, strict=True))) for row in result.rows[:rows]))


def _row(change: Change, found: Mapping[str, Any]) -> RowPreview:
    own = {name: v for name, v in found.items() if name not in HIDDEN_PARTS and not name.startswith(NEW)}
    if change.kind is StatementKind.INSERT:
        listed = change.columns or tuple(own)
        return RowPreview(None, dict(zip(listed, own.values(), strict=False)))
    if change.kind is StatementKind.DELETE:
        return RowPreview(own, None)
    assigned = {
        column: "(default)" if text == DEFAULT else found.get(f"{NEW}{number}") if text else "(computed)"
        for number, (column, text) in enumerate(zip(change.columns, change.values, strict=True))
    }
    return RowPreview(own, own | assigned)
