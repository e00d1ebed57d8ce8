"""The workflow's verbs on tickets in memory: who may do what, who is told, what time does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.ticket_people import STAFF, Workflow
from tests.support.tickets import later, terms

from pgwarden.domain.errors import (
    DecisionRefused,
    InputInvalid,
    PgwardenError,
    TicketDecided,
    TooManyTickets,
    UnknownTicket,
)
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.person import Delegation
from pgwarden.domain.request import Seat
from pgwarden.domain.ticket import TicketStatus
from pgwarden.domain.ticket_events import Decision, EscalationCause, TicketEscalated

S = TicketStatus


@pytest.fixture
def house() -> Workflow:
    return Workflow()


async def test_a_request_asks_its_level_and_sets_its_timers(house: Workflow) -> None:
    view = await house.open()
    assert (view.standing.status, view.asked) == (S.PENDING, ("max", "mia"))
    assert house.told() == [("approval_requested", ("max", "mia"))]
    timers = {job.task: job.at for job in house.jobs() if job.at is not None}
    assert set(timers) == {"remind_ticket", "escalate_ticket", "expire_ticket"}
    assert house.actions() == ["ticket.opened"]
    entry = house.tickets.audit.entries[0]
    assert "delete from note" not in str(entry.details), "what was asked can be erased"
    assert entry.personal["statement"] == "delete from note where id = $1"


async def test_a_yes_is_told_to_the_requester_and_ends_the_approval_in_time(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    view = await house.decide(ticket, "max", comment="fine")
    assert view.standing.status is S.APPROVED
    assert house.told()[-1] == ("approved", ("ana",))
    assert house.actions()[-1] == "ticket.approved"
    house.at += timedelta(days=2)
    assert (await house.view(ticket)).standing.status is S.EXPIRED
    await house.run_due()
    assert house.actions()[-1] == "ticket.expired"


@pytest.mark.parametrize("name", ["ana", "lea", "bot", "cron", "root", "audrey", "nobody"])
async def test_who_may_not_decide_is_refused(house: Workflow, name: str) -> None:
    ticket = (await house.open()).ticket.id
    with pytest.raises(DecisionRefused):
        await house.decide(ticket, name)
    assert (await house.view(ticket)).standing.status is S.PENDING


async def test_an_account_of_a_person_under_another_kind_does_not_decide(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    for kind in (IdentityKind.AGENT, IdentityKind.SERVICE):
        with pytest.raises(DecisionRefused, match="Only people"):
            await house.workflow.audit_approval_decision(
                ticket, Decision.APPROVE, identity=Identity("max", kind), via="mcp"
            )


async def test_who_only_claimed_a_name_keeps_its_owner_from_deciding(house: Workflow) -> None:
    claimed = replace(house.request(), requester="max (not logged in)", behind="max")
    ticket = (await house.open(claimed)).ticket.id
    with pytest.raises(DecisionRefused, match="own request"):
        await house.decide(ticket, "max")
    assert (await house.decide(ticket, "mia")).standing.status is S.APPROVED


async def test_a_denial_needs_a_reason_and_is_final(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    with pytest.raises(InputInvalid):
        await house.decide(ticket, "max", Decision.DENY, comment=" ")
    await house.decide(ticket, "max", Decision.DENY, comment="no")
    assert house.told()[-1] == ("denied", ("ana",))
    with pytest.raises(TicketDecided, match="DENIED already"):
        await house.decide(ticket, "mia")


async def test_of_a_hundred_decisions_at_once_one_has_its_effect_and_the_others_are_told(house: Workflow) -> None:
    crowd = [replace(STAFF[2], name=f"manager{n}") for n in range(100)]
    house.people.held.people |= {person.name: person for person in crowd}
    ticket = (await house.open()).ticket.id

    async def one(number: int) -> str:
        decision = Decision.APPROVE if number % 2 else Decision.DENY
        try:
            view = await house.decide(ticket, f"manager{number}", decision, comment="x")
        except PgwardenError as error:
            return error.code
        return view.standing.status.value

    results = await asyncio.gather(*map(one, range(100)))
    assert results.count("PGW151") == 99
    assert len((await house.view(ticket)).ticket.events) == 2
    assert len([told for told in house.told() if told[0] in ("approved", "denied")]) == 1


async def test_a_yes_from_an_old_message_does_not_count_for_what_is_asked_now(house: Workflow) -> None:
    view = await house.open()
    with pytest.raises(TicketDecided, match="something else than you were shown"):
        await house.decide(view.ticket.id, "max", seal="0" * 64)
    await house.decide(view.ticket.id, "max", seal=view.ticket.request.seal)


async def test_silence_reminds_then_asks_the_next_level_then_ends(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    house.at = later(31)
    await house.run_due()
    await house.run_due()
    assert house.told()[-1] == ("reminder", ("max", "mia"))
    house.at = later(61)
    await house.run_due()
    await house.run_due()
    view = await house.view(ticket)
    assert (view.standing.status, view.asked) == (S.ESCALATED, ("dora", "max", "mia"))
    assert house.told()[-1] == ("escalated", ("ana", "dora", "max", "mia"))
    assert (await house.view(ticket)).standing.seats == (Seat(2),), "those who were silent may still speak"
    house.at = later(24 * 60)
    assert (await house.view(ticket)).standing.status is S.EXPIRED, "with or without a worker"
    await house.run_due()
    await house.run_due()
    assert house.told()[-1][0] == "expired"
    assert house.actions().count("ticket.expired") == 1
    with pytest.raises(TicketDecided, match="EXPIRED"):
        await house.decide(ticket, "max")


async def test_timers_do_nothing_once_the_ticket_has_moved_on(house: Workflow) -> None:
    decided = (await house.open()).ticket.id
    await house.decide(decided, "max")
    revised = (await house.open()).ticket.id
    await house.revise(revised, replace(house.request(), sql="delete from note where id = 9"))
    before = [len((await house.view(each)).ticket.events) for each in (decided, revised)]
    first = [job for job in house.jobs() if job.args.get("revision") == 1 and job.task != "expire_ticket"]
    assert len(first) == 4
    for job in first:
        await house.handle(job)
    assert [len((await house.view(each)).ticket.events) for each in (decided, revised)] == before
    with_another_clock = [job for job in house.jobs() if job.task == "expire_ticket"]
    for job in with_another_clock:
        await house.handle(job)
    assert (await house.view(decided)).standing.status is S.APPROVED, "a job that comes early changes nothing"


async def test_a_revision_voids_what_was_approved_and_asks_again(house: Workflow) -> None:
    ticket = (await house.open(demanded=terms(Seat(2, 2)))).ticket.id
    await house.decide(ticket, "max")
    await house.revise(ticket, replace(house.request(), sql="delete from note where id = 9"))
    assert house.told()[-1] == ("revised", ("max", "mia"))
    view = await house.decide(ticket, "mia")
    assert view.standing.status is S.PENDING
    assert (await house.decide(ticket, "max")).standing.status is S.APPROVED


async def test_escalation_by_a_person_raises_what_is_needed(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    escalate = house.workflow.escalate_approval
    with pytest.raises(DecisionRefused):
        await escalate(ticket, identity=house.who("audrey"), reason="x", source="t")
    view = await escalate(
        ticket, identity=house.who("lea"), reason="too risky for a manager", source="t", cause=EscalationCause.RISK
    )
    assert (view.asked, view.standing.seats) == (("dora",), (Seat(3),))
    event = view.ticket.events[-1]
    assert isinstance(event, TicketEscalated)
    assert event.cause is EscalationCause.RISK
    with pytest.raises(DecisionRefused, match="too low"):
        await house.decide(ticket, "max")
    with pytest.raises(InputInvalid, match="asked already"):
        await escalate(ticket, identity=house.who("ana"), reason="x", source="t")


async def test_a_deputy_is_asked_and_told_apart(house: Workflow) -> None:
    house.people.held.delegations.append(Delegation("dora", "lea", later(0), later(60), "holiday"))
    ticket = (await house.open(demanded=terms(Seat(3)))).ticket.id
    assert (await house.view(ticket)).asked == ("dora", "lea")
    view = await house.decide(ticket, "lea")
    assert [(v.by, v.on_behalf_of, v.level) for v in view.standing.votes] == [("lea", "dora", 3)]


async def test_an_override_tells_all_seniors_and_waits_for_its_review(house: Workflow) -> None:
    ticket = (await house.open(demanded=terms(Seat(3)))).ticket.id
    for name in ("max", "mia"):
        await house.workflow.override(ticket, identity=house.who(name), reason="fire", via="t")
    assert ("override", ("ana", "audrey", "dora", "mia")) in house.told()
    assert (await house.view(ticket)).standing.overridden
    assert house.actions().count("ticket.override_invoked") == 2
    review = house.workflow.review
    with pytest.raises(TicketDecided, match="no override"):
        await review(ticket, identity=house.who("audrey"), justified=True, comment="x", source="t")
    house.at += timedelta(hours=1)
    with pytest.raises(DecisionRefused):
        await review(ticket, identity=house.who("mia"), justified=True, comment="x", source="t")
    view = await review(ticket, identity=house.who("audrey"), justified=False, comment="it could wait", source="t")
    assert view.standing.reviewed


async def test_who_cancels_and_who_comments(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    await house.workflow.comment(ticket, "why?", identity=house.who("max"), source="t")
    assert house.told()[-1] == ("commented", ("ana",))
    with pytest.raises(DecisionRefused):
        await house.workflow.cancel(ticket, identity=house.who("mia"), source="t")
    view = await house.workflow.cancel(ticket, identity=house.who("root"), source="t")
    assert view.standing.status is S.CANCELLED
    assert house.told()[-1][0] == "cancelled"
    with pytest.raises(UnknownTicket):
        await house.workflow.comment("T-NOWHERE", "x", identity=house.who("max"), source="t")


async def test_approvers_are_not_flooded(house: Workflow) -> None:
    for _ in range(10):
        await house.open(replace(house.request(), requester="bot", requester_kind=IdentityKind.AGENT))
    with pytest.raises(TooManyTickets):
        await house.desk.require_room(house.who("bot"))
    await house.desk.require_room(house.who("ana"))
    ticket = (await house.open()).ticket.id
    remind = house.workflow.notify_approvers
    with pytest.raises(TooManyTickets, match="less than an hour"):
        await remind(ticket, identity=house.who("ana"), source="t")
    house.at += timedelta(hours=1)
    await remind(ticket, identity=house.who("ana"), source="t")
    with pytest.raises(TooManyTickets):
        await remind(ticket, identity=house.who("ana"), source="t")


async def test_history_says_how_long_it_takes_and_how_similar_tickets_ended(house: Workflow) -> None:
    for minutes in (10, 20, 90):
        ticket = (await house.open()).ticket.id
        house.at += timedelta(minutes=minutes)
        await house.decide(ticket, "max")
    denied = (await house.open()).ticket.id
    await house.decide(denied, "max", Decision.DENY, comment="no")
    view = await house.workflow.check_approval_status((await house.open()).ticket.id)
    assert view.estimated_seconds == 20 * 60
    assert view.similar is not None
    assert view.similar.outcomes == {"APPROVED": 3, "DENIED": 1}
    record = await house.history.record("ana")
    assert (record.denied, record.executed) == (1, 0)
