"""From a ticket's event to messages, with the ports in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from tests.support.tickets import NOON, approval, opened, request

from pgwarden.agents.notifier import Notifier, Tries
from pgwarden.agents.recipients import Recipients
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import DeliveryFailed, DeliveryRefused, PgwardenError, UnknownNotification
from pgwarden.domain.execution import Parameter
from pgwarden.domain.identity import Access, DataRight, IdentityKind
from pgwarden.domain.job import Job, JobState
from pgwarden.domain.notification import (
    Audience,
    Channel,
    DeliveryStatus,
    Letter,
    Preferences,
    QuietHours,
)
from pgwarden.domain.person import Person, Role
from pgwarden.domain.request import Request
from pgwarden.domain.stored import to_stored
from pgwarden.domain.ticket_change import Change
from pgwarden.domain.ticket_events import CommentAdded, Event, ExecutionFailed, TicketDenied
from pgwarden.domain.watch import Watch, WatchKind
from pgwarden.testing import (
    MemoryAuditLog,
    MemoryDataRightsStore,
    MemoryJobs,
    MemoryNotificationStore,
    MemoryTicketStore,
)
from pgwarden.testing.people import MemoryPeople, MemoryPeopleStore

MAX = Person(
    "max", roles=frozenset({Role.APPROVER}), level=2, email="max@example.org", slack="U0MAX", phone="+15550101"
)
ANA = Person("ana", email="ana@example.org")
WES = Person("wes", email="wes@example.org")


QUICK = Tries(delays=(60, 600), patience=0.05)


class Post:
    """A channel that remembers, and fails as long as a test wants."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, tuple[Letter, ...]]] = []
        self.updated: list[tuple[str, Letter]] = []
        self.trouble: PgwardenError | None = None
        self.hangs = False
        self.gone: set[str] = set()

    async def send(self, person: Person | None, letters: Sequence[Letter]) -> str:
        if self.hangs:
            await asyncio.Event().wait()
        if self.trouble:
            raise self.trouble
        self.sent.append((person.name if person else "", tuple(letters)))
        return f"message {len(self.sent)}"

    async def update(self, reference: str, letter: Letter) -> None:
        if reference in self.gone:
            raise DeliveryRefused("Slack does not take it.", why="It answered message_not_found.")
        self.updated.append((reference, letter))

    async def close(self) -> None: ...


@dataclass
class House:
    """The notifier and everything around it; jobs are run by ``work``, as a worker would."""

    now: datetime = NOON
    mail: Post = field(default_factory=Post)
    slack: Post = field(default_factory=Post)

    def __post_init__(self) -> None:
        self.jobs, self.audit = MemoryJobs(), MemoryAuditLog()
        self.tickets = MemoryTicketStore(self.jobs, self.audit)
        self.people = MemoryPeopleStore(MemoryPeople([MAX, ANA, WES]))
        self.rights = MemoryDataRightsStore()
        self.store = MemoryNotificationStore(self.jobs, self.audit)
        channels = {Channel.EMAIL: self.mail, Channel.SLACK: self.slack}
        recipients = Recipients(self.people, self.store, self.rights)
        self.notifier = Notifier(
            self.tickets, self.people, self.store, recipients, channels, lambda: self.now, tries=QUICK
        )
        self.done: set[int] = set()

    async def open(self, asked: Request | None = None) -> None:
        await self.tickets.open("T-1", Change((opened(asked),)))

    async def happen(self, *events: Event) -> None:
        count = len((await self.tickets.load("T-1")).events)
        await self.tickets.append("T-1", Change(events), expected=count)

    async def tell(self, kind: str, *to: str, urgency: str = "normal", **more: Any) -> None:
        await self.notifier.notify({"ticket": "T-1", "kind": kind, "to": list(to), "urgency": urgency, **more})

    async def work(self, until: timedelta = timedelta()) -> int:
        """Run what is due by then, what that makes due included; how many jobs that were."""
        self.now += until
        ran = 0
        while due := [n for n, job in enumerate(self.jobs.deferred) if n not in self.done and self._is_due(job)]:
            for number in due:
                job = self.jobs.deferred[number]
                self.done.add(number)
                self.jobs.end(number + 1, JobState.DONE)
                await self.notifier.handlers()[job.task](job.args)
            ran += len(due)
        return ran

    def _is_due(self, job: Job) -> bool:
        return job.at is None or job.at <= self.now

    async def statuses(self) -> Mapping[str, DeliveryStatus]:
        return {
            f"{each.delivery.person} {each.delivery.channel.value}": each.delivery.status
            for each in await self.store.of_ticket("T-1")
            if each.delivery.channel is not Channel.DASHBOARD
        }

    async def actions(self) -> list[str]:
        return [record.entry.action for record in await self.audit.find(AuditFilter())][::-1]


@pytest.fixture
def house() -> House:
    return House()


async def test_an_approver_is_told_on_each_channel_and_it_is_written_down(house: House) -> None:
    await house.open()
    await house.tell("approval_requested", "max")
    assert await house.work() == 2
    for post in (house.mail, house.slack):
        ((who, (letter,)),) = post.sent
        assert who == "max"
        assert letter.notification.summary.ticket == "T-1"
    assert set((await house.statuses()).values()) == {DeliveryStatus.SENT}
    assert await house.actions() == ["notification.queued", "notification.sent", "notification.sent"]
    (entry,) = await house.store.of_person("max")
    assert entry.delivery.read_at is None


async def test_told_twice_it_arrives_once(house: House) -> None:
    await house.open()
    for _ in range(2):
        await house.tell("approval_requested", "max")
    await house.work()
    for letter in await house.store.of_ticket("T-1"):
        await house.notifier.deliver({"delivery": letter.delivery.id})
    assert len(house.mail.sent) == 1


async def test_each_comment_is_told(house: House) -> None:
    await house.open()
    for text in ("why?", "because"):
        await house.happen(CommentAdded(actor="max", at=NOON, text=text))
        await house.tell("commented", "ana")
    await house.work()
    assert [letters[0].notification.summary.latest for _, letters in house.mail.sent] == [
        "max wrote: why?",
        "max wrote: because",
    ]


async def test_the_requester_and_whoever_is_behind_hear_the_result(house: House) -> None:
    await house.people.add(Person("bot", kind=IdentityKind.AGENT, owner="ana"), audit=())
    await house.open(request(requester="bot", requester_kind=IdentityKind.AGENT, behind="ana"))
    await house.happen(TicketDenied(actor="max", at=NOON, reason="no", level=2))
    await house.tell("denied")
    await house.work()
    assert [who for who, _ in house.mail.sent] == ["ana"]
    assert len(await house.store.of_person("bot")) == 1


async def test_a_requester_without_an_account_has_a_dashboard(house: House) -> None:
    await house.open(request(requester="someone (not logged in)"))
    await house.tell("expired")
    assert len(await house.store.of_person("someone (not logged in)")) == 1


async def test_an_account_that_is_gone_is_told_nothing(house: House) -> None:
    await house.people.replace(replace(MAX, active=False), expected=MAX, audit=[_entry()])
    await house.open()
    await house.tell("approval_requested", "max")
    assert await house.store.of_person("max") == ()


# Watching


@pytest.mark.parametrize(
    ("kind", "name"),
    [(WatchKind.TICKET, "T-1"), (WatchKind.DATABASE, "shop"), (WatchKind.TABLE, "shop public.note")],
)
async def test_watchers_get_updates_without_the_statement(house: House, kind: WatchKind, name: str) -> None:
    await house.store.watch(Watch("wes", kind, name))
    await house.open()
    await house.tell("executed")
    await house.work()
    ((_, (letter,)),) = [(who, letters) for who, letters in house.mail.sent if who == "wes"]
    assert letter.delivery.audience is Audience.WATCHER


async def test_a_watcher_who_may_not_read_the_table_learns_nothing(house: House) -> None:
    await house.store.watch(Watch("wes", WatchKind.DATABASE, "shop"))
    lines = (await house.rights.current()).lines
    denied = DataRight("person:wes", Access.DENY, database="shop", table="note")
    await house.rights.replace((*lines, denied), expected=0, author="root", at=NOON)
    await house.open()
    await house.tell("executed")
    assert await house.store.of_person("wes") == ()


# Trouble


async def test_a_channel_in_trouble_is_tried_again_later_and_given_up_in_the_end(house: House) -> None:
    house.mail.trouble = DeliveryFailed("The mail server cannot be used now.", why="It answered 451.")
    await house.open()
    await house.tell("approval_requested", "max")
    await house.work()
    assert (await house.statuses())["max email"] is DeliveryStatus.PENDING
    assert await house.work(timedelta(seconds=59)) == 0
    assert await house.work(timedelta(seconds=1)) == 1
    assert await house.work(timedelta(minutes=10)) == 1
    (dead,) = await house.store.in_status(DeliveryStatus.DEAD)
    assert dead.delivery.attempts == 3
    assert dead.delivery.error == "The mail server cannot be used now. It answered 451."
    assert (await house.actions())[-1] == "notification.given_up"
    assert await house.work(timedelta(days=1)) == 0


async def test_it_arrives_when_the_trouble_passes(house: House) -> None:
    house.mail.hangs = True
    await house.open()
    await house.tell("approval_requested", "max")
    await house.work()
    assert len(house.slack.sent) == 1  # one channel's trouble is not another's
    house.mail.hangs = False
    await house.work(timedelta(minutes=1))
    assert len(house.mail.sent) == 1
    assert (await house.statuses())["max email"] is DeliveryStatus.SENT


async def test_a_refusal_is_given_up_at_once_and_can_be_retried(house: House) -> None:
    house.mail.trouble = DeliveryRefused("The mail server does not take mail for this address.")
    await house.open()
    await house.tell("approval_requested", "max")
    await house.work()
    (dead,) = await house.store.in_status(DeliveryStatus.DEAD)
    house.mail.trouble = None
    await house.notifier.retry(dead.delivery.id, actor="root")
    await house.work()
    assert len(house.mail.sent) == 1
    with pytest.raises(UnknownNotification):
        await house.notifier.retry(dead.delivery.id, actor="root")


async def test_what_became_pointless_is_not_sent(house: House) -> None:
    house.mail.trouble = DeliveryFailed("Later.")
    await house.open()
    await house.tell("approval_requested", "max")
    await house.work()
    house.mail.trouble = None
    await house.happen(TicketDenied(actor="mia", at=NOON, reason="no", level=2))
    await house.work(timedelta(minutes=1))
    assert house.mail.sent == []
    assert (await house.statuses())["max email"] is DeliveryStatus.SUPERSEDED


async def test_a_message_shows_when_somebody_else_decided(house: House) -> None:
    await house.open()
    await house.tell("approval_requested", "max")
    await house.work()
    await house.happen(approval(by="mia"))
    await house.tell("approved")
    await house.work()
    references = [(reference, letter.notification.summary.status.value) for reference, letter in house.slack.updated]
    assert references == [("message 1", "APPROVED")]


# Held back


async def test_quiet_hours_end_in_one_message(house: House) -> None:
    quiet = QuietHours(time(11), time(13))
    await house.store.save_preferences("ana", Preferences(quiet=quiet))
    await house.open()
    for text in ("one", "two", "three"):
        await house.happen(CommentAdded(actor="max", at=NOON, text=text))
        await house.tell("commented", "ana")
    assert await house.work() == 0
    await house.tell("failed", "ana", urgency="high")
    await house.work()
    assert len(house.mail.sent) == 1  # urgent: at once
    await house.work(timedelta(hours=1))
    _, letters = house.mail.sent[-1]
    assert [letter.notification.summary.latest for letter in letters] == [
        "max wrote: one",
        "max wrote: two",
        "max wrote: three",
    ]
    assert "quiet hours" in letters[0].delivery.held_for


async def test_a_flood_ends_in_one_message_that_says_so(house: House) -> None:
    await house.open(request(requester="bot", requester_kind=IdentityKind.AGENT))
    for number in range(10):
        await house.tell("escalated", "max", urgency="emergency", number=number)
    await house.work()
    assert len(house.mail.sent) == 3
    await house.work(timedelta(hours=1))
    assert len(house.mail.sent) == 4
    _, letters = house.mail.sent[-1]
    assert len(letters) == 7
    assert "bot caused more than 3 messages" in letters[0].delivery.held_for
    assert len(await house.store.of_person("max")) == 10


async def test_a_flood_at_one_moment_is_counted_too(house: House) -> None:
    await house.open(request(requester="bot", requester_kind=IdentityKind.AGENT))
    await asyncio.gather(*(house.tell("escalated", "max", number=number) for number in range(10)))
    await house.work()
    assert len(house.mail.sent) == 3


async def test_a_clock_that_is_behind_the_queues_holds_nothing_for_ever(house: House) -> None:
    await house.open()
    await house.tell("commented", "ana", urgency="low")
    (job,) = [job for job in house.jobs.deferred if job.task == "deliver_digest"]
    await house.notifier.deliver_digest(job.args)  # the queue says that it is due; our clock does not yet
    assert len(house.mail.sent) == 1


async def test_a_message_that_cannot_be_changed_does_not_keep_others_old(house: House) -> None:
    await house.open()
    await house.people.add(Person("mia", level=2, roles=MAX.roles, slack="U0MIA"), audit=())
    await house.tell("approval_requested", "max", "mia")
    await house.work()
    house.slack.gone = {"message 1"}
    await house.happen(approval(by="mia"))
    await house.tell("approved")
    await house.work()
    assert [reference for reference, _ in house.slack.updated] == ["message 2"]


async def test_a_digest_that_fails_is_tried_again_whole(house: House) -> None:
    await house.store.save_preferences("ana", Preferences())
    await house.open()
    for number in (1, 2):
        await house.tell("revised", "ana", urgency="low", number=number)
    house.mail.trouble = DeliveryFailed("Later.")
    await house.work(timedelta(minutes=30))
    assert set((await house.statuses()).values()) == {DeliveryStatus.HELD}
    house.mail.trouble = None
    await house.work(timedelta(minutes=1))
    ((_, letters),) = house.mail.sent
    assert len(letters) == 2


async def test_a_digest_leaves_out_what_was_decided(house: House) -> None:
    await house.open()
    await house.tell("approval_requested", "max", urgency="low")
    await house.tell("commented", "max", urgency="low")
    await house.happen(TicketDenied(actor="mia", at=NOON, reason="no", level=2))
    await house.work(timedelta(minutes=30))
    ((_, (letter,)),) = house.mail.sent
    assert letter.notification.kind.value == "commented"


async def test_no_row_value_and_no_parameter_is_told(house: House) -> None:
    await house.open(request(parameters=(Parameter(25, "secret-parameter"),)))
    await house.happen(
        ExecutionFailed(
            actor="ana", at=NOON, execution_id="e", code="PGW108", message="Key (email)=(secret-row) exists."
        )
    )
    await house.tell("failed")
    for letter in await house.store.of_ticket("T-1"):
        assert "secret" not in str(to_stored(letter.notification.summary))


def _entry() -> AuditEntry:
    return AuditEntry("person.changed", "root", NOON)
