"""Notifications, their deliveries, preferences and watches in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Rollback

from pgwarden.adapters.jobs.queue import defer
from pgwarden.adapters.postgres.control.audit_log import append_entries
from pgwarden.adapters.postgres.control.connection import OLDEST_MAJOR, Pool, transaction
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.job import Job
from pgwarden.domain.notification import (
    Audience,
    Channel,
    Delivery,
    DeliveryStatus,
    Letter,
    Notification,
    NotificationKind,
    Preferences,
    Recent,
)
from pgwarden.domain.request import Urgency
from pgwarden.domain.stored import from_stored, to_stored
from pgwarden.domain.ticket_summary import TicketSummary
from pgwarden.domain.watch import Watch, WatchKind


def notification_sql(name: str) -> bytes:
    """One of the queries on notifications."""
    return named_queries("notifications.sql", OLDEST_MAJOR)[name]


class PostgresNotificationStore:
    """``ports.NotificationStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(
        self,
        notification: Notification,
        deliveries: Sequence[Delivery],
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> int:
        async with transaction(self._pool) as connection:
            await connection.execute(notification_sql("add_notification"), _notification_row(notification))
            added = 0
            for delivery in sorted(deliveries, key=lambda delivery: delivery.id):
                row = _delivery_row(delivery, notification.at)
                added += (await connection.execute(notification_sql("add_delivery"), row)).rowcount
            if added:
                await defer(connection, jobs)
                await append_entries(connection, audit)
        return added

    async def letter(self, delivery_id: str) -> Letter | None:
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(notification_sql("letter"), {"id": delivery_id})
            row = await cursor.fetchone()
        return _letter(row) if row else None

    async def held(self, person: str, channel: Channel, due: datetime) -> tuple[Letter, ...]:
        return await self._letters("letters_held", {"person": person, "channel": channel.value, "due": due})

    async def of_person(self, person: str, *, unread: bool = False, limit: int = 50) -> tuple[Letter, ...]:
        return await self._letters("letters_of_person", {"person": person, "unread": unread, "limit": limit})

    async def of_ticket(self, ticket: str) -> tuple[Letter, ...]:
        return await self._letters("letters_of_ticket", {"ticket": ticket})

    async def in_status(self, status: DeliveryStatus, *, limit: int = 50) -> tuple[Letter, ...]:
        return await self._letters("letters_by_status", {"status": status.value, "limit": limit})

    async def settle(
        self,
        before: Sequence[Delivery],
        after: Sequence[Delivery],
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> bool:
        async with transaction(self._pool) as connection:
            for old, new in sorted(zip(before, after, strict=True), key=lambda pair: pair[0].id):
                row = {**_settled_row(new), "before": old.status.value, "attempts_before": old.attempts}
                if not (await connection.execute(notification_sql("settle_delivery"), row)).rowcount:
                    raise Rollback
            await defer(connection, jobs)
            await append_entries(connection, audit)
            return True
        return False

    async def mark_read(self, person: str, at: datetime, delivery_ids: Sequence[str] | None = None) -> int:
        ids = None if delivery_ids is None else list(delivery_ids)
        async with transaction(self._pool) as connection:
            row = {"person": person, "at": at, "ids": ids}
            return (await connection.execute(notification_sql("mark_read"), row)).rowcount

    async def recent(self, person: str, requester: str, since: datetime) -> Recent:
        async with transaction(self._pool) as connection:
            wanted = {"person": person, "requester": requester, "since": since}
            row = await (await connection.execute(notification_sql("recent_messages"), wanted)).fetchone()
        return Recent(*row) if row else Recent()

    async def preferences(self, person: str) -> Preferences:
        async with transaction(self._pool) as connection:
            row = await (await connection.execute(notification_sql("preferences"), {"person": person})).fetchone()
        return Preferences.from_dict(json.loads(row[0])) if row else Preferences()

    async def save_preferences(self, person: str, preferences: Preferences, audit: Sequence[AuditEntry] = ()) -> None:
        row = {"person": person, "preferences": json.dumps(preferences.to_dict())}
        async with transaction(self._pool) as connection:
            await connection.execute(notification_sql("save_preferences"), row)
            await append_entries(connection, audit)

    async def watch(self, watch: Watch) -> bool:
        async with transaction(self._pool) as connection:
            return (await connection.execute(notification_sql("add_watch"), _watch_row(watch))).rowcount > 0

    async def unwatch(self, watch: Watch) -> bool:
        async with transaction(self._pool) as connection:
            return (await connection.execute(notification_sql("remove_watch"), _watch_row(watch))).rowcount > 0

    async def watches(self, person: str) -> tuple[Watch, ...]:
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(notification_sql("watches_of_person"), {"person": person})
            return tuple(_watch(row) for row in await cursor.fetchall())

    async def watchers(self, things: Sequence[tuple[WatchKind, str]]) -> tuple[Watch, ...]:
        wanted = {"kinds": [kind.value for kind, _ in things], "names": [name for _, name in things]}
        async with transaction(self._pool) as connection:
            rows = await (await connection.execute(notification_sql("watches_of"), wanted)).fetchall()
        return tuple(_watch(row) for row in rows)

    async def _letters(self, name: str, wanted: dict[str, Any]) -> tuple[Letter, ...]:
        async with transaction(self._pool) as connection:
            rows = await (await connection.execute(notification_sql(name), wanted)).fetchall()
        return tuple(_letter(row) for row in rows)


def _letter(row: tuple[Any, ...]) -> Letter:
    (delivery_id, notification, person, channel, due, status, audience, held_for, attempts, error) = row[:10]
    reference, sent_at, read_at, number, kind, urgency, at, summary = row[10:]
    delivery = Delivery(
        delivery_id,
        notification,
        person,
        Channel(channel),
        due,
        DeliveryStatus(status),
        Audience(audience),
        held_for,
        attempts,
        error,
        reference,
        sent_at,
        read_at,
    )
    told = from_stored(TicketSummary, json.loads(summary))
    return Letter(delivery, Notification(number, NotificationKind(kind), Urgency(urgency), at, told))


def _notification_row(notification: Notification) -> dict[str, object]:
    summary = notification.summary
    return {
        "id": notification.id,
        "ticket": summary.ticket,
        "kind": notification.kind.value,
        "urgency": notification.urgency.value,
        "database": summary.database,
        "requester": summary.requester,
        "at": notification.at,
        "summary": json.dumps(to_stored(summary)),
    }


def _delivery_row(delivery: Delivery, created_at: datetime) -> dict[str, object]:
    return {
        "id": delivery.id,
        "notification": delivery.notification,
        "person": delivery.person,
        "channel": delivery.channel.value,
        "audience": delivery.audience.value,
        "status": delivery.status.value,
        "due": delivery.due,
        "held_for": delivery.held_for,
        "created_at": created_at,
        "sent_at": delivery.sent_at,
    }


def _settled_row(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "status": delivery.status.value,
        "due": delivery.due,
        "attempts": delivery.attempts,
        "error": delivery.error,
        "reference": delivery.reference,
        "sent_at": delivery.sent_at,
    }


def _watch_row(watch: Watch) -> dict[str, object]:
    return {"person": watch.person, "kind": watch.kind.value, "name": watch.name}


def _watch(row: tuple[Any, ...]) -> Watch:
    person, kind, name = row
    return Watch(person, WatchKind(kind), name)
