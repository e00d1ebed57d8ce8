"""Rows as a file: which kinds there are, and those that need no library."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from pgwarden.domain.result import Result, json_rows, to_json_value


class RowForm(StrEnum):
    """What rows can be written as."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        return _MEDIA[self]


_MEDIA = {
    RowForm.CSV: "text/csv; charset=utf-8",
    RowForm.JSON: "application/json",
    RowForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    RowForm.PARQUET: "application/vnd.apache.parquet",
}
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would run as a formula."""


def csv_bytes(result: Result) -> bytes:
    """RFC 4180 with a header; NULL is an empty field, and no text can become a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(name) for name in unique_names(result)])
    writer.writerows([_field(value) for value in row] for row in result.rows)
    return out.getvalue().encode()


def json_bytes(result: Result) -> bytes:
    """An array with an object for each row; values as the API has them."""
    names = unique_names(result)
    rows = [dict(zip(names, row, strict=True)) for row in json_rows(result.rows)]
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that begins like it gets an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA) else text


def text_of(value: object) -> str:
    """A value as one text, as the API writes it."""
    plain = to_json_value(value)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, list | dict) else str(plain)


def unique_names(result: Result) -> Sequence[str]:
    """The columns' names, a later one of the same name with its number: ``count``, ``count 2``."""
    names: list[str] = []
    for column in result.columns:
        name, number = column.name, 2
        while name in names:
            name, number = f"{column.name} {number}", number + 1
        names.append(name)
    return names


def _field(value: object) -> str:
    """Numbers may begin with a sign; a text may not."""
    if value is None:
        return ""
    text = text_of(value)
    return text if isinstance(value, int | float | Decimal) else harmless(text)
