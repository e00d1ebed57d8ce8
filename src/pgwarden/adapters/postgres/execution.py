"""The one road to a write: an approved statement in one watched transaction, proven before it is committed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import psycopg

from pgwarden.adapters.postgres.capture import Capture, definitions_hash
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import OWN_PATH, TRANSIENT, Session, open_session, translated
from pgwarden.domain.approval import Approved, DatabaseIdentity, seal_of
from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.errors import (
    ApprovalInvalid,
    ConnectionFailed,
    DefinitionsChanged,
    ImpactMismatch,
    OutcomeUnknown,
)
from pgwarden.domain.execution import Execution, ExecutionKind, ExecutionLimits, RowCounts
from pgwarden.undo.images import image_name

T = TypeVar("T")


async def execute(
    conninfo: str, approved: Approved, *, now: datetime, limits: ExecutionLimits | None = None
) -> Execution:
    """Run what was approved, once, or change nothing.

    ``conninfo`` logs in as the owner of the tables (no superuser needed). ``now`` is compared with the approval's
    end. Raises a ``PgwardenError`` whenever the result would differ from what was approved or could not be taken
    back; then everything was rolled back.
    """
    bounds = limits or ExecutionLimits()
    async with open_session(conninfo) as session:
        database, role = await Ledger(session).identify()
        _check_approval(approved, database, role, now)
        await translating(Ledger(session).ensure())
    return await retried(
        conninfo, bounds, approved.execution_id, lambda session: _transaction(session, approved, bounds)
    )


async def _transaction(session: Session, approved: Approved, limits: ExecutionLimits) -> Execution:
    """The story of an execution, one line per step."""
    ledger, capture = Ledger(session), Capture(session, approved.execution_id, limits)
    await session.begin(approved.isolation, limits, approved.execution_id)
    await _claim(ledger, approved)
    await capture.install(approved.reach)
    await _check_definitions(session, approved)
    await _report_progress(approved, capture, limits)
    await capture.run(lambda: _statement(session, approved))
    await _check_numbers(session, approved, capture)
    sequences = {
        row["sequence"]: row["last"] for row in await session.named("sequences", {"oids": [*capture.members()]})
    }
    await capture.remove()
    return await ledger.finish(approved.execution_id, capture.tables.values(), sequences)


async def _claim(ledger: Ledger, approved: Approved) -> None:
    await ledger.claim(
        id=approved.execution_id,
        kind=ExecutionKind.EXECUTE,
        statement=approved.sql,
        parameters=approved.parameters,
        seal=approved.seal,
        requested_by=approved.requested_by,
        approved_by=approved.approved_by,
        role=approved.role,
        isolation=approved.isolation,
    )


async def _report_progress(approved: Approved, capture: Capture, limits: ExecutionLimits) -> None:
    for expectation in approved.expectations:
        counts = expectation.counts
        if counts and counts.updated + counts.deleted >= limits.progress_rows:
            await capture.report(expectation.relation)
            return  # one table is enough, and cascaded tables would be slowed down


async def _statement(session: Session, approved: Approved) -> None:
    """What deferred triggers do belongs to the statement, so they run under its search path too."""
    await session.search(approved.search_path)
    await session.statement(approved.sql, approved.parameters)
    await session.script("set constraints all immediate")
    await session.search(OWN_PATH)


def _check_approval(approved: Approved, database: DatabaseIdentity, role: str, now: datetime) -> None:
    reasons = [
        (seal_of(approved) != approved.seal, "its content is not what the seal was made for"),
        (now > approved.until, f"it ended at {approved.until.isoformat()}"),
        (approved.database != database, f"it is for another database than {database.name}"),
        (approved.role != role, f"it is for the role {approved.role}, this is {role}"),
    ]
    for applies, why in reasons:
        if applies:
            raise ApprovalInvalid(
                "The approval does not cover this.",
                why=why,
                not_done="Nothing was run.",
                next_step="Ask for approval of the statement as it is now.",
            )


async def _check_definitions(session: Session, approved: Approved) -> None:
    """Under the locks: from here on nobody can alter the tables in reach."""
    if await definitions_hash(session, approved.reach) != approved.definitions:
        raise DefinitionsChanged(
            "A table in reach was altered after the approval.",
            why="columns, constraints, triggers, functions, policies or rules are not those that were analysed",
            not_done="Nothing was run.",
            next_step="Look at the impact again and ask for a new approval.",
        )


async def _check_numbers(session: Session, approved: Approved, capture: Capture) -> None:
    """Compare with the approved numbers: row operations first, and where these differ, rows."""
    operations = {oid: (f"{t.schema}.{t.name}", t.counts) for oid, t in capture.tables.items() if t.counts.total}
    if not approved.differences(operations):
        return
    rows = {oid: (name, await captured_rows(session, capture, oid)) for oid, (name, _) in operations.items()}
    differences = approved.differences(rows)
    if differences:
        raise ImpactMismatch(
            "The statement did something else than was approved.",
            why="; ".join(str(difference) for difference in differences),
            not_done="It was rolled back; nothing was changed.",
            next_step="Look at the impact again and ask for a new approval.",
        )


async def captured_rows(session: Session, capture: Capture, oid: int) -> RowCounts:
    """Distinct rows by key: a row that was updated twice counts once, one updated and then deleted is deleted."""
    shape, table = capture.shapes[oid], capture.tables[oid]
    if not shape.keyed:
        return table.counts
    key = ", ".join(quote_identifier(column) for column in shape.key)
    (row,) = await session.rows(
        "select count(*) filter (where net > 0) as inserted, count(*) filter (where net = 0) as updated,"
        " count(*) filter (where net < 0) as deleted"
        f" from (select sum(case when {quote_identifier(table.mark)} in ('i', 'n') then 1 else -1 end) as net"
        f" from {image_name(table)} group by {key}) k"
    )
    return RowCounts(**row)


async def retried(
    conninfo: str,
    limits: ExecutionLimits,
    execution_id: str,
    transaction: Callable[[Session], Awaitable[Execution]],
) -> Execution:
    """Run a transaction to its commit, each attempt on a fresh connection.

    Transient failures (a lock that is not free, a deadlock, a lost connection) are tried again: the ledger's primary
    key keeps a change that did get in from running twice. Any other failure rolls back and is raised.
    """
    wait = limits.backoff_seconds
    for attempt in range(1, limits.attempts + 1):
        try:
            async with open_session(conninfo) as session:
                return await _attempt(session, conninfo, execution_id, transaction)
        except psycopg.Error as error:
            if not _is_transient(error) or attempt == limits.attempts:
                raise translated(error) from error
        except ConnectionFailed:
            if attempt in (1, limits.attempts):
                raise
        await asyncio.sleep(wait)
        wait *= 2
    raise AssertionError("at least one attempt is made")


async def _attempt(
    session: Session, conninfo: str, execution_id: str, transaction: Callable[[Session], Awaitable[Execution]]
) -> Execution:
    try:
        execution = await transaction(session)
        await _commit(session, conninfo, execution_id)
    except BaseException:  # a cancelled task too: the server must not keep the transaction
        await session.rollback()
        raise
    return execution


def _is_transient(error: psycopg.Error) -> bool:
    lost = isinstance(error, psycopg.OperationalError) and error.sqlstate in (None, "57P01", "57P02", "57P03", "08006")
    return lost or isinstance(error, TRANSIENT)


async def _commit(session: Session, conninfo: str, execution_id: str) -> None:
    """Commit; if the connection is lost in that moment, the ledger says whether it happened."""
    try:
        await session.script("commit")
    except psycopg.OperationalError as error:
        if not session.connection.closed or isinstance(error, TRANSIENT):
            raise
        if not await committed(conninfo, execution_id):
            raise


async def committed(conninfo: str, execution_id: str, *, patience_seconds: float = 60.0) -> bool:
    """Whether that execution is in the ledger for good, asked on a new connection.

    A transaction that is still ending holds the primary key, so the probe waits for it.
    """
    probe = (
        "begin; set local lock_timeout = '{wait}s';"
        " insert into pgwarden.execution (id, kind, statement, parameters, seal, requested_by, approved_by, role,"
        " isolation) values ('{id}', 'execute', '', '[]', '', '', '', '', ''); rollback"
    )
    try:
        async with open_session(conninfo) as session:
            await session.script(probe.format(wait=round(patience_seconds), id=uuid.UUID(execution_id)))
    except psycopg.errors.UniqueViolation:
        return True
    except psycopg.errors.UndefinedTable:
        return False
    except (ConnectionFailed, psycopg.OperationalError) as error:
        raise OutcomeUnknown(
            "The connection was lost while committing.",
            why="the database does not answer, so nobody can say yet whether the change is in",
            next_step=f"pgwarden executions {execution_id} tells as soon as the database is back.",
        ) from error
    return False


async def translating(action: Awaitable[T]) -> T:
    """Await something, with PostgreSQL's errors in pgwarden's words."""
    try:
        return await action
    except psycopg.Error as error:
        raise translated(error) from error
