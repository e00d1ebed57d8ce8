"""RetentionDesk: how long before-images and copies stay in the targets, erasing a row from them, and removal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pgwarden.agents.audit_trail import AuditTrail
from pgwarden.agents.ticket_desk import TicketDesk
from pgwarden.domain.catalog import Name
from pgwarden.domain.errors import InputInvalid, PgwardenError, UninstallUnconfirmed
from pgwarden.domain.identity import Identity
from pgwarden.domain.quantity import counted
from pgwarden.domain.retention import Erased, Footprint, Kept, KeptKind
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.ticket_status import standing_of
from pgwarden.ports import JobHandler, Retention

COLLECT = "collect_images"
RETENTION_PERIODS: Mapping[str, float] = {COLLECT: 86_400.0}
"""Work that a worker does again and again: task → how often, in seconds."""
SYSTEM = Identity("system")


async def covered_until(desk: TicketDesk, execution_id: str) -> datetime | None:
    """Until when the approval of an execution covers its undo; None where no ticket ran it."""
    found = await desk.tickets.find(TicketFilter(execution_id=execution_id, limit=1), at=desk.now())
    standings = [standing_of(ticket, desk.now()) for ticket in found]
    ends = [s.claimed_at + timedelta(days=s.terms.undo_days) for s in standings if s.claimed_at is not None]
    return max(ends, default=None)


@dataclass(frozen=True, slots=True)
class Collected:
    """What stays in a target, and what was dropped there (or would be)."""

    database: str
    kept: tuple[Kept, ...]
    dropped: tuple[Kept, ...]

    @property
    def freed(self) -> int:
        """Bytes."""
        return sum(each.bytes for each in self.dropped)


class RetentionDesk:
    """Everything about the end of what pgwarden keeps in targets."""

    def __init__(
        self,
        stores: Callable[[str], Awaitable[Retention]],
        databases: Callable[[], Awaitable[Sequence[str]]],
        now: Callable[[], datetime],
        trail: AuditTrail,
        *,
        days: float,
        covered: Callable[[str], Awaitable[datetime | None]] | None = None,
    ) -> None:
        """``stores`` finds what a target keeps by its registered name; ``days`` is how long that is kept.

        ``covered`` tells until when the approval of an execution covers its undo: until then its images stay.
        """
        self._covered = covered
        self._stores, self._databases, self._now, self._trail, self._days = stores, databases, now, trail, days

    async def collect(
        self, database: str, *, identity: Identity, days: float | None = None, dry_run: bool = False
    ) -> Collected:
        """Drop what is older than ``days`` (the setting's, where not given). The ledger keeps what ran.

        Without ``days`` the images of executions whose undo is still covered by their approval stay, however old.
        """
        age = self._days if days is None else days
        before = self._now() - timedelta(days=age)
        store = await self._stores(database)
        found = await store.kept()
        due = tuple([each for each in found if each.made_at is not None and each.made_at < before])
        if days is None:
            due = tuple([each for each in due if not await self._is_covered(each)])
        collected = Collected(database, tuple(each for each in found if each not in due), due)
        if dry_run or not due:
            return collected
        async with self._trail.event("images.collected", identity=identity, database=database) as event:
            event.details |= {"days": age, "dropped": [each.id for each in due], "bytes": collected.freed}
            for each in due:
                await store.drop(each, why=f"their time of {age:g} days ended on {self._now():%Y-%m-%d}")
        return collected

    async def erase(
        self, database: str, table: Name, key: Mapping[str, str], columns: Collection[str], *, identity: Identity
    ) -> Erased:
        """Blank these columns of one row in every before-image; whatever changed it cannot be taken back any more."""
        if not key or not columns:
            raise InputInvalid(
                "An erasure names one row by its key, and the columns to blank.", not_done="Nothing was erased."
            )
        async with self._trail.event("images.erased", identity=identity, database=database) as event:
            event.details |= {"table": str(table), "columns": [*columns]}
            store = await self._stores(database)
            erased = await store.erase(table, key, columns, why=f"values were erased on {self._now():%Y-%m-%d}")
            event.details |= {"executions": [*erased.executions], "images": erased.images}
            return erased

    async def footprint(self, database: str) -> Footprint:
        """What removing pgwarden from a target would take away."""
        return await (await self._stores(database)).footprint()

    async def uninstall(self, database: str, *, identity: Identity, confirmed: bool) -> Footprint:
        """Remove pgwarden's schema from a target, once somebody has confirmed what that loses."""
        store = await self._stores(database)
        found = await store.footprint()
        if not found.present:
            return found
        if not confirmed:
            raise UninstallUnconfirmed(
                f"pgwarden's schema in {database} would be dropped.",
                why=f"it holds {counted(found.executions, 'execution')}, of which {found.undoable} could still be"
                f" undone, and {found.snapshots} copied tables: {found.bytes:,} bytes",
                not_done="Nothing was dropped.",
                next_step=f"pgwarden db uninstall {database} --yes",
            )
        async with self._trail.event("database.uninstalled", identity=identity, database=database) as event:
            event.details |= {"executions": found.executions, "undoable": found.undoable, "bytes": found.bytes}
            await store.uninstall()
        return found

    async def _is_covered(self, kept: Kept) -> bool:
        if self._covered is None or kept.kind is not KeptKind.IMAGES or not kept.undoable:
            return False
        until = await self._covered(kept.id)
        return until is not None and self._now() < until

    def handlers(self) -> Mapping[str, JobHandler]:
        return {COLLECT: self._collect_all}

    async def _collect_all(self, args: Mapping[str, Any]) -> None:  # noqa: ARG002 - a handler's signature
        """Every target. One that cannot be reached keeps none of the others from being looked at."""
        failed: PgwardenError | None = None
        for name in await self._databases():
            try:
                await self.collect(name, identity=SYSTEM)
            except PgwardenError as error:
                failed = error
        if failed is not None:
            raise failed
