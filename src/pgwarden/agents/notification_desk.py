"""What people do with their notifications: read them, say how they want to be told, watch things; and what an
administrator does when messages did not arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pgwarden.agents.notifier import Notifier
from pgwarden.domain.admission import Admission
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import ChannelMissing, LoginNeeded, UnknownNotification
from pgwarden.domain.login import Scope
from pgwarden.domain.notification import (
    Channel,
    Delivery,
    DeliveryStatus,
    Letter,
    Notification,
    NotificationKind,
    Preferences,
)
from pgwarden.domain.person import Person, Role
from pgwarden.domain.request import Urgency
from pgwarden.domain.ticket_summary import example_summary
from pgwarden.domain.watch import Watch, WatchKind
from pgwarden.ports import NotificationChannel, NotificationStore

MOST = 500
"""Entries that one look at a list takes."""


class NotificationDesk:
    """Every verb says who asks; nobody sees another one's list."""

    def __init__(
        self,
        store: NotificationStore,
        notifier: Notifier,
        channels: Mapping[Channel, NotificationChannel],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._notifier = notifier
        self._channels = channels
        self._clock = clock

    async def inbox(self, by: Admission, *, unread: bool = False, limit: int = 50) -> tuple[Letter, ...]:
        """One's own dashboard, newest first."""
        return await self._store.of_person(by.identity.name, unread=unread, limit=min(limit, MOST))

    async def read(self, by: Admission, ids: Sequence[str] = ()) -> tuple[Letter, ...]:
        """Mark entries as read, by the beginning of their ids; all without any. Returns those that are meant."""
        mine = await self._store.of_person(by.identity.name, unread=not ids, limit=MOST)
        meant = tuple(dict.fromkeys(_one(mine, start) for start in ids)) if ids else mine
        chosen = [letter.delivery.id for letter in meant] if ids else None
        await self._store.mark_read(by.identity.name, self._clock(), chosen)
        return meant

    async def preferences(self, by: Admission) -> Preferences:
        return await self._store.preferences(by.identity.name)

    async def prefer(self, by: Admission, preferences: Preferences, source: str) -> None:
        """Say how one wants to be told."""
        _require_known(by)
        name = by.identity.name
        details = preferences.to_dict()
        entry = AuditEntry("preferences.changed", name, self._clock(), subject=name, source=source, details=details)
        await self._store.save_preferences(name, preferences, audit=[entry])

    async def watch(self, by: Admission, kind: WatchKind, name: str) -> bool:
        """Be told of what happens there; False when one is already."""
        _require_known(by)
        return await self._store.watch(Watch(by.identity.name, kind, name))

    async def unwatch(self, by: Admission, kind: WatchKind, name: str) -> bool:
        return await self._store.unwatch(Watch(by.identity.name, kind, name))

    async def watches(self, by: Admission) -> tuple[Watch, ...]:
        return await self._store.watches(by.identity.name)

    async def dead(self, by: Admission, *, limit: int = 50) -> tuple[Letter, ...]:
        """Deliveries that were given up, newest first; for administrators."""
        by.require(Scope.ADMIN, Role.ADMIN)
        return await self._store.in_status(DeliveryStatus.DEAD, limit=min(limit, MOST))

    async def retry(self, by: Admission, ids: Sequence[str]) -> int:
        """Let deliveries that were given up be tried anew, by the beginning of their ids; all without any."""
        actor = by.require(Scope.ADMIN, Role.ADMIN).name
        dead = await self._store.in_status(DeliveryStatus.DEAD, limit=MOST)
        meant = dict.fromkeys(_one(dead, start) for start in ids) if ids else dict.fromkeys(dead)
        for letter in meant:
            await self._notifier.retry(letter.delivery.id, actor=actor)
        return len(meant)

    async def discard(self, by: Admission, ids: Sequence[str]) -> int:
        """Give deliveries up for good, by the beginning of their ids: they are no longer listed."""
        actor = by.require(Scope.ADMIN, Role.ADMIN).name
        dead = await self._store.in_status(DeliveryStatus.DEAD, limit=MOST)
        meant = dict.fromkeys(_one(dead, start) for start in ids)
        for letter in meant:
            await self._notifier.discard(letter.delivery.id, actor=actor)
        return len(meant)

    async def test(self, by: Admission, channel: Channel) -> None:
        """Send oneself an example. ChannelMissing, DeliveryFailed, DeliveryRefused."""
        person = by.require(Scope.ADMIN, Role.ADMIN)
        if channel not in self._channels:
            raise ChannelMissing(
                f"The channel {channel.value} is not set up.",
                why=f"Set up are: {', '.join(sorted(each.value for each in self._channels)) or 'none'}.",
                not_done="Nothing was sent.",
                next_step="docs/notifications.md has the settings of each channel.",
            )
        await self._channels[channel].send(person, [self._example(person, channel)])

    def _example(self, person: Person, channel: Channel) -> Letter:
        now = self._clock()
        told = Notification.of(
            NotificationKind.COMMENTED, Urgency.NORMAL, now, example_summary(now, person.name), number=0
        )
        key = replace(told, id=f"{now.timestamp():.0f}")  # each test is a message of its own
        delivery = Delivery(f"test-{key.id}", key.id, person.name, channel, now, DeliveryStatus.PENDING)
        return Letter(delivery, key)


def _one(letters: Sequence[Letter], start: str) -> Letter:
    """The letter whose id begins so. UnknownNotification when there is none, or more than one."""
    found = [letter for letter in letters if start and letter.delivery.id.startswith(start)]
    if len(found) != 1:
        raise UnknownNotification(
            f"{'Several entries begin' if found else 'No entry begins'} with {start!r}.",
            not_done="Nothing was changed.",
            next_step="`pgwarden notifications list` and `… dead` show the ids.",
        )
    return found[0]


def _require_known(by: Admission) -> None:
    """A guest in a house that others live in has no say; LoginNeeded."""
    if by.person is None and not by.own_house:
        raise LoginNeeded("This needs a login.", not_done="Nothing was changed.", next_step="Log in (pgwarden login).")
