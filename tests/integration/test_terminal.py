"""What only a real terminal shows: completion, history, and progress that is gone afterwards."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import MakeDatabase

ERASED = "\r\x1b[2K"


class Terminal:
    """A pseudo-terminal of 80 columns with one program in it."""

    def __init__(self, descriptor: int, process: subprocess.Popen[bytes]) -> None:
        self._descriptor, self._process = descriptor, process
        self.seen = ""

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def until(self, text: str) -> str:
        """What came since the last call, up to this text; fails after 30 s."""
        before = len(self.seen)
        deadline = time.monotonic() + 30
        while text not in _bare(self.seen[before:]):
            ready, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"no {text!r} in {self.seen[before:]!r}"
            self.seen += os.read(self._descriptor, 65_536).decode(errors="replace")
        return self.seen[before:]

    def end(self) -> str:
        """All that was shown, when the program has ended."""
        while True:
            try:
                data = os.read(self._descriptor, 65_536)
            except OSError:  # the other side is closed
                break
            self.seen += data.decode(errors="replace")
        assert self._process.wait(30) == 0, self.seen
        return self.seen


@contextmanager
def terminal(environment: dict[str, str], *arguments: str) -> Iterator[Terminal]:
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "pgwarden", *arguments],
        env=environment | {"PATH": "/usr/bin:/bin", "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
        stdin=there,
        stdout=there,
        stderr=there,
        start_new_session=True,
    )
    os.close(there)
    try:
        yield Terminal(here, process)
    finally:
        process.kill()
        process.wait()
        os.close(here)


@pytest.fixture
def environment(tmp_path: Path, make_database: MakeDatabase, shop_url: str) -> dict[str, str]:
    (tmp_path / "none.toml").touch(mode=0o600)
    return {
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(tmp_path / "none.toml"),
        "PGWARDEN_CONTROL_URL": make_database(),
        "PGWARDEN_DATABASE_URL": shop_url,
        "PGWARDEN_USER": "ada",
        "LANG": "C.UTF-8",
    }


def test_the_shell_completes_tables_and_columns_and_remembers(environment: dict[str, str]) -> None:
    with terminal(environment, "shell") as shell:
        shell.until("default>")
        shell.type("select count(*) as found from warehou")
        shell.until("warehouses")  # the menu
        shell.type("\t")
        shell.until("warehouses")
        shell.type("\r")
        shell.until("1 row")
        shell.type("select reorder_l")
        shell.until("reorder_level")
        shell.type("\x03\\q\r")
        shell.end()
    with terminal(environment, "shell") as shell:
        shell.until("default>")
        shell.type("\x1b[A\x1b[A")  # up, past the \q
        shell.until("select count(*) as found from warehouses")
        assert (Path(environment["PGWARDEN_HOME"]) / "shell_history").stat().st_mode & 0o077 == 0
        shell.type("\x03\\q\r")
        shell.end()


def test_progress_is_shown_and_gone_before_the_answer(environment: dict[str, str]) -> None:
    with terminal(environment, "ask", "how many orders are there?") as ask:
        shown = ask.end()
    progress, erased, answer = shown.rpartition(ERASED)
    assert erased
    assert "turning the question into SQL" in progress
    assert "running the query" in progress
    assert "orders_count" in _bare(answer)
    assert "\x1b[" in answer, "colours on a terminal"
    with terminal(environment | {"NO_COLOR": "1"}, "check", "select 1") as check:
        plain = check.end().rpartition(ERASED)[2]
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain), "no colours where none are wanted"


def _bare(text: str) -> str:
    """The text without what moves the cursor or colours it."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
