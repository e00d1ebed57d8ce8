"""Rows as files, read back by the libraries that others use."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import openpyxl
import pyarrow.parquet
import pytest

from pgwarden.adapters.files import row_file
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.result import ReadStatistics, Result, ResultColumn
from pgwarden.domain.row_file import RowForm

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UUID_VALUE = UUID(int=7)
EVIL = ("=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")')


def result(names: tuple[str, ...], *rows: tuple[object, ...]) -> Result:
    columns = tuple(ResultColumn(name, "text", 25) for name in names)
    return Result(columns, rows, ReadStatistics(len(rows), 1.0, 1))


MIXED = result(
    ("n", "n", "text", "at", "day", "exact", "long", "flag", "json", "raw"),
    (1, -2, "ü", NOON, date(2026, 3, 1), Decimal("-1.50"), Decimal("12345678901234567.89"), True, {"a": [1]}, b"\x00"),
    (2**40, None, "", None, date(1850, 1, 1), Decimal("2"), Decimal(3), False, None, b""),
)


def test_csv_is_read_back_and_no_text_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(row_file(MIXED, RowForm.CSV).decode(), newline="")))
    assert rows[0][:3] == ["n", "n 2", "text"]
    assert rows[1][:2] == ["1", "-2"]
    assert rows[1][3:] == ["2026-03-01T12:00:00+00:00", "2026-03-01", "-1.50", "12345678901234567.89", "true",
                           '{"a": [1]}', "\\x00"]  # fmt: skip
    evil = row_file(result(("=name",), *((text,) for text in EVIL), (timedelta(days=-1),)), RowForm.CSV).decode()
    fields = [row[0] for row in csv.reader(io.StringIO(evil, newline=""))]
    assert fields == ["'=name", *(f"'{text}" for text in EVIL), "'-1 days"]


def test_json_has_objects_by_unique_names() -> None:
    first, second = json.loads(row_file(MIXED, RowForm.JSON))
    assert (first["n"], first["n 2"], first["long"], first["json"]) == (1, -2, "12345678901234567.89", {"a": [1]})
    assert second["at"] is None


def test_excel_keeps_types_where_it_has_them_and_never_a_formula() -> None:
    content = row_file(MIXED, RowForm.XLSX)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    head, first, second = sheet.iter_rows(values_only=True)
    assert head[:2] == ("n", "n 2")
    assert first[:4] == (1, -2, "ü", "2026-03-01T12:00:00+00:00")
    assert (first[4], first[5], first[6], first[7]) == (datetime(2026, 3, 1), -1.5, "12345678901234567.89", True)  # noqa: DTZ001 - Excel knows no zone
    assert (second[0], second[4]) == (2**40, "1850-01-01")
    evil = row_file(result(("=name",), *((text,) for text in EVIL), ("a\x00b",)), RowForm.XLSX)
    with zipfile.ZipFile(io.BytesIO(evil)) as book:
        xml = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml
    values = [row[0] for row in openpyxl.load_workbook(io.BytesIO(evil)).active.iter_rows(values_only=True)]
    assert values[:2] == ["'=name", "'=1+1"]
    assert values[-1] == "a\ufffdb"


def test_parquet_keeps_exact_numbers_and_moments() -> None:
    table = pyarrow.parquet.read_table(io.BytesIO(row_file(MIXED, RowForm.PARQUET)))
    kept: list[dict[str, Any]] = table.to_pylist()
    assert kept[0]["long"] == Decimal("12345678901234567.89")
    assert (kept[0]["n"], kept[0]["n 2"], kept[1]["n 2"]) == (1, -2, None)
    assert kept[0]["at"] == NOON
    assert (kept[0]["json"], kept[0]["raw"], kept[0]["flag"]) == ('{"a": [1]}', b"\x00", True)
    odd = result(
        ("big", "mixed", "nan", "id", "none"),
        (2**70, 1, Decimal("NaN"), UUID_VALUE, None),
        (1, "x", Decimal(1), None, None),
    )
    (first, second) = pyarrow.parquet.read_table(io.BytesIO(row_file(odd, RowForm.PARQUET))).to_pylist()
    assert first == {"big": str(2**70), "mixed": "1", "nan": "NaN", "id": str(UUID_VALUE), "none": None}
    assert second["mixed"] == "x"


@pytest.mark.parametrize("form", RowForm)
def test_no_rows_make_a_file_with_the_names(form: RowForm) -> None:
    assert row_file(result(("a", "b")), form)


def test_without_the_optional_part_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(InputInvalid) as told:
        row_file(MIXED, RowForm.XLSX)
    assert "pgwarden[export]" in told.value.next_step
