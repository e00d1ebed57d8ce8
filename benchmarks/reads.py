"""What a read costs beside raw psycopg on a pooled connection: ``python benchmarks/reads.py [conninfo]``.

All run in turns on the same server, so that noise hits each alike; medians and the fastest runs are compared by the
clock, medians by the processor time of client and server. Only the ratio of medians on the clock has a target.
Without a conninfo an embedded server is started for the run.
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

from psycopg_pool import AsyncConnectionPool

from pgwarden.adapters.cache.memory import MemoryCache
from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.connect import target
from pgwarden.adapters.postgres.pool import TargetPool
from pgwarden.adapters.postgres.records import PostgresExecutionRecords
from pgwarden.adapters.postgres.runner import PostgresReadRunner
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.identity import Access, DataRight, Identity
from pgwarden.domain.result import ReadLimits
from pgwarden.domain.statement import Decision, StatementKind, Verdict
from pgwarden.ports import ExecutionRecords, ReadRunner
from pgwarden.testing import MemoryDataRightsStore

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.spent import Meter

THOUSAND_BY_TEN = """
select id, id * 2 as doubled, id::bigint * 1000 as big, (id % 7) = 0 as seventh, (id / 3.0)::float8 as third,
       (id / 100.0)::numeric(10, 2) as price, timestamptz '2026-01-01 00:00+00' + id * interval '1 hour' as at,
       date '2026-01-01' + id as day, 'name ' || id as name, md5(id::text) as digest
from generate_series(1, 1000) as id
"""
FROM_A_TABLE = """
select oid, proname, pronamespace, proowner, procost, prorows, pronargs, proisstrict, provolatile, prosrc
from pg_proc order by oid limit 1000
"""
CASES = {
    "SELECT 1": ("select 1", 600),
    "1,000 x 10 rows": (THOUSAND_BY_TEN, 200),
    "1,000 x 10 rows, table": (FROM_A_TABLE, 200),
}
TARGET = {"1,000 x 10 rows": 1.3, "1,000 x 10 rows, table": 1.3}
Run = Callable[[str], Awaitable[None]]


class Known:
    """The structure of one database, read once, and all that the whole path asks for."""

    def __init__(self, catalog: Catalog, pool: TargetPool) -> None:
        self._catalog = catalog
        self._pool = pool

    async def catalog(self, _database: str) -> Catalog:
        return self._catalog

    async def reread(self, _database: str) -> Catalog:
        return self._catalog

    async def refresh(self, _database: str) -> Catalog:
        return self._catalog

    async def runner(self, _database: str) -> ReadRunner:
        return PostgresReadRunner(self._pool)

    async def records(self, _database: str) -> ExecutionRecords:
        return PostgresExecutionRecords(self._pool)


async def main(conninfo: str) -> None:
    pool = TargetPool(target("bench", conninfo))
    runner = PostgresReadRunner(pool)
    known = Known(await PostgresCatalogReader(pool.connection).read(), pool)
    rights = MemoryDataRightsStore()
    before = await rights.current()
    await rights.replace(
        [DataRight("*", Access.READ)], expected=before.number, author="bench", at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    agent = SafeExecutionAgent(known, known.runner, known.records, rights, MemoryCache(), cache_seconds=0)
    meter = Meter(conninfo)
    async with AsyncConnectionPool(conninfo, min_size=1, max_size=10, open=False) as raw_pool:

        async def raw(sql: str) -> None:
            async with raw_pool.connection() as connection:
                await (await connection.execute(sql)).fetchall()

        async def fenced(sql: str) -> None:
            verdict = Verdict(sql, StatementKind.SELECT, Decision.ALLOW)
            await runner.run(verdict, limits=ReadLimits(), expected={}, search_path=("pg_catalog", "public"))

        async def whole(sql: str) -> None:
            await agent.read("bench", sql, identity=Identity("bench"), limits=ReadLimits())

        print(f"medians of runs in turns; load average {os.getloadavg()[0]:.1f}. Processor time is client and server")
        for name, (sql, rounds) in CASES.items():
            print(name)
            for side, run in {"runner": fenced, "whole path": whole}.items():
                # Two at a time: a third in the rotation would slow down the one that comes after it.
                ours, theirs = await _in_turns(run, raw, sql, rounds)
                mine, peer = await _in_blocks(meter, run, raw, sql, rounds)
                wanted = f" (target {TARGET[name]:.1f})" if side == "runner" and name in TARGET else ""
                mid, best = median(ours) / median(theirs), min(ours) / min(theirs)
                print(f"  {side:11} {median(ours):7.3f} ms  psycopg {median(theirs):7.3f} ms  ratio {mid:5.2f}{wanted}")
                print(f"    fastest   {min(ours):7.3f} ms  psycopg {min(theirs):7.3f} ms  ratio {best:5.2f}")
                print(f"    processor {mine:7.3f} ms  psycopg {peer:7.3f} ms  ratio {mine / peer:5.2f}")
    await pool.close()


async def _in_turns(ours: Run, theirs: Run, sql: str, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each run."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for run, times in zip((ours, theirs), taken, strict=True):
            started = perf_counter()
            await run(sql)
            times.append((perf_counter() - started) * 1000)
    return taken


async def _in_blocks(meter: Meter, ours: Run, theirs: Run, sql: str, rounds: int) -> tuple[float, float]:
    """Processor time of one run in milliseconds; the system counts in hundredths of a second, so many are added up."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(3):
        for run, times in zip((ours, theirs), taken, strict=True):
            started = meter.now()
            for _ in range(rounds):
                await run(sql)
            times.append(meter.since(started).processor / rounds * 1000)
    return median(taken[0]), median(taken[1])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as directory:
            Path(directory).chmod(0o711)  # the server's account passes through
            with EmbeddedServer(Path(directory) / "server", options=ServerOptions(durable=False)) as server:
                asyncio.run(main(server.conninfo()))
