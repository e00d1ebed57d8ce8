"""Rows as files of other programs."""

from __future__ import annotations

from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.result import Result
from pgwarden.domain.row_file import RowForm, csv_bytes, json_bytes


def row_file(result: Result, form: RowForm) -> bytes:
    """The file. InputInvalid where the optional part that writes it is not installed."""
    try:
        match form:
            case RowForm.CSV:
                return csv_bytes(result)
            case RowForm.JSON:
                return json_bytes(result)
            case RowForm.XLSX:
                from pgwarden.adapters.files.xlsx import xlsx_bytes

                return xlsx_bytes(result)
            case RowForm.PARQUET:
                from pgwarden.adapters.files.parquet import parquet_bytes

                return parquet_bytes(result)
    except ImportError as error:
        raise InputInvalid(
            f"This pgwarden cannot write {form.value} files.",
            why=f"{error.name or 'A library'} is not installed.",
            not_done="No file was made.",
            next_step="pip install 'pgwarden[export]', or take csv or json.",
        ) from None
