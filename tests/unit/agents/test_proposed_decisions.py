"""What an agent passes on as somebody's decision, until that very person says whether it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.ticket_people import Workflow

from pgwarden.agents.approval_workflow import TicketView
from pgwarden.agents.ticket_object import event_text, ticket_object
from pgwarden.domain.errors import DecisionRefused, InputInvalid, PgwardenError, TicketDecided, TooManyTickets
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.proposed_decision import MOST_PROPOSALS, ProposedDecision, standing_proposals
from pgwarden.domain.ticket import TicketStatus as S
from pgwarden.domain.ticket_events import ApprovalGiven, Decision, TicketDenied


@pytest.fixture
def house() -> Workflow:
    return Workflow()


async def propose(
    house: Workflow, ticket: str, decision: Decision = Decision.APPROVE, approver: str = "max", comment: str = "go"
) -> TicketView:
    return await house.proposals.propose(
        ticket,
        decision,
        approver=approver,
        identity=house.who("bot"),
        comment=comment,
        client="Desk 1.2, t-1",
        via="mcp http",
    )


async def confirm(house: Workflow, ticket: str, by: str, number: int | None = None, comment: str = "") -> TicketView:
    return await house.proposals.confirm(ticket, number, identity=house.who(by), comment=comment, via="page")


async def standing(house: Workflow, ticket: str) -> tuple[ProposedDecision, ...]:
    view = await house.view(ticket)
    return standing_proposals(view.ticket, view.standing.status)


async def test_it_changes_nothing_until_that_very_person_confirms_it(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    view = await propose(house, ticket)
    assert view.standing.status is S.PENDING
    assert view.standing.votes == ()
    (found,) = await standing(house, ticket)
    assert (found.number, found.approver, found.by, found.client) == (1, "max", "bot", "Desk 1.2, t-1")
    assert ticket_object(view)["proposals"][0]["decision"] == "approve"
    assert "Desk 1.2" in event_text(view.ticket.events[-1])
    after = await confirm(house, ticket, "max")
    assert after.standing.status is S.APPROVED
    given = after.ticket.events[-1]
    assert isinstance(given, ApprovalGiven)
    assert (given.actor, given.comment, given.via, given.proposal) == ("max", "go", "page", 1)
    assert await standing(house, ticket) == ()
    assert house.actions()[-2:] == ["ticket.decision_proposed", "ticket.approved"]


@pytest.mark.parametrize("other", ["mia", "dora", "lea", "ana", "root"])
async def test_nobody_else_confirms_or_discards_it(house: Workflow, other: str) -> None:
    ticket = (await house.open()).ticket.id
    await propose(house, ticket)
    for number in (1, None):
        with pytest.raises((DecisionRefused, InputInvalid)):
            await confirm(house, ticket, other, number)
        with pytest.raises((DecisionRefused, InputInvalid)):
            await house.proposals.discard(ticket, number, identity=house.who(other), via="page")
    assert (await house.view(ticket)).standing.votes == ()
    assert len(await standing(house, ticket)) == 1


async def test_an_agent_in_the_persons_name_cannot_confirm_it(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    await propose(house, ticket)
    for agent in (Identity("max", IdentityKind.AGENT), Identity("bot", IdentityKind.AGENT)):
        with pytest.raises(DecisionRefused, match="Only people decide"):
            await house.proposals.confirm(ticket, 1, identity=agent, via="mcp")


async def test_it_is_void_once_the_request_is_another_one(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    await propose(house, ticket)
    await house.revise(ticket, replace(house.request(), sql="delete from t where id = 2"))
    assert await standing(house, ticket) == ()
    with pytest.raises(TicketDecided, match="no longer stands"):
        await confirm(house, ticket, "max", 1)
    with pytest.raises(InputInvalid):
        await confirm(house, ticket, "max")
    await house.revise(ticket, house.request())
    assert await standing(house, ticket) == (), "not even when it is the old one again"
    assert (await house.view(ticket)).standing.votes == ()


async def test_discarded_it_is_gone_and_the_person_decides_as_they_like(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    await propose(house, ticket)
    await house.proposals.discard(ticket, 1, identity=house.who("max"), comment="not me", via="page")
    assert (await house.view(ticket)).standing.status is S.PENDING
    with pytest.raises(TicketDecided, match="no longer stands"):
        await confirm(house, ticket, "max", 1)
    assert house.actions()[-1] == "ticket.decision_discarded"
    assert house.jobs()[-1].task == "update_messages"
    assert (await house.decide(ticket, "max", Decision.DENY, comment="no")).standing.status is S.DENIED


async def test_the_newest_in_ones_name_stands_and_the_number_says_which_was_shown(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    await propose(house, ticket, Decision.DENY, comment="no")
    await propose(house, ticket, Decision.APPROVE)
    with pytest.raises(TicketDecided, match="The proposal 1"):
        await confirm(house, ticket, "max", 1)
    assert (await confirm(house, ticket, "max", 2)).standing.status is S.APPROVED
    with pytest.raises(TicketDecided, match="APPROVED already by max"):
        await confirm(house, ticket, "max", 2)


async def test_a_no_takes_words_of_the_agents_or_of_ones_own(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    await propose(house, ticket, Decision.DENY, comment="")
    with pytest.raises(InputInvalid, match="a reason"):
        await confirm(house, ticket, "max")
    denied = (await confirm(house, ticket, "max", comment="wrong table")).ticket.events[-1]
    assert isinstance(denied, TicketDenied)
    assert (denied.actor, denied.reason, denied.proposal) == ("max", "wrong table", 1)


async def test_ones_own_decision_leaves_nothing_to_confirm(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    await propose(house, ticket)
    await house.decide(ticket, "max")
    assert await standing(house, ticket) == ()
    with pytest.raises(PgwardenError):
        await confirm(house, ticket, "max", 1)


async def test_who_may_not_decide_is_not_asked_and_the_same_is_asked_once(house: Workflow) -> None:
    ticket = (await house.open()).ticket.id
    for nobody in ("ana", "lea", "bot", "nobody"):
        with pytest.raises(DecisionRefused):
            await propose(house, ticket, approver=nobody)
    for _ in range(3):
        await propose(house, ticket)
    assert [told for told in house.told() if told[0] == "decision_proposed"] == [("decision_proposed", ("max",))]
    for count in range(MOST_PROPOSALS - 1):
        await propose(house, ticket, comment=f"again {count}")
    with pytest.raises(TooManyTickets):
        await propose(house, ticket, comment="please")
    await propose(house, ticket, approver="mia")
    assert [each.approver for each in await standing(house, ticket)] == ["max", "mia"]
