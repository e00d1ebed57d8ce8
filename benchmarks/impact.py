"""What foreseeing costs: ``python benchmarks/impact.py [--rows N] [--tables N] [--rounds N]``.

First a chain of ten tables that cascade into each other, three million rows in all: the analysis of a DELETE beside
the DELETE itself (run and rolled back) and beside counting its last level by hand. Then the same statement in a
database of 10,000 tables, beside an almost empty one. The variants take turns; medians and ratios are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import psycopg

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.impact import AnalysisLimits, analyse
from pgwarden.domain.catalog import Catalog
from pgwarden.rules.assessment import assess

LEVELS = 10
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB", "autovacuum": "off", "max_locks_per_transaction": "4000"}
PATIENT = AnalysisLimits(query_seconds=600)
Variant = Callable[[], Awaitable[object]]


def main() -> None:
    """Build both databases and print both tables."""
    parser = argparse.ArgumentParser(description="What foreseeing a change costs.")
    parser.add_argument("--rows", type=int, default=3_000_000, help="rows of the ten tables together")
    parser.add_argument("--tables", type=int, default=10_000, help="tables of the large catalog")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pgwarden-bench-") as directory:
        Path(directory).chmod(0o711)  # the service account passes through
        options = ServerOptions(durable=False, settings=SETTINGS)
        with EmbeddedServer(Path(directory) / "server", options=options) as server:
            url = server.conninfo()
            print(f"load at the start {os.getloadavg()[0]:.1f}")
            asyncio.run(_graph(url, given.rows, given.rounds))
            asyncio.run(_catalogs(url, given.tables, given.rounds))
            print(f"load at the end {os.getloadavg()[0]:.1f}")


async def _graph(url: str, rows: int, rounds: int) -> None:
    """Deletes of one row, one in a hundred, one in ten, and all of the chain's first table."""
    each = rows // LEVELS
    _build(url, each)
    catalog = await _catalog(url)
    print(f"\nchain of {LEVELS} tables with {each:,} rows each")
    print(f"{'root rows':>10} {'impact':>10} {'DELETE':>10} {'count':>10} {'impact/DELETE':>14} {'impact/count':>13}")
    for wanted in (1, each // 100, each // 10, each):
        sql = f"delete from level_0 where id <= {wanted}"
        variants: dict[str, Variant] = {
            "impact": partial(_impact, url, sql, catalog),
            "DELETE": partial(_bare, url, sql),
            "count": partial(_counted, url, wanted),
        }
        took = await _in_turns(variants, rounds if wanted < each else max(1, rounds // 2))
        impact, bare, count = (took[name] for name in ("impact", "DELETE", "count"))
        print(
            f"{wanted:>10,} {_ms(impact)} {_ms(bare)} {_ms(count)} {impact / bare:>13.2f}× {impact / count:>12.2f}×",
            flush=True,
        )


async def _catalogs(url: str, tables: int, rounds: int) -> None:
    """The same small change where few and where many tables stand around."""
    for name in ("small", "large"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"create database {name}".encode())
        _surround(psycopg.conninfo.make_conninfo(url, dbname=name), 20 if name == "small" else tables)
    places = {name: psycopg.conninfo.make_conninfo(url, dbname=name) for name in ("small", "large")}
    catalogs = {name: await _catalog(place) for name, place in places.items()}
    print(f"\none row of one table, its catalog read before: 20 tables and {tables:,}")
    for sql in (
        "update t7 set name = 'x' where id = 1",
        "delete from t7 where id = 1",
        "insert into t7 (id) values (9)",
    ):
        variants: dict[str, Variant] = {name: partial(_impact, places[name], sql, catalogs[name]) for name in places}
        variants["bare"] = partial(_bare, places["large"], sql)
        took = await _in_turns(variants, rounds)
        small, large, bare = took["small"], took["large"], took["bare"]
        print(f"{sql[:6]:>10} {_ms(small)} {_ms(large)} bare {_ms(bare)}  large/small {large / small:.2f}×", flush=True)


async def _in_turns(variants: dict[str, Variant], rounds: int) -> dict[str, float]:
    took: dict[str, list[float]] = {name: [] for name in variants}
    for variant in variants.values():
        await variant()  # warm
    for _ in range(rounds):
        for name, variant in variants.items():
            began = perf_counter()
            await variant()
            took[name].append(perf_counter() - began)
    return {name: median(times) for name, times in took.items()}


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:>8,.0f}ms"


async def _impact(url: str, sql: str, catalog: Catalog) -> None:
    impact = await analyse(url, sql, catalog, limits=PATIENT)
    assess(impact, catalog)


async def _bare(url: str, sql: str) -> None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute(sql.encode())
        await connection.rollback()


async def _counted(url: str, wanted: int) -> None:
    """What a careful person types: the rows of the last level, by joining all of them."""
    joins = " ".join(f"join level_{n} on level_{n}.up = level_{n - 1}.id" for n in range(1, LEVELS))
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute(f"select count(*) from level_0 {joins} where level_0.id <= {wanted}".encode())


async def _catalog(url: str) -> Catalog:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        return await PostgresCatalogReader(connection).read()


def _build(url: str, each: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for level in range(LEVELS):
            up = f", up int not null references level_{level - 1} on delete cascade" if level else ""
            value = ", i" if level else ""
            connection.execute(f"create table level_{level} (id int primary key, name text{up})".encode())
            rows = f"select i, 'name ' || i{value} from generate_series(1, {each}) i"
            connection.execute(f"insert into level_{level} {rows}".encode())
            if level:
                connection.execute(f"create index on level_{level} (up)".encode())
        connection.execute("vacuum analyze")


def _surround(url: str, tables: int) -> None:
    """Tables in chains of ten, each with keys, a check and an index; a view for every twentieth."""
    body = """do $$ begin
        for n in {first}..{last} loop
            execute format('create table t%s (id int primary key, name text, n int check (n > 0), up int %s)', n,
                case when n % 10 > 0 then format('references t%s on delete cascade', n - 1) else '' end);
            execute format('create index on t%s (up)', n);
            if n % 20 = 0 then execute format('create view v%s as select * from t%s', n, n); end if;
        end loop; end $$"""
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(0, tables, 500):
            last = min(first + 500, tables) - 1
            connection.execute(body.replace("{first}", str(first)).replace("{last}", str(last)).encode())
        connection.execute("insert into t0 values (1, 'a', 1); insert into t1 values (1, 'b', 1, 1)")


if __name__ == "__main__":
    main()
