"""The audit in PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, replace

from pgwarden.adapters.postgres.control.audit_append import append_entries, append_prepared, audit_sql, head_of
from pgwarden.adapters.postgres.control.audit_appender import Appender
from pgwarden.adapters.postgres.control.audit_records import one_page, records_in
from pgwarden.adapters.postgres.control.audit_verify import verify_in
from pgwarden.adapters.postgres.control.connection import Pool, selected, transaction
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditHead, AuditRecord, prepared
from pgwarden.domain.audit_checkpoint import Checkpoint, KeptCheckpoint
from pgwarden.domain.audit_filter import AuditFilter, Erasure, ranges
from pgwarden.domain.audit_verification import Verification
from pgwarden.ports.audit import Seen, ignored

__all__ = ["PostgresAuditLog", "append_entries"]  # the second is for the stores, at the end of their transactions

SNAPSHOT = "set transaction isolation level repeatable read, read only"


class PostgresAuditLog:
    """``ports.AuditLog``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._appender = Appender(pool)

    async def append(self, *entries: AuditEntry, rights: int | None = None) -> None:
        if entries:
            await self._appender.append([prepared(entry, secrets.token_bytes) for entry in entries], rights)

    async def append_once(self, entries: Mapping[str, AuditEntry]) -> int:
        records = {key: prepared(entry, secrets.token_bytes) for key, entry in entries.items()}
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(audit_sql("use_keys"), {"keys": list(records)})
            fresh = {row[0] for row in await cursor.fetchall()}
            await append_prepared(connection, [record for key, record in records.items() if key in fresh])
        return len(fresh)

    async def has_key(self, key: str) -> bool:
        async with transaction(self._pool) as connection:
            return await (await connection.execute(audit_sql("key"), {"key": key})).fetchone() is not None

    async def find(
        self, wanted: AuditFilter, *, limit: int = 100, before: int | None = None
    ) -> tuple[AuditRecord, ...]:
        noun = wanted.action.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        parameters = asdict(wanted) | {
            "noun": f"{noun}.%",
            "outcome": wanted.outcome.value if wanted.outcome else "",
            "limit": limit,
            "before": before,
        }
        async with transaction(self._pool) as connection:
            return await one_page(connection, "find", parameters, personal=True)

    async def get(self, number: int) -> AuditRecord | None:
        async with transaction(self._pool) as connection:
            return next(iter(await one_page(connection, "entry", {"number": number}, personal=True)), None)

    async def export(self, *, personal: bool = True) -> AsyncIterator[AuditRecord]:
        async with transaction(self._pool) as connection:
            await connection.execute(SNAPSHOT)
            async for record in records_in(connection, personal=personal):
                yield record

    async def head(self) -> AuditHead:
        return head_of(next(iter(await selected(self._pool, audit_sql("head"))), None))

    async def verify(self, checkpoints: Sequence[Checkpoint] = (), *, seen: Seen = ignored) -> Verification:
        async with transaction(self._pool) as connection:
            await connection.execute(SNAPSHOT)
            return await verify_in(connection, checkpoints, seen)

    async def keep_checkpoint(self, checkpoint: Checkpoint, anchors: Sequence[str]) -> None:
        row = asdict(checkpoint) | {"anchors": list(anchors)}
        async with transaction(self._pool) as connection:
            await connection.execute(audit_sql("keep_checkpoint"), row)

    async def checkpoints(self, *, limit: int = 1000) -> tuple[KeptCheckpoint, ...]:
        rows = await selected(self._pool, audit_sql("checkpoints"), {"limit": limit})
        return tuple(KeptCheckpoint(Checkpoint(*row[:6]), tuple(row[6])) for row in rows)

    async def erase(self, wanted: Erasure, entry: AuditEntry) -> tuple[int, ...]:
        parameters = {
            "entries": list(wanted.entries),
            "person": wanted.person,
            "containing": wanted.containing,
        }
        async with transaction(self._pool) as connection:
            rows = await (await connection.execute(audit_sql("erase"), parameters)).fetchall()
            numbers = tuple(sorted({number for (number,) in rows}))
            details = {**entry.details, "entries": ranges(numbers), "values": len(rows)}
            await append_entries(connection, [replace(entry, details=details)])
        return numbers
