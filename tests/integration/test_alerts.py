"""Incidents on real stores: begun once, told once, ended once, whatever the number of looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.audit import forge
from tests.support.mcp_client import settings_of

from pgwarden.adapters.jobs.worker import Worker
from pgwarden.adapters.postgres.control.connection import control_pool
from pgwarden.adapters.postgres.control.watching import PostgresWatchStore
from pgwarden.agents.alert_watch import CHECK_AUDIT, NOTIFY, AlertWatch
from pgwarden.bootstrap import App, build
from pgwarden.domain.anomaly import Alert, AlertRules, Measure
from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.person import Person
from pgwarden.domain.request import Urgency

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
RULES = AlertRules(floors={Measure.ROWS_WRITTEN: 1000, Measure.REFUSALS: 20, Measure.LOCK_WAIT: 30})


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Office:
    """An application, and a watch on it by a clock of its own."""

    app: App
    store: PostgresWatchStore
    control: str
    clock: Clock = field(default_factory=Clock)

    def watch(self) -> AlertWatch:
        targets = self.app.targets

        async def tell(alert: Alert, to: Sequence[str]) -> None:
            raise AssertionError("the worker's own watch tells")

        return AlertWatch(self.store, targets.statistics, targets.names, self.clock, RULES, tell, people=["olga"])

    async def happened(self, entry: AuditEntry, times: int = 1) -> None:
        await self.app.audit.append(*[entry] * times)

    async def actions(self) -> list[str]:
        return [record.entry.action for record in reversed(await self.app.audit.find(AuditFilter(action="alert")))]

    async def told(self) -> list[tuple[str, str]]:
        await Worker(self.control, {NOTIFY: self.app.handlers[NOTIFY]}, 1).drain()  # and no look by the real clock
        letters = await self.app.notifications.of_person("olga")
        return [(each.notification.kind.value, each.notification.summary.title) for each in reversed(letters)]


@pytest.fixture
async def office(state_home: Path, make_database: MakeDatabase) -> AsyncIterator[Office]:
    control = make_database()
    settings = settings_of(state_home, control, make_database(), escalate_to=("olga",))
    async with build(settings) as app, control_pool(control) as pool:
        await app.people.add(Person("olga"), audit=[AuditEntry("person.added", "test", NOW)])
        found = Office(app, PostgresWatchStore(pool), control)
        # a quiet fortnight: three refusals in each window of this time of day
        times = [NOW - timedelta(days=d, minutes=m + 5) for d in range(1, 14) for m in range(-60, 61, 15)]
        await app.audit.append(*(refusal(at) for at in times for _ in range(3)))
        yield found


def refusal(at: datetime) -> AuditEntry:
    return AuditEntry("read.run", "ana", at, Outcome.REFUSED, "default")


def written(at: datetime, rows: int) -> AuditEntry:
    counts = {"public.t": {"inserted": 0, "updated": rows, "deleted": 0}}
    return AuditEntry("execution.committed", "ana", at, database="default", details={"counts": counts})


async def test_an_incident_is_told_once_and_once_more_when_it_has_ended(office: Office) -> None:
    await office.watch().look()
    assert await office.store.alerts() == ()
    await office.happened(refusal(office.clock.now - timedelta(minutes=1)), 50)
    for _ in range(3):
        await office.watch().look()
        office.clock.pass_time(minutes=1)
    (alert,) = await office.store.alerts(only_open=True)
    assert (alert.measure, alert.database, alert.value, alert.limit) == (Measure.REFUSALS, "default", 50, 20)
    await office.happened(refusal(office.clock.now), 30)
    await office.watch().look()
    (alert,) = await office.store.alerts(only_open=True)
    assert alert.value == 80
    title = "50 refusals in default; usual are 3, the limit is 20"
    assert [kind for kind, _ in await office.told()] == ["alert_opened"]
    office.clock.pass_time(minutes=30)
    for _ in range(2):
        await office.watch().look()
    assert await office.store.alerts(only_open=True) == ()
    (ended,) = await office.store.alerts()
    assert ended.closed_at == office.clock.now
    assert await office.actions() == ["alert.opened", "alert.closed"]
    kinds = [kind for kind, _ in await office.told()]
    assert kinds == ["alert_opened", "alert_closed"]
    assert title.partition(" ")[2] in (await office.told())[0][1]


async def test_what_is_little_does_not_alarm_however_quiet_it_was(office: Office) -> None:
    await office.happened(refusal(office.clock.now), 17)
    await office.happened(written(office.clock.now, 999))
    await office.watch().look()
    assert await office.store.alerts() == ()


async def test_rows_written_are_watched_and_a_second_incident_is_one_of_its_own(office: Office) -> None:
    for _ in range(2):
        await office.happened(written(office.clock.now, 5000))
        await office.watch().look()
        office.clock.pass_time(minutes=20)
        await office.watch().look()
    first, second = await office.store.alerts()
    assert first.id != second.id
    assert {alert.measure for alert in (first, second)} == {Measure.ROWS_WRITTEN}


async def test_two_workers_that_look_at_once_begin_one_incident(office: Office) -> None:
    await office.happened(refusal(office.clock.now), 50)
    await asyncio.gather(office.watch().look(), office.watch().look())
    assert len(await office.store.alerts()) == 1
    assert await office.actions() == ["alert.opened"]


async def test_a_session_that_waits_for_a_lock_is_seen(office: Office) -> None:
    target = office.app.settings.targets["default"].url.get_secret_value()
    statistics = await office.app.targets.statistics("default")
    assert await statistics.lock_wait() == 0
    with psycopg.connect(target) as holder:
        holder.execute("create table t ()")
        holder.commit()
        holder.execute("lock table t")
        waiting = psycopg.AsyncConnection.connect(target)
        async with await waiting as waiter:
            stuck = asyncio.create_task(waiter.execute("lock table t"))
            async with asyncio.timeout(30):
                while not (waited := await statistics.lock_wait()):
                    pass  # each look is a round trip
            assert 0 < waited < 30
            holder.rollback()
            await stuck


async def test_long_waits_for_locks_are_an_incident(office: Office) -> None:
    for ago in range(1, 200):
        at = office.clock.now - timedelta(hours=ago)
        await office.store.note_lock_wait("default", at, 0.5, keep_days=14)
    await office.store.note_lock_wait("default", office.clock.now - timedelta(minutes=2), 45.0, keep_days=14)
    await office.watch().look()
    (alert,) = await office.store.alerts()
    assert (alert.measure, alert.value, alert.limit) == (Measure.LOCK_WAIT, 45, 30)


async def test_what_was_given_up_is_an_incident_until_somebody_looked_after_it(office: Office) -> None:
    with psycopg.connect(office.control, autocommit=True) as control:
        control.execute(
            "insert into pgwarden_jobs.procrastinate_jobs (queue_name, task_name, status) values ('q', 't', 'failed')"
        )
        await office.watch().look()
        await office.watch().look()
        (alert,) = await office.store.alerts()
        assert (alert.measure, alert.title) == (Measure.GIVEN_UP, "1 jobs and messages given up")
        assert [kind for kind, _ in await office.told()] == ["alert_opened"]
        control.execute("delete from pgwarden_jobs.procrastinate_jobs where task_name = 't'")
    await office.watch().look()
    assert await office.actions() == ["alert.opened", "alert.closed"]


async def test_an_audit_that_was_forged_is_told_to_whom_failures_are_escalated(office: Office) -> None:
    check, notify = office.app.handlers[CHECK_AUDIT], office.app.handlers[NOTIFY]
    await check({})
    assert await office.store.alerts() == ()
    async with await psycopg.AsyncConnection.connect(office.control, autocommit=True) as connection:
        await forge(connection, "update pgwarden_control.audit_entry set actor = 'nobody' where number = 3")
    await check({})
    await office.watch().look()
    (alert,) = await office.store.alerts(only_open=True)
    assert (alert.measure, alert.value >= 1) == (Measure.AUDIT_BROKEN, True)
    await Worker(office.control, {NOTIFY: notify}, 1).drain()
    (letter, *_) = await office.app.notifications.of_person("olga")
    assert letter.notification.urgency is Urgency.EMERGENCY
    assert "audit" in letter.notification.summary.title
    async with await psycopg.AsyncConnection.connect(office.control, autocommit=True) as connection:
        await forge(connection, "update pgwarden_control.audit_entry set actor = 'ana' where number = 3")
    await check({})
    assert (await office.actions())[-1] == "alert.closed"


async def test_a_database_that_is_gone_ends_its_incident(office: Office) -> None:
    await office.happened(replace(refusal(office.clock.now), database="gone"), 50)
    await office.watch().look()
    office.clock.pass_time(days=15)
    await office.watch().look()
    assert await office.actions() == ["alert.opened", "alert.closed"]
