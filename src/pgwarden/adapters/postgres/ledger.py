"""The ledger in the target's own schema ``pgwarden``: the truth about what ran, written in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import psycopg

from pgwarden.adapters.postgres.session import Session
from pgwarden.domain.approval import DatabaseIdentity
from pgwarden.domain.catalog import Name, quote_identifier
from pgwarden.domain.errors import (
    AlreadyExecuted,
    NotUndoable,
    RightMissing,
    StoreUnavailable,
    UndoImpossible,
    UnsupportedServer,
)
from pgwarden.domain.execution import Execution, ExecutionKind, Isolation, Parameter, TableImages
from pgwarden.domain.execution_filter import ExecutionFilter, place
from pgwarden.domain.shape import TableShape
from pgwarden.undo.images import SCHEMA


class Ledger:
    """Reads and writes ledger rows through one session."""

    space = SCHEMA
    """The schema in which capture leaves its images."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def identify(self) -> tuple[DatabaseIdentity, str]:
        """Which database and role this session really speaks for; refuses where no proof would be possible."""
        (row,) = await self._session.named("identity")
        if row["version"] < 140_000:
            raise UnsupportedServer(f"PostgreSQL {row['version'] // 10_000} is too old; 14 is the oldest that works.")
        obstacles = [
            (not row["counting"], "track_counts is off, so what a statement really did cannot be counted"),
            (row["replication_role"] != "origin", "session_replication_role keeps triggers from firing"),
            (row["recovering"], "this server is a read-only standby"),
        ]
        for hinders, why in obstacles:
            if hinders:
                raise NotUndoable("A protected execution cannot work here.", why=why, not_done="Nothing was run.")
        return DatabaseIdentity(row["system_identifier"], row["oid"], row["name"]), row["role"]

    async def ensure(self) -> None:
        """Make the schema and the ledger if they are missing, closed to everybody else."""
        (store,) = await self._session.named("store")
        if store["publications"]:
            raise StoreUnavailable(
                "Before-images cannot be kept in this database.",
                why=f"the publication {store['publications']} would send them to its subscribers and stop these",
                not_done="Nothing was run.",
                next_step="Publish tables by name instead of all tables.",
            )
        if not store["owned"]:
            raise StoreUnavailable(
                "The schema pgwarden belongs to another role.",
                why="whoever owns it could read or change before-images and the ledger",
                not_done="Nothing was run.",
                next_step="Let the role that executes own the schema.",
            )
        if store["ledger"]:
            if not store["indexed"]:
                await self._index()
            return
        if not store["present"] and not store["may_create"]:
            raise RightMissing(
                "The role may not create the schema pgwarden.",
                not_done="Nothing was run.",
                next_step="grant create on database … to this role, or create the schema for it once.",
            )
        await self._create()

    async def _create(self) -> None:
        await self._session.script("begin")
        try:
            await self._session.run_script("create_store")
            for row in await self._session.named("strangers"):
                await self._session.script(f"revoke all on schema pgwarden from {row['role']}")
            await self._session.script("commit")
        except psycopg.Error:
            await self._session.rollback()
            raise

    async def _index(self) -> None:
        """Bring a ledger of an earlier version up to date; while others write it, it does without for now."""
        await self._session.script("begin")
        try:
            await self._session.run_script("index_store")
            await self._session.script("commit")
        except psycopg.errors.LockNotAvailable:
            await self._session.rollback()
        except psycopg.Error:
            await self._session.rollback()
            raise

    async def claim(
        self,
        *,
        id: str,  # noqa: A002 - the column's name
        kind: ExecutionKind,
        statement: str,
        parameters: Iterable[Parameter],
        seal: str,
        requested_by: str,
        approved_by: str,
        role: str,
        isolation: Isolation,
        undoes: str | None = None,
    ) -> None:
        """Write the first row of the transaction; a second execution of the same id waits here and then fails."""
        values = {
            "id": id,
            "kind": kind.value,
            "statement": statement,
            "parameters": _json([asdict(parameter) for parameter in parameters]),
            "seal": seal,
            "requested_by": requested_by,
            "approved_by": approved_by,
            "role": role,
            "isolation": isolation.value,
            "undoes": undoes,
        }
        try:
            await self._session.named("claim", values)
        except psycopg.errors.UniqueViolation as error:
            raise AlreadyExecuted(
                f"The execution {id} has already run.",
                not_done="It was not run again.",
                next_step=f"pgwarden executions {id} shows what it did.",
            ) from error

    async def finish(
        self,
        id: str,  # noqa: A002
        tables: Iterable[TableImages],
        sequences: Mapping[str, int | None],
        skipped: int = 0,
    ) -> Execution:
        """Complete the row; what it returns is the ledger's own view."""
        (row,) = await self._session.named(
            "finish",
            {
                "id": id,
                "tables": _json([table.to_dict() for table in tables]),
                "sequences": _json(dict(sequences)),
                "skipped": skipped,
            },
        )
        return execution_of(row)

    async def execution(self, id: str, *, lock: bool = False) -> Execution:  # noqa: A002
        """One execution; ``lock`` keeps others from undoing it at the same time."""
        query = "lock_execution" if lock else "executions"
        rows = await self._session.named(query, {"id": id, "rows": 1})
        if not rows:
            raise UndoImpossible(f"This database has no execution {id}.", next_step="pgwarden executions lists them.")
        return execution_of(rows[0])

    async def executions(self, rows: int = 50) -> tuple[Execution, ...]:
        """The newest executions first."""
        return tuple(execution_of(row) for row in await self._session.named("executions", {"id": None, "rows": rows}))

    async def find(self, wanted: ExecutionFilter) -> tuple[Execution, ...]:
        """Those that are wanted, the newest first."""
        at, last = place(await self.execution(wanted.older_than)) if wanted.older_than else (None, None)
        values = {
            "state": wanted.state.value if wanted.state else "",
            "who": wanted.who,
            "since": wanted.since,
            "at": at,
            "id": last,
            "rows": wanted.limit,
        }
        return tuple(execution_of(row) for row in await self._session.named("find_executions", values))

    async def load(self, id: str, table: TableImages, shape: TableShape) -> None:  # noqa: A002
        """Bring the images of one table of an execution to where ``image_name`` finds them: here they are already."""

    async def mark_undone(self, original: Execution) -> None:
        """Note what a new undo of ``original`` means for it and, where it is an undo itself, for what it took back.

        What it took back is in force again, what that had taken back is not, and so on: each level follows from the
        one below. Each row is locked first, so that undos of the same chain see each other.
        """
        await self._session.named("mark_undone", {"id": original.id})
        target = original.undoes
        while target is not None:
            above = await self.execution(target, lock=True)
            await self._session.named("mark_undone", {"id": above.id})
            target = above.undoes

    async def collect(self, id: str) -> int:  # noqa: A002
        """Drop the images of one execution, which can then no longer be undone. Returns the bytes given back."""
        execution = await self.execution(id)
        names = [table.images for table in execution.tables]
        freed = 0
        for part in await self._session.named("image_relations", {"names": names}):
            kind = "view" if part["kind"] == "v" else "table"
            await self._session.script(f"drop {kind} if exists {Name(part['space'], part['name'])}")
            freed += part["bytes"]
        return freed

    async def uninstall(self) -> None:
        """Take away everything that pgwarden keeps in this database."""
        await self._session.script(f"drop schema if exists {quote_identifier('pgwarden')} cascade")


def _json(value: Any) -> str:
    """As text of the database's own encoding, which may know no escapes for other characters."""
    return json.dumps(value, ensure_ascii=False)


def _document(value: Any) -> Any:
    """A JSON value of the ledger, which a connection of the pool gives as its text."""
    return json.loads(value) if isinstance(value, str) else value


def execution_of(row: Mapping[str, Any]) -> Execution:
    """The execution that a row of the ledger tells of."""
    return Execution(
        id=str(row["id"]),
        kind=ExecutionKind(row["kind"]),
        statement=row["statement"],
        seal=row["seal"],
        requested_by=row["requested_by"],
        approved_by=row["approved_by"],
        role=row["role"],
        isolation=Isolation(row["isolation"]),
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        transaction=int(row["transaction"]),
        undoes=None if row["undoes"] is None else str(row["undoes"]),
        undone_by=None if row["undone_by"] is None else str(row["undone_by"]),
        tables=tuple(TableImages.from_dict(table) for table in _document(row["tables"])),
        sequences=_document(row["sequences"]),
        skipped=row["skipped"],
        milliseconds=row["milliseconds"],
    )
