"""Room on the server's disk, where its machine is this one and the role may know where the data lies."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pgwarden.adapters.postgres.session import Session
from pgwarden.domain.approval import Approved
from pgwarden.domain.errors import LimitReached
from pgwarden.domain.execution import ExecutionLimits, RowCounts

PROC = Path("/proc")
USUAL_WIDTH = 128.0
"""Bytes of a row of a table that was never analysed."""


async def require_room(session: Session, approved: Approved, limits: ExecutionLimits) -> None:
    """Refuse a change whose images would fill the disk. An unseen disk refuses nothing: the server's own limit does."""
    expected = {e.relation: e.counts for e in approved.expectations if e.counts and e.counts.images}
    if not expected:
        return
    (place,), sizes = await session.together(session.query("place"), session.query("sizes", {"oids": [*expected]}))
    free = await _free(place)
    if free is None:
        return
    needed = round(sum(expected[row["oid"]].images * _width(row, expected[row["oid"]]) for row in sizes))
    if free - needed < limits.free_bytes:
        raise LimitReached(
            "The server's disk has no room for the before-images.",
            why=f"they take about {needed} bytes, {free} are free, and {limits.free_bytes} must be left",
            not_done="Nothing was run.",
            next_step="Make room on the server, or cut the change into pieces.",
        )


def _width(size: Mapping[str, Any], counts: RowCounts) -> float:
    """Bytes of a stored row: there are at least as many as will be changed, however long ago they were counted."""
    rows = max(size["rows"] or 0, counts.deleted + counts.updated)
    return size["bytes"] / rows if rows and size["bytes"] else USUAL_WIDTH


async def free_bytes(session: Session) -> int | None:
    """Bytes that are free where the server keeps its data; None where that cannot be seen from here."""
    (place,) = await session.named("place")
    return await _free(place)


async def _free(place: Mapping[str, Any]) -> int | None:
    if place["path"] is None or not is_postgres(place["pid"]):
        return None
    try:
        found = await asyncio.to_thread(os.statvfs, place["path"])
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def is_postgres(pid: int) -> bool:
    """Whether that process of this machine is a PostgreSQL server: a loopback address may lead into a container."""
    try:
        return (PROC / str(pid) / "comm").read_text().strip() in ("postgres", "postmaster")
    except OSError:
        return False
