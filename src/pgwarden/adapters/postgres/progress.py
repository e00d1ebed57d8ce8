"""Looking at a running execution from another connection, and stopping it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgwarden.adapters.postgres.room import PROC, free_bytes, is_postgres
from pgwarden.adapters.postgres.session import open_session
from pgwarden.domain.execution import HeldLock, OtherSession, Progress
from pgwarden.undo.images import TICK

PAGE = 8192


async def progress(conninfo: str, execution_id: str, *, expected_rows: int | None = None) -> Progress | None:
    """How far a running execution is; None when none with that id runs (the ledger knows whether it has ended)."""
    async with open_session(conninfo) as session:
        rows = await session.named("progress", {"name": f"pgwarden {execution_id}%"})
        if not rows:
            return None
        temp = None
        if rows[0]["temp_visible"]:
            (found,) = await session.named("temp_bytes", {"prefix": f"pgsql_tmp{rows[0]['pid']}.%"})
            temp = found["bytes"]
        free = await free_bytes(session)
    process = _process(rows[0]["pid"]) if rows[0]["local"] else Process()
    return _progress(execution_id, rows[0], expected_rows, temp, free, process)


async def cancel(conninfo: str, execution_id: str) -> bool:
    """Stop a running execution, which rolls it back; False when none with that id runs."""
    async with open_session(conninfo) as session:
        rows = await session.named("cancel", {"name": f"pgwarden {execution_id}%"})
    return any(row["cancelled"] for row in rows)


@dataclass(frozen=True, slots=True)
class Process:
    """What the operating system tells of a backend on this machine."""

    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None


def _progress(
    execution_id: str,
    row: Mapping[str, Any],
    expected: int | None,
    temp_bytes: int | None,
    disk_free_bytes: int | None,
    process: Process,
) -> Progress:
    started, done = _announced(row["application_name"])
    rate = done / row["seconds"] if done and row["seconds"] else None
    here = "the server's processes are not visible from this machine"
    reasons = {
        "rows_per_second": (rate, "fewer than a thousand rows are through, or the target has no integer key"),
        "seconds_left": (rate if expected else None, "the rate or the expected number of rows is not known"),
        "buffers": (None, "PostgreSQL counts them only when the transaction has ended"),
        "temp_bytes": (temp_bytes, "only a role with the rights of pg_monitor may see temporary files"),
        "cpu_seconds": (process.cpu_seconds, here),
        "memory_bytes": (process.memory_bytes, here),
        "read_bytes": (process.read_bytes, "only the server's own account or root of this machine may see it"),
        "written_bytes": (process.written_bytes, "only the server's own account or root of this machine may see it"),
        "disk_free_bytes": (disk_free_bytes, "the server is elsewhere, or the role may not read where its data lies"),
    }
    return Progress(
        execution_id=execution_id,
        pid=row["pid"],
        seconds=row["seconds"] or 0.0,
        rows_done=done,
        rows_per_second=rate,
        seconds_left=max(0.0, (expected - done) / rate) if rate and expected else None,
        waiting_for=_waiting_for(row),
        locks=row["locks"],
        waiters=tuple(each["pid"] for each in row["waiting"]),
        blocked_by=tuple(each["pid"] for each in row["blocking"]),
        wal_bytes=max(0, row["wal_position"] - started * PAGE),
        temp_bytes=temp_bytes,
        cpu_seconds=process.cpu_seconds,
        memory_bytes=process.memory_bytes,
        read_bytes=process.read_bytes,
        written_bytes=process.written_bytes,
        disk_free_bytes=disk_free_bytes,
        held=tuple(HeldLock(each["table"], tuple(each["modes"])) for each in row["held"]),
        waiting=tuple(map(_session, row["waiting"])),
        blockers=tuple(map(_session, row["blocking"])),
        unknown={name: why for name, (value, why) in reasons.items() if value is None},
    )


def _waiting_for(row: Mapping[str, Any]) -> str:
    """What it waits for. Its event is a moment older than its locks: whoever is blocked waits for a lock by now."""
    if row["blocking"] and row["wait_event_type"] != "Lock":
        return f"Lock: {row['awaited'] or 'held by others'}"
    return f"{row['wait_event_type']}: {row['wait_event']}" if row["wait_event_type"] else ""


def _session(row: Mapping[str, Any]) -> OtherSession:
    return OtherSession(row["pid"], row["user"] or "", row["application"] or "", row["seconds"])


def _announced(application_name: str) -> tuple[int, int]:
    """The page of the log where it began, and how many rows are through."""
    _, _, page, *thousands = application_name.split()
    return int(page, 16), int(thousands[0]) * TICK if thousands else 0


def _process(pid: int) -> Process:
    """A local process, as Linux tells of it."""
    if not is_postgres(pid):
        return Process()
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return Process()
    fields = text.rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    cpu = (int(fields[11]) + int(fields[12])) / ticks
    memory = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    try:
        counted = dict(line.split(": ") for line in (PROC / str(pid) / "io").read_text().splitlines())
    except OSError:
        return Process(cpu, memory)
    return Process(cpu, memory, int(counted["rchar"]), int(counted["wchar"]))
