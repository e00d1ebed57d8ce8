"""A process that appends to the audit one transaction at a time: ``python audit_appender.py URL NAME COUNT``."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

import psycopg

from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.connection import control_pool, transaction
from pgwarden.domain.audit import AuditEntry


async def main(conninfo: str, name: str, count: int) -> None:
    """Between two batches it rolls one back, as a transaction that fails does: that must leave no gap."""
    async with control_pool(conninfo, size=1, wait_seconds=60) as pool:
        for number in range(count):
            batch = [
                AuditEntry("read.run", name, datetime.now(UTC), details={"n": number}, personal={"statement": name})
                for _ in range(1 + number % 3)
            ]
            async with transaction(pool) as connection:
                await append_entries(connection, batch)
            async with transaction(pool) as connection:
                await append_entries(connection, batch)
                raise psycopg.Rollback


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
