"""What people prefer, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pgwarden.domain.audit import AuditEntry


class MemoryPreferenceStore:
    """``ports.PreferenceStore``."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, str]] = {}

    async def of(self, identity: str) -> Mapping[str, str]:
        return dict(sorted(self._values.get(identity, {}).items()))

    async def change(
        self,
        identity: str,
        changes: Mapping[str, str | None],
        at: datetime,  # noqa: ARG002 - kept by the real one
        *,
        audit: Sequence[AuditEntry] = (),  # noqa: ARG002 - kept by the real one
    ) -> None:
        merged = {**self._values.get(identity, {}), **changes}
        self._values[identity] = {name: value for name, value in merged.items() if value is not None}

    async def delete_all(self, identity: str) -> int:
        return len(self._values.pop(identity, {}))
