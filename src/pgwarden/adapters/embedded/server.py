"""The embedded PostgreSQL: prepared and started on first use, shared by processes, stopped by the last of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self
from urllib.parse import quote

from pgwarden.adapters.embedded import cluster, postmaster, record
from pgwarden.adapters.embedded.account import Account, service_account
from pgwarden.adapters.embedded.installation import Installation, Major, bundled
from pgwarden.adapters.embedded.locks import UsersLock, exclusive
from pgwarden.adapters.embedded.places import make_passable
from pgwarden.adapters.embedded.record import SUPERUSER, Record
from pgwarden.domain.errors import EmbeddedServerError

HOST = "127.0.0.1"
POLL_SECONDS = 0.01
PORT_ATTEMPTS = 5
UNKNOWN_SECONDS = 1.0
"""How long a postmaster takes to write its pid file, generously."""
LOG_BYTES = 10_000_000  # a longer log is put aside at the next start
STOP_PATIENCE_SECONDS = 120.0
RISKY_SETTINGS = {"fsync": "off", "full_page_writes": "off"}  # a killed process still loses nothing
SETTINGS: Mapping[str, str] = {
    "wal_level": "logical",
    "max_connections": "200",
    "track_functions": "all",
    "track_io_timing": "on",
    "compute_query_id": "on",
    "timezone": "UTC",
}

State = Literal["absent", "stopped", "starting", "ready", "stopping"]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to start a server.

    ``port``: fixed, or None for a free one that is kept from start to start where possible.
    ``durable``: False trades safety against a crash of the whole machine for speed (tests, demos).
    ``settings``: further PostgreSQL settings; they apply to the process that starts the server.
    """

    port: int | None = None
    durable: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """``pid`` and ``port`` are None unless a postmaster runs on the data directory."""

    state: State
    major: int
    data: Path
    pid: int | None = None
    port: int | None = None
    keep: bool = False


class EmbeddedServer:
    """One PostgreSQL under ``data_root``; any number of objects and processes may share it.

    Use it as a context manager, plain or async, or call ``start`` and ``close``. A process that dies without
    closing leaves the server to the others, and the next one to close as the last stops it.
    Every method raises EmbeddedServerError with the reason and the next step.
    """

    def __init__(
        self,
        data_root: Path,
        *,
        major: Major = 18,
        options: ServerOptions | None = None,
        installation: Installation | None = None,
    ) -> None:
        self._root = data_root.absolute()
        self._data = self._root / "data"
        self._log = self._root / "log"
        self._options = options or ServerOptions()
        self._installation = installation
        self._bundled: Major = major
        self._users = UsersLock(self._root / "users.lock")
        self._record = Record(passwords={})

    # --- life ---------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Prepare and start if needed, wait until it answers (however long a crash recovery takes), and join."""
        account = service_account()
        installation = self._installation or bundled(self._bundled)
        with _explained(self._root):
            self._prepare_root(account)
            with exclusive(self._start_lock):
                self._users.join()
                try:
                    self._ensure_ready(installation, account)
                except BaseException:  # also Ctrl-C: whatever happens, do not stay listed as a user
                    self._users.leave()
                    raise
        return self

    def close(self, *, keep: bool | None = None) -> None:
        """Leave; the last user stops the server.

        ``keep=True`` leaves it running after all have left, until ``stop`` or a ``close(keep=False)``.
        """
        if not self._users.held:
            return
        with _explained(self._root), exclusive(self._start_lock):
            try:
                self._refresh()
                self._remember_keep(self._record.keep if keep is None else keep)
                if not self._record.keep and self._users.alone():
                    postmaster.stop(self._data, patience_seconds=STOP_PATIENCE_SECONDS)
            finally:
                self._users.leave()

    def stop(self, *, even_if_used: bool = False) -> bool:
        """Stop a server that was kept, or that a killed process left behind; False when none was running."""
        if not self._root.is_dir():
            return False
        with _explained(self._root), exclusive(self._start_lock):
            self._refresh()
            self._users.leave()
            if not even_if_used and not self._users.alone():
                raise EmbeddedServerError(
                    "The embedded PostgreSQL is in use.",
                    why="Another process holds it open.",
                    not_done="It was not stopped.",
                    next_step="End that process first: the last one stops the server.",
                )
            self._remember_keep(False)
            return postmaster.stop(self._data, patience_seconds=STOP_PATIENCE_SECONDS)

    def status(self) -> ServerStatus:
        """What is there, without starting or waiting for anything."""
        with _explained(self._root):
            if not (self._data / "PG_VERSION").exists():
                return ServerStatus("absent", self.major, self._data)
            found = postmaster.find(self._data)
            remembered = record.load(self._record_path)
        keep = remembered is not None and remembered.keep
        if found is None:
            return ServerStatus("stopped", self.major, self._data, keep=keep)
        return ServerStatus(_state(found), self.major, self._data, found.pid, found.port, keep)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    # --- doors --------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        return self._record.port

    @property
    def major(self) -> int:
        return self._installation.major if self._installation else self._bundled

    @property
    def log(self) -> Path:
        return self._log

    def conninfo(self, database: str = "postgres", *, role: str = SUPERUSER) -> str:
        """A connection URL with its password: hand it to a driver, never print it."""
        password = self._record.passwords.get(role)
        if password is None:
            raise EmbeddedServerError(
                f"The embedded PostgreSQL keeps no password for the role {role!r}.",
                why="It was not made by create_role, or the server was not started.",
                next_step="Call start() and create_role() first.",
            )
        return f"postgresql://{quote(role)}:{quote(password)}@{HOST}:{self._record.port}/{quote(database, safe='')}"

    def create_role(self, name: str) -> str:
        """A role that may log in and nothing more, made once; returns its URL on the database ``postgres``."""
        from pgwarden.adapters.embedded import administration

        with exclusive(self._start_lock):
            self._refresh()
            if name not in self._record.passwords:
                self._record.passwords[name] = record.new_password()
                self._save()
            administration.ensure_role(self.conninfo(), name, self._record.passwords[name])
        return self.conninfo(role=name)

    def create_database(self, name: str, *, owner: str = SUPERUSER) -> str:
        """An empty database of an existing role, made once; returns the superuser's URL on it."""
        from pgwarden.adapters.embedded import administration

        with exclusive(self._start_lock):
            administration.ensure_database(self.conninfo(), name, owner)
        return self.conninfo(name)

    # --- starting -----------------------------------------------------------------------------------------------

    @property
    def _start_lock(self) -> Path:
        return self._root / "start.lock"

    @property
    def _record_path(self) -> Path:
        return self._root / "server.json"

    def _prepare_root(self, account: Account) -> None:
        """Make the directory: closed to others, except that the service account may pass through it."""
        make_passable(self._root, account)
        closed = account.first_closed(self._root)
        if closed is not None:
            raise EmbeddedServerError(
                f"The user {account.name!r} cannot reach {self._root}.",
                why=f"PostgreSQL runs as {account.name!r}, and {closed} is closed to it; pgwarden opens no directory.",
                not_done="Nothing was started.",
                next_step="Set PGWARDEN_HOME to a directory that others may pass through, such as /var/lib/pgwarden.",
            )

    def _refresh(self) -> None:
        self._record = record.load(self._record_path) or Record()

    def _save(self) -> None:
        record.save(self._record_path, self._record)

    def _remember_keep(self, keep: bool) -> None:
        if keep != self._record.keep:
            self._record.keep = keep
            self._save()

    def _ensure_ready(self, installation: Installation, account: Account) -> None:
        self._refresh()
        made = cluster.check_version(self._data, installation)
        running = postmaster.find(self._data) if made else None
        if running is not None and running.state == "stopping":
            postmaster.stop(self._data, patience_seconds=STOP_PATIENCE_SECONDS)
            running = None
        if running is not None:
            self._adopt(running)
            return
        postmaster.clear_remains(self._data, patience_seconds=STOP_PATIENCE_SECONDS)
        reachable = installation.reachable_by(account, self._root)
        if not made:
            self._save()
            password = self._record.passwords[SUPERUSER]
            cluster.create(self._data, reachable, account, password, durable=self._options.durable)
        self._launch(reachable, account)

    def _adopt(self, running: postmaster.Postmaster) -> None:
        """Use a server that another process started."""
        ready = self._wait(running.pid)
        if ready is None:
            raise self._not_started()
        if self._options.port not in (None, ready.port):
            raise EmbeddedServerError(
                f"The embedded PostgreSQL already runs on port {ready.port}, not {self._options.port}.",
                why="Another process started it there.",
                not_done="It was left as it is.",
                next_step="Leave the port open, or stop the server first.",
            )
        self._record.port = ready.port

    def _launch(self, installation: Installation, account: Account) -> None:
        for attempt in range(PORT_ATTEMPTS):
            port = self._options.port or _free_port(self._record.port if attempt == 0 else 0)
            with self._open_log() as log:
                mark = log.tell()
                try:
                    pid = self._spawn(installation, account, port, log)
                except KeyboardInterrupt:  # it may run already, although its number has not reached us
                    self._end_unknown()
                    raise
            try:
                ready = self._wait(pid)
            except BaseException:  # also Ctrl-C: nobody else knows this process yet
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
                raise
            if ready is not None:
                self._record.port = port
                self._save()
                return
            failure = self._failure(port, mark)
            if self._options.port or not failure.port_taken:
                raise failure.error
        raise failure.error

    def _end_unknown(self) -> None:
        """End a postmaster that was started just now: under the start lock it can only be ours."""
        deadline = time.monotonic() + UNKNOWN_SECONDS
        while time.monotonic() < deadline:
            found = postmaster.find(self._data)
            if found is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(found.pid, signal.SIGTERM)
                return
            time.sleep(POLL_SECONDS)

    def _spawn(self, installation: Installation, account: Account, port: int, log: BinaryIO) -> int:
        """Start the postmaster as an orphan in a session of its own: Ctrl-C does not reach it, and no zombie stays."""
        settings = {**SETTINGS, **({} if self._options.durable else RISKY_SETTINGS), **self._options.settings}
        command = [str(installation.program("postgres")), "-D", str(self._data), "-p", str(port)]
        for name, value in {**settings, "listen_addresses": HOST, "unix_socket_directories": ""}.items():
            command += ["-c", f"{name}={value}"]
        done = subprocess.run(  # noqa: S603 - our own program and arguments
            ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *command],
            cwd="/",
            env=cluster.CLEAN_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            check=True,
            **account.spawn,
        )
        return int(done.stdout)

    def _open_log(self) -> BinaryIO:
        """Append to the log, a fresh one when it has grown; it may show statements, so it is closed to others."""
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            self._log.replace(self._log.with_suffix(".old"))
        return os.fdopen(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")

    def _wait(self, pid: int) -> postmaster.Postmaster | None:
        """Wait while the process lives: crash recovery may take minutes. None when it ended instead."""
        while True:
            living = postmaster.alive(pid)
            found = postmaster.find(self._data)
            if found is not None and found.pid == pid and found.ready:
                return found
            if not living:
                return None
            time.sleep(POLL_SECONDS)

    def _failure(self, port: int, mark: int) -> _Failure:
        with self._log.open("rb") as log:
            log.seek(mark)
            told = log.read().decode("utf-8", errors="replace")
        if "Address already in use" in told:
            return _Failure(True, self._port_taken(port))
        return _Failure(False, self._not_started(cluster.last_words(told)))

    def _port_taken(self, port: int) -> EmbeddedServerError:
        return EmbeddedServerError(
            f"The embedded PostgreSQL could not listen on port {port}.",
            why="Another program uses that port.",
            not_done="PostgreSQL was not started; its data was not touched.",
            next_step="Choose another port, or none for a free one.",
        )

    def _not_started(self, why: str = "") -> EmbeddedServerError:
        return EmbeddedServerError(
            "The embedded PostgreSQL did not start.",
            why=why or "its process ended before it was ready.",
            not_done="No connection was made; what was committed before is still there.",
            next_step=f"Correct what the message names; the whole log is {self._log}.",
        )


@dataclass(frozen=True, slots=True)
class _Failure:
    port_taken: bool
    error: EmbeddedServerError


def _state(running: postmaster.Postmaster) -> State:
    if running.ready:
        return "ready"
    return "stopping" if running.state == "stopping" else "starting"


def _free_port(preferred: int) -> int:
    """The preferred port when nobody listens there, else any free one."""
    for candidate in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL does: ignore TIME_WAIT
            probe.bind((HOST, candidate))
            return int(probe.getsockname()[1])
    raise EmbeddedServerError(
        "No free port was found on this machine.",
        why=f"The system gave none on {HOST}.",
        not_done="Nothing was started.",
        next_step="Close programs that hold many connections, then try again.",
    )


@contextlib.contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Turn what the file system refuses into an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise EmbeddedServerError(
            "The embedded PostgreSQL could not use its directory.",
            why=f"{error.filename or root}: {os.strerror(error.errno or 0)}.",
            not_done="Nothing was started.",
            next_step="Free space or correct the permission there, or set PGWARDEN_HOME to another directory.",
        ) from error
