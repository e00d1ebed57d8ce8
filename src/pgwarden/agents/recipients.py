"""Who is told of a ticket's event: those it is addressed to, the requester, and whoever watches and may know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pgwarden.domain.errors import UnknownPerson
from pgwarden.domain.identity import Access, DataRights, Identity
from pgwarden.domain.notification import Audience, Notification, NotificationKind, Recipient
from pgwarden.domain.person import Person
from pgwarden.domain.ticket_summary import TicketSummary
from pgwarden.domain.watch import WatchKind, table_name
from pgwarden.ports import DataRightsStore, NotificationStore, PeopleStore

RESULTS = frozenset(
    {
        NotificationKind.APPROVED,
        NotificationKind.DENIED,
        NotificationKind.EXPIRED,
        NotificationKind.CANCELLED,
        NotificationKind.EXECUTED,
        NotificationKind.FAILED,
        NotificationKind.UNDONE,
    }
)
"""What the requester always hears."""
HOUR = timedelta(hours=1)


class Recipients:
    """Finds the people, with their preferences and what they were sent of late."""

    def __init__(self, people: PeopleStore, store: NotificationStore, rights: DataRightsStore) -> None:
        self._people = people
        self._store = store
        self._rights = rights

    async def of(self, notification: Notification, to: Iterable[str], at: datetime) -> tuple[Recipient, ...]:
        """Each person once, in the order of names."""
        summary = notification.summary
        involved = set(to)
        if notification.kind in RESULTS:
            involved |= {summary.requester, summary.behind} - {""}
        watchers = await self._watchers(summary) - involved
        audiences = dict.fromkeys(involved, Audience.INVOLVED) | dict.fromkeys(watchers, Audience.WATCHER)
        found = []
        for name in sorted(audiences):
            person = await self._person(name)
            if person.active:
                preferences = await self._store.preferences(name)
                recent = await self._store.recent(name, summary.requester, at - HOUR)
                found.append(Recipient(person, preferences, audiences[name], recent))
        return tuple(found)

    async def _person(self, name: str) -> Person:
        """The account; whoever asks from a command line without one has a dashboard all the same."""
        try:
            return await self._people.get(name)
        except UnknownPerson:
            return Person(name)

    async def _watchers(self, summary: TicketSummary) -> set[str]:
        """Who watches the ticket, its database or its tables, and may read at least one of these tables."""
        things = [(WatchKind.TICKET, summary.ticket), (WatchKind.DATABASE, summary.database)]
        things += [(WatchKind.TABLE, table_name(summary.database, table)) for table in summary.touched]
        names = {watch.person for watch in await self._store.watchers(things)}
        if not names:
            return set()
        lines = (await self._rights.current()).lines
        allowed = set()
        for name in names:
            person = await self._person(name)
            rights = DataRights.of(Identity(name, person.kind, person.groups), lines)
            if name in (summary.requester, summary.behind) or _may_know(rights, summary):
                allowed.add(name)
        return allowed


def _may_know(rights: DataRights, summary: TicketSummary) -> bool:
    for table in summary.touched:
        schema, _, name = table.partition(".")
        if rights.on(summary.database, schema, name, "*", sensitive=False) is not Access.DENY:
            return True
    return not summary.touched
