from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from rich.text import Text

from pgwarden.cli.render import cell, chart, console, footer, hanging, one_line, print_facts
from pgwarden.domain.plain import plain, result_object
from pgwarden.domain.result import ReadStatistics, Result, ResultColumn


def result(*rows: tuple[object, ...], names: tuple[str, ...] = ("label", "n")) -> Result:
    columns = tuple(ResultColumn(name, "text", 25) for name in names)
    return Result(columns, rows, ReadStatistics(len(rows), 1.0, 10))


def test_data_cannot_move_the_cursor_or_hide_a_line() -> None:
    assert one_line("a\x1b[2Jb\nc\r\u202e") == "a\\x1b[2Jb↵c␍\\u202e"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "∅"), (True, "true"), (b"\x01\xff", "\\x01ff"), ([1, None], "[1, null]"), ({"a": "ä"}, '{"a": "ä"}')],
)
def test_cells_read_naturally(value: object, text: str) -> None:
    assert cell(value) == text


def test_a_chart_has_a_bar_for_each_row_in_proportion() -> None:
    lines = chart(result(("a", 10), ("b", 5), ("c", 0)))
    assert [line.count("█") for line in lines] == [40, 20, 0]


def test_bars_of_months_are_named_by_their_days() -> None:
    months = [(datetime(2026, month, 1, tzinfo=UTC), month) for month in (1, 2)]
    assert chart(result(*months))[0].startswith("2026-01-01  █")
    assert chart(result(("a" * 40, 1), ("b", 2)))[0].startswith("a" * 23 + "…  █")


@pytest.mark.parametrize(
    "rows",
    [
        [("a", 1)],
        [("a", -1), ("b", 2)],
        [("a", "x"), ("b", "y")],
        [("a", float("nan")), ("b", 1.0)],
        [("a", Decimal("NaN")), ("b", Decimal(1))],
        [("a", None), ("b", 1)],
    ],
)
def test_no_chart_where_it_would_mislead(rows: list[tuple[object, ...]]) -> None:
    assert chart(result(*rows)) == []


def test_json_has_only_what_json_has() -> None:
    shown = result_object(result((date(2026, 1, 2), Decimal("1.50"))))
    assert shown["rows"] == [["2026-01-02", "1.50"]] or shown["rows"] == [["2026-01-02", 1.5]]
    assert plain(frozenset({2, 1})) == [1, 2]


def test_the_footer_says_when_something_is_missing() -> None:
    shown = Result((), (), ReadStatistics(3, 5, 9, truncated_rows=True, truncated_cells=1))
    assert "more rows exist" in footer(shown)
    assert "1 long value cut" in footer(shown)


def test_facts_that_do_not_fit_side_by_side_go_below_each_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    headers, rows = ("column", "type", "null", "comment"), [("customer_number", "integer", "", "Who " + "bought " * 9)]
    print_facts(headers, rows)
    assert "column" in capsys.readouterr().out.splitlines()[1]
    monkeypatch.setattr("pgwarden.cli.render.PIPE_WIDTH", 60)
    print_facts(headers, rows)
    first, *others = capsys.readouterr().out.splitlines()
    assert first == "customer_number  integer"
    assert others[0].startswith("    comment Who bought")
    assert all(len(line) <= 60 for line in others)


def test_further_lines_of_a_text_stay_beside_its_label(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pgwarden.cli.render.PIPE_WIDTH", 30)
    console().print(hanging(Text("  why: "), Text("it is longer than one line can hold")))
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("  why: it is")
    assert second.startswith("       ")
