"""The connections of one process to one target: bounded, checked, and clean after each use."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import psycopg
from psycopg import AsyncConnection, pq

from pgwarden.adapters.postgres.connect import open_connection
from pgwarden.adapters.postgres.facts import ServerFacts, TypeBook, learn_types, server_facts
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.database import Database
from pgwarden.domain.errors import ConnectionFailed, PoolExhausted
from pgwarden.domain.result import ReadLimits

IDLE_SECONDS = 600.0
"""An unused connection is closed after this."""
LIFETIME_SECONDS = 3600.0
"""No connection is used longer, so that changed passwords, rights and hosts are noticed."""
CLEAN = b"discard all"


@dataclass(slots=True, eq=False)
class Link:
    """A connection that is lent out, with what is known about the other side."""

    connection: AsyncConnection[Any]
    facts: ServerFacts
    opened: float
    fresh: bool
    """Whether it was opened for this use; an older one may turn out to be dead."""
    prepared: bool = False
    """Whether our own statements are prepared in its session."""
    fences: Mapping[tuple[ReadLimits, tuple[str, ...]], tuple[bytes, bytes]] = field(default_factory=dict)
    """The settings of the read before, by what they were made from."""


class TargetPool:
    """At most ``size`` connections to one database, one of them kept for monitoring and cancelling.

    Belongs to one event loop. Opens nothing before the first use. ``close()`` ends it.
    """

    def __init__(self, database: Database, *, size: int = 10, wait_seconds: float = 10.0) -> None:
        self.database = database
        self.types = TypeBook()
        self._size = max(1, size - 1)
        self._wait_seconds = wait_seconds
        self._places = asyncio.Semaphore(self._size)
        self._idle: deque[tuple[Link, float]] = deque()
        self._lent = 0
        self._monitor: Link | None = None
        self._monitoring = asyncio.Lock()
        self._closed = False

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[Link]:
        """A connection as it is, for callers that leave it clean by themselves.

        What is not idle and outside a transaction afterwards is closed instead of being kept. Raises PoolExhausted
        when none gets free in time, ConnectionFailed and UnsupportedServer when a new one cannot be opened.
        """
        await self._take_place()
        try:
            link = self._take_idle() or await self._open()
            self._lent += 1
            try:
                yield link
            finally:
                self._lent -= 1
                await self._give_back(link)
        finally:
            self._places.release()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection in autocommit mode; whatever was done to its session is undone afterwards."""
        async with self.borrow() as link:
            try:
                yield link.connection
            finally:
                await self._clean(link)

    @asynccontextmanager
    async def monitor(self) -> AsyncIterator[AsyncConnection[Any]]:
        """The connection that is never lent for statements: it works when all others are busy."""
        async with self._monitoring:
            if self._monitor is None or not _alive(self._monitor.connection):
                self._monitor = await self._open()
            yield self._monitor.connection

    async def stop(self, backend: int) -> bool:
        """Ask the server to end what a backend of ours runs. False when it is gone, or nothing could be asked."""
        with suppress(psycopg.Error, ConnectionFailed):
            async with self.monitor() as connection:
                stop = named_queries("target.sql", 14)["stop"].replace(b"$1", b"%s")
                row = await (await connection.execute(stop, (backend,))).fetchone()
                return bool(row and row[0])
        return False

    async def close(self) -> None:
        """Close every connection; those in use are closed when they come back."""
        self._closed = True
        links = [link for link, _ in self._idle]
        self._idle.clear()
        if self._monitor:
            links.append(self._monitor)
            self._monitor = None
        for link in links:
            await link.connection.close()

    @property
    def busy(self) -> int:
        """How many connections are lent out now."""
        return self._lent

    async def _take_place(self) -> None:
        if self._closed:
            raise self._exhausted("The pool is closed.")
        if not self._places.locked():  # without a task and a timer of its own
            await self._places.acquire()
            return
        try:
            await asyncio.wait_for(self._places.acquire(), self._wait_seconds)
        except TimeoutError:
            raise self._exhausted(
                f"All {self._size} connections were in use for {self._wait_seconds:g} seconds."
            ) from None

    def _exhausted(self, why: str) -> PoolExhausted:
        return PoolExhausted(
            f'No connection to "{self.database.name}" was free.',
            why=why,
            not_done="The statement was not sent.",
            next_step="Try again when other reads are done, or raise pool_size if the server can bear it.",
        )

    def _take_idle(self) -> Link | None:
        """The connection used last that is still good: the others may grow old and be closed."""
        while self._idle:
            link, _ = self._idle.pop()
            if _alive(link.connection) and monotonic() - link.opened < LIFETIME_SECONDS:
                return link
            self._drop(link)
        return None

    async def _open(self) -> Link:
        connection = await open_connection(self.database)
        try:
            facts = await server_facts(connection)
            if not len(self.types):
                await learn_types(connection, self.types)
        except psycopg.Error as error:
            await connection.close()
            raise ConnectionFailed(
                f'The database "{self.database.name}" accepted the login but answers no questions.',
                why=str(error).strip(),
                not_done="No statement was sent.",
                next_step=f"Look with: pgwarden db check {self.database.name}",
            ) from error
        except BaseException:
            await connection.close()
            raise
        return Link(connection, facts, monotonic(), fresh=True)

    async def _give_back(self, link: Link) -> None:
        idle = link.connection.pgconn.transaction_status == pq.TransactionStatus.IDLE
        outside = link.connection.pgconn.pipeline_status == pq.PipelineStatus.OFF
        if self._closed or not (idle and outside):
            await link.connection.close()
            return
        self._close_unused()
        link.fresh = False
        self._idle.append((link, monotonic()))

    def _close_unused(self) -> None:
        while self._idle and monotonic() - self._idle[0][1] > IDLE_SECONDS:
            self._drop(self._idle.popleft()[0])

    def _drop(self, link: Link) -> None:
        link.connection.pgconn.finish()

    async def _clean(self, link: Link) -> None:
        """Leave nothing behind. Behind a proxy the session is not ours, and it cleans up by itself."""
        connection = link.connection
        if connection.closed:
            return
        try:
            await connection.rollback()
            if not link.facts.pooled:
                link.prepared = False
                await connection.execute(CLEAN, prepare=False)
        except psycopg.Error:
            await connection.close()


class Pools:
    """The pools of all targets that this process uses, by name."""

    def __init__(self, *, size: int = 10, wait_seconds: float = 10.0) -> None:
        self._size = size
        self._wait_seconds = wait_seconds
        self._pools: dict[str, TargetPool] = {}
        self._retiring: set[asyncio.Task[None]] = set()

    def of(self, database: Database) -> TargetPool:
        """The pool of a target; a changed registration gets a new one, and the old one ends with its last use."""
        pool = self._pools.get(database.name)
        if pool is None or pool.database != database:
            if pool is not None:
                closing = asyncio.get_running_loop().create_task(pool.close())
                self._retiring.add(closing)
                closing.add_done_callback(self._retiring.discard)
            pool = TargetPool(database, size=self._size, wait_seconds=self._wait_seconds)
            self._pools[database.name] = pool
        return pool

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()
        await asyncio.gather(*self._retiring)


def _alive(connection: AsyncConnection[Any]) -> bool:
    """Whether an idle connection looks good, without asking the server: one that it closed has something to read."""
    try:
        connection.pgconn.consume_input()  # its last words
        connection.pgconn.consume_input()  # and then the end
    except psycopg.OperationalError:
        return False
    return not connection.closed and connection.pgconn.status == pq.ConnStatus.OK
