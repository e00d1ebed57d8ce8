"""Versions of the data rights, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import ChangedMeanwhile
from pgwarden.domain.identity import DataRight
from pgwarden.domain.rights_version import ORIGINAL_RIGHTS, RightsVersion


class MemoryDataRightsStore:
    """``ports.DataRightsStore``."""

    def __init__(self) -> None:
        self._versions = [ORIGINAL_RIGHTS]

    async def current(self) -> RightsVersion:
        return self._versions[-1]

    async def replace(
        self,
        lines: Sequence[DataRight],
        *,
        expected: int,
        author: str,
        at: datetime,
        audit: Sequence[AuditEntry] = (),  # noqa: ARG002 - kept by the real one
    ) -> RightsVersion:
        version = RightsVersion(expected + 1, tuple(lines), author, at)
        if expected != self._versions[-1].number:
            raise ChangedMeanwhile("Someone else changed the data rights.")
        self._versions.append(version)
        return self._versions[-1]

    async def history(self, *, limit: int = 50) -> tuple[RightsVersion, ...]:
        return tuple(self._versions[:0:-1][:limit])
