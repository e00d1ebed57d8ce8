"""Rows as readers of tools see them: a fenced table. Programs get the JSON values beside it."""

from __future__ import annotations

from collections.abc import Sequence

from pgwarden.servers.fencing import fenced

SHOWN_ROWS = 50
"""Rows in the readable text; the structured result holds all."""
SHOWN_CELL = 200
SHOWN_TEXT = 20_000


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
