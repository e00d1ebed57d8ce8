"""Bringing what the targets' ledgers hold into the audit.

A ledger row is written in the transaction that changes the data, so it is there exactly when the change is. Copying it
is what may be late or happen twice, and twice it cannot: every execution has a key that the audit takes once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.execution import Execution, ExecutionKind
from pgwarden.ports import AuditLog, ExecutionRecords

PAGE = 200
"""Executions looked at, the newest; four times as many while the oldest of them is a new one, too.

An execution that ran for long comes late to its ledger, in the place of when it began. It is found there as long as
fewer than a page of others began after it: they would have to be approved and done meanwhile.
"""
SOURCE = "ledger"


class LedgerCopy:
    """Copies executions into the audit, any number of times, by any number of workers."""

    def __init__(self, log: AuditLog, records: Callable[[str], Awaitable[ExecutionRecords]]) -> None:
        """``records`` finds a target's records by its registered name."""
        self._log, self._records = log, records

    async def copy_executions(self, database: str) -> int:
        """How many were new. What `ExecutionRecords.executions` raises."""
        records = await self._records(database)
        rows, found = PAGE, await records.executions(rows=PAGE)
        while len(found) == rows and not await self._log.has_key(execution_key(database, found[-1])):
            rows *= 4
            found = await records.executions(rows=rows)
        oldest_first = reversed(found)
        return await self._log.append_once(
            {execution_key(database, execution): execution_entry(database, execution) for execution in oldest_first}
        )


def execution_key(database: str, execution: Execution) -> str:
    """What the audit takes once. An undone execution is told by the undo's own row."""
    return f"execution:{database}:{execution.id}"


def execution_entry(database: str, execution: Execution) -> AuditEntry:
    """What the audit keeps of an execution: who, what, how much; never a row."""
    undo = execution.kind is ExecutionKind.UNDO
    details: dict[str, Any] = {
        "approved_by": execution.approved_by,
        "role": execution.role,
        "seal": execution.seal,
        "isolation": execution.isolation.value,
        "transaction": str(execution.transaction),
        "started_at": execution.started_at.isoformat(),
        "milliseconds": round(execution.milliseconds, 3),
        "counts": {table: counts.to_dict() for table, counts in execution.counts.items()},
    }
    if undo:
        details |= {"undoes": execution.undoes, "skipped": execution.skipped}
    return AuditEntry(
        action="execution.undone" if undo else "execution.committed",
        actor=execution.requested_by,
        at=execution.finished_at or execution.started_at,
        database=database,
        subject=execution.id,
        source=SOURCE,
        details=details,
        personal={"statement": execution.statement},
    )
