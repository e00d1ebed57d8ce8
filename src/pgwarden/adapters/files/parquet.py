"""Rows as a Parquet file: each column with the type that all of its values have, else as text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from pgwarden.domain.result import Result
from pgwarden.domain.row_file import text_of, unique_names

TYPED: tuple[type, ...] = (bool, int, float, Decimal, datetime, date, time, bytes, str)


def parquet_bytes(result: Result) -> bytes:
    """ImportError where pyarrow is not installed."""
    import pyarrow
    import pyarrow.parquet

    columns = list(zip(*result.rows, strict=True)) if result.rows else [() for _ in result.columns]
    table = pyarrow.table([_array(values) for values in columns], names=list(unique_names(result)))
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, compression="zstd")
    return out.getvalue()


def _array(values: Sequence[object]) -> Any:
    import pyarrow

    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pyarrow.array(values, type=pyarrow.string())
    if len(kinds) == 1 and kinds <= set(TYPED):
        try:
            return pyarrow.array(values)
        except (pyarrow.ArrowException, OverflowError, ValueError):  # beyond the type: NaN as a numeric, 2**70
            pass
    return pyarrow.array([None if value is None else text_of(value) for value in values], type=pyarrow.string())
