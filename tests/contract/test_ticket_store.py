from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest
from tests.support.tickets import NOON, approval, later, opened, request, terms

from pgwarden.adapters.jobs.queue import PostgresJobs
from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.adapters.postgres.control.tickets import PostgresTicketStore
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import AlreadyExists, ChangedMeanwhile, InputInvalid, UnknownTicket, WritesFrozen
from pgwarden.domain.job import Job
from pgwarden.domain.request import Urgency
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_change import Appended, Change, TicketFilter, WriteSwitch
from pgwarden.domain.ticket_events import CommentAdded, Event, ExecutionClaimed, TicketDenied
from pgwarden.ports import AuditLog, Jobs, TicketStore
from pgwarden.testing import MemoryTicketStore


@dataclass
class Kept:
    """A store with the queue and the audit that its changes go to."""

    tickets: TicketStore
    jobs: Jobs
    audit: AuditLog

    async def ids(self, wanted: TicketFilter) -> list[str]:
        return [ticket.id for ticket in await self.tickets.find(wanted, at=later(5))]


@pytest.fixture
def kept(implementation: str, request: pytest.FixtureRequest) -> Kept:
    if implementation == "memory":
        memory = MemoryTicketStore()
        return Kept(memory, memory.jobs, memory.audit)
    pool = request.getfixturevalue("control")
    return Kept(PostgresTicketStore(pool), PostgresJobs(pool), PostgresAuditLog(pool))


def comment(text: str = "why?", minutes: float = 1) -> CommentAdded:
    return CommentAdded(actor="max", at=later(minutes), text=text)


def claim(execution: str) -> ExecutionClaimed:
    return ExecutionClaimed(actor="ana", at=later(2), execution_id=execution)


async def test_a_ticket_comes_back_with_exactly_its_events(kept: Kept) -> None:
    events: tuple[Event, ...] = (opened(request(reason='ü’ " \\ 雪')), comment(), approval())
    await kept.tickets.open("T-1", Change(events[:1]))
    await kept.tickets.append("T-1", Change(events[1:]), expected=1)
    assert await kept.tickets.load("T-1") == Ticket("T-1", events)
    assert (await kept.tickets.load("T-1")).request.seal == request(reason='ü’ " \\ 雪').seal
    with pytest.raises(AlreadyExists):
        await kept.tickets.open("T-1", Change(events[:1]))
    with pytest.raises(UnknownTicket):
        await kept.tickets.load("T-2")
    with pytest.raises(UnknownTicket):
        await kept.tickets.append("T-2", Change((comment(),)), expected=1)


async def test_events_jobs_and_audit_are_kept_together_or_not_at_all(kept: Kept) -> None:
    job, entry = Job("notify", {"ticket": "T-1"}), AuditEntry("ticket.commented", "max", NOON, subject="T-1")
    await kept.tickets.open("T-1", Change((opened(),)))
    change = Change((comment(),), (job,), (entry,))
    await kept.tickets.append("T-1", change, expected=1)
    with pytest.raises(ChangedMeanwhile):
        await kept.tickets.append("T-1", change, expected=1)
    assert [each.task for each in await kept.jobs.find()] == ["notify"]
    assert [each.entry.subject for each in await kept.audit.find(AuditFilter())] == ["T-1"]
    assert len((await kept.tickets.load("T-1")).events) == 2


async def test_of_many_at_once_exactly_one_gets_in(kept: Kept) -> None:
    await kept.tickets.open("T-1", Change((opened(),)))

    async def one(number: int) -> bool:
        try:
            await kept.tickets.append("T-1", Change((comment(str(number)),)), expected=1)
        except ChangedMeanwhile:
            return False
        return True

    assert sum(await asyncio.gather(*map(one, range(20)))) == 1
    assert len((await kept.tickets.load("T-1")).events) == 2


async def test_two_tickets_change_together(kept: Kept) -> None:
    for name in ("T-1", "T-2"):
        await kept.tickets.open(name, Change((opened(),)))
    stale = Change((comment(),), others={"T-2": Appended((comment(),), 7)})
    with pytest.raises(ChangedMeanwhile):
        await kept.tickets.append("T-1", stale, expected=1)
    assert len((await kept.tickets.load("T-1")).events) == 1
    both = Change((comment("a"),), others={"T-2": Appended((comment("b"),), 1)})
    await kept.tickets.append("T-1", both, expected=1)
    assert [len((await kept.tickets.load(name)).events) for name in ("T-1", "T-2")] == [2, 2]


async def test_tickets_are_found_newest_first_by_what_they_are(kept: Kept) -> None:
    first = opened()
    second = opened(request(database="crm", urgency=Urgency.HIGH, tables=("public.note", "public.tag")))
    third = opened(request(requester="bob"), terms(expires_at=later(3)))
    for name, event in (("T-1", first), ("T-2", second), ("T-3", third)):
        await kept.tickets.open(name, Change((event,)))
    await kept.tickets.append("T-1", Change((approval(), claim("e1"))), expected=1)
    assert await kept.ids(TicketFilter()) == ["T-3", "T-2", "T-1"]
    assert await kept.ids(TicketFilter(limit=2)) == ["T-3", "T-2"]
    assert await kept.ids(TicketFilter(database="shop", requester="ana")) == ["T-1"]
    assert await kept.ids(TicketFilter(table="public.tag")) == ["T-2"]
    assert await kept.ids(TicketFilter(urgencies=frozenset({Urgency.HIGH, Urgency.LOW}))) == ["T-2"]
    assert await kept.ids(TicketFilter(statuses=frozenset({TicketStatus.PENDING}))) == ["T-2"]
    assert await kept.ids(TicketFilter(statuses=frozenset({TicketStatus.EXPIRED}))) == ["T-3"]
    assert await kept.ids(TicketFilter(execution_id="e1", operation="DELETE")) == ["T-1"]
    assert await kept.ids(TicketFilter(since=NOON, until=later(1))) == ["T-3", "T-2", "T-1"]
    assert await kept.ids(TicketFilter(since=later(1))) == []
    shop = TicketFilter(database="shop")
    assert await kept.tickets.outcomes(shop, at=later()) == (
        ("T-3", TicketStatus.PENDING),
        ("T-1", TicketStatus.EXECUTING),
    )
    at_end = await kept.tickets.outcomes(replace(shop, limit=1), at=later(3))
    assert at_end == (("T-3", TicketStatus.EXPIRED),)
    mark = await kept.tickets.mark(shop, at=later())
    assert await kept.tickets.mark(shop, at=later(0.5)) == mark, "no time has made one expire"
    assert await kept.tickets.mark(shop, at=later(3)) != mark
    await kept.tickets.append("T-2", Change((comment(),)), expected=1)
    assert await kept.tickets.mark(shop, at=later()) == mark, "of another database"
    await kept.tickets.append("T-3", Change((comment(),)), expected=1)
    assert await kept.tickets.mark(shop, at=later()) != mark
    for what in ("database", "requester", "table", "operation", "execution_id"):
        with pytest.raises(InputInvalid, match="cannot be stored"):
            TicketFilter(**{what: "x\0"})  # type: ignore[arg-type]  # each of them is text


async def test_no_claim_gets_in_while_writes_are_frozen(kept: Kept) -> None:
    await kept.tickets.open("T-1", Change((opened(), approval())))
    assert not (await kept.tickets.writes()).frozen
    frozen = WriteSwitch(True, "eve", "an incident", NOON)
    await kept.tickets.switch_writes(frozen, [AuditEntry("writes.frozen", "eve", NOON)])
    assert await kept.tickets.writes() == frozen
    with pytest.raises(WritesFrozen, match="frozen"):
        await kept.tickets.append("T-1", Change((claim("e1"),)), expected=2)
    denied = TicketDenied(actor="max", at=later(), reason="no", level=2)
    await kept.tickets.append("T-1", Change((comment(), denied)), expected=2)
    assert [each.entry.action for each in await kept.audit.find(AuditFilter())] == ["writes.frozen"]
    await kept.tickets.switch_writes(WriteSwitch(False, "eve", "over", later()))
    await kept.tickets.append("T-1", Change((claim("e1"),)), expected=4)
