"""Appending to the audit in a transaction of its own: in one round trip while nobody else appends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import AsyncCursor

from pgwarden.adapters.postgres.control.audit_append import audit_sql, head_of, values_of
from pgwarden.adapters.postgres.control.connection import Connection, Pool, connected, told
from pgwarden.domain.audit_chain import AuditHead, AuditRecord, chained
from pgwarden.domain.rights_version import RightsChangedError

WRITTEN, RIGHTS = "written", "rights"
"""What the function audit_append_behind says; anything else is a bet that was lost."""
Placed = tuple[AuditRecord, ...]


class Appender:
    """Remembers where it left the chain. While it finds it there again, it bets on that: one statement chains behind
    the remembered end, and writes nothing where somebody else moved it. A lost bet, or one whose outcome got lost with
    its connection, is settled under the chain's lock."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._end: AuditHead | None = None
        """Where this process left the chain; None when it does not know."""
        self._alone = False
        """Whether nobody else appended between our last two times."""

    async def append(self, records: Sequence[AuditRecord], rights: int | None = None) -> None:
        """Chain the records, in order; they are durable when this returns. Raises ControlDatabaseUnavailable.

        ``rights``: only while this is the version of the data rights in force, else RightsChangedError.
        """
        end = self._end if self._alone else None
        perhaps = None
        if end is not None:
            self._end = None  # not known again before this is settled
            placed = chained(end, records)
            answer = await self._bet(end, placed, rights)
            if answer == WRITTEN:
                self._end = _end(end, placed)
                return
            if answer == RIGHTS:
                self._end = end
                raise RightsChangedError
            perhaps = placed if answer is None else None
            self._alone = False
        await self._under_the_lock(records, rights, perhaps)

    async def _bet(self, end: AuditHead, placed: Placed, rights: int | None) -> str | None:
        """What the function says; None when the connection was lost before the answer came."""
        behind = values_of(placed) | {"behind": end.number, "behind_hash": end.hash, "rights": rights}
        with told():
            async with self._pool.connection() as connection:
                try:
                    row = await (await connection.execute(audit_sql("append_behind"), behind)).fetchone()
                except psycopg.OperationalError:
                    if not connection.closed:
                        raise
                    return None
        return str(row and row[0])

    async def _under_the_lock(self, records: Sequence[AuditRecord], rights: int | None, perhaps: Placed | None) -> None:
        """Two round trips, of which the chain is locked during one. ``perhaps``: so they may stand there already."""
        cursors: list[AsyncCursor[tuple[Any, ...]]] = []

        async def lock(connection: Connection) -> None:
            async with connection.pipeline():
                await connection.execute("begin")
                cursors[:] = [
                    await connection.execute(audit_sql("lock_head")),
                    await connection.execute(audit_sql("rights_in_force")),
                ]

        async with connected(self._pool, lock) as connection:
            head = head_of(await cursors[0].fetchone())
            if perhaps and await _stands(connection, perhaps):
                self._end, self._alone = head, False
                return
            if rights is not None and await cursors[1].fetchone() != (rights,):
                self._end = head
                raise RightsChangedError
            placed = chained(head, records)
            async with connection.pipeline():
                await connection.execute(audit_sql("append"), values_of(placed))
                await connection.execute("commit")
        self._alone = head == self._end
        self._end = _end(head, placed)


async def _stands(connection: Connection, placed: Placed) -> bool:
    """Whether the chain holds the last of the records, and so all of them."""
    last = placed[-1]
    row = await (await connection.execute(audit_sql("hash_at"), {"number": last.number})).fetchone()
    return row is not None and row[0] == last.hash


def _end(head: AuditHead, placed: Placed) -> AuditHead:
    return AuditHead(head.chain, placed[-1].number, placed[-1].hash)
