"""The directory of one test run; what a killed run left behind is cleared away by a later one."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from pgwarden.adapters.embedded.locks import UsersLock
from pgwarden.adapters.embedded.server import EmbeddedServer

PREFIX = "pgwarden-test-"
YOUNG_SECONDS = 60  # a run that is just being made may not hold its lock yet
MEMORY = Path("/dev/shm")  # databases made and dropped by the hundred cost a fifth less than on a disk
ROOM_BYTES = 6 << 30  # several times what a run needs at its height


class Run:
    """A temporary directory that the service account may pass through, locked while the run lives."""

    def __init__(self) -> None:
        _clear_dead_runs()
        self.directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_parent()))
        self.directory.chmod(0o711)
        self._lock = UsersLock(self.directory / "run.lock")
        self._lock.join()

    def end(self) -> None:
        _remove(self.directory)
        self._lock.leave()


def _parent() -> Path:
    """Memory where there is plenty of it, unless a place was asked for."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM_BYTES:
        return Path(tempfile.gettempdir())
    return MEMORY


def _clear_dead_runs() -> None:
    for left in _parent().glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # another run clears it at this moment
            if _dead(left):
                _remove(left)


def _dead(directory: Path) -> bool:
    entry = directory.stat()
    if entry.st_uid != os.geteuid() or time.time() - entry.st_mtime < YOUNG_SECONDS:
        return False
    lock = directory / "run.lock"
    return lock.exists() and UsersLock(lock).alone()


def _remove(directory: Path) -> None:
    for record in directory.rglob("server.json"):
        EmbeddedServer(record.parent).stop(even_if_used=True)  # a worker that was killed could not
    shutil.rmtree(directory, ignore_errors=True)
