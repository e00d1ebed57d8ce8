"""How tickets look in a terminal: the list, and one ticket with everything that whoever decides on it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pgwarden.agents.ticket_object import event_text
from pgwarden.cli.impact import LEVEL_STYLE
from pgwarden.cli.render import cell, console, hanging, one_line, simple_table
from pgwarden.domain.proposed_decision import standing_proposals
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.request import RequestKind
from pgwarden.domain.ticket import WAITING, TicketStatus
from pgwarden.domain.ticket_events import Event
from pgwarden.domain.ticket_summary import CascadeLine, TicketSummary, summarise

if TYPE_CHECKING:
    from pgwarden.agents.approval_workflow import TicketView
    from pgwarden.agents.change_preview import ChangePreview

STATUS_STYLE = {
    TicketStatus.PENDING: "bold yellow",
    TicketStatus.ESCALATED: "bold magenta",
    TicketStatus.APPROVED: "bold green",
    TicketStatus.EXECUTING: "bold cyan",
    TicketStatus.EXECUTED: "green",
    TicketStatus.UNDONE: "cyan",
}
BAD = "bold red"


def show_tickets(views: Sequence[TicketView], now: datetime) -> None:
    """The list, the newest first."""
    from rich.text import Text

    if not views:
        console().print("No such tickets.")
        return
    rows = [
        (
            view.ticket.id,
            view.standing.status.value + (" (review due)" if view.standing.review_due else ""),
            view.ticket.request.risk.value,
            view.ticket.request.urgency.value,
            view.ticket.request.database,
            _what(view),
            view.ticket.request.requester,
            ", ".join(view.asked) or ", ".join(vote.by for vote in view.standing.votes),
            _ago(now, view.ticket.opened_at),
        )
        for view in views
    ]
    headers = ("ticket", "status", "risk", "urgency", "database", "what", "asked by", "decides / decided", "age")
    console().print(simple_table(headers, rows))
    due = [view.ticket.id for view in views if view.standing.review_due]
    if due:
        console().print(Text(f"An override waits for its review: {', '.join(due)}", style="yellow"))


def show_ticket(view: TicketView, now: datetime, preview: ChangePreview | None = None) -> None:
    """One ticket, the decision-relevant part first."""
    from rich.text import Text

    summary = summarise(view.ticket, now)
    request, standing, out = view.ticket.request, view.standing, console()
    head = Text(f"{view.ticket.id} ", style="bold")
    head += Text(standing.status.value, style=STATUS_STYLE.get(standing.status, BAD))
    head += Text(f"  {summary.title}", style=LEVEL_STYLE[RiskLevel(summary.risk)])
    out.print(head + Text(f"  revision {summary.revision}" if summary.revision > 1 else "", style="dim"))
    _lines(
        (
            ("asked by", _asker(view)),
            ("reason", summary.reason),
            ("question", summary.question),
            ("urgency", summary.urgency.value),
            ("as role", f"{request.role}, {request.isolation.value.lower()}"),
            ("window", _window(request.window.start, request.window.until)),
            ("ends", _moment(standing.ends_at) if standing.ends_at else ""),
            ("needs", _needs(view)),
            ("asked", ", ".join(view.asked)),
            ("usually", _duration(view.estimated_seconds)),
        )
    )
    _show_statement(summary, request.kind, request.assessment)
    _show_risk(summary)
    _show_rows(summary)
    _show_sample(preview)
    _block("taking it back", summary.recovery, "bold")
    _block("cannot be taken back", summary.irreversible, BAD)
    _block("why these people", summary.factors, "bold")
    _show_similar(view)
    _show_proposals(view)
    _show_timeline(view.ticket.events)


def _show_proposals(view: TicketView) -> None:
    """Decisions that agents passed on: each changes nothing until its person confirms it."""
    lines = [
        f"for {each.approver}: {each.told()} — {each.approver} alone can say: pgwarden ticket confirm {view.ticket.id}"
        for each in standing_proposals(view.ticket, view.standing.status)
    ]
    _block("passed on by agents, not yet decided", lines, "bold yellow")


def _show_statement(summary: TicketSummary, kind: RequestKind, assessment: Mapping[str, Any]) -> None:
    from rich.text import Text

    if kind is RequestKind.UNDO:
        undo = assessment.get("undo", {})
        console().print(Text(f"takes back {undo.get('execution')}:", style="bold"))
        console().print(Text(one_line(undo.get("statement", "")), style="cyan"))
        stands = [f"{what}: {number:,}" for what, number in undo.get("conflicts", {}).items()]
        choice = undo.get("on_conflict")
        told = f"which it would {choice}" if choice != "each" else "settled as was chosen for each of them"
        _block(f"rows in its way, {told}", stands, BAD)
    else:
        console().print(Text(summary.sql, style="cyan"))
        if summary.parameters:
            console().print(Text(f"with {summary.parameters} parameters", style="dim"))
    _block("would be shown as they are", assessment.get("read", {}).get("columns", []), "bold yellow")


def _show_risk(summary: TicketSummary) -> None:
    lines = [
        f"{f.message}{f' [{f.level}]' if f.level else ''}{f' — {f.hint}' if f.hint else ''}" for f in summary.findings
    ]
    _block(f"risk {summary.risk}", lines, LEVEL_STYLE[RiskLevel(summary.risk)])
    _block("would fail", summary.violations, BAD)


def _show_rows(summary: TicketSummary) -> None:
    about = "" if summary.certain else "≈ "
    rows = [
        (t.table, *(f"{about}{n:,}" if n else "" for n in (t.inserted, t.updated, t.deleted))) for t in summary.tables
    ]
    if rows:
        console().print(simple_table(("table", "inserted", "updated", "deleted"), rows))
    _show_cascades(summary.cascades)


def _show_cascades(cascades: Sequence[CascadeLine]) -> None:
    from rich.text import Text
    from rich.tree import Tree

    if not cascades:
        return
    root = Tree(Text("cascades", style="bold"))
    branches: dict[str, Tree] = {}
    for step in sorted(cascades, key=lambda step: step.depth):
        parent = branches.get(step.source, root) if step.depth > 1 else root
        text = one_line(f"{step.source} → {step.table} {step.action}: {step.rows:,} rows")
        branches.setdefault(step.table, parent.add(Text(text)))
    console().print(root)


def _show_sample(preview: ChangePreview | None) -> None:
    from rich.text import Text

    if preview is None:
        return
    if preview.missing:
        console().print(hanging(Text("no sample: ", style="dim"), Text(one_line(preview.missing), style="dim")))
        return
    console().print(Text(f"sample of {preview.table}", style="bold"))
    for row in preview.rows:
        before, after = row.before or {}, row.after or {}
        names = [name for name in (before or after) if row.before is None or row.after is None]
        names = names or [name for name in after if before.get(name) != after[name]]
        changes = (
            f"{name} {cell(before[name])} → {cell(after[name])}"
            if row.before is not None and row.after is not None
            else f"{name} {cell((before or after)[name])}"
            for name in names
        )
        sign = "+" if row.before is None else "−" if row.after is None else "~"
        key = next(iter(before), "")
        start = f"{key} {cell(before[key])}: " if sign == "~" and key and key not in names else ""
        console().print(hanging(Text(f"  {sign} "), Text(one_line(start + ", ".join(changes)))))


def _show_similar(view: TicketView) -> None:
    if view.similar is None or not view.similar.outcomes:
        return
    counts = ", ".join(f"{number} {status}" for status, number in sorted(view.similar.outcomes.items()))
    _block("similar past tickets", [f"{view.similar.operation} on {view.similar.table}: {counts}"], "bold")


def _show_timeline(events: Iterable[Event]) -> None:
    from rich.text import Text

    console().print(Text("timeline", style="bold"))
    for event in events:
        console().print(hanging(Text(f"  {_moment(event.at)}  ", style="dim"), Text(one_line(event_text(event)))))


def _lines(pairs: Iterable[tuple[str, str]]) -> None:
    from rich.text import Text

    for label, text in pairs:
        if text:
            console().print(hanging(Text(f"  {label:<9} ", style="dim"), Text(one_line(text))))


def _block(title: str, lines: Sequence[str], style: str) -> None:
    from rich.text import Text

    if lines:
        console().print(Text(title, style=style))
        for line in lines:
            console().print(hanging(Text("  • "), Text(one_line(line))))


def _what(view: TicketView) -> str:
    request = view.ticket.request
    return f"{request.operation} {request.rows:,} in {', '.join(request.tables[:2]) or '—'}"


def _asker(view: TicketView) -> str:
    request = view.ticket.request
    kind = "" if request.requester_kind.value == "person" else f" ({request.requester_kind.value})"
    return f"{request.requester}{kind}{f', for {request.behind}' if request.behind else ''}"


def _needs(view: TicketView) -> str:
    if view.standing.status not in WAITING:
        return ""
    return ", ".join(f"level {seat.level}" for seat in view.standing.missing)


def _window(start: datetime | None, until: datetime | None) -> str:
    parts = [f"from {_moment(start)}" if start else "", f"until {_moment(until)}" if until else ""]
    return " ".join(part for part in parts if part)


def _moment(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else f"{_span(seconds)} until it is approved"


def _ago(now: datetime, then: datetime) -> str:
    return _span((now - then).total_seconds())


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
