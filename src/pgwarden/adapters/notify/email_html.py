"""The HTML form of a mail: one column, inline styles, nothing loaded from elsewhere, every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pgwarden.adapters.notify import wording
from pgwarden.domain.notification import Letter
from pgwarden.domain.person import Person

COLORS = {"LOW": "#2e7d32", "MEDIUM": "#b26a00", "HIGH": "#c62828", "CRITICAL": "#7b1fa2"}
CODE = "background:#f4f4f4;border:1px solid #ddd;padding:8px;white-space:pre-wrap;font-family:monospace"
BUTTON = "display:inline-block;background:#1a56db;color:#fff;padding:8px 16px;text-decoration:none;border-radius:4px"


def as_html(person: Person, letters: Sequence[Letter], public_url: str) -> str:
    """The whole document."""
    held = wording.why_held(letters)
    note = f"<p><em>{escape(held)}</em></p>" if held else ""
    body = '<hr style="margin:24px 0">'.join(_letter(letter, person, public_url) for letter in letters)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"></head>'
        f'<body style="font-family:sans-serif;max-width:720px;margin:0 auto;color:#222">{note}{body}</body></html>'
    )


def _letter(letter: Letter, person: Person, public_url: str) -> str:
    summary = letter.notification.summary
    color = COLORS.get(summary.risk, "#444")
    parts = [f'<h2 style="border-left:6px solid {color};padding-left:10px">{escape(wording.headline(letter))}</h2>']
    rows = "".join(
        f'<tr><td style="padding:2px 12px 2px 0;color:#666;vertical-align:top">{escape(label)}</td>'
        f"<td>{escape(text)}</td></tr>"
        for label, text in wording.facts(letter, person.zone)
    )
    parts.append(f"<table>{rows}</table>")
    if text := wording.statement(letter):
        parts.append(f'<pre style="{CODE}">{escape(text)}</pre>')
    for section in wording.sections(letter):
        lines = "\n".join(escape(line) for line in section.lines)
        parts.append(f'<h3>{escape(section.heading)}</h3><pre style="{CODE}">{lines}</pre>')
    if url := wording.link(public_url, summary.ticket):
        parts.append(f'<p><a style="{BUTTON}" href="{escape(url)}">See the ticket and decide</a></p>')
    parts.append(f"<p>On a command line: <code>{escape(wording.where('', summary.ticket))}</code></p>")
    return "".join(parts)
