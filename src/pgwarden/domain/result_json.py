"""A result as JSON text and back, for caches: every value comes back as the Python value that it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from pgwarden.domain.result import PLAIN, ReadStatistics, Result, ResultColumn

_READERS: dict[str, Callable[[Any], object]] = {
    "float": float,
    "Decimal": Decimal,
    "UUID": UUID,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda parts: timedelta(*parts),
    "bytes": bytes.fromhex,
    "tuple": lambda items: tuple(_read(item) for item in items),
}


def result_to_text(result: Result) -> str:
    """Raises TypeError for a value that JSON text cannot bring back; such a result is not for caches."""
    plain = all(PLAIN.issuperset(map(type, row)) for row in result.rows)
    return json.dumps(
        {
            "columns": [asdict(column) for column in result.columns],
            "plain": plain,
            "rows": result.rows if plain else [[_written(value) for value in row] for row in result.rows],
            "statistics": asdict(result.statistics),
            "notices": list(result.notices),
        },
        allow_nan=False,
    )


def result_from_text(text: str) -> Result:
    """The result that was written. Raises ValueError when the text is no such result."""
    try:
        parts = json.loads(text)
        return Result(
            columns=tuple(ResultColumn(**column) for column in parts["columns"]),
            rows=tuple(map(tuple if parts["plain"] else _row, parts["rows"])),
            statistics=ReadStatistics(**parts["statistics"]),
            notices=tuple(parts["notices"]),
        )
    except (KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise ValueError("the text is no result") from error


def _written(value: object) -> object:
    """Values that JSON knows stay themselves; others become an object of one entry, their type and their text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list):
        return [_written(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_written(item) for item in value]}
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, Decimal | UUID):
        return {type(value).__name__: str(value)}
    if isinstance(value, datetime | date | time):
        return {type(value).__name__: value.isoformat()}
    if isinstance(value, timedelta):
        return {"timedelta": [value.days, value.seconds, value.microseconds]}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def _row(row: list[Any]) -> tuple[object, ...]:
    return tuple(map(_read, row))


def _read(value: Any) -> object:
    if isinstance(value, list):
        return [_read(item) for item in value]
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return _READERS[kind](text)
    return value
