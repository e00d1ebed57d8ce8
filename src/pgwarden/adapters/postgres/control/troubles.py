"""What went wrong before, and what helped, in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from pgwarden.adapters.postgres.control.connection import Pool, query, rows, transaction
from pgwarden.domain.trouble import Occurrence, Trouble


class PostgresTroubleStore:
    """``ports.TroubleStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, happened: Occurrence, *, before: datetime, kept: int) -> None:
        async with transaction(self._pool) as connection:
            await connection.execute(query("note_trouble"), asdict(happened))
            bounds = {"database": happened.database, "before": before, "kept": kept - 1}
            await connection.execute(query("forget_old_troubles"), bounds)

    async def of_statement(self, database: str, pattern: str, question: str) -> tuple[Trouble, ...]:
        wanted = {"database": database, "pattern": pattern, "question": question}
        return tuple(Trouble(*row) for row in await rows(self._pool, "troubles_of_statement", wanted))

    async def all(self, database: str | None = None, *, limit: int = 100) -> tuple[Trouble, ...]:
        found = await rows(self._pool, "troubles", {"database": database, "limit": limit})
        return tuple(Trouble(*row) for row in found)

    async def remedy(self, trouble: Trouble, helped: str, at: datetime) -> None:
        async with transaction(self._pool) as connection:
            key = {"database": trouble.database, "pattern": trouble.pattern, "code": trouble.code}
            row = {**key, "question": trouble.question, "helped": helped, "at": at}
            await connection.execute(query("note_remedy"), row)
