"""Who is told what, and whether it arrived: from a ticket's event to messages at people's addresses.

``notify`` decides and queues, ``deliver`` and ``deliver_digest`` send, ``update_messages`` corrects what was sent.
Each may run more than once and has its effect once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pgwarden.agents.recipients import HOUR, Recipients
from pgwarden.domain.alert_summary import alert_summary
from pgwarden.domain.anomaly import FAULTS, Alert
from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.errors import (
    DeliveryFailed,
    DeliveryRefused,
    PgwardenError,
    UnknownNotification,
    UnknownPerson,
)
from pgwarden.domain.job import Job
from pgwarden.domain.notification import (
    ALERTS,
    ASKING,
    Channel,
    Delivery,
    DeliveryStatus,
    Letter,
    Limits,
    Notification,
    NotificationKind,
    deliveries,
    shared_deliveries,
)
from pgwarden.domain.person import Person
from pgwarden.domain.request import Urgency
from pgwarden.domain.ticket import WAITING, Ticket
from pgwarden.domain.ticket_events import (
    ApproverReminded,
    CommentAdded,
    ExecutionClaimed,
    OverrideInvoked,
    TicketEscalated,
)
from pgwarden.domain.ticket_status import standing_of, status_of
from pgwarden.domain.ticket_summary import summarise
from pgwarden.ports import JobHandler, NotificationChannel, NotificationStore, PeopleStore, TicketStore

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Tries:
    """How long a channel is tried, in seconds."""

    delays: tuple[float, ...] = (10, 60, 300, 1800, 3600, 3 * 3600)
    """Before the second, third … try; after the last one the delivery is given up."""
    patience: float = 60.0
    """How long one try may take."""


class Notifier:
    """Handlers of the jobs that tell people."""

    def __init__(
        self,
        tickets: TicketStore,
        people: PeopleStore,
        store: NotificationStore,
        recipients: Recipients,
        channels: Mapping[Channel, NotificationChannel],
        clock: Callable[[], datetime],
        *,
        limits: Limits | None = None,
        tries: Tries | None = None,
    ) -> None:
        self._tickets = tickets
        self._people = people
        self._store = store
        self._recipients = recipients
        self._channels = channels
        self._clock = clock
        self._limits = limits or Limits()
        self._tries = tries or Tries()
        self._one_by_one = asyncio.Lock()

    def handlers(self) -> Mapping[str, JobHandler]:
        """By the names of the jobs' tasks."""
        return {
            "notify": self.notify,
            "deliver": self.deliver,
            "deliver_digest": self.deliver_digest,
            "update_messages": self.update_messages,
        }

    async def notify(self, args: Mapping[str, Any]) -> None:
        """Tell of what happened to a ticket: ``{ticket, kind, to: [names], urgency}``, ``number`` where it is known."""
        ticket, now = await self._tickets.load(args["ticket"]), self._clock()
        kind = NotificationKind(args["kind"])
        urgency = Urgency(args.get("urgency") or ticket.request.urgency)
        number = int(args["number"]) if "number" in args else _number(kind, ticket)
        notification = Notification.of(kind, urgency, now, summarise(ticket, now), number=number)
        async with self._one_by_one:  # or each would count what was sent before the others are written down
            await self._queue(notification, args.get("to", ()), now)

    async def notify_alert(self, alert: Alert, to: Iterable[str]) -> None:
        """Tell of something out of the ordinary, or that it has ended; each once, however often it is called."""
        kind = NotificationKind.ALERT_CLOSED if alert.closed_at else NotificationKind.ALERT_OPENED
        raised = Urgency.EMERGENCY if alert.measure in FAULTS else Urgency.HIGH
        urgency, now = Urgency.NORMAL if alert.closed_at else raised, self._clock()
        notification = Notification.of(kind, urgency, now, alert_summary(alert, urgency), number=0)
        async with self._one_by_one:
            await self._queue(notification, to, now)

    async def escalate(self, ticket: Ticket, error: BaseException, to: Iterable[str]) -> None:
        """Tell these people at once, whatever their quiet hours, that an execution of this ticket failed critically.

        Told again of the same attempt it does nothing: each attempt is one incident.
        """
        now = self._clock()
        attempt = standing_of(ticket, now).attempts
        code = error.code if isinstance(error, PgwardenError) else PgwardenError.code
        what = f"{code}: {type(error).__doc__ if isinstance(error, PgwardenError) else 'pgwarden itself failed at it.'}"
        summary = replace(summarise(ticket, now), latest=what)
        notification = Notification.of(NotificationKind.CRITICAL, Urgency.EMERGENCY, now, summary, number=attempt)
        entry = self._entry("failure.escalated", notification, {"error": code, "attempt": attempt, "to": sorted(to)})
        async with self._one_by_one:
            await self._queue(notification, to, now, entry)

    async def _queue(self, notification: Notification, to: Iterable[str], now: datetime, *entries: AuditEntry) -> None:
        kind, ticket, requester = notification.kind, notification.summary.ticket, notification.summary.requester
        recent = await self._store.recent("", requester, now - HOUR)
        found = list(shared_deliveries(notification, now, self._channels, recent=recent, limits=self._limits))
        for recipient in await self._recipients.of(notification, to, now):
            found += deliveries(notification, recipient, now, available=self._channels, limits=self._limits)
        jobs = [job for delivery in found if (job := _job(delivery))]
        if kind not in ASKING | ALERTS | {NotificationKind.COMMENTED} and Channel.SLACK in self._channels:
            jobs.append(Job("update_messages", {"ticket": ticket}, queueing_lock=f"update messages {ticket}"))
        people = sorted({each.person for each in found if each.person})
        entry = self._entry("notification.queued", notification, {"kind": kind.value, "to": people})
        await self._store.add(notification, found, jobs=jobs, audit=[*entries, entry])

    async def deliver(self, args: Mapping[str, Any]) -> None:
        """Send one delivery: ``{delivery}``. What is settled already is left alone."""
        letter = await self._store.letter(args["delivery"])
        if letter and letter.delivery.status is DeliveryStatus.PENDING:
            await self._send([letter])

    async def deliver_digest(self, args: Mapping[str, Any]) -> None:
        """Send what was held for one person on one channel, as one message: ``{person, channel, due}``."""
        due = max(self._clock(), datetime.fromisoformat(args["due"]))  # our clock may be behind the queue's
        letters = await self._store.held(args["person"], Channel(args["channel"]), due)
        if letters:
            await self._send(letters)

    async def update_messages(self, args: Mapping[str, Any]) -> None:
        """Let messages that ask for a decision show how the ticket stands now: ``{ticket}``."""
        ticket, now = await self._tickets.load(args["ticket"]), self._clock()
        later: DeliveryFailed | None = None
        for letter in await self._store.of_ticket(ticket.id):
            channel = self._channels.get(letter.delivery.channel)
            if channel and letter.delivery.reference and letter.notification.asks:
                current = replace(letter.notification, summary=summarise(ticket, now))
                try:
                    await channel.update(letter.delivery.reference, replace(letter, notification=current))
                except DeliveryRefused:  # its reader deleted it, or it is too old to be changed
                    continue
                except DeliveryFailed as error:
                    later = error
        if later:
            raise later  # the worker tries all of them again; what is up to date stays so

    async def retry(self, delivery_id: str, *, actor: str) -> None:
        """Let a delivery that was given up be tried anew. UnknownNotification when it is none."""
        letter = await self._dead(delivery_id)
        anew = replace(letter.delivery, status=DeliveryStatus.PENDING, attempts=0, due=self._clock(), error="")
        entry = self._entry("notification.retried", letter.notification, _details(anew), actor=actor)
        await self._store.settle([letter.delivery], [anew], jobs=[_sending(anew)], audit=[entry])

    async def discard(self, delivery_id: str, *, actor: str) -> None:
        """Give a delivery up for good: nobody is told any more. UnknownNotification when it was not given up before."""
        letter = await self._dead(delivery_id)
        gone = replace(letter.delivery, status=DeliveryStatus.SUPERSEDED)
        entry = self._entry("notification.discarded", letter.notification, _details(gone), actor=actor)
        await self._store.settle([letter.delivery], [gone], audit=[entry])

    async def _dead(self, delivery_id: str) -> Letter:
        letter = await self._store.letter(delivery_id)
        if letter is None or letter.delivery.status is not DeliveryStatus.DEAD:
            raise UnknownNotification(
                f"No delivery {delivery_id} was given up.", next_step="`pgwarden notifications dead` lists them."
            )
        return letter

    async def _send(self, letters: Sequence[Letter]) -> None:
        """Send these, which are for one person on one channel, as one message, and write down what became of it."""
        live = [letter for letter in letters if not await self._pointless(letter)]
        for letter in letters:
            if letter not in live:
                await self._settle([letter], DeliveryStatus.SUPERSEDED, "", "")
        if not live:
            return
        try:
            reference = await self._attempt(live)
        except DeliveryRefused as error:
            await self._settle(live, DeliveryStatus.DEAD, "", _said(error))
        except DeliveryFailed as error:
            await self._settle(live, live[0].delivery.status, "", _said(error))
        else:
            await self._settle(live, DeliveryStatus.SENT, reference, "")

    async def _attempt(self, letters: Sequence[Letter]) -> str:
        delivery = letters[0].delivery
        channel = self._channels.get(delivery.channel)
        if channel is None:
            raise DeliveryRefused(f"The channel {delivery.channel.value} is not set up.")
        person = await self._person(delivery.person) if delivery.person else None
        try:
            async with asyncio.timeout(self._tries.patience):
                return await channel.send(person, letters)
        except TimeoutError:
            raise DeliveryFailed(f"Nothing came back for {self._tries.patience:.0f} seconds.") from None

    async def _person(self, name: str) -> Person:
        try:
            person = await self._people.get(name)
        except UnknownPerson:
            raise DeliveryRefused(f"There is no account {name} any more.") from None
        if not person.active:
            raise DeliveryRefused(f"The account {name} is not active.")
        return person

    async def _pointless(self, letter: Letter) -> bool:
        """Whether it asks for a decision that was made, or for one about a request that is another one now."""
        if not letter.notification.asks:
            return False
        ticket, now = await self._tickets.load(letter.notification.summary.ticket), self._clock()
        if status_of(ticket, now) not in WAITING or ticket.revision != letter.notification.summary.revision:
            return True
        if letter.notification.kind is not NotificationKind.DECISION_PROPOSED:
            return False
        return letter.delivery.person not in {each.approver for each in summarise(ticket, now).proposals}

    async def _settle(self, letters: Sequence[Letter], status: DeliveryStatus, reference: str, error: str) -> None:
        """Write what became of the letters. A failure that may still turn out well is queued again."""
        now = self._clock()
        before = [letter.delivery for letter in letters]
        after = [self._settled(delivery, status, reference, error, now) for delivery in before]
        jobs = [job for new in after if (job := _job(new))]
        audit = [
            self._entry(f"notification.{_PARTICIPLE[new.status]}", letter.notification, _details(new))
            for letter, new in zip(letters, after, strict=True)
            if new.status in _PARTICIPLE
        ]
        await self._store.settle(before, after, jobs=jobs, audit=audit)

    def _settled(
        self, delivery: Delivery, status: DeliveryStatus, reference: str, error: str, now: datetime
    ) -> Delivery:
        if status is DeliveryStatus.SENT:
            return replace(
                delivery, status=status, reference=reference, error="", attempts=delivery.attempts + 1, sent_at=now
            )
        if status is DeliveryStatus.SUPERSEDED:
            return replace(delivery, status=status)
        tried = replace(delivery, attempts=delivery.attempts + 1, error=error)
        if status is DeliveryStatus.DEAD or tried.attempts > len(self._tries.delays):
            return replace(tried, status=DeliveryStatus.DEAD)
        return replace(tried, due=now + timedelta(seconds=self._tries.delays[tried.attempts - 1]))

    def _entry(
        self, action: str, notification: Notification, details: Mapping[str, object], *, actor: str = SYSTEM
    ) -> AuditEntry:
        failed = action == f"notification.{_PARTICIPLE[DeliveryStatus.DEAD]}"
        return AuditEntry(
            action,
            actor,
            self._clock(),
            outcome=Outcome.FAILED if failed else Outcome.DONE,
            database=notification.summary.database,
            subject=notification.summary.ticket or notification.summary.alert_id,
            source="notifier",
            details=details,
        )


_PARTICIPLE = {
    DeliveryStatus.SENT: "sent",
    DeliveryStatus.SUPERSEDED: "superseded",
    DeliveryStatus.DEAD: "given_up",
}


def _number(kind: NotificationKind, ticket: Ticket) -> int:
    """Which event of its kind this is on the ticket, so that the same one told twice is known as the same."""
    counted = {
        NotificationKind.REMINDER: ApproverReminded,
        NotificationKind.ESCALATED: TicketEscalated,
        NotificationKind.COMMENTED: CommentAdded,
        NotificationKind.OVERRIDE: OverrideInvoked,
        NotificationKind.EXECUTING: ExecutionClaimed,
        NotificationKind.EXECUTED: ExecutionClaimed,
        NotificationKind.FAILED: ExecutionClaimed,
    }
    if kind is NotificationKind.UNDONE:
        return len(ticket.events)
    event = counted.get(kind)
    return ticket.revision if event is None else sum(isinstance(each, event) for each in ticket.events)


def _job(delivery: Delivery) -> Job | None:
    return _sending(delivery) if delivery.status in (DeliveryStatus.PENDING, DeliveryStatus.HELD) else None


def _sending(delivery: Delivery) -> Job:
    """The job that sends it when it is due; what is held for one person meets in one job."""
    if delivery.status is DeliveryStatus.HELD:
        who = f"{delivery.channel.value} {delivery.person}"
        args = {"person": delivery.person, "channel": delivery.channel.value, "due": delivery.due.isoformat()}
        name = f"digest {who} {delivery.due.isoformat()}"
        return Job("deliver_digest", args, at=delivery.due, lock=f"digest {who}", queueing_lock=name)
    return Job("deliver", {"delivery": delivery.id}, at=delivery.due, lock=f"delivery {delivery.id}")


def _details(delivery: Delivery) -> dict[str, object]:
    found: dict[str, object] = {"channel": delivery.channel.value, "person": delivery.person, "delivery": delivery.id}
    return found | {key: value for key, value in (("attempts", delivery.attempts), ("error", delivery.error)) if value}


def _said(error: DeliveryFailed | DeliveryRefused) -> str:
    return " ".join(filter(None, (error.what, error.why)))
