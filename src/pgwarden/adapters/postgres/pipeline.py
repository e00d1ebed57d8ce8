"""libpq's pipeline mode, one statement per extended-protocol message, many messages per network round trip.

psycopg's own pipeline hides Parse and Describe, and decides by itself when to wait. A read needs both under
control: what is sent together, and when the answers are awaited.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import psycopg
from psycopg import AsyncConnection, pq
from psycopg.abc import Buffer, PQGen
from psycopg.errors import error_from_result
from psycopg.waiting import Ready, Wait

FAILED = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)


class Pipeline:
    """Queues messages, sends them together, and gives the answers in order.

    ``async with`` leaves the connection outside pipeline mode with every answer read, or, when that is not possible
    (cancelled, connection lost, closing failed), leaves it as it is: the pool throws away what is not idle.
    """

    def __init__(self, connection: AsyncConnection[Any], *, closing: Sequence[bytes] = ()) -> None:
        """``closing``: statements that are sent after an error, each by itself, whatever became of the others."""
        self._connection = connection
        self._closing = closing
        self._pgconn = connection.pgconn
        self._waiting = 0
        """Answers that are still to come, syncs included."""

    async def __aenter__(self) -> Pipeline:
        self._pgconn.enter_pipeline_mode()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, Exception):
            return
        if self._pgconn.status != pq.ConnStatus.OK:
            return
        if error is not None:
            self.sync()  # what was queued so far may not have been sent
            for statement in self._closing:
                self.query(statement)
                self.sync()
            await self.send()
            while self._waiting > 2 * len(self._closing):
                await self._next()
        if await self.drain() or error is None:
            self._pgconn.exit_pipeline_mode()

    def query(self, sql: bytes, values: Sequence[Buffer | None] = (), types: Sequence[int] = ()) -> None:
        """Queue Parse, Bind, Describe and Execute of one statement; values are PostgreSQL's text."""
        self._pgconn.send_query_params(sql, list(values) or None, list(types) or None)
        self._waiting += 1

    def prepare(self, name: bytes, sql: bytes, types: Sequence[int]) -> None:
        """Queue the preparation of a statement of our own."""
        self._pgconn.send_prepare(name, sql, list(types))
        self._waiting += 1

    def run(self, name: bytes, values: Sequence[Buffer | None]) -> None:
        """Queue a prepared statement."""
        self._pgconn.send_query_prepared(name, list(values))
        self._waiting += 1

    def parse(self, sql: bytes, types: Sequence[int] = ()) -> None:
        """Queue Parse and Describe of one statement: two answers, the second tells columns and parameters."""
        self._pgconn.send_prepare(b"", sql, list(types) or None)
        self._pgconn.send_describe_prepared(b"")
        self._waiting += 2

    def sync(self) -> None:
        """Queue the point up to which the server skips after an error."""
        self._pgconn.pipeline_sync()
        self._waiting += 1

    async def send(self) -> None:
        await self._connection.wait(_flush(self._pgconn))

    async def answer(self) -> pq.abc.PGresult:
        """The answer to the oldest message not yet answered. Raises psycopg's error when the server reported one."""
        result = await self._next()
        if result.status in FAILED:
            raise error_from_result(result, encoding="utf-8")
        return result

    async def synced(self) -> bool:
        """Read up to the answer to a sync; False when a message before it failed, after which the server skips."""
        good = True
        while self._waiting:
            status = (await self._next()).status
            if status == pq.ExecStatus.PIPELINE_SYNC:
                break
            good &= status not in FAILED
        return good

    async def drain(self) -> bool:
        """Read and forget every answer that is still to come; whether none of them was an error."""
        good = True
        while self._waiting:
            good &= (await self._next()).status not in FAILED
        return good

    async def _next(self) -> pq.abc.PGresult:
        pgconn = self._pgconn
        while True:  # what has come already is taken without asking the event loop
            waiting = pgconn.is_busy()
            result = await self._connection.wait(_receive(pgconn)) if waiting else pgconn.get_result()
            if result is not None:  # None is the mark between the answers to two messages
                self._waiting -= 1
                return result
            if pgconn.status != pq.ConnStatus.OK:
                raise psycopg.OperationalError("the connection was lost")


def _flush(pgconn: pq.abc.PGconn) -> PQGen[None]:
    """Write everything that is queued; read meanwhile, since the server may not take more before we do."""
    while pgconn.flush():
        while not (ready := (yield Wait.RW)):
            pass
        if ready & Ready.R:
            pgconn.consume_input()


def _receive(pgconn: pq.abc.PGconn) -> PQGen[pq.abc.PGresult | None]:
    while pgconn.is_busy():
        while not (yield Wait.R):
            pass
        pgconn.consume_input()
    return pgconn.get_result()


def lost(error: psycopg.Error, connection: AsyncConnection[Any]) -> bool:
    """Whether an error means that the connection is gone rather than that the statement failed."""
    return isinstance(error, psycopg.OperationalError) and connection.pgconn.status != pq.ConnStatus.OK
