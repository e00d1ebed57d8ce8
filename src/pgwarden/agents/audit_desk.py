"""The audit as auditors use it. Whoever reads it is written down in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pgwarden.agents.audit_trail import AuditTrail
from pgwarden.domain.admission import Admission
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditHead, AuditRecord, moment
from pgwarden.domain.audit_checkpoint import Checkpoint, KeptCheckpoint
from pgwarden.domain.audit_export import export_lines
from pgwarden.domain.audit_filter import AuditFilter, Erasure
from pgwarden.domain.audit_verification import ERASED, Verification
from pgwarden.domain.compliance import ComplianceReport, ReportBuilder
from pgwarden.domain.errors import InputInvalid, UnknownEntry
from pgwarden.domain.login import Scope
from pgwarden.domain.person import Role
from pgwarden.ports import AuditLog
from pgwarden.ports.audit import Seen, ignored

AUDITING = frozenset({Role.AUDITOR, Role.ADMIN})
SHORTEST_TEXT = 3
"""Characters; a shorter text would be found nearly everywhere."""
MOST_CHECKPOINTS = 10_000
"""Of those kept, in an export."""


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """Where the audit stands."""

    head: AuditHead
    checkpoint: KeptCheckpoint | None
    """The last one that was kept. Only a walk tells whether it fits."""


class AuditDesk:
    """Lets auditors, and nobody else, look at the audit and take personal values out of it."""

    def __init__(
        self,
        log: AuditLog,
        trail: AuditTrail,
        now: Callable[[], datetime],
        *,
        source: str = "",
    ) -> None:
        """``source`` is the door."""
        self._log, self._trail, self._now, self._source = log, trail, now, source

    async def find(
        self, wanted: AuditFilter, *, by: Admission, limit: int = 100, before: int | None = None
    ) -> tuple[AuditRecord, ...]:
        """The newest entries first."""
        async with self._trail.event("audit.read", identity=by.identity, database=wanted.database) as event:
            event.details |= _described(wanted)
            require_auditor(by, wanted.database)
            found = await self._log.find(wanted, limit=limit, before=before)
            event.details["entries"] = len(found)
            return found

    async def show(self, number: int, *, by: Admission) -> AuditRecord:
        """One entry. Raises UnknownEntry."""
        async with self._trail.event("audit.read", identity=by.identity, subject=str(number)):
            require_auditor(by)
            record = await self._log.get(number)
            if record is None:
                raise UnknownEntry(
                    f"The audit has no entry {number}.", next_step="`pgwarden audit list` shows the numbers."
                )
            return record

    async def export(self, *, by: Admission, personal: bool = True) -> AsyncIterator[str]:
        """The whole chain as lines of text, as of one moment; its own entry stands in it already."""
        async with self._trail.event("audit.exported", identity=by.identity) as event:
            event.details["personal"] = personal
            require_auditor(by)
        kept = await self._log.checkpoints(limit=MOST_CHECKPOINTS)
        head = await self._log.head()
        checkpoints = [one.checkpoint for one in kept]
        records = self._log.export(personal=personal)
        async for line in export_lines(head.chain, records, checkpoints, self._now(), personal=personal):
            yield line

    async def report(self, *, by: Admission, since: datetime, until: datetime, database: str = "") -> ComplianceReport:
        """What was decided and done between two moments, on one database or all."""
        async with self._trail.event("audit.reported", identity=by.identity, database=database) as event:
            event.details |= {"since": moment(since), "until": moment(until)}
            require_auditor(by, database)
            builder = ReportBuilder(since, until, database)
            async for record in self._log.export(personal=True):
                builder.see(record)
            return builder.report(await self._log.head(), self._now())

    async def erase(self, wanted: Erasure, *, reason: str, by: Admission) -> tuple[int, ...]:
        """Take personal values away for ever; the numbers of the entries that lost some. The erasure is an entry."""
        entry = AuditEntry(
            ERASED,
            by.identity.name,
            self._now(),
            source=self._source,
            details={"by": _kind(wanted)},
            personal={"reason": reason},
        )
        async with self._trail.event("audit.erasure_asked", identity=by.identity) as event:
            event.details["by"] = _kind(wanted)
            by.require(Scope.ADMIN, Role.ADMIN)
            _require_narrow(wanted)
        return await self._log.erase(wanted, entry)

    def require_auditor(self, by: Admission) -> None:
        """Raises LoginNeeded or RightMissing."""
        require_auditor(by)

    def require_administrator(self, by: Admission) -> None:
        """Raises LoginNeeded or RightMissing."""
        by.require(Scope.ADMIN, Role.ADMIN)

    async def status(self, *, by: Admission) -> ChainStatus:
        """Where the chain ends, and which checkpoint was taken last."""
        require_auditor(by)
        kept = await self._log.checkpoints(limit=1)
        return ChainStatus(await self._log.head(), kept[0] if kept else None)

    async def verify(
        self, checkpoints: Sequence[Checkpoint] = (), *, by: Admission, seen: Seen = ignored
    ) -> Verification:
        """Walk the whole chain. The checkpoints are those whose signatures hold under trusted keys.

        ``seen`` is told how many entries were walked.

        Everybody may: it tells whether the audit is whole, and nothing of what stands in it.
        """
        async with self._trail.event("audit.verified", identity=by.identity) as event:
            found = await self._log.verify(checkpoints, seen=seen)
            event.details |= {"entries": found.entries, "findings": found.count, "covered": found.covered}
            return found


def require_auditor(by: Admission, database: str = "") -> None:
    """Refuse who is no auditor and no administrator, and a token for other databases. LoginNeeded or RightMissing."""
    person = by.require(Scope.AUDIT)
    if person.roles.isdisjoint(AUDITING):
        by.require(Scope.AUDIT, Role.AUDITOR)
    by.require_database(database)


def _require_narrow(wanted: Erasure) -> None:
    if not _kind(wanted) or 0 < len(wanted.containing) < SHORTEST_TEXT:
        raise InputInvalid(
            "It is not said what is to be erased.",
            why=f"Name a person, entries, or a text of at least {SHORTEST_TEXT} characters.",
            not_done="Nothing was erased.",
        )


def _kind(wanted: Erasure) -> list[str]:
    """How the values were chosen; never by what, which may be what is to be forgotten."""
    return [name for name in ("entries", "person", "containing") if getattr(wanted, name)]


def _described(wanted: AuditFilter) -> dict[str, str]:
    parts = {
        "action": wanted.action,
        "actor": wanted.actor,
        "of": wanted.subject,
        "outcome": wanted.outcome.value if wanted.outcome else "",
        "since": moment(wanted.since) if wanted.since else "",
        "until": moment(wanted.until) if wanted.until else "",
    }
    return {name: text for name, text in parts.items() if text}
