"""An explicit backup before an execution, besides capture: table snapshots, compressed files, or a restore point."""

from __future__ import annotations

import asyncio
import gzip
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import psycopg

from pgwarden.adapters.postgres.execution import translating
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import OWN_PATH, Session, open_session
from pgwarden.domain.backup import Backup, TableBackup
from pgwarden.domain.catalog import Name, quote_identifier
from pgwarden.domain.errors import RightMissing
from pgwarden.undo.images import SCHEMA, dollar_quoted

SNAPSHOT = "begin isolation level repeatable read"


async def snapshot_tables(conninfo: str, tables: Sequence[Name]) -> Backup:
    """Copy whole tables into the schema ``pgwarden``, all as of one moment."""
    async with open_session(conninfo) as session:
        await translating(Ledger(session).ensure())
        return await translating(_snapshot(session, tables))


async def export_tables(conninfo: str, tables: Sequence[Name], directory: Path) -> Backup:
    """Copy whole tables into compressed files outside the database, all as of one moment; for their owner only."""
    async with open_session(conninfo) as session:
        return await translating(_export(session, tables, directory))


async def restore_point(conninfo: str, name: str) -> Backup:
    """Mark the write-ahead log for point-in-time recovery. Raises RightMissing where the role may not."""
    async with open_session(conninfo) as session:
        try:
            (row,) = await session.rows(
                "select pg_catalog.pg_create_restore_point($1)::text as lsn, pg_catalog.clock_timestamp() as at", [name]
            )
        except psycopg.errors.InsufficientPrivilege as error:
            raise RightMissing(
                "The role may not create restore points.",
                not_done="No restore point was made.",
                next_step="grant execute on function pg_create_restore_point(text) to this role.",
            ) from error
    step = f"recover the cluster from a base backup with recovery_target_name = {name!r} (or recovery_target_lsn)"
    return Backup(str(uuid.uuid4()), row["at"], (), (step,), row["lsn"])


async def _snapshot(session: Session, tables: Sequence[Name]) -> Backup:
    backup_id = uuid.uuid4()
    made, steps = [], []
    at = await _begin(session)
    for number, table in enumerate(tables):
        copy = Name(SCHEMA, f"b{backup_id.hex}_{number}")
        await session.script(f"create table {copy} as table {table}")
        note = dollar_quoted(f"copy of {table} at {at.isoformat()}")
        await session.script(f"comment on table {copy} is {note}")
        rows = await session.value(f"select count(*) from {copy}")
        columns = await _columns(session, table)
        made.append(TableBackup(str(table), str(copy), rows))
        steps.append(f"insert into {table} ({columns}) overriding system value select {columns} from {copy}")
    await session.script("commit")
    first = "begin; then for each table, children first: delete from the table; then, parents first:"
    return Backup(str(backup_id), at, tuple(made), (first, *steps, "commit, then drop the copies"))


async def _export(session: Session, tables: Sequence[Name], directory: Path) -> Backup:
    backup_id = uuid.uuid4()
    await asyncio.to_thread(directory.mkdir, mode=0o700, parents=True, exist_ok=True)
    made, steps = [], []
    at = await _begin(session)
    for number, table in enumerate(tables):
        path = directory / f"{backup_id.hex}_{number}.copy.gz"
        columns = await _columns(session, table)
        source = f"copy (select {columns} from {table}) to stdout"
        await _write(session, source, path)
        rows = await session.value(f"select count(*) from {table}")
        made.append(TableBackup(str(table), str(path), rows))
        steps.append(f"gunzip -c {path} | psql -c 'copy {table} ({columns}) from stdin'")
    await session.script("commit")
    return Backup(str(backup_id), at, tuple(made), ("empty the tables, children first", *steps))


async def _write(session: Session, source: str, path: Path) -> None:
    await asyncio.to_thread(path.touch, mode=0o600, exist_ok=False)
    cursor = session.connection.cursor()
    with gzip.open(path, "wb", compresslevel=1) as file:
        async with cursor.copy(source.encode()) as copy:
            async for block in copy:
                await asyncio.to_thread(file.write, bytes(block))


async def _begin(session: Session) -> datetime:
    await session.script(SNAPSHOT)
    await session.search(OWN_PATH)
    moment = await session.value("select pg_catalog.now()")
    assert isinstance(moment, datetime)
    return moment


async def _columns(session: Session, table: Name) -> str:
    """Stored columns; generated ones are computed again."""
    rows = await session.rows(
        "select attname::text as name from pg_catalog.pg_attribute where attrelid = $1::text::regclass"
        " and attnum > 0 and not attisdropped and attgenerated = '' order by attnum",
        [str(table)],
    )
    return ", ".join(quote_identifier(row["name"]) for row in rows)
