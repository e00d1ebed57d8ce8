"""From what somebody wants to the exact request that people decide on: analysed, routed, and with its terms fixed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from pgwarden.agents.safe_execution import Catalogs
from pgwarden.agents.ticket_history import TicketHistory
from pgwarden.agents.unmasked_read import UnmaskedRead
from pgwarden.domain.approval import DatabaseIdentity, OnConflict, RowChoice
from pgwarden.domain.approval_policy import ApprovalPolicy, Route, route
from pgwarden.domain.assessment import Assessment
from pgwarden.domain.catalog import Catalog, quote_identifier
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.execution import Execution, Parameter
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.impact import Basis, Impact
from pgwarden.domain.person import DIRECTOR
from pgwarden.domain.policy import Policy
from pgwarden.domain.proposal import Proposal, require_reason, require_window
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.recovery import RowConflict, conflicts_digest
from pgwarden.domain.request import Request, RequestKind, Terms, UndoTarget, Urgency
from pgwarden.domain.risk import RiskCase
from pgwarden.domain.routing_case import READ, RoutingCase
from pgwarden.domain.ticket import Ticket
from pgwarden.domain.ticket_approval import undo_covered
from pgwarden.domain.ticket_decision import Staff
from pgwarden.ports import ChangeRunner
from pgwarden.rules.sensitivity import sensitive_columns

UNDO = "UNDO"
"""The operation of a request to take an execution back."""


class Assessor(Protocol):
    """Foretells what a change would do, and how risky that is."""

    async def assess(
        self, database: str, sql: str, parameters: Sequence[Parameter] = (), *, identity: Identity
    ) -> Assessment: ...


class TicketRequests:
    """Makes requests with their terms. Nothing is changed to make one."""

    def __init__(
        self,
        catalogs: Catalogs,
        assessor: Assessor,
        changes: Callable[[str], Awaitable[ChangeRunner]],
        history: TicketHistory,
        *,
        policies: Callable[[], Policy] = Policy,
        approvals: Callable[[], ApprovalPolicy] = ApprovalPolicy,
        load: Callable[[str], Awaitable[float | None]] | None = None,
    ) -> None:
        """``changes`` finds a target's runner by its registered name, and refuses one that is only read; ``load`` tells
        the part of its server's connections that are at work, None where that is not known."""
        self._catalogs, self._assessor, self._changes, self._history = catalogs, assessor, changes, history
        self._policies, self._approvals, self._load = policies, approvals, load

    async def change(self, wanted: Proposal, identity: Identity, staff: Staff, at: datetime) -> tuple[Request, Terms]:
        """A change, analysed as it is now. Raises what ``Assessor.assess`` raises, WritesNotAllowed, InputInvalid."""
        reason = require_reason(wanted.reason)
        require_window(wanted.window, at)
        runner = await self._changes(wanted.database)
        target, role = await runner.identify()
        assessment = await self._assessor.assess(wanted.database, wanted.sql, wanted.parameters, identity=identity)
        _require_possible(assessment.impact)
        catalog = await self._catalogs.catalog(wanted.database)
        impact = assessment.impact
        request = Request(
            kind=RequestKind.CHANGE,
            database=wanted.database,
            target=target,
            role=role,
            sql=impact.sql,
            original=impact.original,
            question=wanted.question,
            parameters=tuple(wanted.parameters),
            requester=identity.name,
            requester_kind=identity.kind,
            behind=_behind(identity, staff),
            reason=reason,
            operation=impact.kind.value,
            risk=assessment.risk.level,
            rows=impact.rows,
            tables=_tables(impact),
            search_path=_search_path(catalog),
            reach=tuple(sorted(impact.reach)),
            definitions=impact.definitions,
            expectations=tuple(impact.expectations()),
            isolation=wanted.isolation,
            assessment=_plain(assessment.to_dict()),
            urgency=wanted.urgency,
            window=wanted.window,
            run_when_approved=wanted.run_when_approved,
        )
        case = self._case(request, impact, catalog, identity, at)
        return await self._routed(request, case, at)

    async def again(self, request: Request, staff: Staff, at: datetime) -> tuple[Request, Terms]:
        """The same statement, analysed anew: for when the tables or the numbers are no longer those approved."""
        wanted = Proposal(
            request.database,
            request.sql,
            request.reason,
            request.parameters,
            request.question,
            request.urgency,
            request.window,
            request.run_when_approved,
            request.isolation,
        )
        renewed, terms = await self.change(wanted, requester_of(request, staff), staff, at)
        return replace(renewed, original=request.original, behind=request.behind), terms

    async def undo(
        self,
        database: str,
        execution: Execution,
        conflicts: Sequence[RowConflict],
        on_conflict: OnConflict,
        identity: Identity,
        staff: Staff,
        at: datetime,
        *,
        reason: str,
        origin: Ticket | None,
        urgency: Urgency = Urgency.NORMAL,
        choices: tuple[RowChoice, ...] = (),
    ) -> tuple[Request, Terms]:
        """Taking an execution back. It is as risky as what it takes back was (``origin``: the ticket of that).

        Where the approval of that covers it, no approver is asked again.
        """
        risk = origin.request.risk if origin else RiskLevel.HIGH
        runner = await self._changes(database)
        target, role = await runner.identify()
        tables = tuple(sorted(name for name, counts in execution.counts.items() if counts.total))
        request = Request(
            kind=RequestKind.UNDO,
            database=database,
            target=target,
            role=role,
            sql="",
            original=execution.statement,
            requester=identity.name,
            requester_kind=identity.kind,
            behind=_behind(identity, staff),
            reason=require_reason(reason),
            operation=UNDO,
            risk=risk,
            rows=sum(counts.total for counts in execution.counts.values()),
            tables=tables,
            assessment=_undo_shown(execution, conflicts, on_conflict),
            urgency=urgency,
            undo=UndoTarget(execution.id, on_conflict, len(conflicts), conflicts_digest(conflicts), choices),
        )
        case = RoutingCase(
            database=database,
            operation=UNDO,
            risk=risk,
            rows=request.rows,
            tables=tables,
            at=at,
            requester=identity.name,
            requester_kind=identity.kind,
            groups=identity.groups,
            urgency=urgency,
        )
        request, terms = await self._routed(request, case, at)
        plain = not conflicts and on_conflict is OnConflict.REFUSE
        trusted = origin is not None and _may_rely_on(origin, identity, staff)
        if origin is not None and plain and trusted and undo_covered(origin, execution.id, at):
            rule = f"covered by the approval of {origin.id}"
            terms = replace(terms, seats=(), rule=rule, remind_at=(), escalate_at=())
        return request, terms

    async def read(
        self, wanted: Proposal, shown: UnmaskedRead, identity: Identity, staff: Staff, at: datetime
    ) -> tuple[Request, Terms]:
        """A read that shows sensitive values, once, to whoever asks for it."""
        require_window(wanted.window, at)
        catalog = await self._catalogs.catalog(wanted.database)
        request = Request(
            kind=RequestKind.READ,
            database=wanted.database,
            target=DatabaseIdentity("", catalog.database_oid, wanted.database),
            role=catalog.role,
            sql=wanted.sql,
            original=wanted.sql,
            question=wanted.question,
            requester=identity.name,
            requester_kind=identity.kind,
            behind=_behind(identity, staff),
            reason=require_reason(wanted.reason),
            operation=READ,
            risk=shown.risk,
            rows=shown.rows,
            tables=shown.tables,
            search_path=_search_path(catalog),
            assessment={"read": {"columns": list(shown.columns), "kinds": sorted(shown.kinds)}},
            urgency=wanted.urgency,
            window=wanted.window,
        )
        case = RoutingCase(
            database=wanted.database,
            operation=READ,
            risk=shown.risk,
            rows=shown.rows,
            tables=shown.tables,
            at=at,
            sensitivities=shown.kinds,
            requester=identity.name,
            requester_kind=identity.kind,
            groups=identity.groups,
            urgency=wanted.urgency,
        )
        return await self._routed(request, case, at)

    async def _routed(self, request: Request, case: RoutingCase, at: datetime) -> tuple[Request, Terms]:
        load = await self._load(request.database) if self._load else None
        case = replace(case, record=await self._history.record(request.requester), load=load)
        found = route(case, self._approvals())
        return replace(request, tolerance=found.tolerance), terms_of(found, at)

    def _case(
        self, request: Request, impact: Impact, catalog: Catalog, identity: Identity, at: datetime
    ) -> RoutingCase:
        kinds = sensitive_columns(RiskCase(impact, catalog, self._policies().risk))
        unknown = impact.open_tables or any(not effect.known for effect in impact.side_effects)
        return RoutingCase(
            database=request.database,
            operation=request.operation,
            risk=request.risk,
            rows=rows_at_most(impact),
            tables=request.tables,
            at=at,
            sensitivities=frozenset(kind.value for _, _, kind in kinds),
            cascades=any(step.figure.rows or not step.figure.certain for step in impact.cascades),
            unknown_effects=bool(unknown),
            requester=identity.name,
            requester_kind=identity.kind,
            groups=identity.groups,
            urgency=request.urgency,
        )


def requester_of(request: Request, staff: Staff) -> Identity:
    """The identity that asked, with the groups that it has now."""
    person = staff.people.get(request.requester)
    return Identity(request.requester, request.requester_kind, person.groups if person else frozenset())


def _may_rely_on(origin: Ticket, identity: Identity, staff: Staff) -> bool:
    """Whether an approval speaks for this person's undo, too: a person who asked for the change, or approves any."""
    person = staff.people.get(identity.name)
    approver = person is not None and person.may_approve(1)
    return identity.kind is IdentityKind.PERSON and (identity.name in origin.request.own or approver)


def terms_of(found: Route, at: datetime) -> Terms:
    """The policy's demands, with its waits as moments."""
    longer = (replace(found, escalate_after=found.escalate_after * step) for step in (1, 2))
    timers = found.timers(at)
    steps = tuple(each.timers(at).escalate_at for each in longer)[: max(0, DIRECTOR - found.level)]
    return Terms(
        seats=found.seats,
        expires_at=timers.expires_at,
        rule=found.automatic,
        holds_seconds=found.approval_holds_seconds,
        remind_at=timers.remind_at if found.seats else (),
        escalate_at=steps if found.seats else (),
        approvers=found.approvers,
        override_seniors=found.override.seniors,
        override_level=found.override.level,
        override_seconds=found.override.holds.total_seconds(),
        review_seconds=found.override.review_within.total_seconds(),
        undo_days=found.undo_days,
        factors=found.factors,
    )


def rows_at_most(impact: Impact) -> int | None:
    """Rows touched in all tables, of an interval its upper end; None where a number is not known."""
    if impact.open_tables:
        return None
    figures = [figure for table in impact.tables for figure in (table.inserted, table.updated, table.deleted)]
    if any(figure.basis is Basis.UNKNOWN for figure in figures):
        return None
    return sum(figure.rows if figure.high is None else figure.high for figure in figures)


def _undo_shown(execution: Execution, conflicts: Sequence[RowConflict], on_conflict: OnConflict) -> dict[str, Any]:
    counts = {name: counts.to_dict() for name, counts in execution.counts.items()}
    tables: dict[str, int] = {}
    for conflict in conflicts:
        tables[str(conflict)] = tables.get(str(conflict), 0) + 1
    return {
        "undo": {
            "execution": execution.id,
            "statement": execution.statement,
            "kind": execution.kind.value,
            "started_at": execution.started_at.isoformat(),
            "requested_by": execution.requested_by,
            "approved_by": execution.approved_by,
            "counts": counts,
            "on_conflict": on_conflict.value,
            "conflicts": tables,
        }
    }


def _require_possible(impact: Impact) -> None:
    certain = [violation for violation in impact.violations if violation.certain]
    if certain:
        raise InputInvalid(
            "The statement would fail, so there is nothing to approve.",
            why="; ".join(violation.message for violation in certain[:3]),
            not_done="No ticket was opened.",
            next_step="pgwarden impact shows what stands against it.",
        )


def _tables(impact: Impact) -> tuple[str, ...]:
    names = impact.names or {}
    found = [table.name for table in impact.tables if table.rows or table.target]
    return tuple(dict.fromkeys([*found, *(names.get(oid, str(oid)) for oid in impact.open_tables)]))


def _search_path(catalog: Catalog) -> str:
    return ", ".join(quote_identifier(schema) for schema in catalog.search_path if schema != "pg_catalog")


def _behind(identity: Identity, staff: Staff) -> str:
    person = staff.people.get(identity.name)
    owner = person.owner if person is not None and identity.kind is not IdentityKind.PERSON else ""
    return owner or identity.claims


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As it comes back from the store, so that the seal made of it is the one made of what comes back."""
    plain: dict[str, Any] = json.loads(json.dumps(values, allow_nan=False))
    return plain
