"""The one road to a write: an approved statement in one watched transaction, proven before it is committed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from datetime import datetime
from typing import TypeVar

import psycopg

from pgwarden.adapters.postgres.capture import Capture, definitions_of, digest_of
from pgwarden.adapters.postgres.external_ledger import ExternalLedger
from pgwarden.adapters.postgres.image_counts import captured_rows
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.lock_free import SAFEPOINT as LOCK_FREE
from pgwarden.adapters.postgres.lock_free import lock_free, target
from pgwarden.adapters.postgres.room import require_room
from pgwarden.adapters.postgres.session import (
    TRANSIENT,
    Session,
    open_session,
    transaction_timeout,
    translated,
)
from pgwarden.domain.approval import Approved, DatabaseIdentity, seal_of
from pgwarden.domain.errors import (
    ApprovalInvalid,
    ConnectionFailed,
    DefinitionsChanged,
    ImagesUnreachable,
    ImpactMismatch,
    OutcomeUnknown,
    RightMissing,
    StoreUnavailable,
)
from pgwarden.domain.execution import Execution, ExecutionKind, ExecutionLimits
from pgwarden.ports import ImageStore
from pgwarden.sql.returning import changed_tables

T = TypeVar("T")


async def execute(
    conninfo: str,
    approved: Approved,
    *,
    now: datetime,
    limits: ExecutionLimits | None = None,
    store: ImageStore | None = None,
) -> Execution:
    """Run what was approved, once, or change nothing.

    ``conninfo`` logs in as the owner of the tables (no superuser needed). ``now`` is compared with the approval's
    end. ``store`` keeps the images where the database itself cannot. Raises a ``PgwardenError`` whenever the result
    would differ from what was approved or could not be taken back; then everything was rolled back.
    """
    bounds = limits or ExecutionLimits()
    async with open_session(conninfo) as session:
        database, role = await Ledger(session).identify()
        _check_approval(approved, database, role, now)
        outside = await translating(kept_outside(session, store))
        return await retried(
            session,
            conninfo,
            bounds,
            approved.execution_id,
            lambda session: _transaction(session, approved, bounds, outside),
            store=outside,
        )


async def kept_outside(session: Session, store: ImageStore | None) -> ImageStore | None:
    """The store, where the database cannot hold ledger and images; None where it can. Prepares whichever it is."""
    try:
        await Ledger(session).ensure()
    except (StoreUnavailable, RightMissing):
        if store is None:
            raise
        await ExternalLedger(session, store).ensure()
        return store
    return None


def ledger_of(session: Session, store: ImageStore | None) -> Ledger:
    """The ledger in the database, or, given a store, the one outside."""
    return ExternalLedger(session, store) if store else Ledger(session)


async def _transaction(
    session: Session, approved: Approved, limits: ExecutionLimits, store: ImageStore | None = None
) -> Execution:
    """The story of an execution, one line per step."""
    ledger = ledger_of(session, store)
    watched = await session.begin(approved.isolation, limits, approved.execution_id)
    capture = Capture(session, approved.execution_id, limits, space=ledger.space, bulk=not watched)
    await _claim(ledger, approved)
    await require_room(session, approved, limits)
    if not await _run_lock_free(session, approved, capture, limits):
        await _run_captured(session, approved, capture, limits)
    await _check_numbers(session, approved, capture)
    (positions,) = await capture.remove(session.query("sequences", {"oids": [*capture.members()]}))
    sequences = {row["sequence"]: row["last"] for row in positions}
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


async def _run_lock_free(session: Session, approved: Approved, capture: Capture, limits: ExecutionLimits) -> bool:
    """Run a change of one table without locking writers out; False where triggers are needed, and nothing was done."""
    way = await lock_free(session, approved) if limits.lock_free else None
    if way is None:
        return False
    _check_definitions(approved, way.definitions)
    if await capture.run_returning(
        way.change,
        way.shape,
        lambda sql: session.statement(sql, approved.parameters),
        report=_is_long(approved, way.shape.oid, limits),
        path=approved.search_path,
    ):
        return True
    await session.script(f"rollback to savepoint {LOCK_FREE}")
    capture.forget()
    return False


async def _run_captured(session: Session, approved: Approved, capture: Capture, limits: ExecutionLimits) -> None:
    """Run the change under triggers on every table in reach."""
    definitions = await capture.install(approved.reach, *definitions_of(session, approved.reach))
    _check_definitions(approved, digest_of(definitions))
    await _report_progress(session, approved, capture, limits)
    await capture.run(lambda: session.statement(approved.sql, approved.parameters), approved.search_path)


async def _report_progress(session: Session, approved: Approved, capture: Capture, limits: ExecutionLimits) -> None:
    """The table that the statement names reports; cascaded tables would be slowed down."""
    if not any(_is_long(approved, expectation.relation, limits) for expectation in approved.expectations):
        return
    for schema, table in changed_tables(approved.sql):
        named = await target(session, approved.search_path, schema, table)
        root = next((s.oid for s in capture.shapes.values() if named in {oid for oid, _ in s.members}), None)
        if root is not None and _is_long(approved, root, limits):
            await capture.report(root)
            return


def _is_long(approved: Approved, relation: int, limits: ExecutionLimits) -> bool:
    found = [e.counts for e in approved.expectations if e.relation == relation]
    return any(counts is not None and counts.total >= limits.progress_rows for counts in found)


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


def _check_definitions(approved: Approved, found: str) -> None:
    """``found`` under the locks: from there on nobody can alter the tables in reach."""
    if found != approved.definitions:
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
    rows = {
        oid: (name, await captured_rows(session, capture.shapes[oid], capture.tables[oid]))
        for oid, (name, _) in operations.items()
    }
    differences = approved.differences(rows)
    if differences:
        raise ImpactMismatch(
            "The statement did something else than was approved.",
            why="; ".join(str(difference) for difference in differences),
            not_done="It was rolled back; nothing was changed.",
            next_step="Look at the impact again and ask for a new approval.",
        )


async def retried(
    session: Session,
    conninfo: str,
    limits: ExecutionLimits,
    execution_id: str,
    transaction: Callable[[Session], Awaitable[Execution]],
    *,
    store: ImageStore | None = None,
) -> Execution:
    """Run a transaction to its commit, first on ``session``, each further attempt on a fresh connection.

    Transient failures (a lock that is not free, a deadlock, a lost connection) are tried again: the ledger's primary
    key keeps a change that did get in from running twice. Any other failure rolls back and is raised.
    """
    wait = limits.backoff_seconds
    for attempt in range(1, limits.attempts + 1):
        try:
            async with nullcontext(session) if attempt == 1 else open_session(conninfo) as current:
                return await _attempt(current, conninfo, limits, execution_id, transaction, store)
        except psycopg.Error as error:
            if not _is_transient(error) or attempt == limits.attempts:
                raise translated(error) from error
        except ConnectionFailed:
            if attempt == limits.attempts:
                raise
        await asyncio.sleep(wait)
        wait *= 2
    raise AssertionError("at least one attempt is made")


async def _attempt(
    session: Session,
    conninfo: str,
    limits: ExecutionLimits,
    execution_id: str,
    transaction: Callable[[Session], Awaitable[Execution]],
    store: ImageStore | None,
) -> Execution:
    try:
        async with asyncio.timeout(limits.transaction_seconds):
            execution = await transaction(session)
        await _commit(session, conninfo, execution_id, store)
    except TimeoutError as error:
        await session.rollback()
        raise transaction_timeout() from error
    except BaseException:  # a cancelled task too: the server must not keep the transaction
        await session.rollback()
        raise
    return execution


def _is_transient(error: psycopg.Error) -> bool:
    lost = isinstance(error, psycopg.OperationalError) and error.sqlstate in (None, "57P01", "57P02", "57P03", "08006")
    return lost or isinstance(error, TRANSIENT)


async def _commit(session: Session, conninfo: str, execution_id: str, store: ImageStore | None) -> None:
    """Commit; if the connection is lost in that moment, the ledger says whether it happened."""
    try:
        await session.script("commit")
    except psycopg.OperationalError as error:
        if not session.connection.closed or isinstance(error, TRANSIENT):
            raise
        if not await committed(conninfo, execution_id, store=store):
            raise
    if store and not session.connection.closed:
        with suppress(ImagesUnreachable):  # only the note is missing; the transaction's number still tells
            await ExternalLedger(session, store).settle(execution_id)


async def committed(
    conninfo: str, execution_id: str, *, patience_seconds: float = 60.0, store: ImageStore | None = None
) -> bool:
    """Whether that execution is in the ledger for good, asked on a new connection.

    A transaction that is still ending holds the primary key (or, outside, its lock), so the probe waits for it.
    """
    if store:
        return await _committed_outside(conninfo, execution_id, patience_seconds, store)
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
        raise _unknown(execution_id) from error
    return False


async def _committed_outside(conninfo: str, execution_id: str, patience_seconds: float, store: ImageStore) -> bool:
    try:
        async with open_session(conninfo) as session:
            await session.script(f"begin; set local lock_timeout = '{round(patience_seconds)}s'")
            await session.named("claim_outside", {"id": execution_id})
            outcome = await ExternalLedger(session, store).outcome(execution_id)
            await session.rollback()
    except (ConnectionFailed, psycopg.OperationalError) as error:
        raise _unknown(execution_id) from error
    if outcome not in ("committed", "aborted"):
        raise _unknown(execution_id)
    return outcome == "committed"


def _unknown(execution_id: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        "The connection was lost while committing.",
        why="the database does not answer, so nobody can say yet whether the change is in",
        next_step=f"pgwarden executions {execution_id} tells as soon as the database is back.",
    )


async def translating(action: Awaitable[T]) -> T:
    """Await something, with PostgreSQL's errors in pgwarden's words."""
    try:
        return await action
    except psycopg.Error as error:
        raise translated(error) from error
