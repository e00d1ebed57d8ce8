"""The compliance report: who asked for what, who approved it, how long that took, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.audit_chain import AuditHead, AuditRecord

DRIFT_CODES = frozenset({"PGW101", "PGW102"})
"""Executions that stopped because the database was not, or did not do, what was approved."""
DRIFT_CAUSES = frozenset({"schema", "drift"})
"""Revisions that were asked for again for the same reason."""
STATUS = {
    "ticket.opened": "open",
    "ticket.revised": "open",
    "ticket.auto_approved": "approved",
    "ticket.denied": "denied",
    "ticket.expired": "expired",
    "ticket.cancelled": "cancelled",
    "ticket.executed": "executed",
    "ticket.execution_failed": "failed",
    "ticket.undone": "undone",
    "ticket.reinstated": "executed",
}
"""What a ticket is after an event; the others change nothing of it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's word on a ticket."""

    by: str
    what: str
    """approved, denied, or overridden."""
    level: int
    at: datetime
    seconds: float
    """Since the request, as it then stood, was made."""
    on_behalf_of: str = ""


@dataclass(slots=True)
class TicketLine:
    """What the audit says about one ticket, up to the end of the period."""

    id: str
    database: str
    opened_at: datetime
    requester: str
    requester_kind: str = ""
    operation: str = ""
    risk: str = ""
    rows: int = 0
    tables: tuple[str, ...] = ()
    statement: str = ""
    """'' where it was erased."""
    reason: str = ""
    status: str = "open"
    levels: tuple[int, ...] = ()
    decisions: list[Decision] = field(default_factory=list)
    rule: str = ""
    """The rule that approved it without a person, or ''."""
    overridden: bool = False
    reviewed: bool = False
    escalations: int = 0
    revisions: int = 0
    drift_stops: int = 0
    decided_at: datetime | None = None
    finished_at: datetime | None = None
    """When it was executed, denied, cancelled or expired."""
    asked_at: datetime | None = None
    """When the request was last made anew."""
    touched: bool = False
    """Whether anything happened to it in the period."""

    @property
    def seconds_to_decision(self) -> float | None:
        """From the request to the yes or no; None while there is none, or where no person was needed."""
        if self.decided_at is None or self.rule:
            return None
        return (self.decided_at - self.opened_at).total_seconds()


@dataclass(frozen=True, slots=True)
class LevelLine:
    """How one level of approvers keeps up. Times in seconds."""

    level: int
    decisions: int
    median: float | None
    slowest: float | None
    waiting: int
    """Tickets that wait for this level at the end of the period."""
    expired: int
    """Tickets that needed this level and expired without its word."""


@dataclass(frozen=True, slots=True)
class ApproverLine:
    """One person's decisions. Times in seconds."""

    name: str
    approved: int
    denied: int
    overridden: int
    median: float | None


@dataclass(frozen=True, slots=True)
class ComplianceReport:
    """Everything happened between ``since`` and ``until`` (exclusive)."""

    since: datetime
    until: datetime
    database: str
    """'' for all."""
    made_at: datetime
    chain: str
    last_entry: int
    last_hash: str
    tickets: tuple[TicketLine, ...]
    levels: tuple[LevelLine, ...]
    approvers: tuple[ApproverLine, ...]
    totals: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values, moments as they are."""
        return {
            "since": self.since,
            "until": self.until,
            "database": self.database,
            "made_at": self.made_at,
            "audit": {"chain": self.chain, "entry": self.last_entry, "hash": self.last_hash},
            "totals": dict(self.totals),
            "levels": self.levels,
            "approvers": self.approvers,
            "tickets": self.tickets,
        }


class ReportBuilder:
    """Sees every entry of the audit once, in order, and keeps one line a ticket."""

    def __init__(self, since: datetime, until: datetime, database: str = "") -> None:
        self._since, self._until, self._database = since, until, database
        self._tickets: dict[str, TicketLine] = {}
        self._totals: Counter[str] = Counter()

    def see(self, record: AuditRecord) -> None:
        entry = record.entry
        if entry.at >= self._until or (self._database and entry.database != self._database):
            return
        inside = entry.at >= self._since
        if entry.action.startswith("ticket.") and entry.subject:
            self._ticket(record, inside)
        elif inside:
            self._count(entry)

    def report(self, head: AuditHead, made_at: datetime) -> ComplianceReport:
        lines = tuple(line for line in self._tickets.values() if line.touched)
        return ComplianceReport(
            self._since,
            self._until,
            self._database,
            made_at,
            head.chain,
            head.number,
            head.hash,
            lines,
            tuple(_levels(lines)),
            tuple(_approvers(lines)),
            _totals(lines) | dict(sorted(self._totals.items())),
        )

    def _count(self, entry: AuditEntry) -> None:
        """What is no ticket's, by the noun and how it ended."""
        names = {Outcome.DONE: "", Outcome.REFUSED: " refused", Outcome.FAILED: " failed"}
        self._totals[f"{entry.action}{names[entry.outcome]}"] += 1

    def _ticket(self, record: AuditRecord, inside: bool) -> None:
        entry, details = record.entry, record.entry.details
        line = self._tickets.setdefault(entry.subject, TicketLine(entry.subject, entry.database, entry.at, entry.actor))
        line.touched = line.touched or inside
        line.status = STATUS.get(entry.action, line.status)
        match entry.action.removeprefix("ticket."):
            case "opened" | "revised":
                _ask(line, record)
            case "approved":
                self._decide(line, entry, "approved")
            case "denied":
                self._decide(line, entry, "denied")
            case "override_invoked":
                line.overridden = True
                self._decide(line, entry, "overridden")
            case "override_reviewed":
                line.reviewed = True
            case "auto_approved":
                line.rule, line.decided_at = str(details.get("rule", "")), entry.at
            case "escalated":
                line.escalations += 1
            case "execution_failed" if details.get("code") in DRIFT_CODES:
                line.drift_stops += 1
            case "executed" | "expired" | "cancelled":
                line.finished_at = entry.at

    def _decide(self, line: TicketLine, entry: AuditEntry, what: str) -> None:
        asked = line.asked_at or line.opened_at
        details = entry.details
        line.decisions.append(
            Decision(
                entry.actor,
                what,
                int(details.get("level", 0)),
                entry.at,
                max(0.0, (entry.at - asked).total_seconds()),
                str(details.get("on_behalf_of", "")),
            )
        )
        line.decided_at = entry.at
        if what == "denied":
            line.finished_at = entry.at
        elif line.status == "open" and _complete(line):
            line.status = "approved"


def _ask(line: TicketLine, record: AuditRecord) -> None:
    """The request as it now stands; a revision voids what was said before."""
    details = record.entry.details
    line.operation, line.risk = str(details.get("operation", "")), str(details.get("risk", ""))
    line.rows, line.tables = int(details.get("rows", 0)), tuple(details.get("tables", ()))
    line.requester = str(details.get("requester", line.requester))
    line.requester_kind = str(details.get("requester_kind", ""))
    line.levels = tuple(details.get("levels", ()))
    line.asked_at, line.decided_at, line.rule = record.entry.at, None, ""
    for name in ("statement", "reason"):
        kept = record.personal.get(name)
        setattr(line, name, kept.value if kept else "")
    if record.entry.action == "ticket.revised":
        line.revisions += 1
        line.drift_stops += details.get("cause") in DRIFT_CAUSES


def _complete(line: TicketLine) -> bool:
    """Whether the yeses since the request was last made fill its seats."""
    if line.overridden:
        return len({d.by for d in line.decisions if d.what == "overridden"}) >= 2
    said = sorted((d.level for d in line.decisions if d.what == "approved" and _current(line, d)), reverse=True)
    wanted = sorted(line.levels, reverse=True)
    return len(said) >= len(wanted) and all(has >= needs for has, needs in zip(said, wanted, strict=False))


def _current(line: TicketLine, decision: Decision) -> bool:
    return line.asked_at is None or decision.at >= line.asked_at


def _levels(lines: Iterable[TicketLine]) -> Iterable[LevelLine]:
    lines = tuple(lines)
    known = {level for line in lines for level in line.levels} | {d.level for line in lines for d in line.decisions}
    for level in sorted(known - {0}):
        times = [d.seconds for line in lines for d in line.decisions if d.level == level]
        lacking = [line for line in lines if level in line.levels and not _has_spoken(line, level)]
        yield LevelLine(
            level,
            len(times),
            median(times) if times else None,
            max(times, default=None),
            sum(line.status == "open" for line in lacking),
            sum(line.status == "expired" for line in lacking),
        )


def _has_spoken(line: TicketLine, level: int) -> bool:
    return any(decision.level >= level and _current(line, decision) for decision in line.decisions)


def _approvers(lines: Iterable[TicketLine]) -> Iterable[ApproverLine]:
    by_name: dict[str, list[Decision]] = {}
    for line in lines:
        for decision in line.decisions:
            by_name.setdefault(decision.by, []).append(decision)
    for name, decisions in sorted(by_name.items()):
        counts = Counter(decision.what for decision in decisions)
        yield ApproverLine(
            name,
            counts["approved"],
            counts["denied"],
            counts["overridden"],
            median(decision.seconds for decision in decisions),
        )


def _totals(lines: Iterable[TicketLine]) -> dict[str, int]:
    lines = tuple(lines)
    return {
        "tickets": len(lines),
        **{name: sum(line.status == name for line in lines) for name in dict.fromkeys(STATUS.values())},
        "approved without a person": sum(bool(line.rule) for line in lines),
        "overrides": sum(line.overridden for line in lines),
        "overrides not reviewed": sum(line.overridden and not line.reviewed for line in lines),
        "escalations": sum(line.escalations for line in lines),
        "drift stops": sum(line.drift_stops for line in lines),
    }
