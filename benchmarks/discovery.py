"""Discovery of a database's structure: pgwarden against SQLAlchemy's inspector, in one run on one server.

The database: ten schemas, 10,000 tables of 10 columns with keys, foreign keys, defaults and indexes, and 500 views.
``python benchmarks/discovery.py [TABLES]`` starts an embedded server of its own and prints times and ratios.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import AsyncConnection, sql

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.postgres.catalog import PostgresCatalogReader, read_catalog
from pgwarden.adapters.postgres.catalog_recheck import touched_digest_query

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.spent import Meter, Spent, medians

SCHEMAS = 10
TARGET_SECONDS = 1.5
TARGET_RATIO = 5.0
ROUNDS = 3
SETTINGS = {
    "max_connections": "20",
    "autovacuum": "off",
    "shared_buffers": "256MB",
    "max_locks_per_transaction": "4000",
}

FILL = """
create function fill(tables int, views int, home text) returns void language plpgsql as $$
begin
    for i in 1..tables loop
        execute format(
            'create table %1$I.t%2$s (id int primary key, name text not null, amount numeric(10,2) default 0,'
            ' made timestamptz default now(), code varchar(20), done bool, doc jsonb, rank int unique, day date,'
            ' up int %3$s)', home, i, case when i > 1 then format('references %I.t%s', home, i - 1) else '' end);
        execute format('create index on %I.t%s (day, amount)', home, i);
        if i % 5 = 0 then execute format('alter table %I.t%s add check (amount >= 0)', home, i); end if;
    end loop;
    for i in 1..views loop
        execute format('create view %1$I.v%2$s as select a.id, a.name, b.amount from %1$I.t%2$s a'
                       ' join %1$I.t%3$s b on b.id = a.up', home, i, i + 1);
    end loop;
end $$
"""


def main() -> None:
    """Build the database, run both interleaved, print the table."""
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="pgwarden-bench-") as directory:
        Path(directory).chmod(0o711)  # the service account passes through
        options = ServerOptions(durable=False, settings=SETTINGS)
        with EmbeddedServer(Path(directory) / "server", options=options) as server:
            url = server.conninfo()
            _fill(url, tables)
            _compare(url, tables)


def _fill(url: str, tables: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(FILL))
        for number in range(SCHEMAS):
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(f"s{number}")))
            connection.execute("select fill(%s, %s, %s)", [tables // SCHEMAS, tables // SCHEMAS // 20, f"s{number}"])
        connection.execute("vacuum analyze")


def _compare(url: str, tables: int) -> None:
    meter = Meter(url)
    first = _measured(meter, lambda: read_catalog(url))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_measured(meter, lambda: read_catalog(url)))
        theirs.append(_measured(meter, lambda: _inspect(url)))
    mine, peer = medians(ours), medians(theirs)
    print(f"{tables} tables x 10 columns, {tables // 20} views, {SCHEMAS} schemas; medians of {ROUNDS}, interleaved")
    print("  seconds                                            on the clock   processor: client   server")
    _print("pgwarden, everything, first read of the process", first)
    _print("pgwarden, everything, a new connection each", mine)
    _print("SQLAlchemy inspector, 7 kinds of get_multi_*", peer)
    print(f"  ratio on the clock          {peer.wall / mine.wall:6.1f}   target >= {TARGET_RATIO}")
    print(f"  ratio of processor time     {peer.processor / mine.processor:6.1f}")
    print(f"  target on the clock, on an idle machine: < {TARGET_SECONDS} s; load average now {os.getloadavg()[0]:.1f}")
    print("  Processor time (user and system) is the steadier figure on a shared machine.")
    asyncio.run(_hints(url))


def _print(name: str, spent: Spent) -> None:
    print(f"  {name:50} {spent.wall:12.2f} {spent.client:19.2f} {spent.server:8.2f}")


async def _hints(url: str) -> None:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        reader = PostgresCatalogReader(connection)
        catalog = await reader.read()
        oids = [relation.oid for relation in catalog.user_relations[:20]]
        query, parameters = touched_digest_query(oids)
        whole, few = [], []
        for _ in range(9):
            started = time.perf_counter()
            await reader.fingerprint()
            whole.append(time.perf_counter() - started)
            started = time.perf_counter()
            await (await connection.execute(query, parameters, prepare=False)).fetchall()
            few.append(time.perf_counter() - started)
    print(f"  fingerprint of the whole catalog                   {statistics.median(whole) * 1000:8.1f} ms")
    print(f"  recheck of 20 touched relations                    {statistics.median(few) * 1000:8.1f} ms")


def _inspect(url: str) -> None:
    """What SQLAlchemy can tell in bulk: fewer things, and no functions, operators, rights or policies."""
    import sqlalchemy

    creator: Callable[[], object] = lambda: psycopg.connect(url)  # noqa: E731 - the parameter's own name
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=creator)
    inspector = sqlalchemy.inspect(engine)
    for number in range(SCHEMAS):
        home = f"s{number}"
        inspector.get_multi_columns(schema=home)
        inspector.get_multi_pk_constraint(schema=home)
        inspector.get_multi_foreign_keys(schema=home)
        inspector.get_multi_unique_constraints(schema=home)
        inspector.get_multi_check_constraints(schema=home)
        inspector.get_multi_indexes(schema=home)
        inspector.get_multi_table_comment(schema=home)
    engine.dispose()


def _measured(meter: Meter, work: Callable[[], object]) -> Spent:
    started = meter.now()
    work()
    return meter.since(started)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves as usual: the server is stopped
    main()
