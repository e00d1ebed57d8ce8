"""Rows as an Excel workbook. Texts are texts: none is ever a formula, whatever it begins with."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

from pgwarden.domain.result import Result
from pgwarden.domain.row_file import harmless, text_of, unique_names

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell

LONGEST = 32_767
"""Characters that a cell of Excel holds."""
EXACT_DIGITS = 15
"""Excel's numbers have no more; a longer one would be changed, and stands as text."""
_UNKEEPABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
FIRST_DAY = date(1900, 3, 1)
"""Excel takes 1900 for a leap year: earlier days would be others there."""


def xlsx_bytes(result: Result) -> bytes:
    """One sheet with a header that stays in sight. ImportError where openpyxl is not installed."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rows")
    sheet.freeze_panes = "A2"

    def text(value: str) -> WriteOnlyCell:
        made = WriteOnlyCell(sheet, _UNKEEPABLE.sub("\ufffd", harmless(value))[:LONGEST])
        made.data_type = "s"  # or a leading = would be a formula
        return made

    sheet.append([text(name) for name in unique_names(result)])
    for row in result.rows:
        cells = [_value(value) for value in row]
        sheet.append([text(value) if isinstance(value, str) else value for value in cells])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _value(value: object) -> Any:
    """What Excel has a type for stays what it is; everything else is text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**EXACT_DIGITS else str(value)
    if isinstance(value, float):
        return value if isfinite(value) else text_of(value)
    if isinstance(value, Decimal):
        return value if value.is_finite() and len(value.as_tuple().digits) <= EXACT_DIGITS else text_of(value)
    if isinstance(value, datetime):
        return value if value.tzinfo is None and value.date() >= FIRST_DAY else text_of(value)
    if isinstance(value, date):
        return value if value >= FIRST_DAY else text_of(value)
    if isinstance(value, time):
        return value if value.tzinfo is None else text_of(value)
    return text_of(value)
