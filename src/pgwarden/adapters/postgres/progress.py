"""Looking at a running execution from another connection, and stopping it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pgwarden.adapters.postgres.session import open_session
from pgwarden.domain.execution import Progress

PROC = Path("/proc")


async def progress(conninfo: str, execution_id: str, *, expected_rows: int | None = None) -> Progress | None:
    """How far a running execution is; None when none with that id runs (the ledger knows whether it has ended)."""
    async with open_session(conninfo) as session:
        rows = await session.named("progress", {"name": f"pgwarden {execution_id}%"})
    return _progress(execution_id, rows[0], expected_rows) if rows else None


async def cancel(conninfo: str, execution_id: str) -> bool:
    """Stop a running execution, which rolls it back; False when none with that id runs."""
    async with open_session(conninfo) as session:
        rows = await session.named("cancel", {"name": f"pgwarden {execution_id}%"})
    return any(row["cancelled"] for row in rows)


def _progress(execution_id: str, row: Mapping[str, Any], expected: int | None) -> Progress:
    done = _done(row["application_name"])
    rate = done / row["seconds"] if done and row["seconds"] else None
    unknown: dict[str, str] = {}
    if rate is None:
        unknown["rows_per_second"] = "fewer than a thousand rows are through, or the target has no integer key"
    if row["wal_bytes"] is None:
        unknown["wal_bytes"] = "servers before PostgreSQL 18 do not tell it of another session"
    cpu, memory = _process(row["pid"]) if row["local"] else (None, None)
    if cpu is None:
        unknown["cpu_seconds"] = unknown["memory_bytes"] = "the server's processes are not visible from this machine"
    return Progress(
        execution_id=execution_id,
        pid=row["pid"],
        seconds=row["seconds"] or 0.0,
        rows_done=done,
        rows_per_second=rate,
        seconds_left=max(0.0, (expected - done) / rate) if rate and expected else None,
        waiting_for=f"{row['wait_event_type']}: {row['wait_event']}" if row["wait_event_type"] else "",
        locks=row["locks"],
        waiters=tuple(row["waiting"]),
        wal_bytes=row["wal_bytes"],
        cpu_seconds=cpu,
        memory_bytes=memory,
        unknown=unknown,
    )


def _done(application_name: str) -> int:
    last = application_name.split()[-1]
    return int(last) if last.isdigit() else 0


def _process(pid: int) -> tuple[float | None, int | None]:
    """CPU seconds and resident bytes of a local process, as Linux tells them; None where it does not."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None, None
    name, _, rest = text.partition("(")[2].rpartition(")")
    fields = rest.split()
    if name != "postgres":
        return None, None
    ticks = os.sysconf("SC_CLK_TCK")
    return (int(fields[11]) + int(fields[12])) / ticks, int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
