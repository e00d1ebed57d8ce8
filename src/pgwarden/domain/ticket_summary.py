"""What a message shows of a ticket: the one place that turns a ticket into what people read elsewhere.

Counts only, never a row's values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.proposed_decision import ProposedDecision, standing_proposals
from pgwarden.domain.quantity import counted, duration, size
from pgwarden.domain.request import Urgency
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_events import (
    ApprovalGiven,
    AutoApproved,
    CommentAdded,
    ExecutionFailed,
    ExecutionSucceeded,
    OverrideInvoked,
    TicketCancelled,
    TicketDenied,
    TicketEscalated,
    TicketRevised,
)
from pgwarden.domain.ticket_status import standing_of


@dataclass(frozen=True, slots=True)
class TableLine:
    """One table's counts."""

    table: str
    inserted: int
    updated: int
    deleted: int
    certain: bool


@dataclass(frozen=True, slots=True)
class CascadeLine:
    """One foreign key on the way of the change."""

    depth: int
    source: str
    table: str
    action: str
    rows: int


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One reason for the risk; ``level`` '' informs only."""

    level: str
    message: str
    hint: str
    rule: str = ""
    """The rule's name, '' where none is known."""


@dataclass(frozen=True, slots=True)
class TicketSummary:
    """A ticket at one moment, as it is told; or an alert, which has only the fields that fit it."""

    ticket: str
    revision: int
    seal: str
    """Of the request that is shown: a yes from a message counts for this one only."""
    status: TicketStatus
    database: str
    operation: str
    sql: str
    parameters: int
    """How many; their values are not told."""
    question: str
    requester: str
    requester_kind: IdentityKind
    behind: str
    reason: str
    urgency: Urgency
    risk: str
    rows: int
    certain: bool
    tables: tuple[TableLine, ...]
    touched: tuple[str, ...]
    """Every table that changes, ``schema.table``."""
    cascades: tuple[CascadeLine, ...]
    findings: tuple[FindingLine, ...]
    violations: tuple[str, ...]
    recovery: tuple[str, ...]
    irreversible: tuple[str, ...]
    opened_at: datetime
    ends_at: datetime | None
    """When it expires by itself."""
    factors: tuple[str, ...]
    """Why the policy asks these people."""
    levels: tuple[int, ...]
    """Approvals that are still missing."""
    latest: str
    """What happened last, with whom, as a sentence."""
    proposals: tuple[ProposedDecision, ...] = ()
    """Decisions that came through agents and wait for their people's word."""
    alert_id: str = ""
    alert: str = ""
    """Where it is about no ticket but something out of the ordinary: that, in a line. ``ticket`` is '' then."""

    @property
    def title(self) -> str:
        """One line: ``DELETE of 1,204 rows in shop (HIGH)``."""
        if self.alert:
            return self.alert
        about = "" if self.certain else "about "
        rows = f"{self.rows:,} row" + ("" if self.rows == 1 else "s")
        return f"{self.operation} of {about}{rows} in {self.database} ({self.risk})"


def _recovery(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """What is kept and how long taking it back takes, then its steps."""
    steps = tuple(plan.get("steps", ()))
    if not plan.get("rows"):
        return steps
    kept = f"{counted(plan['rows'], 'row image')} kept, {size(plan['bytes'])}; it takes {duration(plan['seconds'])}"
    return (kept, *steps)


def summarise(ticket: Ticket, at: datetime) -> TicketSummary:
    """The ticket's newest revision as it stands at that moment."""
    request, standing = ticket.request, standing_of(ticket, at)
    impact: Mapping[str, Any] = request.assessment.get("impact") or {}
    risk: Mapping[str, Any] = request.assessment.get("risk") or {}
    recovery: Mapping[str, Any] = impact.get("recovery") or {}
    return TicketSummary(
        ticket=ticket.id,
        revision=ticket.revision,
        seal=request.seal,
        status=standing.status,
        database=request.database,
        operation=request.operation,
        sql=request.sql,
        parameters=len(request.parameters),
        question=request.question,
        requester=request.requester,
        requester_kind=request.requester_kind,
        behind=request.behind,
        reason=request.reason,
        urgency=request.urgency,
        risk=request.risk.value,
        rows=request.rows,
        certain=bool(impact.get("certain", True)),
        tables=tuple(_table(each) for each in impact.get("tables", ())),
        touched=request.tables,
        cascades=tuple(_cascade(each) for each in impact.get("cascades", ())),
        findings=tuple(
            FindingLine(each["level"] or "", each["message"], each.get("hint", ""), each.get("rule", ""))
            for each in risk.get("findings", ())
        ),
        violations=tuple(each["message"] for each in impact.get("violations", ())),
        recovery=_recovery(recovery),
        irreversible=tuple(recovery.get("irreversible", ())),
        opened_at=ticket.opened_at,
        ends_at=standing.ends_at,
        factors=standing.terms.factors,
        levels=tuple(seat.level for seat in standing.missing),
        latest=_latest(ticket),
        proposals=standing_proposals(ticket, standing.status),
    )


def _table(line: Mapping[str, Any]) -> TableLine:
    kinds: Sequence[Mapping[str, Any]] = [line[kind] for kind in ("inserted", "updated", "deleted")]
    inserted, updated, deleted = (int(kind["rows"]) for kind in kinds)
    certain = all(kind["basis"] in ("exact", "rehearsed") for kind in kinds)
    return TableLine(line["table"], inserted, updated, deleted, certain)


def _cascade(line: Mapping[str, Any]) -> CascadeLine:
    return CascadeLine(line["depth"], line["from"], line["table"], line["action"], int(line["rows"]["rows"]))


def _latest(ticket: Ticket) -> str:
    """The newest event that people want to read about."""
    return next((text for event in reversed(ticket.events) if (text := _sentence(event))), "")


def _sentence(event: object) -> str:
    match event:
        case ApprovalGiven(actor=who, comment=comment):
            return f"Approved by {who}" + (f": {comment}" if comment else ".")
        case AutoApproved(rule=rule):
            return f"Approved by the policy's rule {rule}."
        case TicketDenied(actor=who, reason=reason):
            return f"Denied by {who}: {reason}"
        case CommentAdded(actor=who, text=text):
            return f"{who} wrote: {text}"
        case TicketEscalated(actor=who, level=level, cause=cause, reason=reason):
            return f"Escalated to level {level} ({cause.value}) by {who}" + (f": {reason}" if reason else ".")
        case TicketCancelled(actor=who, reason=reason):
            return f"Cancelled by {who}" + (f": {reason}" if reason else ".")
        case TicketRevised(actor=who, cause=cause):
            return f"Revised by {who} ({cause.value}): earlier approvals are void."
        case OverrideInvoked(actor=who, reason=reason):
            return f"Emergency override by {who}: {reason}"
        case ExecutionSucceeded() as done:
            return f"Executed: {done.rows:,} rows in {done.milliseconds:,.0f} ms."
        case ExecutionFailed(code=code):  # PostgreSQL's own words may quote a row: they are not passed on
            return f"The execution failed ({code}); nothing was changed."
    return ""


def example_summary(at: datetime, requester: str) -> TicketSummary:
    """A made-up ticket, for trying a channel."""
    return TicketSummary(
        ticket="EXAMPLE",
        revision=1,
        seal="",
        status=TicketStatus.CANCELLED,
        database="example",
        operation="DELETE",
        sql="delete from example where done",
        parameters=0,
        question="",
        requester=requester,
        requester_kind=IdentityKind.PERSON,
        behind="",
        reason="Trying whether messages arrive. There is no such ticket.",
        urgency=Urgency.NORMAL,
        risk="LOW",
        rows=3,
        certain=True,
        tables=(TableLine("public.example", 0, 0, 3, True),),
        touched=("public.example",),
        cascades=(),
        findings=(FindingLine("", "This is an example.", ""),),
        violations=(),
        recovery=("Nothing to take back.",),
        irreversible=(),
        opened_at=at,
        ends_at=None,
        factors=(),
        levels=(),
        latest="pgwarden notifications test",
    )
