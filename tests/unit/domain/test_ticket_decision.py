"""Who may say yes: people with the level, or in the place of one, and never on their own request."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.tickets import approval, later, request, terms, ticket

from pgwarden.domain.errors import DecisionRefused, TicketDecided
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Delegation, Person, Role
from pgwarden.domain.request import Seat
from pgwarden.domain.ticket import Ticket
from pgwarden.domain.ticket_decision import Say, Staff, askable, say_of, senior_say_of
from pgwarden.domain.ticket_events import TicketDelegated
from pgwarden.domain.ticket_status import standing_of

ROLES = frozenset({Role.REQUESTER, Role.APPROVER})
PEOPLE = (
    Person("ana", level=3, roles=ROLES),
    Person("lea", level=1, roles=ROLES),
    Person("max", level=2, roles=ROLES, backup="mia"),
    Person("mia", level=2, roles=ROLES, groups=frozenset({"finance"})),
    Person("dora", level=3, roles=ROLES),
    Person("gone", level=3, roles=ROLES, active=False),
    Person("root", level=3, roles=frozenset({Role.ADMIN})),
    Person("bot", IdentityKind.AGENT, level=3, roles=ROLES),
    Person("cron", IdentityKind.SERVICE, level=3, roles=ROLES),
)
AT = later(1)


def staff(*delegations: tuple[str, str]) -> Staff:
    given = [Delegation(giver, deputy, later(0), later(60)) for giver, deputy in delegations]
    return Staff.of(PEOPLE, given, AT)


def say(name: str, held: Ticket | None = None, known: Staff | None = None) -> Say:
    return say_of(held or ticket(), name, known or staff(), AT)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ana", "own request"),
        ("lea", "level is too low"),
        ("gone", "with an account"),
        ("nobody", "with an account"),
        ("root", "Only approvers"),
        ("bot", "Only people"),
        ("cron", "Only people"),
    ],
)
def test_who_may_not_decide(name: str, why: str) -> None:
    with pytest.raises(DecisionRefused, match=why):
        say(name)


def test_the_level_or_a_higher_one_decides() -> None:
    assert (say("max"), say("dora")) == (Say(2), Say(3))


def test_the_person_behind_an_agent_does_not_decide_on_what_it_asks() -> None:
    asked = request(requester="bot", requester_kind=IdentityKind.AGENT, behind="max")
    with pytest.raises(DecisionRefused, match="own request"):
        say("max", ticket(asked=asked))
    with pytest.raises(DecisionRefused, match="too low"):
        say("lea", ticket(asked=asked), staff(("max", "lea")))
    assert say("mia", ticket(asked=asked)) == Say(2)


def test_a_deputy_decides_in_the_place_of_another_but_never_of_the_requester() -> None:
    assert say("lea", known=staff(("max", "lea"))) == Say(2, "max")
    assert say("mia", known=staff(("dora", "mia"))) == Say(2), "one's own right first"
    with pytest.raises(DecisionRefused, match="too low"):
        say("lea", known=staff(("ana", "lea")))
    with pytest.raises(DecisionRefused, match="own request"):
        say("ana", known=staff(("max", "ana")))
    with pytest.raises(DecisionRefused, match="too low"):
        say("lea", known=staff(("gone", "lea")))
    ended = Staff.of(PEOPLE, [Delegation("max", "lea", later(-60), AT)], AT)
    with pytest.raises(DecisionRefused, match="too low"):
        say("lea", known=ended)


def test_a_ticket_can_be_handed_to_one_colleague() -> None:
    handed = ticket(TicketDelegated(actor="max", at=AT, to="lea", level=2))
    assert say("lea", handed) == Say(2, "max")
    with pytest.raises(DecisionRefused):
        say("lea", ticket(TicketDelegated(actor="ana", at=AT, to="lea", level=3)))


def test_one_person_fills_one_seat() -> None:
    half = ticket(approval(minutes=0.5), demanded=terms(Seat(2, 2)))
    with pytest.raises(DecisionRefused, match="approved it already"):
        say("max", half)
    with pytest.raises(DecisionRefused, match="too low"):
        say("lea", half, staff(("max", "lea")))
    assert say("mia", half) == Say(2)


def test_the_policy_may_name_who_decides() -> None:
    finance = ticket(demanded=terms(approvers=("group:finance",)))
    assert say("mia", finance) == Say(2)
    with pytest.raises(DecisionRefused, match="names others"):
        say("dora", finance)
    assert say("dora", finance, staff(("mia", "dora"))) == Say(2, "mia")


def test_a_decision_that_comes_too_late_hears_what_was_decided() -> None:
    with pytest.raises(TicketDecided, match="APPROVED already by max"):
        say("mia", ticket(approval(minutes=0.5)))


def test_seniors_call_an_override_each_for_themselves() -> None:
    assert senior_say_of(ticket(), "max", staff(), AT) == 2
    for name in ("lea", "ana", "bot", "root"):
        with pytest.raises(DecisionRefused):
            senior_say_of(ticket(), name, staff(("dora", "lea")), AT)


def test_those_of_the_level_are_asked_and_the_next_higher_where_there_are_none() -> None:
    assert askable(standing_of(ticket(), AT), 2, staff()) == ("max", "mia")
    assert askable(standing_of(ticket(), AT), 2, staff(("max", "lea"))) == ("lea", "max", "mia")
    assert askable(standing_of(ticket(approval(minutes=0.5)), AT), 2, staff()) == ("mia",)
    few = Staff.of([p for p in PEOPLE if p.name in ("ana", "dora")], (), AT)
    assert askable(standing_of(ticket(), AT), 1, few) == ("dora",)
    away = replace(staff(("max", "dora")), people={p.name: p for p in PEOPLE if p.name != "mia"})
    assert askable(standing_of(ticket(), AT), 2, away) == ("dora", "max")
