"""The mail that a saved question is sent as: its rows as a table, and as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape

from pgwarden.domain.result import Result, cut_reason
from pgwarden.domain.row_file import text_of
from pgwarden.domain.saved_question import SavedQuestion

SHOWN = 50
"""Rows in the mail itself; the file has all that were read."""
LONGEST_CELL = 200


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person."""

    id: str
    """The same mail sent twice has one."""
    subject: str
    at: datetime
    text: str
    html: str = ""
    attachments: tuple[Attachment, ...] = ()


def rows_mail(question: SavedQuestion, result: Result, mail_id: str, at: datetime, file: Attachment, url: str) -> Mail:
    """The mail with the rows; ``url`` is where the question is opened, '' where that is not known."""
    count = f"{len(result.rows):,} row{'' if len(result.rows) == 1 else 's'}"
    said = [
        question.question,
        f"{count} from {question.database}, with the rights of {question.owner}, who saved this question.",
        f"The first {SHOWN} are shown; the file has all that were read." if len(result.rows) > SHOWN else "",
        cut_reason(result),
        f"Masked: {', '.join(masked)}." if (masked := [c.name for c in result.columns if c.masked]) else "",
    ]
    lines = [line for line in said if line]
    where = [f"Open it: {url}"] if url else []
    text = "\n".join([*lines, "", *_text_rows(result), "", *where]) + "\n"
    link = f'<p><a href="{escape(url)}">Open it in pgwarden</a></p>' if url else ""
    told = "".join(f"<p>{escape(line)}</p>" for line in lines)
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"></head>'
        f'<body style="font-family:sans-serif;color:#222"><h2>{escape(question.name)}</h2>'
        f"{told}{_html_rows(result)}{link}</body></html>"
    )
    return Mail(mail_id, f"{_line(question.name)}: {count}", at, text, html, (file,))


def failure_mail(question: SavedQuestion, why: str, mail_id: str, at: datetime, url: str, *, stopped: bool) -> Mail:
    """What its owner is told when a run did not go."""
    ends = "It is not tried again: its schedule stopped." if stopped else "It is tried again at its next time."
    text = "\n".join([f"{question.name} was not sent.", "", why, ends, *([f"See it: {url}"] if url else [])])
    subject = f"{_line(question.name)}: not sent{', and stopped' if stopped else ''}"
    return Mail(mail_id, subject, at, text + "\n")


def _line(text: str) -> str:
    """A name as it may stand in a header."""
    return " ".join(text.split())


def _cell(value: object) -> str:
    text = "" if value is None else " ".join(text_of(value).split())
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def _text_rows(result: Result) -> list[str]:
    return [
        " | ".join(column.name for column in result.columns),
        *(" | ".join(map(_cell, row)) for row in result.rows[:SHOWN]),
    ]


def _html_rows(result: Result) -> str:
    style = "border:1px solid #ddd;padding:4px 8px;text-align:left;vertical-align:top"
    head = "".join(f'<th scope="col" style="{style};background:#f4f4f4">{escape(c.name)}</th>' for c in result.columns)
    body = "".join(
        "<tr>" + "".join(f'<td style="{style}">{escape(_cell(value))}</td>' for value in row) + "</tr>"
        for row in result.rows[:SHOWN]
    )
    return f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
