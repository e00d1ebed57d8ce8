"""Rows as tools return them: JSON values for programs, a fenced table for readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgwarden.domain.result import Result, to_json_value
from pgwarden.servers.fencing import fenced

SHOWN_ROWS = 50
"""Rows in the readable text; the structured result holds all."""
SHOWN_CELL = 200
SHOWN_TEXT = 20_000


def json_rows(rows: Sequence[Sequence[object]]) -> list[list[Any]]:
    """Rows of JSON values; the usual plain ones pass as they are."""
    plain = (int, str, bool, type(None))
    return [[v if type(v) in plain else to_json_value(v) for v in row] for row in rows]


def table_text(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The first rows as lines of ``|``-separated cells, marked as data, with a word on what was left out."""
    lines = [" | ".join(columns)]
    size = len(lines[0])
    for row in rows[:SHOWN_ROWS]:
        line = " | ".join(_cell(value) for value in row)
        size += len(line)
        if size > SHOWN_TEXT:
            break
        lines.append(line)
    left = len(rows) - (len(lines) - 1)
    text = fenced("\n".join(lines))
    return f"{text}\n{left:,} more rows are in the structured result." if left else text


def _cell(value: object) -> str:
    text = "NULL" if value is None else str(value)
    text = " ".join(text.split()) if "\n" in text or "\t" in text else text
    return text if len(text) <= SHOWN_CELL else text[: SHOWN_CELL - 1] + "…"


def cut_reason(result: Result) -> str:
    """Why a result is not whole, with the way to the rest; '' when it is."""
    s = result.statistics
    if s.truncated_rows:
        return "There are more rows: raise limit, or page with ORDER BY a key and WHERE key > the last one seen."
    if s.truncated_bytes:
        return "The rows are too wide: name fewer columns, or ask for fewer rows."
    return f"{s.truncated_cells:,} long values were cut; use substring() to read on." if s.truncated_cells else ""
