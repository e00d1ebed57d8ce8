"""The data rights in PostgreSQL, every version kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.connection import Pool, query, rows, transaction
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import ChangedMeanwhile
from pgwarden.domain.identity import Access, DataRight
from pgwarden.domain.rights_version import ORIGINAL_RIGHTS, RightsVersion


class PostgresDataRightsStore:
    """``ports.DataRightsStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def current(self) -> RightsVersion:
        return next(iter(_versions(await rows(self._pool, "current_rights"))), ORIGINAL_RIGHTS)

    async def replace(
        self,
        lines: Sequence[DataRight],
        *,
        expected: int,
        author: str,
        at: datetime,
        audit: Sequence[AuditEntry] = (),
    ) -> RightsVersion:
        version = RightsVersion(expected + 1, tuple(lines), author, at)
        row = {"number": version.number, "author": author, "at": at}
        async with transaction(self._pool) as connection:
            if not (await connection.execute(query("add_rights_version"), row)).rowcount:
                raise ChangedMeanwhile(
                    "Someone else changed the data rights.",
                    why=f"Version {expected} is not the one in force.",
                    not_done="Nothing was changed.",
                    next_step="Read them again and repeat the change.",
                )
            parameters = [_parameters(version.number, position, line) for position, line in enumerate(version.lines)]
            await connection.cursor().executemany(query("add_right"), parameters)
            await append_entries(connection, audit)
        return version

    async def history(self, *, limit: int = 50) -> tuple[RightsVersion, ...]:
        return _versions(await rows(self._pool, "rights_history", {"limit": limit}))


def _versions(rows: Sequence[tuple[Any, ...]]) -> tuple[RightsVersion, ...]:
    """Versions from rows of (number, author, at, position, line…); a version without lines has one row of nulls."""
    return tuple(
        RightsVersion(number, tuple(_line(row[4:]) for row in group if row[3] is not None), author, at)
        for (number, author, at), group in groupby(rows, key=lambda row: row[:3])
    )


def _line(row: tuple[Any, ...]) -> DataRight:
    subject, access, *rest = row
    return DataRight(subject, Access(access), *rest)


def _parameters(number: int, position: int, line: DataRight) -> dict[str, object]:
    return {
        "number": number,
        "position": position,
        "subject": line.subject,
        "access": line.access.value,
        "database": line.database,
        "schema": line.schema,
        "table": line.table,
        "column": line.column,
        "sensitive_only": line.sensitive_only,
    }
