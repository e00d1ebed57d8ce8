"""What people are told, over which channels, and when: decided here, sent by adapters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Person
from pgwarden.domain.request import Urgency
from pgwarden.domain.ticket_summary import TicketSummary


class Channel(StrEnum):
    """A way to reach somebody."""

    EMAIL = "email"
    SLACK = "slack"
    SMS = "sms"
    DASHBOARD = "dashboard"
    """The list that pgwarden keeps for each person; nothing is sent."""
    WEBHOOK = "webhook"
    APPRISE = "apprise"


PERSONAL = (Channel.EMAIL, Channel.SLACK, Channel.SMS)
"""Sent to one person's address."""
SHARED = (Channel.WEBHOOK, Channel.APPRISE)
"""Configured once for everyone: each notification goes there once."""


class NotificationKind(StrEnum):
    """What happened."""

    APPROVAL_REQUESTED = "approval_requested"
    REMINDER = "reminder"
    ESCALATED = "escalated"
    OVERRIDE = "override"
    REVISED = "revised"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    EXECUTING = "executing"
    EXECUTED = "executed"
    FAILED = "failed"
    CRITICAL = "critical_failure"
    """An execution failed so that the people named for it must know."""
    UNDONE = "undone"
    COMMENTED = "commented"
    DECISION_PROPOSED = "decision_proposed"
    ALERT_OPENED = "alert_opened"
    ALERT_CLOSED = "alert_closed"


ASKING = frozenset(
    {
        NotificationKind.APPROVAL_REQUESTED,
        NotificationKind.REMINDER,
        NotificationKind.ESCALATED,
        NotificationKind.DECISION_PROPOSED,
    }
)
"""Somebody is asked to decide; pointless once the ticket is decided."""
ALERTS = frozenset({NotificationKind.ALERT_OPENED, NotificationKind.ALERT_CLOSED})
"""About no ticket: something is out of the ordinary, or is so no longer."""
URGENT = frozenset({Urgency.HIGH, Urgency.EMERGENCY})
"""Not held back by quiet hours."""


class DeliveryStatus(StrEnum):
    """Where one message to one person over one channel stands."""

    HELD = "held"
    """Waits to go out together with others: quiet hours, a batch, or a limit."""
    PENDING = "pending"
    SENT = "sent"
    SUPERSEDED = "superseded"
    """What it asked for was settled before it went out."""
    DEAD = "dead"
    """Given up; a person may let it be tried again."""


SETTLED = frozenset({DeliveryStatus.SENT, DeliveryStatus.SUPERSEDED, DeliveryStatus.DEAD})


class Audience(StrEnum):
    """Why somebody is told, which decides how much they are shown."""

    INVOLVED = "involved"
    """Asked to decide, or the requester: sees the statement."""
    WATCHER = "watcher"
    """Sees what happened to which tables, never the statement: it may hold values that they must not see."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that happened to one ticket, as it is told."""

    id: str
    """The same event always has the same id: told again, it changes nothing."""
    kind: NotificationKind
    urgency: Urgency
    at: datetime
    summary: TicketSummary

    @classmethod
    def of(
        cls, kind: NotificationKind, urgency: Urgency, at: datetime, summary: TicketSummary, *, number: int
    ) -> Notification:
        """``number`` tells the events of this kind on this ticket apart."""
        key = f"{summary.ticket or summary.alert_id} {kind.value} {number}"
        return cls(hashlib.sha256(key.encode()).hexdigest()[:32], kind, urgency, at, summary)

    @property
    def asks(self) -> bool:
        """Whether the reader is to decide."""
        return self.kind in ASKING


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one person over one channel. ``person`` '' for the shared channels."""

    id: str
    notification: str
    person: str
    channel: Channel
    due: datetime
    status: DeliveryStatus
    audience: Audience = Audience.INVOLVED
    held_for: str = ""
    """Why it waits, as a sentence for the reader; '' when it does not."""
    attempts: int = 0
    error: str = ""
    """What the last attempt met."""
    reference: str = ""
    """What the channel calls the message that it took (Slack: channel and timestamp)."""
    sent_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery together with what it delivers."""

    delivery: Delivery
    notification: Notification


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When nothing but urgent messages goes out, in the person's own zone; over midnight where ``until`` is earlier."""

    start: time
    until: time

    def end(self, at: datetime, zone: str) -> datetime | None:
        """When the quiet hours that hold at this moment end; None when none hold."""
        local = at.astimezone(ZoneInfo(zone))
        now = local.time()
        over_midnight = self.until <= self.start
        inside = now >= self.start or now < self.until if over_midnight else self.start <= now < self.until
        if not inside:
            return None
        days = 1 if over_midnight and now >= self.start else 0
        day = (local + timedelta(days=days)).date()
        return datetime.combine(day, self.until, ZoneInfo(zone))


def _usual_channels() -> Mapping[Urgency, frozenset[Channel]]:
    return {
        Urgency.LOW: frozenset({Channel.EMAIL}),
        Urgency.NORMAL: frozenset({Channel.EMAIL, Channel.SLACK}),
        Urgency.HIGH: frozenset({Channel.EMAIL, Channel.SLACK}),
        Urgency.EMERGENCY: frozenset({Channel.EMAIL, Channel.SLACK, Channel.SMS}),
    }


@dataclass(frozen=True, slots=True)
class Preferences:
    """How one person wants to be told. The dashboard has everything always."""

    channels: Mapping[Urgency, frozenset[Channel]] = field(default_factory=_usual_channels)
    quiet: QuietHours | None = None
    batch_minutes: int = 30
    """Messages of low urgency are gathered for so long; 0 sends each at once."""

    def to_dict(self) -> dict[str, object]:
        quiet = self.quiet
        return {
            "channels": {
                urgency.value: sorted(channel.value for channel in chosen) for urgency, chosen in self.channels.items()
            },
            "quiet": f"{quiet.start:%H:%M}-{quiet.until:%H:%M}" if quiet else "",
            "batch_minutes": self.batch_minutes,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> Preferences:
        """What ``to_dict`` gave. Raises ValueError for anything else."""
        channels, quiet, minutes = value["channels"], value["quiet"], value["batch_minutes"]
        if not isinstance(channels, Mapping) or not isinstance(quiet, str) or not isinstance(minutes, int):
            raise ValueError("not the preferences that were written")
        chosen = {Urgency(urgency): frozenset(map(Channel, names)) for urgency, names in channels.items()}
        return cls(chosen, quiet_hours(quiet) if quiet else None, minutes)


def quiet_hours(text: str) -> QuietHours:
    """``22:00-07:00``. Raises ValueError for anything else."""
    start, _, until = text.partition("-")
    try:
        hours = QuietHours(time.fromisoformat(start.strip()), time.fromisoformat(until.strip()))
    except ValueError:
        hours = None
    if hours is None or hours.start == hours.until or hours.start.tzinfo or hours.until.tzinfo:
        raise ValueError("two different times of day are expected, as 22:00-07:00")
    return hours


@dataclass(frozen=True, slots=True)
class Limits:
    """How many messages one person gets at once in an hour, before the rest is gathered into one."""

    per_person: int = 30
    per_requester: int = 6
    """Caused by the tickets of one requester."""
    per_account: int = 3
    """The same, where the requester is an agent or a service."""
    digest_minutes: int = 15
    """How long the rest is gathered."""


@dataclass(frozen=True, slots=True)
class Recent:
    """What one person was sent at once in the last hour."""

    total: int = 0
    of_requester: int = 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person who is to be told, with all that decides how."""

    person: Person
    preferences: Preferences = field(default_factory=Preferences)
    audience: Audience = Audience.INVOLVED
    recent: Recent = Recent()


def deliveries(
    notification: Notification,
    recipient: Recipient,
    at: datetime,
    *,
    available: Iterable[Channel],
    limits: Limits = Limits(),
) -> tuple[Delivery, ...]:
    """What goes to this person over which channel, and when. The dashboard always gets it, at once."""
    urgency = _urgency(notification, recipient)
    due, reason = _due(notification, recipient, at, urgency, limits)
    dashboard = _delivery(notification, recipient, Channel.DASHBOARD, at)
    found = [replace(dashboard, status=DeliveryStatus.SENT, sent_at=at)]
    for channel in _channels(recipient, urgency, frozenset(available)):
        delivery = _delivery(notification, recipient, channel, due)
        found.append(replace(delivery, status=DeliveryStatus.HELD, held_for=reason) if reason else delivery)
    return tuple(found)


def shared_deliveries(
    notification: Notification,
    at: datetime,
    available: Iterable[Channel],
    *,
    recent: Recent = Recent(),
    limits: Limits = Limits(),
) -> tuple[Delivery, ...]:
    """The copies for the channels that were configured for everyone. Programs get each at once; people are spared."""
    found = []
    for channel in SHARED:
        if channel not in frozenset(available):
            continue
        delivery = Delivery(_id(notification, "", channel), notification.id, "", channel, at, DeliveryStatus.PENDING)
        if channel is Channel.APPRISE and (limit := _exceeded(notification, recent, limits)):
            due = _on_grid(at + timedelta(minutes=limits.digest_minutes))
            delivery = replace(delivery, status=DeliveryStatus.HELD, due=due, held_for=limit)
        found.append(delivery)
    return tuple(found)


def _urgency(notification: Notification, recipient: Recipient) -> Urgency:
    """A watcher looks on: nothing is urgent to them."""
    if recipient.audience is Audience.WATCHER and notification.urgency in URGENT:
        return Urgency.NORMAL
    return notification.urgency


def _channels(recipient: Recipient, urgency: Urgency, available: frozenset[Channel]) -> tuple[Channel, ...]:
    """The wanted channels that exist and where the person has an address; failing all of them, any that works."""
    person = recipient.person
    addresses = {Channel.EMAIL: person.email, Channel.SLACK: person.slack, Channel.SMS: person.phone}
    reachable = [channel for channel in PERSONAL if addresses[channel] and channel in available]
    wanted = recipient.preferences.channels.get(urgency, frozenset())
    chosen = [
        channel for channel in reachable if channel in wanted and (channel is not Channel.SMS or urgency in URGENT)
    ]
    if chosen or urgency not in URGENT:
        return tuple(chosen)
    return tuple(reachable[:1])


def _due(
    notification: Notification, recipient: Recipient, at: datetime, urgency: Urgency, limits: Limits
) -> tuple[datetime, str]:
    """When it may go out, and why not at once."""
    due, reasons = at, []
    if limit := _exceeded(notification, recipient.recent, limits):
        due, reasons = at + timedelta(minutes=limits.digest_minutes), [limit]
    elif urgency is Urgency.LOW and recipient.preferences.batch_minutes:
        due = at + timedelta(minutes=recipient.preferences.batch_minutes)
        reasons = ["Messages of low urgency are gathered."]
    quiet = recipient.preferences.quiet
    if quiet and urgency not in URGENT and (end := quiet.end(due, recipient.person.zone)):
        due, reasons = end, [*reasons, "These were your quiet hours."]
    return (_on_grid(due), " ".join(reasons)) if reasons else (at, "")


def _exceeded(notification: Notification, recent: Recent, limits: Limits) -> str:
    """The limit that is reached, as a sentence, or ''. A person's emergency passes; an agent's is like any other."""
    summary = notification.summary
    by_person = summary.requester_kind is IdentityKind.PERSON
    if by_person and notification.urgency is Urgency.EMERGENCY:
        return ""
    allowed = limits.per_requester if by_person else limits.per_account
    if recent.of_requester >= allowed:
        return f"{summary.requester} caused more than {allowed} messages within an hour: the rest came together."
    if recent.total >= limits.per_person:
        return f"There were {limits.per_person} messages within an hour: the rest came together."
    return ""


def _on_grid(due: datetime) -> datetime:
    """The next full five minutes, so that what is held meets in one message."""
    start = due.replace(minute=due.minute - due.minute % 5, second=0, microsecond=0)
    return start if start == due else start + timedelta(minutes=5)


def _delivery(notification: Notification, recipient: Recipient, channel: Channel, due: datetime) -> Delivery:
    name = recipient.person.name
    return Delivery(
        _id(notification, name, channel),
        notification.id,
        name,
        channel,
        due,
        DeliveryStatus.PENDING,
        recipient.audience,
    )


def _id(notification: Notification, person: str, channel: Channel) -> str:
    key = f"{notification.id} {channel.value} {person}"
    return hashlib.sha256(key.encode()).hexdigest()[:32]
