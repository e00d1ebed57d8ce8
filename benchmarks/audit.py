"""What the audit costs: ``python benchmarks/audit.py [conninfo]``.

Appends per second, each durable when its caller goes on, by one caller and by many, in transactions of their own (as
tickets and settings write) and sharing commits (as reads do), beside plain inserts of the same entries without a
chain. All run in turns on the same server, so that noise hits each alike; medians are compared. Then the rate at which
a chain is verified, and what being written down adds to a small and to an ordinary read. Without a conninfo an
embedded server is started for the run, fsync on.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from pgwarden.adapters.audit.batching import BatchingAuditLog
from pgwarden.adapters.cache.memory import MemoryCache
from pgwarden.adapters.embedded.server import EmbeddedServer
from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.connect import target
from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.adapters.postgres.control.connection import Pool, transaction
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.adapters.postgres.pool import TargetPool
from pgwarden.agents.audit_trail import UNWRITTEN, AuditTrail
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.identity import Identity
from pgwarden.domain.result import ReadLimits
from pgwarden.testing import MemoryDataRightsStore

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.reads import FROM_A_TABLE, Known

TARGET = 500
"""Appends per second, on two processors, when callers share commits."""
ROUNDS, CALLERS, ENTRIES = 7, 32, 640
READS = {"SELECT 1": "select 1", "1,000 x 10 rows, table": FROM_A_TABLE}
PLAIN = """
insert into bench_plain (at, action, actor, database, details, statement) values (%s, %s, %s, %s, %s, %s)
"""
Append = Callable[[], Awaitable[None]]


def entry() -> AuditEntry:
    """As a read leaves it."""
    statement = "select id, name, email from public.customers where created_at > '2026-01-01' order by id limit 100"
    details = {"rows": 100, "cached": False, "masked": 1}
    return AuditEntry(
        "read.run", "ana", datetime.now(UTC), database="shop", source="cli", details=details,
        personal={"statement": statement},
    )  # fmt: skip


async def main(conninfo: str) -> None:
    async with control_database(conninfo, size=8) as pool:
        async with transaction(pool) as connection:
            await connection.execute(
                "create table if not exists bench_plain (number bigint generated always as identity primary key, "
                "at timestamptz, action text, actor text, database text, details json, statement text)"
            )
        log = PostgresAuditLog(pool)
        batching = BatchingAuditLog(log)
        ways: dict[str, tuple[int, Append]] = {
            "plain insert, 1 caller": (1, lambda: plain(pool)),
            "own transaction, 1 caller": (1, lambda: alone(pool)),
            f"plain insert, {CALLERS} callers": (CALLERS, lambda: plain(pool)),
            f"own transaction, {CALLERS} callers": (CALLERS, lambda: alone(pool)),
            f"shared commits, {CALLERS} callers": (CALLERS, lambda: batching.append(entry())),
        }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, (callers, append) in ways.items():
                rates[name].append(await rate(append, callers))
        medians = {name: median(found) for name, found in rates.items()}
        print(f"load {os.getloadavg()[0]:.1f}, appends per second, medians of {ROUNDS} rounds in turns")
        for name, found in medians.items():
            print(f"  {name:32} {found:8.0f}   ({min(rates[name]):.0f} to {max(rates[name]):.0f})")
        one = medians["plain insert, 1 caller"] / medians["own transaction, 1 caller"]
        print(f"  a chained entry takes {one:.2f} times as long as a plain insert, for one caller")
        started = perf_counter()
        found_ = await log.verify()
        seconds = perf_counter() - started
        assert found_.intact
        print(f"verified {found_.entries:,} entries, {found_.entries / seconds:,.0f} per second")
        await reads(conninfo, batching)
        shared = medians[f"shared commits, {CALLERS} callers"]
        print(f"shared commits: {shared:.0f} per second, target {TARGET}: {'met' if shared >= TARGET else 'MISSED'}")


async def reads(conninfo: str, log: BatchingAuditLog) -> None:
    """The same reads with and without a trail, in turns."""
    pool = TargetPool(target("bench", conninfo))
    try:
        known = Known(await PostgresCatalogReader(pool.connection).read(), pool)
        rights = MemoryDataRightsStore()
        trails = {"unaudited": UNWRITTEN, "audited": AuditTrail(log, lambda: datetime.now(UTC), "bench")}
        agents = {
            name: SafeExecutionAgent(
                known, known.runner, known.records, rights, MemoryCache(), cache_seconds=0, trail=trail
            )
            for name, trail in trails.items()
        }
        for label, sql in READS.items():
            for callers in (1, 8):
                times: dict[str, list[float]] = {name: [] for name in agents}
                for _ in range(60):
                    for name, agent in agents.items():
                        started = perf_counter()
                        await asyncio.gather(*(read(agent, sql) for _ in range(callers)))
                        times[name].append((perf_counter() - started) * 1000 / callers)
                plain_, audited = (median(times[name]) for name in ("unaudited", "audited"))
                print(f"{label}, {callers} at once: {plain_:.2f} ms a read, audited {audited:.2f} ms"
                      f" (+{audited - plain_:.2f} ms, {audited / plain_:.2f} times)")  # fmt: skip
    finally:
        await pool.close()


async def read(agent: SafeExecutionAgent, sql: str) -> None:
    await agent.read("bench", sql, identity=Identity("bench"), limits=ReadLimits())


async def rate(append: Append, callers: int) -> float:
    """Appends per second."""
    left = ENTRIES if callers > 1 else ENTRIES // 4
    each = left // callers

    async def caller() -> None:
        for _ in range(each):
            await append()

    started = perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return each * callers / (perf_counter() - started)


async def alone(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await append_entries(connection, [entry()])


async def plain(pool: Pool) -> None:
    row = entry()
    values = [row.at, row.action, row.actor, row.database, '{"rows": 100}', row.personal["statement"]]
    async with transaction(pool) as connection:
        await connection.execute(PLAIN, values)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory(prefix="pgwarden-bench-") as place:
            Path(place).chmod(0o755)
            with EmbeddedServer(Path(place) / "server") as server:
                asyncio.run(main(server.conninfo()))
