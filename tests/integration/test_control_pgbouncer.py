"""The control database behind a PgBouncer in transaction mode, which keeps no state of a session."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from tests.support import parts

from pgwarden.adapters.postgres.control.data_rights import PostgresDataRightsStore
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.adapters.postgres.control.schema_history import PostgresSchemaHistory
from pgwarden.adapters.postgres.control.sessions import PostgresSessionStore
from pgwarden.domain.identity import Access, DataRight
from pgwarden.domain.schema_history import Relationship
from pgwarden.domain.session import Session, Turn

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def pooled_url(database: str, run_directory: Path, unused_tcp_port: int) -> Iterator[str]:
    """The test's database through a PgBouncer with two server connections."""
    parts.need("pgbouncer")
    folder = run_directory / f"pgbouncer-{unused_tcp_port}"
    folder.mkdir()
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = {database_line(database)}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {unused_tcp_port}\nunix_socket_dir =\nauth_type = any\nauth_file = {config}.users\n"
        f"pool_mode = transaction\ndefault_pool_size = 2\n"
    )
    Path(f"{config}.users").touch()
    account = None
    if os.getuid() == 0:  # PgBouncer does not run as root
        account = pwd.getpwnam("nobody")
        for path in (folder, *folder.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program
    log = (folder / "log").open("wb")
    server = subprocess.Popen([program, str(config)], user=account and account.pw_uid, stderr=log)
    pooled = psycopg.conninfo.make_conninfo(database, host="127.0.0.1", port=unused_tcp_port)
    try:
        wait_for_answer(pooled, server)
        yield pooled
    finally:
        server.terminate()
        server.wait(10)
        log.close()


def database_line(conninfo: str) -> str:
    target = psycopg.conninfo.conninfo_to_dict(conninfo)
    return " ".join(f"{key}={target[key]}" for key in ("host", "port", "user", "password"))


def wait_for_answer(conninfo: str, server: subprocess.Popen[bytes]) -> None:
    """Until a connection succeeds; the process's end, or ten seconds, is a failure."""
    limit = time.monotonic() + 10
    while True:
        assert server.poll() is None, "PgBouncer ended at its start"
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError:
            if time.monotonic() > limit:
                raise
        else:
            return


async def test_many_starters_and_stores_share_two_connections(pooled_url: str) -> None:
    async def start() -> None:
        async with control_database(pooled_url, size=1):
            pass

    await asyncio.gather(*(start() for _ in range(6)))
    found = [Relationship("public", f"t{n}", ("a",), "public", "u", ("b",), inferred=True) for n in range(30)]
    lines = tuple(DataRight(f"person:p{n}", Access.READ) for n in range(20))
    async with control_database(pooled_url, size=8) as pool:
        sessions, rights, history = (
            PostgresSessionStore(pool),
            PostgresDataRightsStore(pool),
            PostgresSchemaHistory(pool),
        )
        await sessions.open(Session("s1", "ana", "shop", NOON, NOON))
        turns = (sessions.add_turn("s1", Turn(f"t{n}", NOON, "shop", "?", None), identity="ana") for n in range(20))
        await asyncio.gather(
            rights.replace(lines, expected=0, author="ana", at=NOON),
            history.save_relationships("shop", "v1", found),
            *(history.record("shop", "v1", NOON, {}, "{}") for _ in range(4)),
            *turns,
        )
        assert len(await sessions.turns("s1", identity="ana")) == 20
        assert (await rights.current()).lines == lines
        assert len(await history.history("shop")) == 1
        saved = await history.relationships("shop")
        assert saved is not None
        assert saved.found == tuple(found)
