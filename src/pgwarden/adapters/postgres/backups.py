"""``ports.BackupMaker`` on a registered target."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from pgwarden.adapters.postgres.backup import export_tables, restore_point, snapshot_tables
from pgwarden.adapters.postgres.changes import require_writes
from pgwarden.adapters.postgres.connect import connection_string
from pgwarden.domain.backup import Backup, BackupStrategy
from pgwarden.domain.catalog import Name
from pgwarden.domain.database import Database


class PostgresBackups:
    """Copies are made under the target's own role."""

    def __init__(self, database: Database, directory: Path) -> None:
        """``directory`` takes files. Raises WritesNotAllowed where the database is registered for reading only."""
        require_writes(database)
        self._database, self._directory = database, directory

    async def make(self, strategy: BackupStrategy, tables: Sequence[Name]) -> Backup:
        conninfo = await connection_string(self._database)
        if strategy is BackupStrategy.SNAPSHOT:
            return await snapshot_tables(conninfo, tables)
        if strategy is BackupStrategy.FILE:
            return await export_tables(conninfo, tables, self._directory / self._database.name)
        return await restore_point(conninfo, f"pgwarden-{uuid.uuid4()}")
