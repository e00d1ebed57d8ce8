"""A dedicated connection for a change: its queries, its settings, and PostgreSQL's errors in pgwarden's words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import dict_row

from pgwarden.adapters.postgres.connect import iso_dates
from pgwarden.adapters.postgres.pool import TargetPool
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.adapters.postgres.traced import TracedCursor, TracedRawCursor
from pgwarden.domain.errors import (
    ConnectionFailed,
    ConstraintViolated,
    ExecutionCancelled,
    ExecutionFailed,
    ExecutionTimeout,
    LimitReached,
    LocksBusy,
    NotUndoable,
    PgwardenError,
    RightMissing,
)
from pgwarden.domain.execution import ExecutionLimits, Isolation, Parameter

Connection = psycopg.AsyncConnection[dict[str, Any]]

Query = tuple[str | bytes, Sequence[object] | Mapping[str, object]]
"""A generated query with the values of its ``$n`` parameters, or a named one with its values by name."""
Answer = list[dict[str, Any]] | psycopg.Error
"""The rows of a query, or why it failed."""

OWN_PATH = "pg_catalog, pg_temp"
"""Our own queries qualify every name and must not be led astray."""

TRANSIENT = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
"""Failures after which the same transaction may well succeed: nothing of it remains."""


WORK_MEMORY = "64MB"
"""The least ``work_mem`` of a change: so much of what it captures stays in memory."""

PINNED = {"datestyle": "ISO", "intervalstyle": "postgres", "extra_float_digits": 1, "bytea_output": "hex"}
"""Settings of a transaction on which it depends how values are written as text, but for the time zone."""

TRANSACTION_TIMEOUT = 17
"""The first version of PostgreSQL that ends transactions by itself when they take too long."""


class Session:
    """One connection, used by one change at a time. In autocommit mode: transactions are begun by hand."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.major = connection.info.server_version // 10_000
        self._queries = named_queries("change.sql", self.major)
        connection.adapters.register_dumper(Parameter, _ParameterDumper)
        self._raw = TracedRawCursor(connection, row_factory=dict_row)

    async def named(self, name: str, values: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        """Rows of a query of ``queries/change.sql``."""
        cursor = await self.connection.execute(self._queries[name], values)
        return await cursor.fetchall() if cursor.description else []

    def query(self, name: str, values: Mapping[str, object] | None = None) -> Query:
        """A query of ``queries/change.sql``, to be sent with others."""
        return self._queries[name], values or {}

    async def script(self, text: str | bytes) -> None:
        """Run statements that were written by pgwarden itself, without parameters."""
        await self.connection.execute(text.encode() if isinstance(text, str) else text)

    async def run_script(self, name: str) -> None:
        await self.script(self._queries[name])

    async def rows(self, text: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Rows of a generated query with ``$n`` parameters."""
        await self._raw.execute(text.encode(), parameters or None)
        return await self._raw.fetchall() if self._raw.description else []

    async def value(self, text: str, parameters: Sequence[object] = ()) -> Any:
        """The single value of a generated query."""
        (row,) = await self.rows(text, parameters)
        (value,) = row.values()
        return value

    async def attempts(self, queries: Sequence[Query]) -> list[Answer]:
        """The rows of each query, or its error, which costs the transaction nothing.

        Sent together: as long as none fails they take one round trip.
        """
        found: list[Answer] = []
        while len(found) < len(queries):
            waiting = [(self._cursor(query), query) for query in queries[len(found) :]]
            error = await self._sent("savepoint attempt", waiting, "release savepoint attempt")
            if error is None:
                return found + [await _fetched(cursor) for cursor, _ in waiting]
            await self.script("rollback to savepoint attempt")
            found += [await _fetched(cursor) for cursor, _ in waiting if cursor.statusmessage]
            found.append(error)
        return found

    async def width(self, query: str) -> int:
        """How many columns a generated query gives. Raises psycopg.Error, after which the transaction goes on."""
        cursor = TracedRawCursor(self.connection)
        error = await self._sent("savepoint describing", [(cursor, (query, ()))], "release savepoint describing")
        if error is not None:
            await self.script("rollback to savepoint describing")
            raise error
        return len(cursor.description or ())

    async def _sent(
        self, before: str, waiting: Sequence[tuple[psycopg.AsyncCursor[Any], Query]], after: str
    ) -> psycopg.Error | None:
        """Send all of it at once; the first error, if any, unless the connection is gone with it."""
        found: psycopg.Error | None = None
        try:
            async with self.connection.pipeline():
                try:
                    if before:
                        await self.script(before)
                    for cursor, (text, parameters) in waiting:
                        await cursor.execute(text.encode() if isinstance(text, str) else text, parameters or None)
                    if after:
                        await self.script(after)
                except psycopg.Error as error:  # caught inside, for whoever leaves with an error is told a second one
                    found = error
        except psycopg.Error as error:
            found = found or error
        if found is not None and self.connection.closed:
            raise found
        return found

    def _cursor(self, query: Query) -> psycopg.AsyncCursor[dict[str, Any]]:
        kind = TracedCursor if isinstance(query[1], Mapping) else TracedRawCursor
        return kind(self.connection, row_factory=dict_row)

    async def attempt(self, text: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Rows of one generated query. Raises psycopg.Error, after which the transaction goes on."""
        (rows,) = await self.attempts([(text, parameters)])
        if isinstance(rows, psycopg.Error):
            raise rows
        return rows

    async def together(self, *queries: Query) -> list[list[dict[str, Any]]]:
        """Rows of each query, all sent at once: one wait for the network.

        Raises the error of the first that fails; those after it are not run.
        """
        waiting = [(self._cursor(query), query) for query in queries]
        error = await self._sent("", waiting, "")
        if error is not None:
            raise error
        return [await _fetched(cursor) for cursor, _ in waiting]

    async def statement(self, sql: str, parameters: Sequence[Parameter]) -> int:
        """Run the approved bytes as one message of the extended protocol, which takes exactly one statement.

        Returns the row count of its command tag, -1 where it has none.
        """
        cursor = TracedRawCursor(self.connection)
        # binary results force the extended protocol even without parameters; the rows themselves are not read
        await cursor.execute(sql.encode(), tuple(parameters), binary=True)
        return cursor.rowcount

    async def begin(self, isolation: Isolation, limits: ExecutionLimits, name: str) -> bool:
        """Open a transaction whose settings hold for it alone, whatever the role's defaults are.

        ``name`` (the execution's id) is how progress and cancelling find its backend. Returns whether event triggers
        watch what is created and dropped.
        """
        settings = {
            "lock_timeout": _milliseconds(limits.lock_seconds),
            "statement_timeout": _milliseconds(limits.statement_seconds),
            "idle_in_transaction_session_timeout": _milliseconds(limits.idle_seconds),
            "transaction_timeout": _milliseconds(limits.transaction_seconds),
            **PINNED,
            "row_security": "on",
            "default_table_access_method": "heap",
            "search_path": OWN_PATH,
        }
        if self.major < TRANSACTION_TIMEOUT:
            del settings["transaction_timeout"]
        _, _, (row,) = await self.together(
            (f"begin isolation level {isolation.value} read write", ()),
            self.setting(settings),
            self.query("announce", {"name": f"pgwarden {name}", "memory": WORK_MEMORY}),
        )
        return bool(row["watched"])

    def setting(self, settings: Mapping[str, object]) -> Query:
        """A query that makes these settings for the rest of the transaction."""
        return self.query("set_all", {"settings": json.dumps(dict(settings))})

    async def search(self, path: str) -> None:
        """Set the search path for the rest of the transaction."""
        await self.together(searching(path))

    async def rollback(self) -> None:
        """End the transaction without effect; harmless on a connection that is already gone."""
        if not self.connection.closed:
            try:
                await self.script("rollback")
            except psycopg.OperationalError:
                await self.connection.close()


async def _fetched(cursor: psycopg.AsyncCursor[dict[str, Any]]) -> list[dict[str, Any]]:
    return await cursor.fetchall() if cursor.description else []


def searching(path: str) -> Query:
    """A query that sets the search path for the rest of the transaction."""
    return "select pg_catalog.set_config('search_path', $1, true)", [path]


@asynccontextmanager
async def open_session(conninfo: str) -> AsyncIterator[Session]:
    """A session that is closed at the end, with whatever transaction is open in it."""
    try:
        connection = await psycopg.AsyncConnection.connect(
            conninfo, autocommit=True, row_factory=dict_row, prepare_threshold=None, cursor_factory=TracedCursor
        )
    except psycopg.OperationalError as error:
        raise ConnectionFailed(
            "The database did not let pgwarden in.", why=_first_line(error), not_done="Nothing was run."
        ) from error
    try:
        await iso_dates(connection)
        if connection.info.parameter_status("default_transaction_read_only") == "on":  # what only reads says so itself
            await connection.execute("set default_transaction_read_only = off")
        yield Session(connection)
    finally:
        await connection.close()


@asynccontextmanager
async def pooled_session(pool: TargetPool) -> AsyncIterator[Session]:
    """A session on a connection of the pool, to look something up: to log in takes longer than most of what is asked.

    JSON comes as text on it, as everywhere in the pool.
    """
    async with pool.connection() as connection:
        rows, connection.row_factory = connection.row_factory, dict_row
        try:
            yield Session(connection)
        finally:
            connection.row_factory = rows


def translated(error: psycopg.Error) -> PgwardenError:
    """PostgreSQL's error in pgwarden's words. DETAIL is left out, since it holds row values."""
    why = error.diag.message_primary or _first_line(error)
    done = "The transaction was rolled back; nothing was changed."
    if isinstance(error, TRANSIENT):
        return LocksBusy(
            "Others hold locks that this change needs.", why=why, not_done=done, next_step="Try again in a moment."
        )
    if isinstance(error, psycopg.errors.TransactionTimeout):
        return transaction_timeout()
    if isinstance(error, psycopg.errors.QueryCanceled):
        kind = ExecutionTimeout if "timeout" in why else ExecutionCancelled
        return kind("The statement was stopped on the server.", why=why, not_done=done)
    if isinstance(error, psycopg.errors.DiskFull | psycopg.errors.ConfigurationLimitExceeded):
        return LimitReached("The server has no room for this change.", why=why, not_done=done)
    if isinstance(error, psycopg.errors.ProgramLimitExceeded) and why.startswith("pgwarden:"):
        return LimitReached("The change takes more room than is allowed.", why=why[10:], not_done=done)
    if isinstance(error, psycopg.errors.FeatureNotSupported) and why.startswith("pgwarden:"):
        return NotUndoable("The statement does something that cannot be taken back.", why=why[10:], not_done=done)
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return RightMissing("The database role lacks a right for this.", why=why, not_done=done)
    if isinstance(error, psycopg.IntegrityError):
        name = error.diag.constraint_name
        return ConstraintViolated(
            f"The constraint {name} refused the change." if name else "A constraint refused the change.",
            why=why,
            not_done=done,
        )
    return ExecutionFailed("PostgreSQL refused the statement.", why=why, not_done=done)


def transaction_timeout() -> ExecutionTimeout:
    """The whole transaction took longer than its limit."""
    return ExecutionTimeout(
        "The transaction took too long.",
        why="its time limit ended",
        not_done="The transaction was rolled back; nothing was changed.",
        next_step="Raise the limit, or cut the change into pieces.",
    )


class _ParameterDumper(Dumper):
    """Sends a ``Parameter`` as text with exactly its own type."""

    format = Format.TEXT

    def get_key(self, obj: Parameter, format: Any) -> Any:  # noqa: A002, ARG002 - psycopg's signature
        return (self.cls, obj.type_oid)

    def upgrade(self, obj: Parameter, format: Any) -> Dumper:  # noqa: A002, ARG002 - psycopg's signature
        dumper = _ParameterDumper(self.cls, None)
        dumper.oid = obj.type_oid
        return dumper

    def dump(self, obj: Parameter) -> bytes | None:
        return None if obj.value is None else obj.value.encode()


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
