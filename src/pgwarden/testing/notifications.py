"""Letters, preferences and watches, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.job import Job
from pgwarden.domain.notification import Channel, Delivery, DeliveryStatus, Letter, Notification, Preferences, Recent
from pgwarden.domain.watch import Watch, WatchKind
from pgwarden.testing.audit_log import MemoryAuditLog
from pgwarden.testing.jobs import MemoryJobs


class MemoryNotificationStore:
    """``ports.NotificationStore``. Give it the jobs and the audit that its changes go to."""

    def __init__(self, jobs: MemoryJobs | None = None, audit: MemoryAuditLog | None = None) -> None:
        self.jobs, self.audit = jobs or MemoryJobs(), audit or MemoryAuditLog()
        self._letters: dict[str, Letter] = {}
        self._notifications: dict[str, Notification] = {}
        self._preferences: dict[str, Preferences] = {}
        self._watches: set[Watch] = set()

    async def add(
        self,
        notification: Notification,
        deliveries: Sequence[Delivery],
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> int:
        kept = self._notifications.setdefault(notification.id, notification)
        new = [delivery for delivery in deliveries if delivery.id not in self._letters]
        for delivery in sorted(new, key=lambda delivery: delivery.id):
            self._letters[delivery.id] = Letter(delivery, kept)
        if new:
            await self.jobs.defer(*jobs)
            await self.audit.append(*audit)
        return len(new)

    async def letter(self, delivery_id: str) -> Letter | None:
        return self._letters.get(delivery_id)

    async def held(self, person: str, channel: Channel, due: datetime) -> tuple[Letter, ...]:
        return self._where(
            lambda d: (d.person, d.channel, d.status) == (person, channel, DeliveryStatus.HELD) and d.due <= due
        )

    async def of_person(self, person: str, *, unread: bool = False, limit: int = 50) -> tuple[Letter, ...]:
        found = self._where(
            lambda d: (d.person, d.channel) == (person, Channel.DASHBOARD) and not (unread and d.read_at)
        )
        return found[::-1][:limit]

    async def of_ticket(self, ticket: str) -> tuple[Letter, ...]:
        return tuple(each for each in self._letters.values() if each.notification.summary.ticket == ticket)

    async def in_status(self, status: DeliveryStatus, *, limit: int = 50) -> tuple[Letter, ...]:
        return self._where(lambda d: d.status is status)[::-1][:limit]

    async def settle(
        self,
        before: Sequence[Delivery],
        after: Sequence[Delivery],
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> bool:
        for old in before:
            found = self._letters.get(old.id)
            if found is None or (found.delivery.status, found.delivery.attempts) != (old.status, old.attempts):
                return False
        for new in after:
            self._letters[new.id] = replace(self._letters[new.id], delivery=new)
        await self.jobs.defer(*jobs)
        await self.audit.append(*audit)
        return True

    async def mark_read(self, person: str, at: datetime, delivery_ids: Sequence[str] | None = None) -> int:
        unread = await self.of_person(person, unread=True, limit=len(self._letters))
        meant = [each for each in unread if delivery_ids is None or each.delivery.id in delivery_ids]
        for each in meant:
            self._letters[each.delivery.id] = replace(each, delivery=replace(each.delivery, read_at=at))
        return len(meant)

    async def recent(self, person: str, requester: str, since: datetime) -> Recent:
        sent = self._where(lambda d: d.person == person and d.channel is not Channel.DASHBOARD and not d.held_for)
        found = {each.notification.id: each.notification for each in sent if each.notification.at > since}
        caused = [each for each in found.values() if each.summary.requester == requester]
        return Recent(len(found), len(caused))

    async def preferences(self, person: str) -> Preferences:
        return self._preferences.get(person, Preferences())

    async def save_preferences(self, person: str, preferences: Preferences, audit: Sequence[AuditEntry] = ()) -> None:
        self._preferences[person] = preferences
        await self.audit.append(*audit)

    async def watch(self, watch: Watch) -> bool:
        new = watch not in self._watches
        self._watches.add(watch)
        return new

    async def unwatch(self, watch: Watch) -> bool:
        known = watch in self._watches
        self._watches.discard(watch)
        return known

    async def watches(self, person: str) -> tuple[Watch, ...]:
        found = [watch for watch in self._watches if watch.person == person]
        return tuple(sorted(found, key=lambda watch: (watch.kind, watch.name)))

    async def watchers(self, things: Sequence[tuple[WatchKind, str]]) -> tuple[Watch, ...]:
        found = [watch for watch in self._watches if (watch.kind, watch.name) in things]
        return tuple(sorted(found, key=lambda watch: (watch.person, watch.kind, watch.name)))

    def _where(self, wanted: Callable[[Delivery], bool]) -> tuple[Letter, ...]:
        return tuple(letter for letter in self._letters.values() if wanted(letter.delivery))
