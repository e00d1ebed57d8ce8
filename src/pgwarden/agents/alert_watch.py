"""Looks for what is out of the ordinary: an incident begins once, people are told once, and again when it has ended."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from pgwarden.domain.anomaly import FAULTS, Alert, AlertRules, Measure, Reading, judged
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.job import Job
from pgwarden.ports import JobHandler, StatementStatistics, WatchStore

WATCH, CHECK_AUDIT = "watch_for_anomalies", "check_audit"
WATCH_PERIODS: Mapping[str, float] = {WATCH: 60.0, CHECK_AUDIT: 6 * 3600.0}
"""How often a worker looks, in seconds; a check of the audit walks through all of it."""
NOTIFY = "notify_alert"


class AlertWatch:
    """A look may be made any number of times, by any number of workers."""

    def __init__(
        self,
        store: WatchStore,
        statistics: Callable[[str], Awaitable[StatementStatistics]],
        databases: Callable[[], Awaitable[Sequence[str]]],
        now: Callable[[], datetime],
        rules: AlertRules,
        tell: Callable[[Alert, Sequence[str]], Awaitable[None]],
        *,
        people: Sequence[str] = (),
        escalate_to: Sequence[str] = (),
        audit_findings: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        """``statistics`` reaches a target by its name, ``databases`` lists them; ``people`` are told

        by ``tell``, which may be called more than once for each incident, and once more when it has ended; of faults
        ``escalate_to`` are told as well. ``audit_findings`` checks the whole audit: how much is wrong with it."""
        self._store, self._statistics, self._databases = store, statistics, databases
        self._now, self._rules, self._tell, self._people = now, rules, tell, tuple(people)
        self._escalate_to, self._audit_findings = tuple(escalate_to), audit_findings

    def handlers(self) -> Mapping[str, JobHandler]:
        return {WATCH: self._watch, CHECK_AUDIT: self._check, NOTIFY: self._notify}

    async def _watch(self, args: Mapping[str, Any]) -> None:  # noqa: ARG002 - a handler's signature
        await self.look()

    async def _check(self, args: Mapping[str, Any]) -> None:  # noqa: ARG002 - a handler's signature
        await self.check_audit()

    async def check_audit(self) -> None:
        """Begin or end the incident of a broken chain, by a walk through all of it."""
        if self._audit_findings is None:
            return
        known = [a for a in await self._store.alerts(only_open=True) if a.measure is Measure.AUDIT_BROKEN]
        reading = Reading(Measure.AUDIT_BROKEN, "", float(await self._audit_findings()), ())
        await self._settle(reading, known[0] if known else None, self._now())

    async def _notify(self, args: Mapping[str, Any]) -> None:
        """``{alert, ended, to: [names]}``"""
        alert = await self._store.alert(args["alert"])
        if alert is not None:  # as it was: an incident that is over by now has begun all the same
            await self._tell(alert if args["ended"] else replace(alert, closed_at=None), args["to"])

    async def look(self) -> None:
        """Begin, raise and end incidents by what the last window holds."""
        names, now = await self._databases(), self._now()
        if Measure.LOCK_WAIT in self._rules.floors:
            await self._note_lock_waits(names, now)
        known = {(alert.measure, alert.database): alert for alert in await self._store.alerts(only_open=True)}
        for reading in await self._store.readings(self._rules, now, names):
            await self._settle(reading, known.pop((reading.measure, reading.database), None), now)
        given_up = Reading(Measure.GIVEN_UP, "", float(await self._store.given_up()), ())
        await self._settle(given_up, known.pop((Measure.GIVEN_UP, ""), None), now)
        known.pop((Measure.AUDIT_BROKEN, ""), None)  # the next check of the audit says
        for alert in known.values():  # of what is not watched any more
            await self._close(alert, now)

    async def _note_lock_waits(self, names: Sequence[str], now: datetime) -> None:
        """A target that cannot be reached is passed over; that it cannot be is told elsewhere."""
        for name in names:
            with suppress(PgwardenError):
                seconds = await (await self._statistics(name)).lock_wait()
                await self._store.note_lock_wait(name, now, seconds, keep_days=self._rules.days)

    async def _settle(self, reading: Reading, known: Alert | None, now: datetime) -> None:
        if known is None:
            await self._open(reading, now)
        elif reading.value <= known.limit:
            await self._close(known, now)
        elif reading.value > known.value:
            await self._store.raise_alert(known.id, reading.value)

    async def _open(self, reading: Reading, now: datetime) -> None:
        found = judged(reading, self._rules)
        if not found.unusual or found.limit is None:
            return
        name = f"{reading.measure.value} {reading.database} {now.isoformat()}"
        number = hashlib.sha256(name.encode()).hexdigest()[:12]
        alert = Alert(number, reading.measure, reading.database, now, reading.value, found.usual, found.limit)
        await self._store.open_alert(alert, jobs=self._telling(alert), audit=[_entry("alert.opened", alert, now)])

    async def _close(self, alert: Alert, now: datetime) -> None:
        entry = _entry("alert.closed", alert, now)
        await self._store.close_alert(alert.id, now, jobs=self._telling(alert, ended=True), audit=[entry])

    def _telling(self, alert: Alert, *, ended: bool = False) -> list[Job]:
        to = dict.fromkeys((*self._people, *(self._escalate_to if alert.measure in FAULTS else ())))
        return [Job(NOTIFY, {"alert": alert.id, "ended": ended, "to": list(to)}, lock=f"alert {alert.id}")]


def _entry(action: str, alert: Alert, at: datetime) -> AuditEntry:
    details = {
        "measure": alert.measure.value,
        "value": round(alert.value, 1),
        "usual": round(alert.usual, 1),
        "limit": round(alert.limit, 1),
    }
    return AuditEntry(action, "system", at, database=alert.database, subject=alert.id, source="worker", details=details)
