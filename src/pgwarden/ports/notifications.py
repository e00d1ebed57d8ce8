"""Telling people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.job import Job
from pgwarden.domain.notification import (
    Channel,
    Delivery,
    DeliveryStatus,
    Letter,
    Notification,
    Preferences,
    Recent,
)
from pgwarden.domain.person import Person
from pgwarden.domain.watch import Watch, WatchKind


class NotificationStore(Protocol):
    """What people were told. Each writing call is one transaction: the deliveries, then jobs, then audit entries."""

    async def add(
        self,
        notification: Notification,
        deliveries: Sequence[Delivery],
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> int:
        """Keep what is new of it; how many deliveries that were. Jobs and audit entries go with them, or not at all."""
        ...

    async def letter(self, delivery_id: str) -> Letter | None: ...

    async def held(self, person: str, channel: Channel, due: datetime) -> tuple[Letter, ...]:
        """What waits to go out together and is due, oldest first."""
        ...

    async def of_person(self, person: str, *, unread: bool = False, limit: int = 50) -> tuple[Letter, ...]:
        """The person's dashboard, newest first."""
        ...

    async def of_ticket(self, ticket: str) -> tuple[Letter, ...]:
        """Everything that was told of a ticket, oldest first."""
        ...

    async def in_status(self, status: DeliveryStatus, *, limit: int = 50) -> tuple[Letter, ...]:
        """Deliveries in this status, newest first."""
        ...

    async def settle(
        self,
        before: Sequence[Delivery],
        after: Sequence[Delivery],
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> bool:
        """Write what became of deliveries. False, and nothing written, when one is no longer as ``before`` says."""
        ...

    async def mark_read(self, person: str, at: datetime, delivery_ids: Sequence[str] | None = None) -> int:
        """Mark entries of the person's dashboard as read (None: all); how many were unread."""
        ...

    async def recent(self, person: str, requester: str, since: datetime) -> Recent:
        """What the person was sent at once since then, over channels other than the dashboard."""
        ...

    async def preferences(self, person: str) -> Preferences:
        """The person's own, or the usual ones."""
        ...

    async def save_preferences(
        self, person: str, preferences: Preferences, audit: Sequence[AuditEntry] = ()
    ) -> None: ...

    async def watch(self, watch: Watch) -> bool:
        """Keep it; False when it is there already."""
        ...

    async def unwatch(self, watch: Watch) -> bool: ...

    async def watches(self, person: str) -> tuple[Watch, ...]: ...

    async def watchers(self, things: Sequence[tuple[WatchKind, str]]) -> tuple[Watch, ...]:
        """Who watches any of these."""
        ...


class NotificationChannel(Protocol):
    """Sends to one kind of address. DeliveryFailed: try again later. DeliveryRefused: it will never go."""

    async def send(self, person: Person | None, letters: Sequence[Letter]) -> str:
        """Send one letter, or several as one message. What the channel calls the message, '' where it has no name."""
        ...

    async def update(self, reference: str, letter: Letter) -> None:
        """Show in the message that was sent how things stand now; nothing where a message cannot be changed."""
        ...

    async def close(self) -> None: ...
