"""What a verdict costs: a five-line query on a warm catalog, its parts, and statements from tiny to monstrous.

Run: ``python benchmarks/verdict.py`` (starts an embedded server for the catalog).
"""

from __future__ import annotations

import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.postgres.catalog import read_catalog
from pgwarden.sql.parse import parse
from pgwarden.sql.verdict import judge

SCHEMA = """
create table customers (id int primary key, name text, country text, created_at timestamptz);
create table orders (id int primary key, customer_id int references customers, total numeric, status text,
                     created_at timestamptz);
create view big_orders as select * from orders where total > 1000;
"""
FIVE_LINES = """select c.country, date_trunc('month', o.created_at) as month, count(*) as n, sum(o.total) as revenue
from customers c join orders o on o.customer_id = c.id
where o.status in ('paid', 'shipped') and o.created_at >= now() - interval '90 days' and c.name ilike '%a%'
group by c.country, 2 having sum(o.total) > 100
order by revenue desc nulls last limit 20"""
STATEMENTS = {
    "select 1": "select 1",
    "five lines": FIVE_LINES,
    "view and window": "select *, rank() over (partition by status order by total) from big_orders limit 10",
    "update": "update orders set status = 'paid' where id = 1",
    "refused": "select nextval('s')",
    "1,000 terms": "select 1" + "+1" * 1_000,
    "20,000 list items": "select 1 where 1 in (" + ",".join(["1"] * 20_000) + ")",
}
BOUND_MS = 0.5


def median_ms(work: Callable[[], object], seconds: float = 1.0) -> float:
    """The median time of one call in milliseconds."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o711)
        with EmbeddedServer(Path(directory) / "server", options=ServerOptions(durable=False)) as server:
            with psycopg.connect(server.conninfo(), autocommit=True) as connection:
                connection.execute(SCHEMA)
            catalog = read_catalog(server.conninfo())
        first = time.perf_counter()
        judge(FIVE_LINES, catalog)
        print(f"first verdict on a catalog  {(time.perf_counter() - first) * 1000:8.2f} ms")
        parsing = median_ms(lambda: parse(FIVE_LINES))
        for name, sql in STATEMENTS.items():
            cost = median_ms(partial(judge, sql, catalog))
            print(f"{name:26}  {cost:8.3f} ms")
            if name == "five lines":
                print(f"{'  of which parsing':26}  {parsing:8.3f} ms ({cost / parsing:.1f}x parsing alone)")
                print(f"{'  of the bound of 0.5 ms':26}  {cost / BOUND_MS:8.2f}x")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves as usual: the server is stopped
    main()
