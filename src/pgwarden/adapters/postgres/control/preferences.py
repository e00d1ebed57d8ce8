"""How people like answers, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.connection import Pool, query, rows, transaction
from pgwarden.domain.audit import AuditEntry


class PostgresPreferenceStore:
    """``ports.PreferenceStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, identity: str) -> Mapping[str, str]:
        return dict(await rows(self._pool, "user_preferences", {"identity": identity}))

    async def change(
        self, identity: str, changes: Mapping[str, str | None], at: datetime, *, audit: Sequence[AuditEntry] = ()
    ) -> None:
        async with transaction(self._pool) as connection:
            for name, value in sorted(changes.items()):
                row = {"identity": identity, "name": name, "value": value, "at": at}
                change = query("unset_preference") if value is None else query("set_preference")
                await connection.execute(change, row)
            await append_entries(connection, audit)

    async def delete_all(self, identity: str) -> int:
        async with transaction(self._pool) as connection:
            return (await connection.execute(query("delete_preferences"), {"identity": identity})).rowcount
