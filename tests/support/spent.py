"""What a piece of work costs: time on the clock, and processor time here and in the server's processes.

Time on the clock says what a person waits, but grows with whatever else the machine does. Processor time (user and
system) is the steadier figure on a shared machine. Only a server on this machine (Linux) can be measured.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds."""

    wall: float
    client: float
    server: float

    @property
    def processor(self) -> float:
        return self.client + self.server


class Meter:
    """Reads clocks of this process and of all processes of one server."""

    def __init__(self, conninfo: str) -> None:
        with psycopg.connect(conninfo) as connection:
            self._postmaster = _parent(connection.info.backend_pid)

    def now(self) -> Spent:
        return Spent(time.perf_counter(), time.process_time(), self._server())

    def since(self, start: Spent) -> Spent:
        now = self.now()
        return Spent(now.wall - start.wall, now.client - start.client, now.server - start.server)

    def _server(self) -> float:
        """Of the server's first process, of the children that ended, and of those that still run."""
        running = sum(sum(_times(child)[:2]) for child in _children(self._postmaster))
        return (sum(_times(self._postmaster)) + running) / TICKS


def medians(spent: Iterable[Spent]) -> Spent:
    """Of each figure by itself."""
    found = list(spent)
    return Spent(median(s.wall for s in found), median(s.client for s in found), median(s.server for s in found))


def _fields(process: int) -> list[str]:
    """From the third field of /proc/…/stat on; the second is a name that may hold blanks."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()


def _parent(process: int) -> int:
    return int(_fields(process)[1])


def _times(process: int) -> tuple[int, int, int, int]:
    """User and system time, and those of ended children, in ticks; nothing of a process that is gone."""
    try:
        user, system, ended_user, ended_system = map(int, _fields(process)[11:15])
    except FileNotFoundError:
        return 0, 0, 0, 0
    return user, system, ended_user, ended_system


def _children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
