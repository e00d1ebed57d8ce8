"""What messages say, whatever carries them: headline, facts, what would change, why it is risky, how it is undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.notification import Audience, Letter, NotificationKind
from pgwarden.domain.proposed_decision import ProposedDecision
from pgwarden.domain.ticket import WAITING
from pgwarden.domain.ticket_summary import CascadeLine, TicketSummary

HEADLINES = {
    NotificationKind.APPROVAL_REQUESTED: "Your approval is asked for",
    NotificationKind.REMINDER: "Still waiting for your decision",
    NotificationKind.ESCALATED: "Escalated to you",
    NotificationKind.OVERRIDE: "Emergency override",
    NotificationKind.REVISED: "The request was changed",
    NotificationKind.APPROVED: "Approved",
    NotificationKind.DENIED: "Denied",
    NotificationKind.EXPIRED: "Expired",
    NotificationKind.CANCELLED: "Cancelled",
    NotificationKind.EXECUTING: "Running now",
    NotificationKind.EXECUTED: "Executed",
    NotificationKind.FAILED: "Failed; nothing was changed",
    NotificationKind.CRITICAL: "Critical failure: look at it now",
    NotificationKind.UNDONE: "Taken back",
    NotificationKind.COMMENTED: "New comment",
    NotificationKind.DECISION_PROPOSED: "Decided in your name by an agent; confirm or discard it",
    NotificationKind.ALERT_OPENED: "Out of the ordinary",
    NotificationKind.ALERT_CLOSED: "Ordinary again",
}
LONGEST_STATEMENT = 20_000
"""Characters of a statement in a message; the ticket has it whole."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its lines."""

    heading: str
    lines: tuple[str, ...]


def headline(letter: Letter) -> str:
    """``Your approval is asked for: DELETE of 1,204 rows in shop (HIGH)``."""
    return f"{HEADLINES[letter.notification.kind]}: {letter.notification.summary.title}"


def subject(letters: Sequence[Letter]) -> str:
    """One line for all of them, without line breaks."""
    if len(letters) == 1:
        return " ".join(headline(letters[0]).split())
    return f"{len(letters)} messages from pgwarden"


def why_held(letters: Sequence[Letter]) -> str:
    """Why these come together, or ''."""
    return " ".join(dict.fromkeys(letter.delivery.held_for for letter in letters if letter.delivery.held_for))


def facts(letter: Letter, zone: str) -> tuple[tuple[str, str], ...]:
    """(label, text) of what everyone may know; those involved see who asks and why, too."""
    summary = letter.notification.summary
    if summary.alert:
        return _alert_facts(summary, zone)
    found = [
        ("Ticket", summary.ticket),
        ("Status", summary.status.value),
        ("Database", summary.database),
        ("Tables", ", ".join(summary.touched) or "-"),
        ("Risk", summary.risk),
        ("Rows", ("" if summary.certain else "about ") + f"{summary.rows:,}"),
    ]
    if letter.delivery.audience is Audience.INVOLVED:
        found += [("Asked by", asked_by(summary)), ("Reason", summary.reason)]
        found += [("Question", summary.question)] if summary.question else []
        found += [("Latest", summary.latest)] if summary.latest else []
    found.append(("Urgency", summary.urgency.value))
    if summary.ends_at and summary.status in WAITING:
        found.append(("Decide by", moment(summary.ends_at, zone)))
    return tuple(found)


def _alert_facts(summary: TicketSummary, zone: str) -> tuple[tuple[str, str], ...]:
    found = [("Alert", summary.alert_id), ("Database", summary.database or "-"), ("What", summary.alert)]
    found.append(("Since", moment(summary.opened_at, zone)))
    if summary.ends_at:
        found.append(("Until", moment(summary.ends_at, zone)))
    return tuple(found)


def asked_by(summary: TicketSummary) -> str:
    """Who asks, with the person behind an account that is none."""
    if not summary.behind:
        return summary.requester
    if summary.requester_kind is IdentityKind.PERSON:
        return f"{summary.requester}, for {summary.behind}"
    return f"{summary.requester} ({summary.requester_kind.value}, {summary.behind} answers for it)"


def statement(letter: Letter) -> str:
    """The exact statement for those involved, '' for others."""
    if letter.delivery.audience is not Audience.INVOLVED:
        return ""
    summary = letter.notification.summary
    text = summary.sql
    if len(text) > LONGEST_STATEMENT:
        text = f"{text[:LONGEST_STATEMENT]}\n… {len(summary.sql) - LONGEST_STATEMENT:,} more characters in the ticket"
    return text


def sections(letter: Letter) -> tuple[Section, ...]:
    """What the approver must see before deciding; empty ones are left out."""
    if letter.delivery.audience is not Audience.INVOLVED:
        return ()
    summary = letter.notification.summary
    passed_on = own_proposal(letter)
    found = (
        Section("Passed on in your name; it counts once you confirm it", (passed_on.told(),) if passed_on else ()),
        Section("Rows by table", _tables(summary)),
        Section("Cascades", tuple(_cascade(line) for line in summary.cascades)),
        Section("Would make it fail", summary.violations),
        Section(
            "Findings",
            tuple(
                f"{line.level or 'note'}: {line.message}" + (f" ({line.hint})" if line.hint else "")
                for line in summary.findings
            ),
        ),
        Section("How it would be taken back", summary.recovery),
        Section("Cannot be taken back", summary.irreversible),
        Section("Why you are asked", summary.factors if letter.notification.asks else ()),
        Section(
            "Parameters",
            (f"{summary.parameters} value(s), shown in the ticket only",) if summary.parameters else (),
        ),
    )
    return tuple(section for section in found if section.lines)


def own_proposal(letter: Letter) -> ProposedDecision | None:
    """The decision that was passed on in the reader's name and waits for their word."""
    found = letter.notification.summary.proposals
    return next((each for each in found if each.approver == letter.delivery.person), None)


def link(public_url: str, ticket: str) -> str:
    """The ticket's page; '' where pgwarden has no address, or there is no ticket."""
    return f"{public_url.rstrip('/')}/tickets/{ticket}" if public_url and ticket else ""


def where(public_url: str, ticket: str) -> str:
    """Where to go with it."""
    return link(public_url, ticket) or (f"pgwarden ticket show {ticket}" if ticket else "pgwarden alerts")


def moment(at: datetime, zone: str) -> str:
    """A moment in the reader's own zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def _tables(summary: TicketSummary) -> tuple[str, ...]:
    lines = []
    for line in summary.tables:
        counts = (("inserted", line.inserted), ("updated", line.updated), ("deleted", line.deleted))
        said = ", ".join(f"{count:,} {what}" for what, count in counts if count) or "none"
        lines.append(f"{line.table}: {'' if line.certain else 'about '}{said}")
    return tuple(lines)


def _cascade(line: CascadeLine) -> str:
    indent = "   " * max(line.depth - 1, 0)
    return f"{indent}└─ {line.source} → {line.table}: {line.action}, {line.rows:,} rows"
