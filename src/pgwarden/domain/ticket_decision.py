"""Who may decide on a ticket. Refused is whoever is not known to be allowed, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pgwarden.domain.errors import DecisionRefused, TicketDecided
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Delegation, Person, Role
from pgwarden.domain.request import Request
from pgwarden.domain.ticket import WAITING, Ticket
from pgwarden.domain.ticket_events import TicketDelegated
from pgwarden.domain.ticket_status import Standing, standing_of


@dataclass(frozen=True, slots=True)
class Say:
    """A right to decide: at which level, and in whose place ('' in one's own)."""

    level: int
    on_behalf_of: str = ""


@dataclass(frozen=True)  # without slots, so that the approvers are found once
class Staff:
    """The accounts, and who stands in for whom at one moment."""

    people: Mapping[str, Person]
    delegations: tuple[Delegation, ...] = ()

    @classmethod
    def of(cls, people: Iterable[Person], delegations: Iterable[Delegation], at: datetime) -> Staff:
        return cls({person.name: person for person in people}, tuple(d for d in delegations if d.holds(at)))

    @cached_property
    def approvers(self) -> tuple[Person, ...]:
        """Those of any level: a queue asks for each of its tickets who of them decides."""
        return tuple(person for person in self.people.values() if person.may_approve(1))


def say_of(ticket: Ticket, name: str, staff: Staff, at: datetime) -> Say:
    """What this person's yes or no counts for. Raises TicketDecided or DecisionRefused."""
    standing = standing_of(ticket, at)
    require_waiting(ticket, standing)
    require_approver(name, staff, standing.request)
    if any(name in vote.people for vote in standing.votes):
        raise _refused("You have approved it already.", "another person is needed for the next approval")
    taken = frozenset[str]().union(*(vote.people for vote in standing.votes))
    says = [say for say in _says(ticket, name, staff, standing) if say.on_behalf_of not in taken]
    admitted = [say for say in says if _admitted(standing, name, say, staff)]
    if not admitted and says:
        raise _refused("The policy names others for this.", f"it asks {', '.join(standing.terms.approvers)}")
    needed = standing.missing[-1].level if standing.missing else max(1, standing.terms.level)
    enough = [say for say in admitted if say.level >= needed]
    if not enough:
        best = max((say.level for say in admitted), default=0)
        raise _refused("Your level is too low for this.", f"level {needed} is needed, yours is {best}")
    return min(enough, key=lambda say: (say.on_behalf_of != "", say.level))


def senior_say_of(ticket: Ticket, name: str, staff: Staff, at: datetime) -> int:
    """The level with which this person may take part in an emergency override; nobody stands in for another there."""
    standing = standing_of(ticket, at)
    require_waiting(ticket, standing)
    person = require_approver(name, staff, standing.request)
    if any(name == vote.by for vote in standing.seniors):
        raise _refused("You have called the override already.", "another senior approver is needed")
    if person.level < standing.terms.override_level:
        needed = standing.terms.override_level
        raise _refused("An override takes senior approvers.", f"level {needed} is needed, yours is {person.level}")
    return person.level


def require_waiting(ticket: Ticket, standing: Standing) -> None:
    """Refuse what comes too late, saying what was decided and by whom. Raises TicketDecided."""
    if standing.status in WAITING:
        return
    voters = ", ".join(sorted(vote.by for vote in (*standing.votes, *standing.seniors)))
    by = f" by {voters}" if voters else f" by the rule {standing.rule}" if standing.rule else ""
    raise TicketDecided(
        f"The ticket {ticket.id} is {standing.status.value} already{by if standing.approved_at else ''}.",
        not_done="Nothing was changed.",
        next_step=f"pgwarden ticket show {ticket.id}",
    )


def require_approver(name: str, staff: Staff, request: Request) -> Person:
    """The person behind a name, if such a one may ever decide on this request. Raises DecisionRefused."""
    person = staff.people.get(name)
    if person is None or not person.active:
        raise _refused("Only people with an account decide.", f"there is no active account {name}")
    if person.kind is not IdentityKind.PERSON:
        raise _refused(
            "Only people decide.",
            f"{name} is a{'n' if person.kind is IdentityKind.AGENT else ''} {person.kind.value} account",
        )
    if name in request.own:
        raise _refused("Nobody decides on their own request.", f"it was asked for by {request.requester}")
    if Role.APPROVER not in person.roles:
        raise _refused("Only approvers decide.", f"{name} is none")
    return person


def askable(standing: Standing, level: int, staff: Staff) -> tuple[str, ...]:
    """Whom to ask for an approval of this level: its people, those who stand in for them, and the next higher ones
    where the level has nobody. In the order of names."""
    fit = [
        person
        for person in staff.approvers
        if person.may_approve(level)
        and person.name not in standing.request.own
        and not any(person.name in vote.people for vote in standing.votes)
        and _admitted(standing, person.name, Say(person.level), staff)
    ]
    lowest = min((person.level for person in fit), default=0)
    asked = {person.name for person in fit if person.level == lowest}
    deputies = {d.deputy for d in staff.delegations if d.giver in asked} | {
        staff.people[name].backup for name in asked if staff.people[name].backup and _is_away(name, staff)
    }
    return tuple(sorted(name for name in asked | deputies if _may_stand_in(name, staff, standing.request)))


def _says(ticket: Ticket, name: str, staff: Staff, standing: Standing) -> Iterator[Say]:
    own = standing.request.own
    if staff.people[name].level >= 1:
        yield Say(staff.people[name].level)
    given = [d.giver for d in staff.delegations if d.deputy == name]
    given += [e.actor for e in ticket.events if isinstance(e, TicketDelegated) and e.to == name]
    for giver in dict.fromkeys(given):
        person = staff.people.get(giver)
        if person is not None and giver not in own and giver != name and person.may_approve(1):
            yield Say(person.level, giver)


def _admitted(standing: Standing, name: str, say: Say, staff: Staff) -> bool:
    if not standing.terms.approvers:
        return True
    person = staff.people[say.on_behalf_of or name]
    subjects = {f"person:{person.name}", *(f"group:{group}" for group in person.groups)}
    return not subjects.isdisjoint(standing.terms.approvers)


def _is_away(name: str, staff: Staff) -> bool:
    return any(d.giver == name for d in staff.delegations)


def _may_stand_in(name: str, staff: Staff, request: Request) -> bool:
    person = staff.people.get(name)
    return person is not None and person.may_approve(1) and name not in request.own


def _refused(what: str, why: str) -> DecisionRefused:
    return DecisionRefused(what, why=why, not_done="Nothing was decided.", next_step="Let somebody else decide.")
