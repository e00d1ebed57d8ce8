"""``ports.ChangeRunner`` on a registered target: the only part that opens a connection to change data."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import psycopg

from pgwarden.adapters.postgres.connect import connection_string
from pgwarden.adapters.postgres.execution import committed, execute, kept_outside, ledger_of, translating
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.progress import cancel, progress
from pgwarden.adapters.postgres.rehearsal import rehearse
from pgwarden.adapters.postgres.session import Session, open_session
from pgwarden.adapters.postgres.undo import undo
from pgwarden.domain.approval import Approved, ApprovedUndo, DatabaseIdentity
from pgwarden.domain.database import Database
from pgwarden.domain.errors import (
    ConnectionFailed,
    OutcomeUnknown,
    RightMissing,
    StoreUnavailable,
    WritesNotAllowed,
)
from pgwarden.domain.execution import Execution, ExecutionLimits, Parameter, Progress
from pgwarden.domain.impact import Impact
from pgwarden.domain.rehearsal_permit import RehearsalPermit
from pgwarden.ports import ImageStore

PATIENCE_SECONDS = 30.0
"""How long settling waits for a transaction that is still ending."""


class PostgresChangeRunner:
    """Changes run under the target's own role: an owner of the tables, never a superuser."""

    def __init__(
        self, database: Database, limits: ExecutionLimits | None = None, store: ImageStore | None = None
    ) -> None:
        """``store`` keeps ledger and images where the database itself cannot hold them.

        Raises WritesNotAllowed where the database is registered for reading only.
        """
        require_writes(database)
        self._database, self._limits, self._store = database, limits, store

    async def identify(self) -> tuple[DatabaseIdentity, str]:
        async with open_session(await connection_string(self._database)) as session:
            identity, role = await Ledger(session).identify()
            await _require_plain_role(session, role)
            return identity, role

    async def execute(self, approved: Approved, *, now: datetime) -> Execution:
        conninfo = await connection_string(self._database)
        return await execute(conninfo, approved, now=now, limits=self._limits, store=self._store)

    async def undo(self, approved: ApprovedUndo, *, now: datetime) -> Execution:
        conninfo = await connection_string(self._database)
        return await undo(conninfo, approved, now=now, limits=self._limits, store=self._store)

    async def rehearse(
        self, impact: Impact, permit: RehearsalPermit, *, now: datetime, parameters: Sequence[Parameter] = ()
    ) -> Impact:
        return await rehearse(await connection_string(self._database), impact, permit, now=now, parameters=parameters)

    async def settle(self, execution_id: str) -> Execution | None:
        conninfo = await connection_string(self._database)
        try:
            async with open_session(conninfo) as session:
                outside = await _kept_outside(session, self._store)
                if outside is None:
                    return await _settled(session, str(uuid.UUID(execution_id)))
                if not await committed(conninfo, execution_id, patience_seconds=PATIENCE_SECONDS, store=outside):
                    return None
                return await ledger_of(session, outside).execution(execution_id)
        except (ConnectionFailed, psycopg.OperationalError) as error:
            raise OutcomeUnknown(
                "Nobody can say yet whether the change is in.",
                why="the database does not answer, or its transaction is still ending",
                not_done="It was not tried again.",
                next_step=f"pgwarden executions {execution_id} tells as soon as the database is back.",
            ) from error

    async def progress(self, execution_id: str, *, expected_rows: int | None = None) -> Progress | None:
        conninfo = await connection_string(self._database)
        return await translating(progress(conninfo, execution_id, expected_rows=expected_rows))

    async def cancel(self, execution_id: str) -> bool:
        return await translating(cancel(await connection_string(self._database), execution_id))


def require_writes(database: Database) -> None:
    """Raises WritesNotAllowed where the database is registered for reading only."""
    if not database.allow_writes:
        raise WritesNotAllowed(
            f"The database {database.name} is registered for reading only.",
            not_done="Nothing was run.",
            next_step=f"pgwarden db add {database.name} URL --allow-writes --replace",
        )


async def _kept_outside(session: Session, store: ImageStore | None) -> ImageStore | None:
    """Where this database's ledger is: None for the database itself, which is prepared if that is possible."""
    try:
        return await kept_outside(session, store)
    except (StoreUnavailable, RightMissing):
        return None


async def _settled(session: Session, execution_id: str) -> Execution | None:
    """Take the id if it is free, so that nothing which is still on its way can ever take it; else see who has it."""
    if not (await session.named("store"))[0]["ledger"]:
        return None  # no ledger could be made, so nothing ran and nothing will
    ledger = Ledger(session)
    await session.value("select pg_catalog.set_config('lock_timeout', $1, false)", [f"{PATIENCE_SECONDS:.0f}s"])
    await session.named("settle", {"id": execution_id})
    (row,) = await session.named("settled", {"id": execution_id})
    return await ledger.execution(execution_id) if row["ran"] else None


async def _require_plain_role(session: Session, role: str) -> None:
    if await session.value("select rolsuper from pg_catalog.pg_roles where rolname = current_user"):
        raise RightMissing(
            f"The role {role} is a superuser.",
            why="changes run with the rights of the tables' owner and no more",
            not_done="Nothing was run.",
            next_step="Register the database under a role that owns the tables and is no superuser.",
        )
