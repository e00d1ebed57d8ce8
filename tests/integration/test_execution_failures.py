"""What may go wrong around an execution: it is tried again, resolved by the ledger, or rolled back; never guessed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import psycopg
import pytest
from psycopg import conninfo
from tests.conftest import MakeDatabase
from tests.support.change import NOW, PATIENT, approve, dump, leftovers, owned, perform, run, take_back

from pgwarden.adapters.postgres.execution import execute
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import open_session
from pgwarden.domain.errors import ConstraintViolated, ExecutionTimeout, LocksBusy, OutcomeUnknown
from pgwarden.domain.execution import ExecutionLimits, Isolation, RowCounts

TABLES = """
create table account (id int primary key, amount int);
create table entry (id bigint generated always as identity primary key, account int
                    references account deferrable initially deferred, what text);
create function slow(int) returns int language plpgsql volatile as $$begin perform pg_sleep(0.2); return $1; end$$;
insert into account select i, 0 from generate_series(1, 20) i;
insert into entry (account, what) select i, 'x' from generate_series(1, 5) i;
"""
PLUS = "update account set amount = amount + 1"
COUNTS = {"account": RowCounts(updated=20)}
QUICK = replace(PATIENT, attempts=4)


@pytest.fixture(params=[18, 16])
def database(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    database = owned(make_database(request.param))
    run(database, TABLES)
    return database


def amounts(database: str) -> set[int]:
    with psycopg.connect(database) as connection:
        return {amount for (amount,) in connection.execute("select distinct amount from account")}


async def backend_of(database: str, execution_id: str, waiting: str = "%") -> int:
    """The process that runs an execution, once it is in its statement."""
    async with asyncio.timeout(60), await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        while True:
            cursor = await connection.execute(
                "select pid from pg_stat_activity where application_name like %s and query ~ 'account'"
                " and state = 'active' and coalesce(wait_event_type, '') like %s",
                [f"pgwarden {execution_id}%", waiting],
            )
            if row := await cursor.fetchone():
                return int(row[0])
            await asyncio.sleep(0.01)


async def test_a_connection_lost_in_the_statement_is_tried_again(database: str) -> None:
    approved = await approve(database, "update account set amount = amount + slow(1)", COUNTS)
    running = asyncio.create_task(execute(database, approved, now=NOW, limits=QUICK))
    pid = await backend_of(database, approved.execution_id)
    run(database, f"select pg_terminate_backend({pid}, 20000)")
    await running
    assert amounts(database) == {1}


@pytest.mark.parametrize("isolation", [Isolation.REPEATABLE_READ, Isolation.SERIALIZABLE])
async def test_a_serialization_failure_is_tried_again(database: str, isolation: Isolation) -> None:
    counts = {"account": RowCounts(deleted=10)}
    approved = await approve(database, "delete from account where id > 10", counts, isolation=isolation)
    async with await psycopg.AsyncConnection.connect(database) as writer:
        await writer.execute("update account set amount = 7 where id = 20")
        patient = replace(QUICK, lock_seconds=30.0)
        running = asyncio.create_task(execute(database, approved, now=NOW, limits=patient))
        await backend_of(database, approved.execution_id, "Lock")
        await writer.commit()
    await running
    assert amounts(database) == {0}


@asynccontextmanager
async def losing(database: str, *, arrives: bool, back_again: bool = True) -> AsyncIterator[str]:
    """The database behind a line that breaks once at COMMIT, after it has ``arrives``d or before."""
    async with open_session(database) as session:
        await Ledger(session).ensure()  # which commits, too
    parts = conninfo.conninfo_to_dict(database)
    broken = False
    serving: dict[asyncio.Task[object] | None, asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal broken
        serving[asyncio.current_task()] = writer
        if broken and not back_again:
            writer.transport.abort()
            return
        answers, server = await asyncio.open_connection(str(parts["host"]), int(parts["port"] or 0))
        back = asyncio.create_task(_pass_on(answers, writer))
        while data := await _read(reader):
            if not broken and b"commit\0" in data.lower():
                broken = True
                back.cancel()
                await asyncio.wait([back])
                if arrives:
                    server.write(data)
                    await answers.read(1)  # it is committed for sure before the line is seen to be broken
                break
            server.write(data)
            await server.drain()
        back.cancel()
        writer.transport.abort()
        server.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield conninfo.make_conninfo(database, port=port, sslmode="disable", gssencmode="disable")
        for writer in serving.values():
            writer.transport.abort()
        await asyncio.wait([task for task in serving if task], timeout=30)


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(65536)
    except ConnectionError:
        return b""


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_connection_lost_at_the_commit_is_resolved_by_the_ledger(database: str, arrives: bool) -> None:
    """If the COMMIT arrived it counts, if it did not it is tried again: once in either case."""
    approved = await approve(database, PLUS, COUNTS)
    async with losing(database, arrives=arrives) as line:
        execution = await execute(line, approved, now=NOW, limits=QUICK)
    assert execution.id == approved.execution_id
    assert amounts(database) == {1}


async def test_nobody_guesses_while_the_database_does_not_answer(database: str) -> None:
    approved = await approve(database, PLUS, COUNTS)
    async with losing(database, arrives=True, back_again=False) as line:
        with pytest.raises(OutcomeUnknown):
            await execute(line, approved, now=NOW, limits=QUICK)
    assert amounts(database) == {1}


async def test_deferred_constraints_are_checked_before_the_end(database: str) -> None:
    before = dump(database)
    with pytest.raises(ConstraintViolated, match="entry_account_fkey"):
        await perform(database, "update entry set account = 99 where id = 1", {"entry": RowCounts(updated=1)})
    assert dump(database) == before
    assert leftovers(database) == []


async def test_sequences_are_recorded_and_never_moved_back(database: str) -> None:
    counts = {"entry": RowCounts(inserted=3)}
    execution = await perform(database, "insert into entry (what) select 'new' from generate_series(1, 3)", counts)
    assert execution.sequences == {"public.entry_id_seq": 8}
    await take_back(database, execution)
    with psycopg.connect(database) as connection:
        assert connection.execute("select nextval('entry_id_seq')").fetchone() == (9,)


async def test_the_commit_is_durable_whatever_the_role_prefers(database: str) -> None:
    run(
        database,
        "create function told() returns trigger language plpgsql as"
        " $$begin insert into entry (what) values (current_setting('synchronous_commit')); return null; end$$",
        "create trigger told after delete on account execute function told()",
        "alter role current_user set synchronous_commit = off",
    )
    counts = {"account": RowCounts(deleted=1), "entry": RowCounts(inserted=1)}
    await perform(database, "delete from account where id = 20", counts)
    with psycopg.connect(database) as connection:
        assert connection.execute("select what from entry order by id desc limit 1").fetchone() == ("on",)


async def test_a_statement_ends_at_its_time_limit(database: str) -> None:
    approved = await approve(database, "update account set amount = slow(1)", COUNTS)
    with pytest.raises(ExecutionTimeout):
        await execute(database, approved, now=NOW, limits=ExecutionLimits(statement_seconds=0.3))
    assert amounts(database) == {0}


async def test_a_busy_row_is_tried_again_and_then_reported(database: str) -> None:
    """Without locking the table the wait is for a row, and has the same limit."""
    approved = await approve(database, "delete from account where id = 20", {"account": RowCounts(deleted=1)})
    with psycopg.connect(database) as writer:
        writer.execute("update account set amount = 1 where id = 20")
        with pytest.raises(LocksBusy):
            await execute(database, approved, now=NOW, limits=replace(PATIENT, lock_seconds=0.05))
    await execute(database, approved, now=NOW, limits=PATIENT)


async def test_uninstalling_leaves_nothing(database: str) -> None:
    await perform(database, PLUS, COUNTS)
    async with open_session(database) as session:
        await Ledger(session).uninstall()
    with psycopg.connect(database) as connection:
        assert connection.execute("select from pg_namespace where nspname = 'pgwarden'").fetchone() is None
