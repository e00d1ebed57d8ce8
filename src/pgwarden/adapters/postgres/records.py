"""``ports.ExecutionRecords`` on a registered target."""

from __future__ import annotations

import psycopg

from pgwarden.adapters.postgres.connect import connection_string
from pgwarden.adapters.postgres.execution import ledger_of
from pgwarden.adapters.postgres.pool import TargetPool
from pgwarden.adapters.postgres.session import pooled_session, translated
from pgwarden.adapters.postgres.undo import changed_rows, preview_undo, proofs, skipped_rows
from pgwarden.domain.errors import UndoImpossible
from pgwarden.domain.execution import Execution
from pgwarden.domain.execution_filter import ExecutionFilter
from pgwarden.domain.recovery import RowChange, RowConflict, TableProof
from pgwarden.ports import ImageStore


class PostgresExecutionRecords:
    """Reads the ledger and the images under the target's own role."""

    def __init__(self, pool: TargetPool, store: ImageStore | None = None) -> None:
        """``store`` holds what the database itself could not."""
        self._pool, self._database = pool, pool.database
        self._store = store

    async def executions(self, *, rows: int) -> tuple[Execution, ...]:
        try:
            async with pooled_session(self._pool) as session:
                return await ledger_of(session, self._store).executions(rows)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return ()
        except psycopg.Error as error:
            raise translated(error) from None

    async def find(self, wanted: ExecutionFilter) -> tuple[Execution, ...]:
        try:
            async with pooled_session(self._pool) as session:
                return await ledger_of(session, self._store).find(wanted)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return ()
        except psycopg.DataError:
            raise _unknown(wanted.older_than) from None
        except psycopg.Error as error:
            raise translated(error) from None

    async def execution(self, execution_id: str) -> Execution:
        try:
            async with pooled_session(self._pool) as session:
                return await ledger_of(session, self._store).execution(execution_id)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.DataError):
            raise _unknown(execution_id) from None
        except psycopg.Error as error:
            raise translated(error) from None

    async def changes(self, execution_id: str, *, rows: int) -> tuple[RowChange, ...]:
        try:
            conninfo = await connection_string(self._database)
            return await changed_rows(conninfo, execution_id, rows=rows, store=self._store)
        except psycopg.Error as error:
            raise translated(error) from None

    async def skipped(self, undo_id: str, *, rows: int) -> tuple[RowChange, ...]:
        try:
            return await skipped_rows(await connection_string(self._database), undo_id, rows=rows, store=self._store)
        except psycopg.Error as error:
            raise translated(error) from None

    async def proofs(self, execution_id: str) -> tuple[TableProof, ...]:
        try:
            return await proofs(await connection_string(self._database), execution_id, store=self._store)
        except psycopg.Error as error:
            raise translated(error) from None

    async def conflicts(self, execution_id: str) -> tuple[RowConflict, ...]:
        try:
            conninfo = await connection_string(self._database)
            return (await preview_undo(conninfo, execution_id, store=self._store)).conflicts
        except psycopg.Error as error:
            raise translated(error) from None


def _unknown(execution_id: str) -> UndoImpossible:
    return UndoImpossible(
        f"This database has no execution {execution_id}.", next_step="pgwarden executions lists them."
    )
