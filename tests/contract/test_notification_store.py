from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import time, timedelta

import pytest
from tests.support.job_queue import empty_queue
from tests.support.letters import ANA, NOON, notification

from pgwarden.adapters.jobs.queue import PostgresJobs
from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.adapters.postgres.control.connection import Pool
from pgwarden.adapters.postgres.control.notifications import PostgresNotificationStore
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.job import Job
from pgwarden.domain.notification import (
    Channel,
    Delivery,
    DeliveryStatus,
    Notification,
    NotificationKind,
    Preferences,
    QuietHours,
    Recipient,
    deliveries,
)
from pgwarden.domain.person import Person
from pgwarden.domain.request import Urgency
from pgwarden.domain.watch import Watch, WatchKind
from pgwarden.ports import AuditLog, Jobs, NotificationStore
from pgwarden.testing import MemoryAuditLog, MemoryJobs, MemoryNotificationStore

JOB = Job("deliver", {"delivery": "x"})
ENTRY = AuditEntry("notification.queued", "system", NOON)


class Bench:
    """The store with what its changes go to."""

    def __init__(self, store: NotificationStore, jobs: Jobs, audit: AuditLog) -> None:
        self.store, self.jobs, self.audit = store, jobs, audit

    async def add(self, told: Notification, person: Person = ANA) -> Sequence[Delivery]:
        found = deliveries(told, Recipient(person), told.at, available=tuple(Channel))
        await self.store.add(told, found)
        return found

    async def caused(self) -> tuple[int, int]:
        """How many jobs and audit entries there are."""
        return len(await self.jobs.find()), len(await self.audit.find(AuditFilter()))


@pytest.fixture
async def with_queue(control: Pool) -> AsyncIterator[Pool]:
    """The control database with an empty queue."""
    await empty_queue(control)
    yield control
    await empty_queue(control)


@pytest.fixture
def bench(implementation: str, request: pytest.FixtureRequest) -> Bench:
    if implementation == "memory":
        jobs, audit = MemoryJobs(), MemoryAuditLog()
        return Bench(MemoryNotificationStore(jobs, audit), jobs, audit)
    control: Pool = request.getfixturevalue("with_queue")
    return Bench(PostgresNotificationStore(control), PostgresJobs(control), PostgresAuditLog(control))


@pytest.fixture
def store(bench: Bench) -> NotificationStore:
    return bench.store


async def test_what_was_told_comes_back_whole(bench: Bench, store: NotificationStore) -> None:
    told = notification(urgency=Urgency.EMERGENCY, reason="“ö” \\ ' \x00")
    for delivery in await bench.add(told):
        letter = await store.letter(delivery.id)
        assert letter is not None
        assert letter.delivery == delivery
        assert letter.notification == told
    assert await store.letter("nothing") is None


async def test_told_again_changes_nothing(bench: Bench, store: NotificationStore) -> None:
    found = deliveries(notification(), Recipient(ANA), NOON, available=tuple(Channel))
    assert await store.add(notification(), found, jobs=[JOB], audit=[ENTRY]) == len(found)
    assert await store.add(notification(reason="later"), found, jobs=[JOB], audit=[ENTRY]) == 0
    assert await bench.caused() == (1, 1)
    (letter,) = await store.of_person("ana")
    assert letter.notification.summary.reason == notification().summary.reason


async def test_a_dashboard_is_ones_own_newest_first(bench: Bench, store: NotificationStore) -> None:
    for number in (1, 2, 3):
        await bench.add(notification(number=number, rows=number))
    await bench.add(notification(), Person("bob"))
    assert [each.notification.summary.rows for each in await store.of_person("ana")] == [3, 2, 1]
    assert [each.notification.summary.rows for each in await store.of_person("ana", limit=1)] == [3]
    assert len(await store.of_person("bob")) == 1


async def test_reading(bench: Bench, store: NotificationStore) -> None:
    for number in (1, 2, 3):
        await bench.add(notification(number=number))
    first, *_ = await store.of_person("ana")
    assert await store.mark_read("bob", NOON, [first.delivery.id]) == 0
    assert await store.mark_read("ana", NOON, [first.delivery.id]) == 1
    assert await store.mark_read("ana", NOON, [first.delivery.id]) == 0
    assert len(await store.of_person("ana", unread=True)) == 2
    assert await store.mark_read("ana", NOON) == 2
    assert {each.delivery.read_at for each in await store.of_person("ana")} == {NOON}
    assert await store.mark_read("ana", NOON, []) == 0


async def test_what_is_held_and_due(bench: Bench, store: NotificationStore) -> None:
    for number in (1, 2):
        await bench.add(notification(urgency=Urgency.LOW, number=number))
    await bench.add(notification(urgency=Urgency.LOW, at=NOON + timedelta(hours=1), number=3))
    due = NOON + timedelta(minutes=30)
    assert len(await store.held("ana", Channel.EMAIL, due)) == 2
    assert await store.held("ana", Channel.EMAIL, due - timedelta(minutes=1)) == ()
    assert await store.held("ana", Channel.SLACK, due) == ()
    assert await store.held("bob", Channel.EMAIL, due) == ()


async def test_an_outcome_is_written_once(bench: Bench, store: NotificationStore) -> None:
    (delivery,) = [each for each in await bench.add(notification()) if each.channel is Channel.EMAIL]
    sent = replace(delivery, status=DeliveryStatus.SENT, attempts=1, reference="<id>", sent_at=NOON)
    assert await store.settle([delivery], [sent], jobs=[JOB], audit=[ENTRY])
    assert not await store.settle([delivery], [replace(delivery, status=DeliveryStatus.DEAD)], jobs=[JOB])
    letter = await store.letter(delivery.id)
    assert letter is not None
    assert letter.delivery == sent
    assert await bench.caused() == (1, 1)


async def test_several_outcomes_are_written_together_or_not_at_all(bench: Bench, store: NotificationStore) -> None:
    both = [each for each in await bench.add(notification()) if each.channel is not Channel.DASHBOARD]
    done = [replace(each, status=DeliveryStatus.SENT, sent_at=NOON) for each in both]
    assert await store.settle(both[1:], done[1:])
    assert not await store.settle(both, done, jobs=[JOB], audit=[ENTRY])
    left = await store.letter(both[0].id)
    assert left is not None
    assert left.delivery.status is DeliveryStatus.PENDING
    assert await bench.caused() == (0, 0)


async def test_dead_letters(bench: Bench, store: NotificationStore) -> None:
    (mail,) = [each for each in await bench.add(notification()) if each.channel is Channel.EMAIL]
    assert await store.in_status(DeliveryStatus.DEAD) == ()
    await store.settle([mail], [replace(mail, status=DeliveryStatus.DEAD, attempts=7, error="It answered 451.")])
    (letter,) = await store.in_status(DeliveryStatus.DEAD)
    assert (letter.delivery.attempts, letter.delivery.error) == (7, "It answered 451.")


async def test_everything_about_one_ticket(bench: Bench, store: NotificationStore) -> None:
    await bench.add(notification())
    await bench.add(notification(NotificationKind.APPROVED))
    await bench.add(notification(ticket="T-2"))
    kinds = [each.notification.kind for each in await store.of_ticket("T-1")]
    assert len(kinds) == 6
    assert kinds[0] is NotificationKind.APPROVAL_REQUESTED
    assert kinds[-1] is NotificationKind.APPROVED


async def test_recent_counts_what_went_out_at_once(bench: Bench, store: NotificationStore) -> None:
    for number in (1, 2):
        await bench.add(notification(number=number))
    await bench.add(notification(number=3, requester="bot"))
    await bench.add(notification(number=4, at=NOON - timedelta(hours=2)))
    await bench.add(notification(number=5, urgency=Urgency.LOW))  # held
    await bench.add(notification(number=6), Person("bob"))  # the dashboard alone
    since = NOON - timedelta(hours=1)
    recent = await store.recent("ana", "rob", since)
    assert (recent.total, recent.of_requester) == (3, 2)
    assert (await store.recent("bob", "rob", since)).total == 0


async def test_preferences_are_kept_by_person(bench: Bench, store: NotificationStore) -> None:
    mine = Preferences({Urgency.HIGH: frozenset({Channel.SMS})}, QuietHours(time(22), time(7)), 0)
    assert await store.preferences("ana") == Preferences()
    await store.save_preferences("ana", Preferences(batch_minutes=5))
    await store.save_preferences("ana", mine, audit=[ENTRY])
    assert await store.preferences("ana") == mine
    assert await store.preferences("bob") == Preferences()
    assert await bench.caused() == (0, 1)


async def test_watching(store: NotificationStore) -> None:
    table = Watch("ana", WatchKind.TABLE, "shop public.orders")
    database = Watch("bob", WatchKind.DATABASE, "shop")
    assert await store.watch(table)
    assert not await store.watch(table)
    assert await store.watch(database)
    things = [(WatchKind.TABLE, "shop public.orders"), (WatchKind.DATABASE, "shop"), (WatchKind.TICKET, "shop")]
    assert await store.watchers(things) == (table, database)
    assert await store.watchers([]) == ()
    assert await store.watches("ana") == (table,)
    assert await store.unwatch(table)
    assert not await store.unwatch(table)
    assert await store.watchers(things) == (database,)
