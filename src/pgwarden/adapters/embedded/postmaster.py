"""A running postmaster, known by its pid file; no process is touched unless it runs on our own data directory."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from pgwarden.domain.errors import EmbeddedServerError

PID_FILE = "postmaster.pid"
POLL_SECONDS = 0.01
_PID, _PORT, _STATE = 0, 3, 7  # lines of the pid file


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What the pid file of a data directory says about a process that is verified to be its postmaster."""

    pid: int
    port: int
    state: str  # starting, ready, stopping, standby

    @property
    def ready(self) -> bool:
        return self.state == "ready"


def find(data: Path) -> Postmaster | None:
    """The live postmaster of a data directory; None when there is none or the pid file is stale."""
    try:
        lines = (data / PID_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    try:
        pid = abs(int(lines[_PID]))
    except (IndexError, ValueError):  # being written at this moment
        return None
    if not serves(pid, data):
        return None
    port = int(lines[_PORT]) if len(lines) > _PORT and lines[_PORT].isdigit() else 0
    return Postmaster(pid, port, lines[_STATE].strip() if len(lines) > _STATE else "starting")


def serves(pid: int, data: Path) -> bool:
    """Whether the process is alive and has the data directory as its own."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == data.resolve()  # a postmaster works inside its data directory
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    except PermissionError:
        return False
    shown = subprocess.run(  # noqa: S603 - fixed program, numeric argument; only where there is no /proc
        ["/bin/ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return str(data) in shown.stdout


def alive(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self").exists()
    return state[0] != "Z"


def clear_remains(data: Path, *, patience_seconds: float) -> None:
    """After a postmaster was killed: wait for its last processes to notice, then remove its pid file.

    A new one could not start before, and never where the old number now belongs to another process, as happens
    in containers. Raises EmbeddedServerError when one is still at work after ``patience_seconds``.
    """
    if find(data) is not None or not (data / PID_FILE).exists():
        return
    deadline = time.monotonic() + patience_seconds
    while left := _workers(data):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                "The embedded PostgreSQL was killed, and a part of it is still at work.",
                why=f"process {left[0]} has not noticed yet.",
                not_done="Nothing was started and nothing was killed: two servers on one directory would harm it.",
                next_step=f"Wait, or end process {left[0]}, then try again.",
            )
        time.sleep(POLL_SECONDS)
    (data / PID_FILE).unlink()


def _workers(data: Path) -> list[int]:
    """Every process that works in the data directory (where there is /proc)."""
    numbers = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [number for number in numbers if serves(number, data)]


def stop(data: Path, *, patience_seconds: float) -> bool:
    """Fast shutdown: sessions are ended, everything committed is kept. False when nothing ran.

    Raises EmbeddedServerError when it is still running after ``patience_seconds``; it is never killed.
    """
    found = find(data)
    if found is None:
        return False
    try:
        os.kill(found.pid, signal.SIGINT)
    except ProcessLookupError:
        return False
    deadline = time.monotonic() + patience_seconds
    while serves(found.pid, data) and alive(found.pid):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                "The embedded PostgreSQL has not stopped yet.",
                why=f"process {found.pid} is still writing its last checkpoint after {patience_seconds:.0f} s.",
                not_done="It was not killed: it stops by itself.",
                next_step="Wait, and look at the log in its directory if it stays.",
            )
        time.sleep(POLL_SECONDS)
    return True
