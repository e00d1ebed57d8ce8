"""Two file locks decide who starts and who stops; the kernel releases them when a process dies, however it dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class UsersLock:
    """Held shared by every process that uses the server: whoever can take it alone is the last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def join(self) -> None:
        if self._descriptor is not None:
            return
        descriptor = _open(self._path)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        self._descriptor = descriptor

    def alone(self) -> bool:
        """Whether no other process uses the server. Call it under the start lock: joining needs that lock too."""
        descriptor = self._descriptor if self._descriptor is not None else _open(self._path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if self._descriptor is not None:
                fcntl.flock(descriptor, fcntl.LOCK_SH)  # a failed upgrade drops the shared lock: take it again
            return False
        finally:
            if self._descriptor is None:
                os.close(descriptor)
        return True

    def leave(self) -> None:
        if self._descriptor is None:
            return
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # explicitly: a forked child may share the descriptor
        os.close(self._descriptor)
        self._descriptor = None


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait for, and hold, the lock on ``path``."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
