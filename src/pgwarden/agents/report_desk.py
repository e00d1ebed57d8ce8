"""Reports on how an installation does: slow statements, errors that come again, and its facts as numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime

from pgwarden.agents.audit_desk import require_auditor
from pgwarden.agents.audit_trail import AuditTrail
from pgwarden.domain.admission import Admission
from pgwarden.domain.anomaly import Alert
from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.audit_chain import AuditRecord, moment
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.error_report import ErrorBuilder, ErrorReport
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.facts import Facts
from pgwarden.domain.login import Scope
from pgwarden.domain.slow_report import SlowBuilder, SlowLine, SlowReport
from pgwarden.ports import AuditLog, StatementStatistics, WatchStore
from pgwarden.sql.shape import normalised

PAGE = 1000
"""Entries of the audit that are read at once."""
RAN = ("read.run", "execution.committed", "execution.undone")


class ReportDesk:
    """Reads the audit for those who may; on an installation where nobody ever logged in, for its starter."""

    def __init__(
        self,
        log: AuditLog,
        trail: AuditTrail,
        store: WatchStore,
        statistics: Callable[[str], Awaitable[StatementStatistics]],
        databases: Callable[[], Awaitable[Sequence[str]]],
        now: Callable[[], datetime],
    ) -> None:
        """``statistics`` reaches a target by its registered name, ``databases`` lists them."""
        self._log, self._trail, self._store = log, trail, store
        self._statistics, self._databases, self._now = statistics, databases, now

    async def slow(self, *, by: Admission, since: datetime, database: str = "", limit: int = 20) -> SlowReport:
        """What ran and took the most time, and what the servers of the targets count of everybody."""
        async with self._trail.event("audit.reported", identity=by.identity, database=database) as event:
            event.details |= {"report": "slow", "since": moment(since)}
            _require(by, database)
            builder = SlowBuilder()
            for action in RAN:
                async for record in self._records(AuditFilter(action=action, database=database, since=since)):
                    _see(builder, record)
            servers: list[SlowLine] = []
            unknown = {}
            for name in [database] if database else await self._databases():
                found = await self._of_server(name, limit)
                if isinstance(found, str):
                    unknown[name] = found
                else:
                    servers += found
            return builder.report(since, tuple(servers), unknown, limit=limit)

    async def errors(self, *, by: Admission, since: datetime, database: str = "") -> ErrorReport:
        """What was refused or failed, by code and by what was wanted."""
        async with self._trail.event("audit.reported", identity=by.identity, database=database) as event:
            event.details |= {"report": "errors", "since": moment(since)}
            _require(by, database)
            builder = ErrorBuilder(since, self._now())
            for outcome in (Outcome.REFUSED, Outcome.FAILED):
                async for record in self._records(AuditFilter(outcome=outcome, database=database, since=since)):
                    builder.see(record.entry)
            return builder.report()

    async def facts(self, *, by: Admission, since: datetime, database: str = "") -> Facts:
        """Numbers only: for whoever may read the metrics, too."""
        if Scope.METRICS.value not in by.scopes or not by.authenticated:
            _require(by, database)
        by.require_database(database or "*")
        return await self._store.facts(since, self._now(), database)

    async def alerts(self, *, by: Admission, only_open: bool, database: str = "") -> tuple[Alert, ...]:
        """Incidents, newest first."""
        if Scope.METRICS.value not in by.scopes or not by.authenticated:
            _require(by, database)
        by.require_database(database or "*")
        return await self._store.alerts(only_open=only_open, database=database)

    async def _of_server(self, name: str, limit: int) -> tuple[SlowLine, ...] | str:
        try:
            return await (await self._statistics(name)).slowest(limit=limit)
        except PgwardenError as error:
            return error.what

    async def _records(self, wanted: AuditFilter) -> AsyncIterator[AuditRecord]:
        before: int | None = None
        while page := await self._log.find(wanted, limit=PAGE, before=before):
            for record in page:
                yield record
            before = page[-1].number


def _require(by: Admission, database: str) -> None:
    if not (by.own_house and by.person is None):
        require_auditor(by, database or "*")


def _see(builder: SlowBuilder, record: AuditRecord) -> None:
    entry = record.entry
    milliseconds = entry.details.get("milliseconds")
    if entry.outcome is Outcome.DONE and isinstance(milliseconds, int | float):
        statement = record.personal.get("statement")
        shape = normalised(statement.value) if statement else ""
        builder.see(shape, entry.database, milliseconds, _rows(entry), entry.at)


def _rows(entry: AuditEntry) -> int:
    if "counts" in entry.details:
        counts = entry.details["counts"].values()
        return sum(int(each.get(kind, 0)) for each in counts for kind in ("inserted", "updated", "deleted"))
    return int(entry.details.get("rows", 0))
