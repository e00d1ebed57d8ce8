"""How values look in a terminal: tables, CSV, JSON and small bar charts. Knows nothing of where they came from."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from pgwarden.domain.advice import Estimate
from pgwarden.domain.advice_json import estimate_words
from pgwarden.domain.plain import plain
from pgwarden.domain.result import Result
from pgwarden.domain.user_preferences import UserPreferences

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

AS_USUAL = UserPreferences()
LEVELS = "▁▂▃▄▅▆▇█"
CHART_WIDTH = 40
CHART_MAX_BARS = 30
PIPE_WIDTH = 500
"""Columns of output that goes to a file or a program."""
LONGEST_CELL = 60
"""Characters of a value in a table; JSON and CSV have all of it."""
LONGEST_FACT = 400
"""Characters of a fact of ours in a table, such as a comment: these may take several lines."""
LONGEST_LABEL = 24
"""Characters of a label beside a bar."""
SHOWN_DIGITS = 4
"""Digits after the point of a number that has many, as averages do."""


def console(*, stderr: bool = False) -> Console:
    """A console that drops colours, and wraps nothing, when the output is not a terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else PIPE_WIDTH)


def emit_json(value: object) -> None:
    """Print any of our values as one JSON document."""
    json.dump(plain(value), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def write_csv(result: Result, stream: TextIO) -> None:
    """RFC 4180 CSV with a header; NULL is an empty field."""
    writer = csv.writer(stream, lineterminator="\r\n" if not stream.isatty() else "\n")
    writer.writerow([column.name for column in result.columns])
    writer.writerows(["" if value is None else cell(value) for value in row] for row in result.rows)


def cell(value: object) -> str:
    """One value as a person reads it."""
    if value is None:
        return "∅"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(plain(value), ensure_ascii=False)
    if isinstance(value, (bytes, memoryview)):
        return "\\x" + bytes(value).hex()
    return str(value)


def one_line(text: str) -> str:
    """The text with control characters made visible, so that data cannot move the cursor or hide a line."""
    return "".join(ch if ch.isprintable() else _visible(ch) for ch in text)


def _visible(ch: str) -> str:
    return {"\n": "↵", "\t": "→", "\r": "␍"}.get(ch, f"\\x{ord(ch):02x}" if ord(ch) < 256 else f"\\u{ord(ch):04x}")


def print_rows(result: Result, liked: UserPreferences = AS_USUAL) -> None:
    """The rows as a table, or as records one below the other where that is liked, or a table would be too wide."""
    print_values([(column.name, column.masked) for column in result.columns], result.rows, liked)


def print_values(
    columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[object]], liked: UserPreferences = AS_USUAL
) -> None:
    """Rows of data under (name, masked or not), as ``print_rows`` shows them."""
    out = console()
    if liked.output != "records" and _fits(out, table := _value_table(columns, rows, liked)):
        out.print(table)
    else:
        for number, row in enumerate(rows, 1):
            out.print(_record(number, columns, row, liked))


def hanging(label: Text, text: Text) -> Table:
    """A label and a text whose further lines stay beside the label, not below it."""
    from rich.table import Table

    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(label, text)
    return grid


def _fits(out: Console, table: Table) -> bool:
    return out.measure(table, options=out.options.update(width=10 * PIPE_WIDTH)).maximum <= out.width


def _record(number: int, columns: Sequence[tuple[str, bool]], row: Sequence[object], liked: UserPreferences) -> Table:
    table = _table(f"row {number}")
    table.show_header = False
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for (name, masked), value in zip(columns, row, strict=True):
        table.add_row(one_line(name) + (" (masked)" if masked else ""), _text(liked.shown(value)))
    return table


def _value_table(
    columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[object]], liked: UserPreferences
) -> Table:
    """A table with numbers to the right and masked columns marked; nothing in it is wrapped."""
    from rich.text import Text

    table = _table()
    for position, (name, masked) in enumerate(columns):
        numeric = any(_is_number(row[position]) for row in rows[:50])
        header = Text(one_line(name)) + Text(" (masked)" if masked else "", style="dim")
        table.add_column(header, justify="right" if numeric else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(_text(liked.shown(value)) for value in row))
    return table


def print_facts(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Facts of ours as a table; on a narrow terminal as two lines each: two cells, then what else is known."""
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    table = simple_table(headers, rows)
    if _fits(out, table):
        out.print(table)
        return
    for name, kind, *others in rows:
        out.print(Text(one_line(f"{name}  "), style="bold") + Text(one_line(str(kind))))
        known = [
            Text(f"{header} ", style="dim") + Text(_cut(one_line(cell(value)), LONGEST_FACT))
            for header, value in zip(headers[2:], others, strict=True)
            if value not in ("", None)
        ]
        if known:
            out.print(Padding(Text(" · ").join(known), (0, 0, 0, 4), expand=False))


def simple_table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> Table:
    """A table of our own facts (not of query results); its first column is never wrapped."""
    table = _table(title)
    for position, header in enumerate(headers):
        table.add_column(header, overflow="fold", no_wrap=position == 0)
    for row in rows:
        table.add_row(*(_text(value, LONGEST_FACT) if value is not None else "" for value in row))
    return table


def _table(title: str = "") -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)


def _text(value: object, longest: int = LONGEST_CELL) -> Any:
    from rich.text import Text

    if value is None:
        return Text("∅", style="dim")
    return Text(_cut(one_line(cell(_rounded(value))), longest))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _rounded(value: object) -> object:
    """A number with many digits after the point as a person reads it; JSON and CSV keep them all."""
    from decimal import Decimal

    if isinstance(value, Decimal) and value.is_finite() and int(value.as_tuple().exponent) < -SHOWN_DIGITS:
        return value.quantize(Decimal(1).scaleb(-SHOWN_DIGITS))
    return round(value, SHOWN_DIGITS) if isinstance(value, float) and abs(value) >= 1 else value


def _is_number(value: object) -> bool:
    from decimal import Decimal

    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def chart(result: Result, liked: UserPreferences = AS_USUAL) -> list[str]:
    """A chart of a label and a number per row, or nothing where none would help or none is liked."""
    if liked.chart == "none" or not 2 <= len(result.rows) <= CHART_MAX_BARS or len(result.columns) != 2:
        return []
    labels, numbers = [row[0] for row in result.rows], [row[1] for row in result.rows]
    if _is_number(labels[0]) and not isinstance(labels[0], int):
        return []
    values = [float(n) for n in numbers if _is_number(n) and n == n]  # type: ignore[arg-type]  # just checked
    if len(values) != len(numbers) or min(values) < 0 or max(values) <= 0:
        return []
    names = [_cut(one_line(_label(label, liked)), LONGEST_LABEL) for label in labels]
    if liked.chart == "line":
        return _line(names, values)
    width, top = max(map(len, names)), max(values)
    written = [cell(_rounded(liked.shown(number))) for number in numbers]
    return [
        f"{name:<{width}}  {'█' * max(value > 0, round(CHART_WIDTH * value / top))} {number}"
        for name, value, number in zip(names, values, written, strict=True)
    ]


def _line(names: Sequence[str], values: Sequence[float]) -> list[str]:
    """The numbers as one line of rising and falling blocks, between the first label and the last."""
    top = max(values)
    blocks = "".join(LEVELS[min(len(LEVELS) - 1, int(len(LEVELS) * value / top))] for value in values)
    return [f"{names[0]}  {blocks}  {names[-1]}"]


def _label(value: object, liked: UserPreferences) -> str:
    """A value beside its bar; the midnight that begins a day, month or year goes by its date."""
    from datetime import datetime, time

    day = value.date() if isinstance(value, datetime) and value.time() == time.min else value
    return cell(liked.shown(day) if not _is_number(day) else day)


def footer(result: Result) -> str:
    """One line of facts under a table."""
    s = result.statistics
    parts = [f"{s.rows:,} row{'' if s.rows == 1 else 's'}", f"{s.milliseconds:.0f} ms"]
    if s.estimated_cost is not None and s.estimated_rows is not None:
        expected = Estimate(s.estimated_cost, s.estimated_rows, guess=s.estimated_milliseconds)
        parts.append(f"expected: {estimate_words(expected)}")
    if s.cached:
        parts.append("from cache")
    if s.truncated_rows:
        parts.append("more rows exist: raise --limit")
    if s.truncated_bytes:
        parts.append("stopped at the byte limit")
    if s.truncated_cells:
        parts.append(f"{s.truncated_cells} long value{'' if s.truncated_cells == 1 else 's'} cut")
    return " · ".join(parts)
