"""``ports.ExecutionRecords`` on a registered target."""

from __future__ import annotations

import psycopg

from pgwarden.adapters.postgres.connect import connection_string
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import open_session, translated
from pgwarden.adapters.postgres.undo import changed_rows, preview_undo
from pgwarden.domain.database import Database
from pgwarden.domain.errors import UndoImpossible
from pgwarden.domain.execution import Execution
from pgwarden.domain.recovery import RowChange, RowConflict


class PostgresExecutionRecords:
    """Reads the ledger and the images under the target's own role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def executions(self, *, rows: int) -> tuple[Execution, ...]:
        try:
            async with open_session(await connection_string(self._database)) as session:
                return await Ledger(session).executions(rows)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return ()
        except psycopg.Error as error:
            raise translated(error) from None

    async def execution(self, execution_id: str) -> Execution:
        try:
            async with open_session(await connection_string(self._database)) as session:
                return await Ledger(session).execution(execution_id)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.DataError):
            raise UndoImpossible(
                f"This database has no execution {execution_id}.", next_step="pgwarden executions lists them."
            ) from None
        except psycopg.Error as error:
            raise translated(error) from None

    async def changes(self, execution_id: str, *, rows: int) -> tuple[RowChange, ...]:
        try:
            return await changed_rows(await connection_string(self._database), execution_id, rows=rows)
        except psycopg.Error as error:
            raise translated(error) from None

    async def conflicts(self, execution_id: str) -> tuple[RowConflict, ...]:
        try:
            return (await preview_undo(await connection_string(self._database), execution_id)).conflicts
        except psycopg.Error as error:
            raise translated(error) from None
