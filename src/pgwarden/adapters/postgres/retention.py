"""``ports.Retention`` on a registered target: what is kept there, its end, and taking all of it away."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from pgwarden.adapters.postgres.connect import connection_string
from pgwarden.adapters.postgres.external_ledger import ExternalLedger
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import Session, open_session, translated
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.catalog import Name
from pgwarden.domain.database import Database
from pgwarden.domain.errors import InputInvalid, RightMissing
from pgwarden.domain.execution import TableImages
from pgwarden.domain.retention import Erased, Footprint, Kept, KeptKind
from pgwarden.ports import ImageStore
from pgwarden.undo.erasure import blank_row
from pgwarden.undo.images import SCHEMA

LOCK_SECONDS = 2
STATEMENT_SECONDS = 120
DROPPED = "dropped"


class PostgresRetention:
    """Works under the target's own role, one transaction for each execution."""

    def __init__(self, database: Database, backups: Path, store: ImageStore | None = None) -> None:
        """``backups``: the directory of copies in files. ``store``: where images outside of the database are."""
        self._database, self._backups, self._store = database, backups / database.name, store

    async def kept(self) -> tuple[Kept, ...]:
        async with self._session() as session:
            inside = [*await _images(session), *await _snapshots(session)] if await _has_ledger(session) else []
            outside = await _outside(session, self._store) if self._store else []
        return (*inside, *outside, *await asyncio.to_thread(_files, self._backups))

    async def drop(self, kept: Kept, *, why: str) -> int:
        if kept.kind is KeptKind.FILE:
            await asyncio.to_thread((self._backups / kept.id).unlink, missing_ok=True)
            return kept.bytes
        async with self._session() as session:
            if kept.kind is KeptKind.SNAPSHOT:
                await session.script(f"begin; {_LIMITS}; drop table if exists {Name(SCHEMA, kept.id)}; commit")
                return kept.bytes
            return await _drop_images(session, kept.id, f"{DROPPED}: {why}", self._store)

    async def erase(self, table: Name, key: Mapping[str, str], columns: Collection[str], *, why: str) -> Erased:
        async with self._session() as session:
            if not await _has_ledger(session):
                return Erased((), 0)
            await session.script(f"begin; {_LIMITS}")
            found: dict[str, int] = {}
            for row in await _named(session, "touching", {"schema": table.schema, "name": table.name}):
                images = TableImages.from_dict(row["images"])
                if count := await _blank(session, images, key, columns):
                    found[row["id"]] = found.get(row["id"], 0) + count
                    await _named(session, "mark_gone", {"id": row["id"], "relation": images.relation, "why": why})
            await session.script("commit")
            return Erased(tuple(found), sum(found.values()))

    async def footprint(self) -> Footprint:
        async with self._session() as session:
            if not await _has_ledger(session):
                return Footprint(present=False)
            (size,) = await _named(session, "size")
            (counts,) = await _named(session, "counts")
            snapshots = await _snapshots(session)
            return Footprint(True, size["bytes"], counts["executions"], counts["undoable"], len(snapshots))

    async def uninstall(self) -> None:
        async with self._session() as session:
            if await _has_ledger(session):
                await session.script(f"begin; {_LIMITS}")
                await Ledger(session).uninstall()
                await session.script("commit")

    def _session(self) -> _Translating:
        return _Translating(self._database)


class _Translating:
    """A session on the target whose errors are in pgwarden's words."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __aenter__(self) -> Session:
        self._opened = open_session(await connection_string(self._database))
        return await self._opened.__aenter__()

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        await self._opened.__aexit__(kind, error, trace)
        if isinstance(error, psycopg.Error):
            raise translated(error) from error


_LIMITS = (
    f"set local lock_timeout = '{LOCK_SECONDS}s'; set local statement_timeout = '{STATEMENT_SECONDS}s';"
    " set local search_path = pg_catalog, pg_temp; set local datestyle = 'ISO'; set local timezone = 'UTC'"
)


async def _named(session: Session, name: str, values: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
    cursor = await session.connection.execute(named_queries("retention.sql", session.major)[name], values)
    return await cursor.fetchall() if cursor.description else []


async def _has_ledger(session: Session) -> bool:
    """Whether pgwarden's own schema is there. Raises RightMissing where it is another role's."""
    (row,) = await _named(session, "schema")
    if row["present"] and row["ledger"] and not row["owned"]:
        raise RightMissing(
            "The schema pgwarden belongs to another role.",
            not_done="Nothing was looked at or dropped.",
            next_step="Register the database under the role that changes run as.",
        )
    return bool(row["present"] and row["ledger"])


async def _images(session: Session) -> list[Kept]:
    return [
        Kept(
            KeptKind.IMAGES,
            row["id"],
            row["made_at"],
            row["bytes"],
            tuple(row["tables"]),
            undoable=row["in_force"] and row["whole"],
        )
        for row in await _named(session, "kept")
    ]


async def _snapshots(session: Session) -> list[Kept]:
    rows = await _named(session, "snapshots")
    return [_snapshot(row["name"], row["note"] or "", row["bytes"]) for row in rows]


def _snapshot(name: str, note: str, size: int) -> Kept:
    """The comment of a copy is ``copy of TABLE at TIME``; without one its age is unknown."""
    table, _, moment = note.removeprefix("copy of ").rpartition(" at ")
    try:
        made_at = datetime.fromisoformat(moment)
    except ValueError:
        return Kept(KeptKind.SNAPSHOT, name, None, size)
    return Kept(KeptKind.SNAPSHOT, name, made_at, size, (table,))


async def _outside(session: Session, store: ImageStore) -> list[Kept]:
    found = []
    for execution in await ExternalLedger(session, store).executions(1_000_000):
        files = [table for table in execution.tables if table.file and not table.gone]
        if files:
            names = tuple(sorted({f"{table.schema}.{table.name}" for table in files}))
            size = sum(table.bytes for table in files)
            found.append(
                Kept(KeptKind.IMAGES, execution.id, execution.finished_at, size, names, undoable=not execution.undone)
            )
    return found


def _files(directory: Path) -> Sequence[Kept]:
    if not directory.is_dir():
        return ()
    stats = [(path.name, path.stat()) for path in sorted(directory.glob("*.copy.gz"))]
    return [Kept(KeptKind.FILE, name, datetime.fromtimestamp(s.st_mtime, UTC), s.st_size) for name, s in stats]


async def _drop_images(session: Session, execution_id: str, why: str, store: ImageStore | None) -> int:
    """The ledger's row is locked first, so that no undo of this execution is on its way; it stays, with the reason."""
    if store is not None and any(r["id"] == execution_id for r in await store.records()):
        freed = await ExternalLedger(session, store).collect(execution_id)
        for record in await store.records():
            if record["id"] == execution_id:
                tables = [{**table, "gone": why} for table in record["tables"]]
                await store.record(execution_id, {**record, "tables": tables})
        return freed
    ledger = Ledger(session)
    await session.script(f"begin; {_LIMITS}")
    await ledger.execution(execution_id, lock=True)
    freed = await ledger.collect(execution_id)
    await _named(session, "mark_gone", {"id": execution_id, "relation": None, "why": why})
    await session.script("commit")
    return freed


async def _blank(session: Session, images: TableImages, key: Mapping[str, str], columns: Collection[str]) -> int:
    unknown = [name for name in (*key, *columns) if name not in images.columns]
    if unknown:
        raise InputInvalid(
            f"The images of {images.schema}.{images.name} have no column {', '.join(unknown)}.",
            not_done="Nothing was erased.",
            next_step="Name columns of that table.",
        )
    count = 0
    for statement in blank_row(images, tuple(key), tuple(columns)):
        exists = await session.value("select pg_catalog.to_regclass($1) is not null", [statement.table])
        if exists:
            (row,) = await session.rows(statement.sql, list(key.values()))
            count += row["blanked"]
    return count
