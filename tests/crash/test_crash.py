"""kill -9 of the client and of the server in the middle of things: never half, never twice, and the ledger knows."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psycopg
import pytest
from psycopg import conninfo
from tests.support.change import leftovers, owned, run, without_create

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.postgres.execution import committed
from pgwarden.adapters.postgres.execution import ledger_of as ledger_in
from pgwarden.adapters.postgres.image_files import ImageFiles
from pgwarden.adapters.postgres.session import open_session
from pgwarden.domain.execution import Execution, ExecutionKind
from pgwarden.ports import ImageStore

KILLS = int(os.environ.get("PGWARDEN_SOAK_KILLS", "6"))
ROWS = 300
ROOT = Path(__file__).parents[2]
SETUP = f"""
create table account (id int primary key, amount int);
create table entry (at int);
create function note() returns trigger language plpgsql as
  $$begin insert into entry select max(amount) from account; return null; end$$;
create trigger note after update on account execute function note();
insert into account select i, 0 from generate_series(1, {ROWS}) i;
"""


@pytest.fixture
def server(run_directory: Path) -> Iterator[EmbeddedServer]:
    """A server of its own, since it will be killed."""
    root = run_directory / f"crash-{uuid.uuid4().hex[:8]}"
    with EmbeddedServer(root, options=ServerOptions(settings={"autovacuum": "off"})) as server:
        yield server


def start_victim(database: str, *directory: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.crash.victim", database, str(ROWS), *directory]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def reported(victim: subprocess.Popen[str]) -> list[str]:
    assert victim.stdout is not None
    return [line.split()[1] for line in victim.stdout.read().splitlines() if not line.startswith("ended")]


async def ledger_of(database: str, store: ImageStore | None) -> tuple[Execution, ...]:
    async with open_session(database) as session:
        return await ledger_in(session, store).executions(10_000)


def check(database: str, told: list[str], store: ImageStore | None = None) -> None:
    """The tables and the ledger tell one story, and nothing that was reported is missing from it."""
    with psycopg.connect(database) as connection:
        (amounts, highest, count) = connection.execute(
            "select count(distinct amount), max(amount), count(*) from account"
        ).fetchone() or (0, 0, 0)
        (entries,) = connection.execute("select count(*) from entry").fetchone() or (0,)
        (images,) = connection.execute(
            "select count(*) from pg_class where relnamespace = to_regnamespace('pgwarden') and relkind = 'r'"
        ).fetchone() or (0,)
    executions = asyncio.run(ledger_of(database, store))
    standing = [e for e in executions if e.kind is ExecutionKind.EXECUTE and not e.undone]
    assert (amounts, count) == (1, ROWS)  # never half
    assert highest == entries == len(standing)  # never twice
    assert set(told) <= {execution.id for execution in executions}
    assert all(execution.finished_at for execution in executions)
    assert images == (0 if store else 1 + sum(len(execution.tables) for execution in executions))
    assert leftovers(database) == []


def test_killed_clients_leave_all_or_nothing(database: str) -> None:
    owner = owned(database)
    run(owner, SETUP)
    kill_clients(owner, KILLS, Random(7))


def test_killed_clients_with_images_in_files_leave_all_or_nothing(database: str, tmp_path: Path) -> None:
    kill_clients(without_create(database, SETUP), max(2, KILLS // 2), Random(13), tmp_path)


def kill_clients(owner: str, kills: int, random: Random, directory: Path | None = None) -> None:
    store = ImageFiles(directory) if directory else None
    told: list[str] = []
    for _ in range(kills):
        victim = start_victim(owner, *([str(directory)] if directory else []))
        assert victim.stdout is not None
        told.append(victim.stdout.readline().split()[1])  # it is at work now
        killer = threading.Timer(random.uniform(0.0, 0.4), victim.send_signal, [signal.SIGKILL])
        killer.start()
        victim.wait(timeout=60)
        told += reported(victim)
        victim.stdout.close()
        wait_for_backends(owner)
        check(owner, told, store)
    assert len(told) >= kills


def wait_for_backends(database: str) -> None:
    """A backend notices that its client is gone when it next writes; its locks go with it."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where datname = current_database() and usename = current_user and pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize("outside", [False, True], ids=["images in tables", "images in files"])
def test_a_killed_server_comes_back_with_all_or_nothing(server: EmbeddedServer, outside: bool, tmp_path: Path) -> None:
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        connection.execute("create database crash")
    superuser = conninfo.make_conninfo(server.conninfo(), dbname="crash")
    if outside:
        owner = without_create(superuser, SETUP)
    else:
        owner = owned(superuser)
        run(owner, SETUP)
    directory, store = ([str(tmp_path)], ImageFiles(tmp_path)) if outside else ([], None)
    random = Random(11)
    told: list[str] = []
    for _ in range(max(2, KILLS // 3)):
        victim = start_victim(owner, *directory)
        assert victim.stdout is not None
        told.append(victim.stdout.readline().split()[1])
        killer = threading.Timer(random.uniform(0.0, 0.4), kill_postmaster, [server])
        killer.start()
        killer.join()
        victim.wait(timeout=60)
        told += reported(victim)
        victim.stdout.close()
        server.start()
        check(owner, told, store)
        assert all(asyncio.run(committed(owner, execution_id, store=store)) for execution_id in told[-2:])


def kill_postmaster(server: EmbeddedServer) -> None:
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
