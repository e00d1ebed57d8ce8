"""The control database's own facts as numbers, and alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pgwarden.adapters.jobs.queue import defer
from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.connection import OLDEST_MAJOR, Connection, Pool, transaction
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.anomaly import Alert, AlertRules, Measure, Reading, same_time_of_day, spans
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.facts import Facts, JobFact, VerbFact
from pgwarden.domain.job import Job, JobState


class PostgresWatchStore:
    """``ports.WatchStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def facts(self, since: datetime, until: datetime, database: str = "") -> Facts:
        wanted = {"since": since, "until": until, "database": database}
        async with transaction(self._pool) as connection:
            ((reads, cached, read_rows, read_ms),) = await _found(connection, "reads", wanted)
            ((executions, rows_written, execution_ms),) = await _found(connection, "executions", wanted)
            ((oldest,),) = await _found(connection, "oldest_due")
            ((alerts,),) = await _found(connection, "open_alerts", wanted)
            return Facts(
                since,
                until,
                tuple(VerbFact(*row) for row in await _found(connection, "verbs", wanted)),
                reads,
                cached,
                read_rows,
                read_ms,
                executions,
                rows_written,
                execution_ms,
                dict(await _found(connection, "tickets", wanted)),
                tuple(
                    JobFact(task, JobState(state).name.lower(), n)
                    for task, state, n in await _found(connection, "jobs")
                ),
                oldest,
                dict(await _found(connection, "deliveries")),
                alerts,
            )

    async def oldest_due(self) -> float:
        async with transaction(self._pool) as connection:
            ((seconds,),) = await _found(connection, "oldest_due")
            return float(seconds)

    async def given_up(self) -> int:
        async with transaction(self._pool) as connection:
            ((found,),) = await _found(connection, "given_up")
            return int(found)

    async def readings(self, rules: AlertRules, now: datetime, databases: Sequence[str]) -> tuple[Reading, ...]:
        since = now - timedelta(days=rules.days)
        counted: dict[tuple[Measure, str, int], float] = {}
        told: set[Measure] = set()
        async with transaction(self._pool) as connection:
            ((began,),) = await _found(connection, "history_began", {"since": since})
            for measure, floor in rules.floors.items():
                found = await _windows(connection, measure, rules, now, [(now - rules.window, now)])
                if any(value > floor for _, _, value in found):  # nothing below alarms, whatever is usual
                    found = await _windows(connection, measure, rules, now, spans(rules, now))
                    told.add(measure)
                counted |= {(measure, database, ago): value for database, ago, value in found}
        # whole windows since there is an audit, at this time of day; one in which nothing happened counts as 0
        passed = int((now - began) / rules.window) if began else 0
        windows = [ago for ago in range(1, passed) if same_time_of_day(ago, rules.window)]
        places = {database for _, database, _ in counted} | set(databases)
        return tuple(
            Reading(
                measure,
                database,
                counted.get((measure, database, 0), 0.0),
                [counted.get((measure, database, ago), 0.0) for ago in windows] if measure in told else (),
            )
            for measure in rules.floors
            for database in sorted(places)
        )

    async def note_lock_wait(self, database: str, at: datetime, seconds: float, *, keep_days: int) -> None:
        async with transaction(self._pool) as connection:
            await _run(connection, "note_lock_wait", {"database": database, "at": at, "seconds": seconds})
            await _run(connection, "forget_lock_waits", {"before": at - timedelta(days=keep_days)})

    async def open_alert(self, alert: Alert, *, jobs: Sequence[Job], audit: Sequence[AuditEntry]) -> bool:
        row: dict[str, object] = {
            "id": alert.id,
            "measure": alert.measure.value,
            "database": alert.database,
            "opened_at": alert.opened_at,
            "value": alert.value,
            "usual": alert.usual,
            "limit": alert.limit,
        }
        return await self._change("open_alert", row, jobs, audit)

    async def raise_alert(self, alert_id: str, value: float) -> bool:
        return await self._change("raise_alert", {"id": alert_id, "value": value}, (), ())

    async def close_alert(
        self, alert_id: str, at: datetime, *, jobs: Sequence[Job], audit: Sequence[AuditEntry]
    ) -> bool:
        return await self._change("close_alert", {"id": alert_id, "at": at}, jobs, audit)

    async def alert(self, alert_id: str) -> Alert | None:
        async with transaction(self._pool) as connection:
            return next((_alert(row) for row in await _found(connection, "alert", {"id": alert_id})), None)

    async def alerts(self, *, only_open: bool = False, database: str = "", limit: int = 100) -> tuple[Alert, ...]:
        wanted = {"open": only_open, "database": database, "limit": limit}
        async with transaction(self._pool) as connection:
            return tuple(_alert(row) for row in await _found(connection, "alerts", wanted))

    async def _change(
        self, name: str, row: dict[str, object], jobs: Sequence[Job], audit: Sequence[AuditEntry]
    ) -> bool:
        """Whether it changed anything; only then are the jobs queued and the entries written, in the same step."""
        async with transaction(self._pool) as connection:
            changed = (await connection.execute(_query(name), row)).rowcount > 0
            if changed:
                await defer(connection, jobs)
                await append_entries(connection, audit)
            return changed


_QUERIES = {
    Measure.ROWS_WRITTEN: "rows_written",
    Measure.REFUSALS: "refusals",
    Measure.LOCK_WAIT: "lock_waits",
}


def _query(name: str) -> bytes:
    return named_queries("watch.sql", OLDEST_MAJOR)[name]


async def _windows(
    connection: Connection,
    measure: Measure,
    rules: AlertRules,
    now: datetime,
    among: Sequence[tuple[datetime, datetime]],
) -> list[tuple[Any, ...]]:
    """(database, how many windows ago, value) of the stretches of time."""
    after, until = (list(each) for each in zip(*among, strict=True))
    wanted = {"now": now, "seconds": rules.window.total_seconds(), "after": after, "until": until}
    return await _found(connection, _QUERIES[measure], wanted)


async def _found(connection: Connection, name: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    return await (await connection.execute(_query(name), values)).fetchall()


async def _run(connection: Connection, name: str, values: dict[str, Any]) -> None:
    await connection.execute(_query(name), values)


def _jobs(row: tuple[Any, ...]) -> JobFact:
    task, state, count = row
    return JobFact(task, JobState(state).name.lower(), count)


def _alert(row: tuple[Any, ...]) -> Alert:
    number, measure, *rest = row
    return Alert(number, Measure(measure), *rest)
