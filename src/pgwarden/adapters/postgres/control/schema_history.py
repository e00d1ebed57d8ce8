"""The versions of each target's structure, and its relationships, in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pgwarden.adapters.postgres.control.connection import Connection, Pool, query, transaction
from pgwarden.domain.schema_history import SNAPSHOTS_KEPT, Relationship, Relationships, SchemaVersion


class PostgresSchemaHistory:
    """``ports.SchemaHistory``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def latest(self, database: str) -> SchemaVersion | None:
        async with transaction(self._pool) as connection:
            return await _latest(connection, database)

    async def record(
        self, database: str, version: str, at: datetime, diff: Mapping[str, object], snapshot: str
    ) -> bool:
        seen = SchemaVersion(version, at, diff)
        row = {
            "database": database,
            "version": seen.version,
            "at": seen.at,
            "diff": json.dumps(seen.diff, allow_nan=False),
            "snapshot": snapshot,
        }
        async with transaction(self._pool) as connection:
            await connection.execute(query("lock_history"), {"database": database})
            latest = await _latest(connection, database)
            if latest is not None and latest.version == version:
                return False
            await connection.execute(query("record_version"), row)
            await connection.execute(query("forget_old_snapshots"), {"database": database, "kept": SNAPSHOTS_KEPT})
        return True

    async def history(self, database: str, *, limit: int = 100) -> tuple[SchemaVersion, ...]:
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(query("versions"), {"database": database, "limit": limit})
            return tuple(_version(row) for row in await cursor.fetchall())

    async def snapshot(self, database: str, version: str) -> str | None:
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(query("snapshot"), {"database": database, "version": version})
            row = await cursor.fetchone()
        return row[0] if row else None

    async def relationships(self, database: str) -> Relationships | None:
        async with transaction(self._pool) as connection:
            rows = await (await connection.execute(query("relationships"), {"database": database})).fetchall()
        if not rows:
            return None
        return Relationships(rows[0][0], tuple(_relationship(row) for row in rows if row[1] is not None))

    async def save_relationships(self, database: str, version: str, found: Sequence[Relationship]) -> None:
        rows = [_parameters(database, position, relationship) for position, relationship in enumerate(found)]
        async with transaction(self._pool) as connection:
            # The row of the set is written first: it makes two who save at once take turns.
            await connection.execute(query("save_relationship_set"), {"database": database, "version": version})
            await connection.execute(query("delete_relationships"), {"database": database})
            await connection.cursor().executemany(query("add_relationship"), rows)


async def _latest(connection: Connection, database: str) -> SchemaVersion | None:
    row = await (await connection.execute(query("latest_version"), {"database": database})).fetchone()
    return _version(row) if row else None


def _version(row: tuple[Any, ...]) -> SchemaVersion:
    version, at, diff = row
    return SchemaVersion(version, at, json.loads(diff))


def _relationship(row: tuple[Any, ...]) -> Relationship:
    _, schema, table, columns, foreign_schema, foreign_table, foreign_columns, inferred, score, evidence = row
    return Relationship(
        schema, table, tuple(columns), foreign_schema, foreign_table, tuple(foreign_columns), inferred, score, evidence
    )


def _parameters(database: str, position: int, relationship: Relationship) -> dict[str, object]:
    return {
        "database": database,
        "position": position,
        "schema": relationship.schema,
        "table": relationship.table,
        "columns": list(relationship.columns),
        "foreign_schema": relationship.foreign_schema,
        "foreign_table": relationship.foreign_table,
        "foreign_columns": list(relationship.foreign_columns),
        "inferred": relationship.inferred,
        "score": relationship.score,
        "evidence": relationship.evidence,
    }
