"""What the approval policy says: about a statement before it is asked for, and about past tickets under another one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pgwarden.agents.impact_assessment import ImpactAssessmentAgent
from pgwarden.agents.ticket_history import TicketHistory
from pgwarden.agents.ticket_requests import rows_at_most
from pgwarden.domain.admission import Admission
from pgwarden.domain.approval_policy import ApprovalPolicy, Route, route
from pgwarden.domain.assessment import Assessment
from pgwarden.domain.identity import Identity
from pgwarden.domain.login import Scope
from pgwarden.domain.person import Role
from pgwarden.domain.request import Request, RequestKind, Urgency
from pgwarden.domain.routing_case import READ, RoutingCase, TrackRecord
from pgwarden.domain.sensitive import SensitiveKind
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.ticket_status import status_of
from pgwarden.ports import PeopleStore, TicketStore


@dataclass(frozen=True, slots=True)
class Compared:
    """A past ticket, as two policies route it."""

    ticket: str
    opened_at: datetime
    operation: str
    requester: str
    status: TicketStatus
    before: Route
    after: Route

    @property
    def differs(self) -> bool:
        return _demands(self.before) != _demands(self.after)


class PolicyDesk:
    """Explains and compares. Nothing is changed."""

    def __init__(
        self,
        impact: ImpactAssessmentAgent,
        history: TicketHistory,
        tickets: TicketStore,
        people: PeopleStore,
        load: Callable[[str], Awaitable[float | None]],
        now: Callable[[], datetime],
    ) -> None:
        """``load`` tells the part of a target's connections that are at work."""
        self._impact, self._history, self._tickets, self._people = impact, history, tickets, people
        self._load, self._now = load, now

    async def explain(
        self,
        database: str,
        sql: str,
        policy: ApprovalPolicy,
        *,
        identity: Identity,
        urgency: Urgency = Urgency.NORMAL,
    ) -> tuple[Assessment, Route]:
        """What it would do and who would have to say yes, were it asked for now. Raises what ``assess`` raises."""
        found = await self._impact.assess(database, sql, identity=identity)
        impact = found.impact
        named = impact.names or {}
        changed = [table.name for table in impact.tables if table.rows or table.target]
        case = RoutingCase(
            database=database,
            operation=impact.kind.value,
            risk=found.risk.level,
            rows=rows_at_most(impact),
            tables=tuple(dict.fromkeys([*changed, *(named.get(oid, str(oid)) for oid in impact.open_tables)])),
            at=self._now(),
            sensitivities=_sensitivities(found.risk.to_dict()),
            cascades=any(step.figure.rows or not step.figure.certain for step in impact.cascades),
            unknown_effects=bool(impact.open_tables) or any(not effect.known for effect in impact.side_effects),
            requester=identity.name,
            requester_kind=identity.kind,
            groups=identity.groups,
            record=await self._history.record(identity.name),
            urgency=urgency,
            load=await self._load(database),
        )
        return found, route(case, policy)

    async def compare(
        self, before: ApprovalPolicy, after: ApprovalPolicy, *, by: Admission, limit: int = 500
    ) -> tuple[Compared, ...]:
        """The newest tickets under both policies, newest first. LoginNeeded, RightMissing.

        Facts that a ticket does not keep, such as the load of that moment, count as not known.
        """
        person = by.require_login()
        if person.roles.isdisjoint({Role.ADMIN, Role.AUDITOR}):
            by.require(Scope.ADMIN, Role.ADMIN)
        now = self._now()
        tickets = await self._tickets.find(TicketFilter(limit=limit), at=now)
        groups = {person.name: person.groups for person in await self._people.all()}
        found = []
        for position, ticket in enumerate(tickets):
            case = case_of(ticket, _record(ticket, tickets[position + 1 :], now), groups)
            found.append(
                Compared(
                    ticket.id,
                    ticket.opened_at,
                    ticket.request.operation,
                    ticket.request.requester,
                    status_of(ticket, now),
                    route(case, before),
                    route(case, after),
                )
            )
        return tuple(found)


def case_of(ticket: Ticket, record: TrackRecord, groups: Mapping[str, frozenset[str]]) -> RoutingCase:
    """The facts that a ticket keeps, as they were when it was opened, with today's groups of its requester."""
    request = ticket.request
    impact: Mapping[str, Any] = request.assessment.get("impact", {})
    return RoutingCase(
        database=request.database,
        operation=READ if request.kind is RequestKind.READ else request.operation,
        risk=request.risk,
        rows=request.rows,
        tables=request.tables,
        at=ticket.opened_at,
        sensitivities=_sensitivities(request.assessment.get("risk", {})),
        cascades=any(step["rows"]["rows"] for step in impact.get("cascades", ())),
        unknown_effects=_unknown(request, impact),
        requester=request.requester,
        requester_kind=request.requester_kind,
        groups=groups.get(request.requester, frozenset()),
        record=record,
        urgency=request.urgency,
    )


def _unknown(request: Request, impact: Mapping[str, Any]) -> bool:
    return request.kind is RequestKind.CHANGE and any(not each["known"] for each in impact.get("side_effects", ()))


def _sensitivities(risk: Mapping[str, Any]) -> frozenset[str]:
    """The kinds of sensitive data that the findings speak of."""
    said = " ".join(each["message"] for each in risk.get("findings", ()) if each["rule"] == "sensitive-data")
    return frozenset(kind.value for kind in SensitiveKind if f"({kind.value})" in said)


def _record(ticket: Ticket, earlier: tuple[Ticket, ...], now: datetime) -> TrackRecord:
    """How the requester's earlier tickets ended."""
    mine = [status_of(each, now) for each in earlier if each.request.requester == ticket.request.requester]
    return TrackRecord(
        executed=mine.count(TicketStatus.EXECUTED),
        denied=mine.count(TicketStatus.DENIED),
        failed=mine.count(TicketStatus.FAILED),
        undone=mine.count(TicketStatus.UNDONE),
    )


def _demands(found: Route) -> tuple[object, ...]:
    waits = (found.holds, found.remind_after, found.escalate_after, found.expires_after)
    return found.seats, found.automatic, found.approvers, waits, found.undo_days, found.tolerance
