"""What protection costs: ``python benchmarks/change.py [--rows N] [--rounds N] [--only PART] [conninfo]``.

Every variant runs on the same server in turns, timed up to just before the end of its transaction and then rolled
back, so the flush of COMMIT is in none of them. Ratios of medians are printed, with the bars of the project.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import psycopg

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.postgres import execution as forward
from pgwarden.adapters.postgres import undo as backward
from pgwarden.adapters.postgres.capture import definitions_hash
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import Session, open_session
from pgwarden.domain.approval import Approved, ApprovedUndo, Expectation
from pgwarden.domain.execution import Execution, ExecutionLimits, RowCounts
from pgwarden.testing import issue_approval

SCHEMA = """
create table acct (id int primary key, cust int, status text, amount numeric(12, 2), email text, at timestamptz,
                   code int, note text);
create table item (id bigint primary key, acct int not null references acct on delete cascade, n int, name text);
insert into acct select i, i % 50000, 'active', i % 1000, 'u' || i || '@b.org', '2024-01-01', i % 50, repeat('x', 20)
  from generate_series(1, {all}) i;
insert into item select i, (i - 1) / 2 + 1, i % 9, 'item ' || i from generate_series(1, {all} * 2) i;
create index on acct (cust); create index on acct (code); create index on item (acct);
"""
LIMITS = ExecutionLimits(
    rows=10**9, undo_bytes=2**50, statement_seconds=3600, transaction_seconds=3600, idle_seconds=3600
)
Variant = Callable[[Session], Awaitable[Callable[[], Awaitable[object]]]]
"""Prepares (approvals are not what is timed) and returns what is timed."""


class Bench:
    """One database with accounts and items, of which the first ``rows`` accounts are changed."""

    def __init__(self, conninfo: str, rows: int, rounds: int) -> None:
        self.conninfo = conninfo
        self.rows = rows
        self.rounds = rounds
        self.delete = f"delete from acct where id <= {rows}"
        self.update = f"update acct set amount = amount + 1 where id <= {rows}"
        copied = "id + 10000000, cust, status, amount, email, at, code, note"
        self.insert = f"insert into acct select {copied} from acct where id <= {rows}"
        self.single = f"delete from item where acct <= {rows}"
        self.gone = {"acct": RowCounts(deleted=rows), "item": RowCounts(deleted=2 * rows)}

    def prepare(self) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(SCHEMA.format(all=self.rows + 1000).encode())
            connection.execute("vacuum analyze")

    async def run(self, only: str) -> None:
        """Everything, or the one part that is named: delete, update, insert, single-delete, undo."""
        parts = {
            "delete": self._deletes,
            "update": self._updates,
            "insert": self._inserts,
            "single-delete": self._single_deletes,
            "undo-delete": self._undo_delete,
            "undo-update": self._undo_update,
        }
        for name, part in parts.items():
            if name.startswith(only):
                await part()

    async def _deletes(self) -> None:
        await self._compare(
            f"DELETE {self.rows:,} + {2 * self.rows:,} by cascade",
            {
                "bare": self._bare(self.delete),
                "pgwarden": self._protected(self.delete, self.gone),
                "two passes": self._two_passes,
                "jsonb audit": self._audited(self.delete),
            },
            {"pgwarden": 1.6 if self.rows < 1_000_000 else 1.8},
        )

    async def _updates(self) -> None:
        await self._compare(
            f"UPDATE {self.rows:,}",
            {
                "bare": self._bare(self.update),
                "pgwarden": self._protected(self.update, {"acct": RowCounts(updated=self.rows)}),
                "lock-free": self._protected(self.update, {"acct": RowCounts(updated=self.rows)}, lock_free=True),
                "jsonb audit": self._audited(self.update),
            },
            {"pgwarden": 1.15 if self.rows < 1_000_000 else 1.4, "lock-free": 1.15},
        )

    async def _inserts(self) -> None:
        await self._compare(
            f"INSERT {self.rows:,}",
            {
                "bare": self._bare(self.insert),
                "pgwarden": self._protected(self.insert, {"acct": RowCounts(inserted=self.rows)}),
                "lock-free": self._protected(self.insert, {"acct": RowCounts(inserted=self.rows)}, lock_free=True),
                "jsonb audit": self._audited(self.insert),
            },
            {"pgwarden": 1.25, "lock-free": 1.25},
        )

    async def _single_deletes(self) -> None:
        """A DELETE writes next to nothing itself, so whatever keeps its rows is dear beside it."""
        counts = {"item": RowCounts(deleted=2 * self.rows)}
        await self._compare(
            f"DELETE {2 * self.rows:,} of one table",
            {
                "bare": self._bare(self.single),
                "pgwarden": self._protected(self.single, counts),
                "lock-free": self._protected(self.single, counts, lock_free=True),
                "jsonb audit": self._audited(self.single),
            },
            {},
        )

    async def _undo_delete(self) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(f"create table kept_acct as select * from acct where id <= {self.rows}".encode())
            connection.execute(f"create table kept_item as select * from item where acct <= {self.rows}".encode())
        executed = await self._execute(self.delete, self.gone)
        bare = "insert into acct select * from kept_acct; insert into item select * from kept_item"
        variants = {"bare": self._bare(bare), "undo": self._undone(executed)}
        await self._compare("undo of the DELETE, against a bare INSERT of the same rows", variants, {"undo": 1.5})
        await self._take_back(executed)

    async def _undo_update(self) -> None:
        executed = await self._execute(self.update, {"acct": RowCounts(updated=self.rows)})
        variants = {"bare": self._bare(self.update), "undo": self._undone(executed)}
        await self._compare("undo of the UPDATE, against the UPDATE", variants, {"undo": 1.4})
        await self._take_back(executed)

    async def _compare(self, title: str, variants: Mapping[str, Variant], bars: Mapping[str, float]) -> None:
        taken: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(self.rounds):
            for name in random.sample(list(variants), len(variants)):
                async with open_session(self.conninfo) as session:
                    run = await variants[name](session)
                    started = perf_counter()
                    await run()
                    taken[name].append(perf_counter() - started)
                    await session.rollback()
                    await session.script("vacuum acct")
                    await session.script("vacuum item")
        print(title)
        bare = median(taken["bare"])
        for name, seconds in taken.items():
            ratio = median(seconds) / bare
            bar = f"  (bar {bars[name]})" if name in bars else ""
            spread = f"[{min(seconds) / bare:.2f}-{max(seconds) / bare:.2f}]"
            print(f"  {name:12} {median(seconds):7.2f} s  x{ratio:.2f} {spread}{bar}")

    def _bare(self, sql: str) -> Variant:
        async def prepare(session: Session) -> Callable[[], Awaitable[object]]:
            return lambda: session.script(f"begin; {sql}")

        return prepare

    def _protected(self, sql: str, counts: Mapping[str, RowCounts], *, lock_free: bool = False) -> Variant:
        limits = replace(LIMITS, lock_free=lock_free)

        async def prepare(session: Session) -> Callable[[], Awaitable[object]]:
            approved = await self._approve(sql, counts)
            return lambda: forward._transaction(session, approved, limits)

        return prepare

    def _undone(self, executed: Execution) -> Variant:
        async def prepare(session: Session) -> Callable[[], Awaitable[object]]:
            approved = await self._approve_undo(executed)
            return lambda: backward._transaction(session, approved, LIMITS)

        return prepare

    async def _two_passes(self, session: Session) -> Callable[[], Awaitable[object]]:
        """The usual backup: select what will go, lock it, and then delete."""
        return lambda: session.script(
            f"begin; create table pass_acct as select * from acct where id <= {self.rows} for update;"
            f"create table pass_item as select i.* from item i join acct a on a.id = i.acct where a.id <= {self.rows}"
            f" for update of i; {self.delete}"
        )

    def _audited(self, sql: str) -> Variant:
        """The usual audit: a row trigger that writes JSONB."""

        async def prepare(session: Session) -> Callable[[], Awaitable[object]]:
            await session.script(
                "begin; create table audit (t text, op text, old jsonb, new jsonb);"
                "create function audit() returns trigger language plpgsql as $$begin insert into audit values"
                " (tg_table_name, tg_op, to_jsonb(old), to_jsonb(new)); return null; end$$;"
                "create trigger audit after insert or update or delete on acct for each row execute function audit();"
                "create trigger audit after insert or update or delete on item for each row execute function audit()"
            )
            return lambda: session.script(sql)

        return prepare

    async def _approve(self, sql: str, counts: Mapping[str, RowCounts]) -> Approved:
        async with open_session(self.conninfo) as session:
            ledger = Ledger(session)
            identity, role = await ledger.identify()
            await ledger.ensure()
            oids = {t: await session.value("select $1::text::regclass::oid::int8", [t]) for t in counts}
            await session.script("begin; set local search_path = pg_catalog, pg_temp")
            definitions = await definitions_hash(session, oids.values())
        return issue_approval(
            execution_id=str(uuid.uuid4()),
            sql=sql,
            database=identity,
            role=role,
            reach=oids.values(),
            definitions=definitions,
            expectations=[Expectation(oids[table], table, counts[table]) for table in counts],
            until=datetime.now(UTC) + timedelta(hours=1),
        )

    async def _approve_undo(self, executed: Execution) -> ApprovedUndo:
        async with open_session(self.conninfo) as session:
            identity, role = await Ledger(session).identify()
        until = datetime.now(UTC) + timedelta(hours=1)
        return ApprovedUndo(str(uuid.uuid4()), executed.id, identity, role, "bench", "bench", until)

    async def _execute(self, sql: str, counts: Mapping[str, RowCounts]) -> Execution:
        approved = await self._approve(sql, counts)
        return await forward.execute(self.conninfo, approved, now=datetime.now(UTC), limits=LIMITS)

    async def _take_back(self, executed: Execution) -> None:
        await backward.undo(self.conninfo, await self._approve_undo(executed), now=datetime.now(UTC), limits=LIMITS)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument(
        "--only", default="", help="delete, update, insert, single-delete, undo, undo-delete or undo-update"
    )
    arguments.add_argument("conninfo", nargs="?")
    chosen = arguments.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    if chosen.conninfo:
        _run(chosen.conninfo, chosen)
        return
    with tempfile.TemporaryDirectory(prefix="pgwarden-bench-") as directory:
        Path(directory).chmod(0o711)
        settings = {"shared_buffers": "2GB", "autovacuum": "off", "max_wal_size": "8GB"}
        with EmbeddedServer(Path(directory) / "server", options=ServerOptions(settings=settings)) as server:
            _run(server.conninfo(), chosen)


def _stop(*_: object) -> None:
    """Leave as usual, so that the server is stopped and its directory removed."""
    raise SystemExit(143)


def _run(conninfo: str, chosen: argparse.Namespace) -> None:
    bench = Bench(conninfo, chosen.rows, chosen.rounds)
    bench.prepare()
    asyncio.run(bench.run(chosen.only))


if __name__ == "__main__":
    main()
