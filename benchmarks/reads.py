"""What a read costs beside raw psycopg on a pooled connection: ``python benchmarks/reads.py [conninfo]``.

Both sides run in turns on the same server, so that noise hits both; medians are compared. Without a conninfo an
embedded server is started for the run.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from psycopg_pool import AsyncConnectionPool

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.postgres.connect import target
from pgwarden.adapters.postgres.pool import TargetPool
from pgwarden.adapters.postgres.runner import PostgresReadRunner
from pgwarden.domain.result import ReadLimits
from pgwarden.domain.statement import Decision, StatementKind, Verdict

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
    "SELECT 1": ("select 1", 400),
    "1,000 x 10 rows": (THOUSAND_BY_TEN, 80),
    "1,000 x 10 rows, table": (FROM_A_TABLE, 80),
}
TARGET = {"1,000 x 10 rows": 1.3, "1,000 x 10 rows, table": 1.3}


async def main(conninfo: str) -> None:
    pool = TargetPool(target("bench", conninfo))
    runner = PostgresReadRunner(pool)
    async with AsyncConnectionPool(conninfo, min_size=1, max_size=10, open=False) as raw_pool:

        async def raw(sql: str) -> None:
            async with raw_pool.connection() as connection:
                await (await connection.execute(sql)).fetchall()

        async def fenced(sql: str) -> None:
            verdict = Verdict(sql, StatementKind.SELECT, Decision.ALLOW)
            await runner.run(verdict, limits=ReadLimits(), expected={}, search_path=("pg_catalog", "public"))

        for name, (sql, rounds) in CASES.items():
            ours, theirs = await _in_turns(fenced, raw, sql, rounds)
            wanted = f" (target {TARGET[name]:.1f})" if name in TARGET else ""
            print(f"{name:23} pgwarden {ours:7.3f} ms  psycopg {theirs:7.3f} ms  ratio {ours / theirs:5.2f}{wanted}")
    await pool.close()


async def _in_turns(
    ours: Callable[[str], Awaitable[None]], theirs: Callable[[str], Awaitable[None]], sql: str, rounds: int
) -> tuple[float, float]:
    """Medians in milliseconds."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for run, times in zip((ours, theirs), taken, strict=True):
            started = perf_counter()
            await run(sql)
            times.append((perf_counter() - started) * 1000)
    return median(taken[0]), median(taken[1])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as directory:
            Path(directory).chmod(0o711)  # the server's account passes through
            with EmbeddedServer(Path(directory) / "server", options=ServerOptions(durable=False)) as server:
                asyncio.run(main(server.conninfo()))
