"""The compliance report as one page: prints well, needs no network, runs no script."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from pgwarden.domain.compliance import ComplianceReport, Decision, TicketLine
from pgwarden.domain.quantity import counted

STYLE = (
    ":root{color-scheme:light}body{font:14px/1.45 system-ui,sans-serif;color:#1f2933;margin:2rem auto;max-width:72rem;"
    "padding:0 1rem}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}"
    "p.about{color:#52606d;margin:.25rem 0 0}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #cbd2d9}"
    "th{background:#f0f4f8;font-weight:600}td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}"
    "code{font:12px ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".totals{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:.5rem}"
    ".totals div{border:1px solid #cbd2d9;border-radius:.4rem;padding:.5rem .7rem}"
    ".totals b{display:block;font-size:1.3rem}.warn{color:#b44d12;font-weight:600}"
    "@media print{body{margin:0;max-width:none;font-size:10pt}h2{break-after:avoid}tr{break-inside:avoid}"
    "thead{display:table-header-group}@page{size:A4 landscape;margin:14mm}}"
)
COLUMNS = (
    "ticket",
    "database",
    "opened",
    "requester",
    "kind",
    "operation",
    "risk",
    "rows",
    "tables",
    "status",
    "decided by",
    "seconds to decision",
    "rule",
    "override",
    "reviewed",
    "escalations",
    "revisions",
    "drift stops",
    "finished",
    "reason",
    "statement",
)


def report_html(report: ComplianceReport) -> str:
    """The page."""
    where = escape(report.database) if report.database else "all databases"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>pgwarden compliance report</title>',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<style>{STYLE}</style></head><body>",
        "<h1>Compliance report</h1>",
        (
            f'<p class="about">{where}, {_day(report.since)} to {_day(report.until)} (exclusive). '
            f"Made {_moment(report.made_at)} from the audit up to entry {report.last_entry}, "
            f"<code>{escape(report.last_hash)}</code>.</p>"
        ),
        "<h2>In numbers</h2>",
        f'<div class="totals">{"".join(_total(name, count) for name, count in report.totals.items())}</div>',
        "<h2>By level</h2>",
        _table(
            ("level", "decisions", "median time", "slowest", "waiting now", "expired undecided"),
            ((x.level, x.decisions, _span(x.median), _span(x.slowest), x.waiting, x.expired) for x in report.levels),
        ),
        "<h2>By approver</h2>",
        _table(
            ("approver", "approved", "denied", "overridden", "median time"),
            ((x.name, x.approved, x.denied, x.overridden, _span(x.median)) for x in report.approvers),
        ),
        "<h2>Tickets</h2>",
        _table(
            ("ticket", "opened", "requester", "what", "risk", "decisions", "time", "outcome"),
            (_ticket_cells(line) for line in report.tickets),
        ),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def report_csv(report: ComplianceReport) -> str:
    """One line a ticket, RFC 4180; text that a spreadsheet would run as a formula starts with an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_inert(value) for value in _row(line)] for line in report.tickets)
    return stream.getvalue()


def _row(line: TicketLine) -> tuple[object, ...]:
    seconds = line.seconds_to_decision
    return (
        line.id,
        line.database,
        line.opened_at.astimezone(UTC).isoformat(),
        line.requester,
        line.requester_kind,
        line.operation,
        line.risk,
        line.rows,
        " ".join(line.tables),
        line.status,
        "; ".join(_decision(decision) for decision in line.decisions),
        "" if seconds is None else f"{seconds:.0f}",
        line.rule,
        "yes" if line.overridden else "",
        "yes" if line.reviewed else "",
        line.escalations,
        line.revisions,
        line.drift_stops,
        line.finished_at.astimezone(UTC).isoformat() if line.finished_at else "",
        line.reason,
        line.statement,
    )


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _ticket_cells(line: TicketLine) -> tuple[object, ...]:
    tables = ", ".join(line.tables)
    what = f"{line.operation} of {counted(line.rows, 'row')}" + (f" in {tables}" if tables else "")
    outcome = [line.status]
    outcome += [f"rule {line.rule}"] if line.rule else []
    outcome += ["override reviewed" if line.reviewed else "override not reviewed"] if line.overridden else []
    outcome += [f"{line.drift_stops} drift stops"] if line.drift_stops else []
    return (
        line.id,
        _moment(line.opened_at),
        line.requester,
        _Html(f"{escape(what)}<br><code>{escape(line.statement or '(erased)')}</code><br>{escape(line.reason)}"),
        line.risk,
        "; ".join(_decision(decision) for decision in line.decisions) or "none",
        _span(line.seconds_to_decision),
        ", ".join(outcome),
    )


def _decision(decision: Decision) -> str:
    place = f" for {decision.on_behalf_of}" if decision.on_behalf_of else ""
    return f"{decision.what} by {decision.by}{place} (level {decision.level}, after {_span(decision.seconds)})"


class _Html(str):
    """Text that is escaped already."""

    __slots__ = ()


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    if not body:
        return '<p class="about">None.</p>'
    return (
        f"<table><thead><tr>{''.join(f'<th>{escape(h)}</th>' for h in heads)}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f'<td class="number">{value:,}</td>'
    return f"<td>{value if isinstance(value, _Html) else escape(str(value))}</td>"


def _total(name: str, count: int) -> str:
    alarming = count > 0 and name in ("overrides not reviewed", "drift stops", "failed")
    return f"<div{' class=warn' if alarming else ''}><b>{count:,}</b>{escape(name)}</div>"


def _span(seconds: float | None) -> str:
    """A length of time as people say it."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
