"""An empty queue for tests that share a control database."""

from __future__ import annotations

from pgwarden.adapters.postgres.control.connection import Pool, transaction


async def empty_queue(control: Pool) -> None:
    async with transaction(control) as connection:
        await connection.execute("truncate pgwarden_jobs.procrastinate_jobs cascade")
