"""Tickets in PostgreSQL: streams of events, appended under the ticket's row lock, with their jobs and audit entries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from pgwarden.adapters.jobs.queue import defer
from pgwarden.adapters.postgres.control.audit_log import append_entries
from pgwarden.adapters.postgres.control.connection import OLDEST_MAJOR, Connection, Pool, selected, transaction
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import AlreadyExists, TicketUnreadable
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_change import (
    Appended,
    Change,
    TicketFilter,
    WriteSwitch,
    changed_meanwhile,
    claims_write,
    frozen_writes,
    unknown_ticket,
)
from pgwarden.domain.ticket_events import Event, ExecutionClaimed, event_from_stored, event_to_stored
from pgwarden.domain.ticket_status import standing_of

REMEMBERED_EVENTS = 2000
REMEMBERED_CHARACTERS = 16_000
"""Longer events are read anew each time, so that what is remembered stays below some ten megabytes."""


def ticket_sql(name: str) -> bytes:
    """One of the tickets' queries; they run unchanged on every supported version."""
    return named_queries("tickets.sql", OLDEST_MAJOR)[name]


class PostgresTicketStore:
    """``ports.TicketStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def open(self, ticket_id: str, change: Change) -> None:
        ticket = Ticket(ticket_id, change.events)
        row = {
            "opened_at": ticket.opened_at,
            "database": ticket.request.database,
            "requester": ticket.request.requester,
            "kind": ticket.request.kind.value,
            **_summary(ticket),
        }
        async with transaction(self._pool) as connection:
            if not (await connection.execute(ticket_sql("open_ticket"), row)).rowcount:
                raise AlreadyExists(f"A ticket {ticket_id} exists.", not_done="No ticket was opened.")
            await _add_events(connection, ticket_id, 0, change.events)
            await _cause(connection, change)

    async def load(self, ticket_id: str) -> Ticket:
        return _loaded(ticket_id, await selected(self._pool, ticket_sql("ticket_events"), {"id": ticket_id}))

    async def append(self, ticket_id: str, change: Change, *, expected: int) -> None:
        appended = {ticket_id: Appended(change.events, expected), **change.others}
        async with transaction(self._pool) as connection:
            for each in sorted(appended):  # two transactions on the same tickets lock them in one order
                await _append(connection, each, appended[each])
            await _cause(connection, change)

    async def find(self, wanted: TicketFilter, *, at: datetime) -> tuple[Ticket, ...]:
        return _tickets(await selected(self._pool, ticket_sql("find_tickets"), _parameters(wanted, at)))

    async def outcomes(self, wanted: TicketFilter, *, at: datetime) -> tuple[tuple[str, TicketStatus], ...]:
        found = await selected(self._pool, ticket_sql("ticket_outcomes"), _parameters(wanted, at))
        return tuple((ticket_id, TicketStatus(status)) for ticket_id, status in found)

    async def mark(self, wanted: TicketFilter, *, at: datetime) -> str:
        ((found,),) = await selected(self._pool, ticket_sql("tickets_mark"), _parameters(wanted, at))
        return str(found)

    async def writes(self) -> WriteSwitch:
        return _switched(await selected(self._pool, ticket_sql("write_switch")))

    async def switch_writes(self, switch: WriteSwitch, audit: Sequence[AuditEntry] = ()) -> None:
        row = {"frozen": switch.frozen, "actor": switch.actor, "reason": switch.reason, "at": switch.at}
        async with transaction(self._pool) as connection:
            await connection.execute(ticket_sql("writes_change"))
            await connection.execute(ticket_sql("switch_writes"), row)
            await append_entries(connection, audit)


def _parameters(wanted: TicketFilter, at: datetime) -> dict[str, object]:
    return {
        "database": wanted.database,
        "requester": wanted.requester,
        "kind": wanted.kind.value if wanted.kind else "",
        "operation": wanted.operation,
        "urgencies": sorted(urgency.value for urgency in wanted.urgencies),
        "table": wanted.table,
        "since": wanted.since,
        "until": wanted.until,
        "execution_id": wanted.execution_id,
        "statuses": sorted(status.value for status in wanted.statuses),
        "at": at,
        "limit": wanted.limit,
    }


async def _append(connection: Connection, ticket_id: str, appended: Appended) -> None:
    row = await (await connection.execute(ticket_sql("lock_ticket"), {"id": ticket_id})).fetchone()
    if row is None:
        raise unknown_ticket(ticket_id)
    if row[0] != appended.expected:
        raise changed_meanwhile(ticket_id)
    ticket = (await _load(connection, ticket_id)).after(*appended.events)
    if claims_write(ticket, appended.events):
        await connection.execute(ticket_sql("writes_go_on"))
        switch = await _switch(connection)
        if switch.frozen:
            raise frozen_writes(switch)
    await _add_events(connection, ticket_id, appended.expected, appended.events)
    await connection.execute(ticket_sql("update_ticket"), _summary(ticket))


async def _add_events(connection: Connection, ticket_id: str, before: int, events: Sequence[Event]) -> None:
    stored = [event_to_stored(event) for event in events]
    row = {
        "id": ticket_id,
        "first": before + 1,
        "kinds": [kind for kind, _ in stored],
        "actors": [event.actor for event in events],
        "at": [event.at for event in events],
        "contents": [json.dumps(content, allow_nan=False) for _, content in stored],
    }
    await connection.execute(ticket_sql("add_ticket_events"), row)
    for event in events:
        if isinstance(event, ExecutionClaimed):
            claim = {"execution_id": event.execution_id, "id": ticket_id}
            await connection.execute(ticket_sql("add_ticket_execution"), claim)


async def _cause(connection: Connection, change: Change) -> None:
    """What the events cause, in the same transaction; the audit's chain is locked last."""
    await defer(connection, change.jobs)
    await append_entries(connection, change.audit)


async def _load(connection: Connection, ticket_id: str) -> Ticket:
    return _loaded(
        ticket_id, await (await connection.execute(ticket_sql("ticket_events"), {"id": ticket_id})).fetchall()
    )


def _loaded(ticket_id: str, rows: Sequence[tuple[Any, ...]]) -> Ticket:
    if not rows:
        raise unknown_ticket(ticket_id)
    return _tickets(rows)[0]


async def _switch(connection: Connection) -> WriteSwitch:
    return _switched(await (await connection.execute(ticket_sql("write_switch"))).fetchall())


def _switched(rows: Sequence[tuple[Any, ...]]) -> WriteSwitch:
    return WriteSwitch(*rows[0]) if rows else WriteSwitch(frozen=False)


def _tickets(rows: Iterable[tuple[Any, ...]]) -> tuple[Ticket, ...]:
    """Tickets from rows of (ticket's id, kind, content), each ticket's rows together and in order."""
    return tuple(
        Ticket(ticket_id, tuple(_event(ticket_id, kind, content) for _, kind, content in group))
        for ticket_id, group in groupby(rows, key=lambda row: row[0])
    )


def _event(ticket_id: str, kind: str, content: str) -> Event:
    try:
        return _remembered(kind, content) if len(content) <= REMEMBERED_CHARACTERS else _read(kind, content)
    except (KeyError, TypeError, ValueError) as error:
        raise TicketUnreadable(
            f"The ticket {ticket_id} holds an event that cannot be understood.",
            why=f"its kind is {kind}",
            not_done="Nothing was done with it.",
            next_step="Use the version of pgwarden that wrote it, or a newer one.",
        ) from error


def _read(kind: str, content: str) -> Event:
    return event_from_stored(kind, json.loads(content))


_remembered = lru_cache(REMEMBERED_EVENTS)(_read)
"""Events are never changed, neither there nor here, and every page reads those of many tickets."""


def _summary(ticket: Ticket) -> dict[str, object]:
    standing = standing_of(ticket, ticket.last_at)
    return {
        "id": ticket.id,
        "operation": ticket.request.operation,
        "urgency": ticket.request.urgency.value,
        "tables": list(ticket.request.tables),
        "status": standing.status.value,
        "ends_at": standing.ends_at,
        "events": len(ticket.events),
    }
