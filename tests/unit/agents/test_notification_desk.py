"""What people may do with their own notifications, and what needs an administrator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.support.letters import ANA, NOON, notification

from pgwarden.agents.notification_desk import NotificationDesk
from pgwarden.agents.notifier import Notifier
from pgwarden.agents.recipients import Recipients
from pgwarden.domain.admission import LOGIN, Admission
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import ChannelMissing, LoginNeeded, RightMissing, UnknownNotification
from pgwarden.domain.identity import Identity
from pgwarden.domain.login import Scope
from pgwarden.domain.notification import Channel, DeliveryStatus, Letter, Preferences, Recipient, deliveries
from pgwarden.domain.person import Person, Role
from pgwarden.domain.watch import WatchKind
from pgwarden.testing import MemoryDataRightsStore, MemoryNotificationStore, MemoryTicketStore
from pgwarden.testing.people import MemoryPeopleStore

EVERYTHING = frozenset(scope.value for scope in Scope)
ROOT = Person("root", roles=frozenset({Role.ADMIN}), email="root@example.org")


def logged_in(person: Person) -> Admission:
    return Admission(Identity(person.name), person, LOGIN, EVERYTHING)


class Post:
    """A channel that remembers."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Letter]] = []

    async def send(self, person: Person | None, letters: Sequence[Letter]) -> str:
        assert person
        self.sent += [(person.name, letter) for letter in letters]
        return ""

    async def update(self, reference: str, letter: Letter) -> None: ...

    async def close(self) -> None: ...


class Desk(NotificationDesk):
    """The desk, with what stands behind it."""

    def __init__(self) -> None:
        self.store, self.mail = MemoryNotificationStore(), Post()
        people, channels = MemoryPeopleStore(), {Channel.EMAIL: self.mail}
        recipients = Recipients(people, self.store, MemoryDataRightsStore())
        notifier = Notifier(MemoryTicketStore(), people, self.store, recipients, channels, lambda: NOON)
        super().__init__(self.store, notifier, channels, lambda: NOON)

    async def tell(self, person: Person, count: int = 1, *, dead: bool = False) -> None:
        for number in range(count):
            told = notification(number=number)
            found = deliveries(told, Recipient(person), NOON, available=[Channel.EMAIL])
            await self.store.add(told, found)
            if dead:
                mail = found[-1]
                await self.store.settle([mail], [replace(mail, status=DeliveryStatus.DEAD, attempts=5)])


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_everyone_sees_their_own_list_alone(desk: Desk) -> None:
    await desk.tell(ANA, 3)
    assert len(await desk.inbox(logged_in(ANA))) == 3
    assert await desk.inbox(logged_in(ROOT)) == ()
    assert await desk.inbox(Admission(Identity("ana (not logged in)"))) == ()


async def test_reading_by_the_beginning_of_an_id(desk: Desk) -> None:
    await desk.tell(ANA, 3)
    by = logged_in(ANA)
    first = (await desk.inbox(by))[0].delivery.id
    assert [letter.delivery.id for letter in await desk.read(by, [first[:12]])] == [first]
    assert len(await desk.inbox(by, unread=True)) == 2
    assert len(await desk.read(by)) == 2
    assert await desk.inbox(by, unread=True) == ()


@pytest.mark.parametrize("start", ["", "nothing", "everything"])
async def test_an_id_that_is_none_changes_nothing(desk: Desk, start: str) -> None:
    await desk.tell(ANA, 2)
    with pytest.raises(UnknownNotification):
        await desk.read(logged_in(ANA), [start])
    assert len(await desk.inbox(logged_in(ANA), unread=True)) == 2


async def test_another_ones_entry_is_as_unknown_as_none(desk: Desk) -> None:
    await desk.tell(ANA)
    ((letter),) = await desk.inbox(logged_in(ANA))
    with pytest.raises(UnknownNotification):
        await desk.read(logged_in(ROOT), [letter.delivery.id])


async def test_preferences_are_ones_own_and_their_change_is_written_down(desk: Desk) -> None:
    await desk.prefer(logged_in(ANA), Preferences(batch_minutes=5), "cli")
    assert (await desk.preferences(logged_in(ANA))).batch_minutes == 5
    assert (await desk.preferences(logged_in(ROOT))).batch_minutes == 30
    (record,) = await desk.store.audit.find(AuditFilter())
    assert (record.entry.action, record.entry.actor) == ("preferences.changed", "ana")


async def test_a_guest_has_a_say_in_their_own_house_only(desk: Desk) -> None:
    guest = Admission(Identity("ada"))
    with pytest.raises(LoginNeeded):
        await desk.watch(guest, WatchKind.DATABASE, "shop")
    with pytest.raises(LoginNeeded):
        await desk.prefer(guest, Preferences(), "cli")
    assert await desk.watch(replace(guest, own_house=True), WatchKind.DATABASE, "shop")


async def test_dead_letters_are_for_administrators(desk: Desk) -> None:
    await desk.tell(ANA, 2, dead=True)
    for by, error in ((logged_in(ANA), RightMissing), (Admission(Identity("root")), LoginNeeded)):
        with pytest.raises(error):
            await desk.dead(by)
        with pytest.raises(error):
            await desk.retry(by, [])
        with pytest.raises(error):
            await desk.test(by, Channel.EMAIL)
    dead = await desk.dead(logged_in(ROOT))
    assert await desk.retry(logged_in(ROOT), [dead[0].delivery.id[:10]]) == 1
    assert await desk.retry(logged_in(ROOT), []) == 1
    assert await desk.dead(logged_in(ROOT)) == ()
    assert [job.task for job in desk.store.jobs.deferred] == ["deliver", "deliver"]


async def test_a_dead_letter_is_given_up_for_good_and_written_down(desk: Desk) -> None:
    await desk.tell(ANA, 2, dead=True)
    dead = await desk.dead(logged_in(ROOT))
    with pytest.raises(RightMissing):
        await desk.discard(logged_in(ANA), [dead[0].delivery.id])
    assert await desk.discard(logged_in(ROOT), [dead[0].delivery.id]) == 1
    assert [letter.delivery.id for letter in await desk.dead(logged_in(ROOT))] == [dead[1].delivery.id]
    with pytest.raises(UnknownNotification):
        await desk.discard(logged_in(ROOT), [dead[0].delivery.id])
    assert desk.store.jobs.deferred == []
    (record,) = await desk.store.audit.find(AuditFilter(action="notification.discarded"))
    assert record.entry.actor == "root"


async def test_an_example_goes_to_oneself_and_asks_for_nothing(desk: Desk) -> None:
    await desk.test(logged_in(ROOT), Channel.EMAIL)
    ((name, letter),) = desk.mail.sent
    assert name == "root"
    assert not letter.notification.asks
    with pytest.raises(ChannelMissing) as caught:
        await desk.test(logged_in(ROOT), Channel.SLACK)
    assert "email" in caught.value.why
