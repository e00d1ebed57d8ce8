"""One commit for everybody who waits: what comes while a batch is being written makes up the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditHead, AuditRecord, require_chainable
from pgwarden.domain.audit_checkpoint import Checkpoint, KeptCheckpoint
from pgwarden.domain.audit_filter import AuditFilter, Erasure
from pgwarden.domain.audit_verification import Verification
from pgwarden.ports import AuditLog
from pgwarden.ports.audit import Seen, ignored


@dataclass(slots=True)
class _Batch:
    rights: int | None
    entries: list[AuditEntry] = field(default_factory=list)
    written: asyncio.Task[None] | None = None


class BatchingAuditLog:
    """``ports.AuditLog`` on another one. ``append`` returns when the caller's entries are durable, as ever."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._writing = asyncio.Lock()
        self._next: _Batch | None = None

    async def append(self, *entries: AuditEntry, rights: int | None = None) -> None:
        for entry in entries:
            require_chainable(entry)  # here, so that one bad entry does not fail the others of its batch
        if self._next is None or self._next.rights != rights:
            self._next = _Batch(rights)
            self._next.written = asyncio.create_task(self._write(self._next))
            self._next.written.add_done_callback(_look)
        batch = self._next
        batch.entries += entries
        assert batch.written is not None, "it was made above"
        await asyncio.shield(batch.written)  # a caller that gives up does not take the others' entries along

    async def _write(self, batch: _Batch) -> None:
        async with self._writing:
            if self._next is batch:
                self._next = None
            await self._log.append(*batch.entries, rights=batch.rights)

    async def append_once(self, entries: Mapping[str, AuditEntry]) -> int:
        return await self._log.append_once(entries)

    async def has_key(self, key: str) -> bool:
        return await self._log.has_key(key)

    async def find(
        self, wanted: AuditFilter, *, limit: int = 100, before: int | None = None
    ) -> tuple[AuditRecord, ...]:
        return await self._log.find(wanted, limit=limit, before=before)

    async def get(self, number: int) -> AuditRecord | None:
        return await self._log.get(number)

    def export(self, *, personal: bool = True) -> AsyncIterator[AuditRecord]:
        return self._log.export(personal=personal)

    async def head(self) -> AuditHead:
        return await self._log.head()

    async def verify(self, checkpoints: Sequence[Checkpoint] = (), *, seen: Seen = ignored) -> Verification:
        return await self._log.verify(checkpoints, seen=seen)

    async def keep_checkpoint(self, checkpoint: Checkpoint, anchors: Sequence[str]) -> None:
        await self._log.keep_checkpoint(checkpoint, anchors)

    async def checkpoints(self, *, limit: int = 1000) -> tuple[KeptCheckpoint, ...]:
        return await self._log.checkpoints(limit=limit)

    async def erase(self, wanted: Erasure, entry: AuditEntry) -> tuple[int, ...]:
        return await self._log.erase(wanted, entry)


def _look(written: asyncio.Task[None]) -> None:
    """Whoever waited was told of a failure; where nobody waits any more, asyncio shall not complain of it either."""
    if not written.cancelled():
        written.exception()
