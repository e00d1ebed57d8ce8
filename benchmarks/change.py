"""What protection costs: ``python benchmarks/change.py [--rows N] [--rounds N] [--only PART] [conninfo]``.

The tables have a million accounts with two million items, of which some are changed. Every variant runs on the same
server in turns, timed up to just before the end of its transaction and then rolled back, so the flush of COMMIT is in
none of them. Each run is divided by the bare one of its own round, since a machine that others use changes its pace;
printed is the median of these ratios, for the time and, where the server runs on this machine, for the processor time
of its backend, which others hardly change; then the bytes that went to the write-ahead log, which they do not change
at all, and the bar of the project with what became of it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import psycopg

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.postgres import execution as forward
from pgwarden.adapters.postgres import undo as backward
from pgwarden.adapters.postgres.capture import analyze_images, definitions_hash
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.room import is_postgres
from pgwarden.adapters.postgres.session import Session, open_session
from pgwarden.domain.approval import Approved, ApprovedUndo, Expectation
from pgwarden.domain.execution import Execution, ExecutionLimits, RowCounts
from pgwarden.testing import issue_approval
from pgwarden.undo.hand_back import fits, hand_back
from pgwarden.undo.restore import attempts

SCHEMA = """
create table acct (id int primary key, cust int, status text, amount numeric(12, 2), email text, at timestamptz,
                   code int, note text);
create table item (id bigint primary key, acct int not null references acct on delete cascade, n int, name text);
insert into acct select i, i % 50000, 'active', i % 1000, 'u' || i || '@b.org', '2024-01-01', i % 50, repeat('x', 20)
  from generate_series(1, {all}) i;
insert into item select i, (i - 1) / 2 + 1, i % 9, 'item ' || i from generate_series(1, {all} * 2) i;
create index on acct (cust); create index on acct (code); create index on item (acct);
create table entry (like acct including all); insert into entry select * from acct;
"""
LIMITS = ExecutionLimits(
    rows=10**9, undo_bytes=2**50, statement_seconds=3600, transaction_seconds=3600, idle_seconds=3600
)
TABLE_ROWS = 1_000_000
PROC = Path("/proc")
Variant = Callable[[Session], Awaitable[Callable[[], Awaitable[object]]]]
"""Prepares (approvals are not what is timed) and returns what is timed."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The most that a variant may take, as a multiple of the bare statement, for few rows and from a million on."""

    ratio: float
    large: float | None = None

    def of(self, rows: int) -> float:
        return self.large if self.large is not None and rows >= TABLE_ROWS else self.ratio


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took: seconds, seconds of the backend's processor (None where it cannot be seen), bytes of log."""

    seconds: float
    processor: float | None
    log: int


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
        self.single = f"delete from entry where id <= {rows}"
        self.narrow = f"delete from item where acct <= {rows // 2}"
        self.gone = {"acct": RowCounts(deleted=rows), "item": RowCounts(deleted=2 * rows)}

    def prepare(self) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(SCHEMA.format(all=max(self.rows, TABLE_ROWS) + 1000).encode())
            connection.execute("vacuum analyze")
            connection.execute("checkpoint")

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
                "triggers": self._protected(self.delete, self.gone),
                "two passes": self._two_passes,
                "jsonb audit": self._audited(self.delete),
            },
            {"triggers": Bar(1.6, 1.8)},
        )

    async def _updates(self) -> None:
        """Two floors tell what either way takes at least: rows kept by it, and nothing else of an execution."""
        counts = {"acct": RowCounts(updated=self.rows)}
        copied = f"create table pass_acct as select * from acct where id <= {self.rows} for no key update"
        both = "returning with (old as o, new as n) o.*, n.amount as became"
        await self._compare(
            f"UPDATE {self.rows:,}",
            {
                "bare": self._bare(self.update),
                "lock-free": self._protected(self.update, counts, lock_free=True),
                "triggers": self._protected(self.update, counts),
                "only kept, lock-free": self._bare(_kept(f"{self.update} {both}")),
                "only kept, triggers": self._kept_by_trigger(self.update, "old table as o new table as n"),
                "two passes": self._bare(f"{copied}; {self.update}"),
                "jsonb audit": self._audited(self.update),
            },
            {"lock-free": Bar(1.15), "triggers": Bar(1.15, 1.4)},
        )

    async def _inserts(self) -> None:
        """With the same two floors."""
        counts = {"acct": RowCounts(inserted=self.rows)}
        await self._compare(
            f"INSERT {self.rows:,}",
            {
                "bare": self._bare(self.insert),
                "lock-free": self._protected(self.insert, counts, lock_free=True),
                "triggers": self._protected(self.insert, counts),
                "only kept, lock-free": self._bare(_kept(f"{self.insert} returning *")),
                "only kept, triggers": self._kept_by_trigger(self.insert, "new table as n"),
                "jsonb audit": self._audited(self.insert),
            },
            {"lock-free": Bar(1.25), "triggers": Bar(1.25)},
        )

    async def _single_deletes(self) -> None:
        """A DELETE writes next to nothing itself, so whatever keeps its rows is dear beside it.

        Two floors tell how dear at least: returning the rows and keeping none, and copying them before, with neither
        locks nor proof that the same rows go then.
        """
        for table, statement, kind in (("entry", self.single, "three indexes"), ("item", self.narrow, "narrow rows")):
            counts = {table: RowCounts(deleted=self.rows)}
            copied = statement.replace("delete", f"create table pass_{table} as select *")
            await self._compare(
                f"DELETE {self.rows:,} of one table ({kind})",
                {
                    "bare": self._bare(statement),
                    "lock-free": self._protected(statement, counts, lock_free=True),
                    "triggers": self._protected(statement, counts),
                    "only returned": self._bare(f"with d as ({statement} returning *) select count(*) from d"),
                    "copied before": self._bare(f"{copied}; {statement}"),
                    "two passes": self._bare(f"{copied} for update; {statement}"),
                    "jsonb audit": self._audited(statement),
                },
                {"lock-free": Bar(1.15)},
            )

    async def _undo_delete(self) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(f"create table kept_acct as select * from acct where id <= {self.rows}".encode())
            connection.execute(f"create table kept_item as select * from item where acct <= {self.rows}".encode())
        executed = await self._execute(self.delete, self.gone)
        bare = "insert into acct select * from kept_acct; insert into item select * from kept_item"
        await self._compare_undo("DELETE, against a bare INSERT of the same rows", bare, executed, Bar(1.15), Bar(1.5))

    async def _undo_update(self) -> None:
        executed = await self._execute(self.update, {"acct": RowCounts(updated=self.rows)})
        await self._compare_undo("UPDATE, against the UPDATE", self.update, executed, Bar(1.25), Bar(1.4))

    async def _compare_undo(self, title: str, bare: str, executed: Execution, alone: Bar, captured: Bar) -> None:
        variants = {"bare": self._bare(bare), "not captured": self._restored(executed), "undo": self._undone(executed)}
        await self._compare(f"undo of the {title}", variants, {"not captured": alone, "undo": captured})
        await self._take_back(executed)

    async def _compare(self, title: str, variants: Mapping[str, Variant], bars: Mapping[str, Bar]) -> None:
        await self._timed(variants["bare"])  # the first to touch a page after a checkpoint writes all of it
        taken: dict[str, list[Run]] = {name: [] for name in variants}
        for _ in range(self.rounds):
            for name in random.sample(list(variants), len(variants)):
                taken[name].append(await self._timed(variants[name]))
        print(title)
        for name, runs in taken.items():
            times = [run.seconds / bare.seconds for run, bare in zip(runs, taken["bare"], strict=True)]
            ratio, spread = median(times), f"[{min(times):.2f}-{max(times):.2f}]"
            written = f"{median(run.log for run in runs) / 1e6:7.1f} MB of log"
            processor = _processor_ratio(runs, taken["bare"])
            verdict = self._verdict(bars[name], ratio, processor) if name in bars else ""
            seconds = median(run.seconds for run in runs)
            print(
                f"  {name:20} {seconds:7.2f} s  x{ratio:.2f} {spread}  processor {_shown(processor)}"
                f"  {written}{verdict}",
                flush=True,
            )

    def _verdict(self, bar: Bar, ratio: float, processor: float | None) -> str:
        most = bar.of(self.rows)
        by_time, by_processor = ("ok" if round(r or 0, 2) <= most else "over" for r in (ratio, processor))
        return f"  bar {most}: {by_time}" + ("" if processor is None else f", {by_processor} by processor")

    async def _timed(self, variant: Variant) -> Run:
        async with open_session(self.conninfo) as session:
            run = await variant(session)
            log, spent = await _log_position(session), _processor_seconds(session)
            started = perf_counter()
            await run()
            seconds = perf_counter() - started
            after = _processor_seconds(session)
            log = await _log_position(session) - log
            await session.rollback()
            for table in ("acct", "item", "entry"):
                await session.script(f"vacuum {table}")
        return Run(seconds, after - spent if after is not None and spent is not None else None, log)

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

    def _restored(self, executed: Execution) -> Variant:
        """The restoring statement of an undo alone: neither locked, captured nor proven."""

        async def prepare(session: Session) -> Callable[[], Awaitable[object]]:
            await session.script("begin")
            await backward._pin(session)
            shapes = await backward._shapes(session, executed)
            effects = await backward._effects(session, Ledger(session), executed, shapes)
            handed = fits(executed.tables[0])
            first = hand_back(effects[0].shape, executed.tables[0]).text if handed else next(attempts(effects))

            async def run() -> None:
                for effect in effects:
                    await analyze_images(session, effect.shape, effect.images)
                await session.rows(first)

            return run

        return prepare

    def _kept_by_trigger(self, sql: str, referencing: str) -> Variant:
        """One statement trigger that copies its transition tables, all of them under the first one's columns."""
        rows = " union all ".join(f"select * from {name}" for name in referencing.split()[3::4])

        async def prepare(session: Session) -> Callable[[], Awaitable[object]]:
            await session.script(
                "begin; create function keep() returns trigger language plpgsql as"
                f" $$begin create table pass_acct as {rows}; return null; end$$;"
                f"create trigger keep after {sql.split()[0]} on acct referencing {referencing}"
                " for each statement execute function keep()"
            )
            return lambda: session.script(sql)

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
                "create trigger audit after insert or update or delete on item for each row execute function audit();"
                "create trigger audit after insert or update or delete on entry for each row execute function audit()"
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


async def _log_position(session: Session) -> int:
    return int(await session.value("select (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::int8"))


def _processor_seconds(session: Session) -> float | None:
    """What the backend has used of a processor so far, where it runs on this machine."""
    pid = session.connection.info.backend_pid
    if not is_postgres(pid):
        return None
    return int((PROC / str(pid) / "schedstat").read_text().split()[0]) / 1e9


def _processor_ratio(runs: Sequence[Run], bare: Sequence[Run]) -> float | None:
    pairs = [(run.processor, base.processor) for run, base in zip(runs, bare, strict=True)]
    ratios = [one / other for one, other in pairs if one is not None and other]
    return median(ratios) if ratios else None


def _shown(ratio: float | None) -> str:
    return "unseen" if ratio is None else f"x{ratio:.2f}"


def _kept(returning: str) -> str:
    return f"create table pass_acct as with c as ({returning}) select * from c"


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
