"""The audit's own work in the queue: checkpoints in time, and the ledgers copied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pgwarden.agents.audit_notary import AuditNotary
from pgwarden.agents.ledger_copy import LedgerCopy
from pgwarden.domain.errors import PgwardenError
from pgwarden.ports import JobHandler

ANCHOR = "anchor_audit"
COPY = "copy_ledger"
PERIODS: Mapping[str, float] = {ANCHOR: 30.0, COPY: 60.0}
"""How often a worker looks whether there is anything to do, in seconds."""


class AuditJobs:
    """Handlers that may run any number of times."""

    def __init__(
        self,
        notary: AuditNotary,
        copy: LedgerCopy,
        databases: Callable[[], Awaitable[Sequence[str]]],
        *,
        entries: int,
        minutes: float,
    ) -> None:
        """``databases`` lists the registered targets; the rest says when a checkpoint is due."""
        self._notary, self._copy, self._databases = notary, copy, databases
        self._entries, self._minutes = entries, minutes

    def handlers(self) -> Mapping[str, JobHandler]:
        return {ANCHOR: self._anchor, COPY: self._copy_ledgers}

    async def _anchor(self, args: Mapping[str, Any]) -> None:  # noqa: ARG002 - a handler's signature
        await self._notary.anchor_when_due(entries=self._entries, minutes=self._minutes)

    async def _copy_ledgers(self, args: Mapping[str, Any]) -> None:
        """One ledger (``database``) or all. One that cannot be reached keeps none of the others from being copied."""
        names = [str(args["database"])] if args.get("database") else await self._databases()
        failed: PgwardenError | None = None
        for name in names:
            try:
                await self._copy.copy_executions(name)
            except PgwardenError as error:
                failed = error
        if failed is not None:
            raise failed
