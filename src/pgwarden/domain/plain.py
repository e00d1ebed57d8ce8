"""Any of our values as JSON values, for whoever reads them: the command line, the page's API."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

from pgwarden.domain.result import Result, to_json_value


def plain(value: object) -> Any:
    """A value made only of what JSON has; dataclasses become objects, sets become sorted lists."""
    if isinstance(value, Result):
        return result_object(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {key: plain(item) for key, item in value._asdict().items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return to_json_value(value)


def result_object(result: Result) -> dict[str, Any]:
    """A result as JSON: columns, rows as arrays, statistics."""
    return {
        "columns": [plain(column) for column in result.columns],
        "rows": [[to_json_value(value) for value in row] for row in result.rows],
        "statistics": plain(result.statistics),
        "notices": list(result.notices),
    }
