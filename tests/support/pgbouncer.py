"""A real PgBouncer in transaction mode in front of a test server."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo


@contextmanager
def transaction_pooler(conninfo: str, folder: Path, *, servers: int = 2) -> Iterator[str]:
    """A conninfo that leads through a PgBouncer with that many server connections. ``folder`` is made."""
    folder.mkdir()
    port = _free_port()
    given = conninfo_to_dict(conninfo)
    target = " ".join(f"{key}={given[key]}" for key in ("host", "port", "user", "password"))
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = {target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = transaction\ndefault_pool_size = {servers}\nserver_reset_query =\n"
    )
    account = pwd.getpwnam("nobody") if os.getuid() == 0 else None  # it refuses to run as root
    for path in (folder, config):
        if account:
            os.chown(path, account.pw_uid, account.pw_gid)
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(config)], user=account and account.pw_uid, stderr=log)
        try:
            pooled = make_conninfo(conninfo, host="127.0.0.1", port=port)
            _wait(pooled, process)
            yield pooled
        finally:
            process.terminate()
            process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(conninfo: str, process: subprocess.Popen[bytes]) -> None:
    """Until a connection succeeds; the process's end, or ten seconds, is a failure."""
    limit = time.monotonic() + 10
    while True:
        assert process.poll() is None, "PgBouncer ended at its start"
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError:
            if time.monotonic() > limit:
                raise
        else:
            return
