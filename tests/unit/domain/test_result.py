"""Values of rows as JSON for readers, and as JSON for caches."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from pgwarden.domain.result import ReadStatistics, Result, ResultColumn, interval_text, to_json_value
from pgwarden.domain.result_json import result_from_text, result_to_text

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = (
    None, True, 2**70, 1.5, math.inf, "ä", Decimal("1.50"), UUID(int=1), NOON, date(2026, 3, 1), time(12, 30),
    timedelta(days=-1, seconds=3), b"\x00\xff", [1, [None, Decimal("2.0")]], (1, "x"),
)  # fmt: skip


def test_json_for_readers_keeps_numbers_exact() -> None:
    assert [to_json_value(value) for value in ROW] == [
        None, True, 2**70, 1.5, "Infinity", "ä", "1.50", "00000000-0000-0000-0000-000000000001",
        "2026-03-01T12:00:00+00:00", "2026-03-01", "12:30:00", "-23:59:57", "\\x00ff", [1, [None, "2.0"]], [1, "x"],
    ]  # fmt: skip
    json.dumps([to_json_value(value) for value in (*ROW, math.nan, -math.inf, {"a": math.nan}, 1j)], allow_nan=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(0), "00:00:00"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=2, hours=3, microseconds=500_000), "2 days 03:00:00.5"),
        (timedelta(minutes=-90), "-01:30:00"),
        (timedelta(days=-1), "-1 days"),
    ],
)
def test_intervals_as_postgresql_writes_them(value: timedelta, text: str) -> None:
    assert interval_text(value) == text


def test_a_result_comes_back_from_a_cache_as_it_was() -> None:
    columns = (ResultColumn("a", "integer", 23), ResultColumn("b", "text", 25, masked=True))
    result = Result(columns, (ROW, ROW), ReadStatistics(2, 1.5, 10, truncated_cells=3), ("NOTICE: x",))
    assert result_from_text(result_to_text(result)) == result
    assert math.isnan(result_from_text(result_to_text(Result((), ((math.nan,),), ReadStatistics(1, 0, 0)))).rows[0][0])  # type: ignore[arg-type]  # a float went in


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", '{"columns": 1}', '{"columns":[],"rows":[[{"eval":"1"}]],"statistics":{},"notices":[]}'],
)
def test_anything_else_in_a_cache_is_no_result(text: str) -> None:
    with pytest.raises(ValueError, match=r"result|Expecting"):
        result_from_text(text)


def test_values_that_could_not_come_back_are_not_kept() -> None:
    with pytest.raises(TypeError):
        result_to_text(Result((), ((object(),),), ReadStatistics(1, 0, 0)))
