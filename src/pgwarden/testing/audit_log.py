"""The audit's chain, in memory."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditHead, AuditRecord, chained, genesis, prepared
from pgwarden.domain.audit_checkpoint import Checkpoint, KeptCheckpoint
from pgwarden.domain.audit_filter import AuditFilter, Erasure, ranges
from pgwarden.domain.audit_verification import ChainCheck, Verification
from pgwarden.domain.rights_version import RightsChangedError
from pgwarden.ports.audit import Seen, ignored


class MemoryAuditLog:
    """``ports.AuditLog``. ``entries`` is what was appended, for a test to look at."""

    def __init__(self, chain: str = "memory", rights_in_force: Callable[[], int] | None = None) -> None:
        """``rights_in_force``: the number of the data rights' version; without it every version is."""
        self._chain = chain
        self._rights_in_force = rights_in_force
        self._records: list[AuditRecord] = []
        self._keys: set[str] = set()
        self._kept: dict[Checkpoint, tuple[str, ...]] = {}
        self.entries: list[AuditEntry] = []

    async def append(self, *entries: AuditEntry, rights: int | None = None) -> None:
        if rights is not None and self._rights_in_force is not None and rights != self._rights_in_force():
            raise RightsChangedError
        records = [prepared(entry, secrets.token_bytes) for entry in entries]
        self._records += chained(await self.head(), records)
        self.entries += entries

    async def append_once(self, entries: Mapping[str, AuditEntry]) -> int:
        fresh = {key: entry for key, entry in entries.items() if key not in self._keys}
        await self.append(*fresh.values())
        self._keys |= fresh.keys()
        return len(fresh)

    async def has_key(self, key: str) -> bool:
        return key in self._keys

    async def find(
        self, wanted: AuditFilter, *, limit: int = 100, before: int | None = None
    ) -> tuple[AuditRecord, ...]:
        newest = (r for r in reversed(self._records) if before is None or r.number < before)
        return tuple(record for record in newest if wanted.matches(record))[:limit]

    async def get(self, number: int) -> AuditRecord | None:
        return next((record for record in self._records if record.number == number), None)

    async def export(self, *, personal: bool = True) -> AsyncIterator[AuditRecord]:
        for record in tuple(self._records):
            yield record if personal else replace(record, personal={})

    async def head(self) -> AuditHead:
        last = self._records[-1] if self._records else None
        return AuditHead(self._chain, last.number if last else 0, last.hash if last else genesis(self._chain))

    async def verify(self, checkpoints: Sequence[Checkpoint] = (), *, seen: Seen = ignored) -> Verification:
        check = ChainCheck(self._chain, checkpoints)
        for record in self._records:
            check.see(record)
        seen(len(self._records))
        return check.end(await self.head())

    async def keep_checkpoint(self, checkpoint: Checkpoint, anchors: Sequence[str]) -> None:
        places = dict.fromkeys((*self._kept.pop(checkpoint, ()), *anchors))
        self._kept[checkpoint] = tuple(places)

    async def checkpoints(self, *, limit: int = 1000) -> tuple[KeptCheckpoint, ...]:
        newest = sorted(self._kept, key=lambda point: (point.number, point.at), reverse=True)
        return tuple(KeptCheckpoint(point, self._kept[point]) for point in newest)[:limit]

    async def erase(self, wanted: Erasure, entry: AuditEntry) -> tuple[int, ...]:
        numbers: list[int] = []
        for position, record in enumerate(self._records):
            kept = {name: v for name, v in record.personal.items() if not wanted.covers(record, v.value)}
            numbers += [record.number] * (len(record.personal) - len(kept))
            self._records[position] = replace(record, personal=kept)
        details = {**entry.details, "entries": ranges(numbers), "values": len(numbers)}
        await self.append(replace(entry, details=details))
        return tuple(sorted(set(numbers)))
