"""Values as JSON and back: frozen dataclasses of texts, numbers, moments, enumerations, tuples and each other.

The JSON form of a value is what is kept and what seals are made of, so it is the same for the same value always:
fields by name, moments as ISO 8601 with their offset, tuples as lists.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_stored(value: Any) -> Any:
    """The value as JSON values. Raises TypeError for what has no such form."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_stored(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [to_stored(each) for each in value]
    if isinstance(value, frozenset):
        return sorted(to_stored(each) for each in value)
    if is_dataclass(value):
        return {field.name: to_stored(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} cannot be stored")


def from_stored(kind: type[T], content: Any) -> T:
    """The value of this type that ``to_stored`` made these JSON values of; fields that are missing take their default.

    Raises ValueError, TypeError or KeyError for anything else.
    """
    value: T = _read(kind, content)
    return value


def digest(value: Any) -> str:
    """SHA-256 (hex) of the value's JSON form."""
    text = json.dumps(to_stored(value), sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, content: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if content is None:
            return None
        (inner,) = (each for each in get_args(kind) if each is not type(None))
        return _read(inner, content)
    if origin in (tuple, frozenset):
        inner, *_ = get_args(kind)
        return origin(_read(inner, each) for each in content)
    if origin is not None or kind is Any:  # a mapping of JSON values
        return content
    if is_dataclass(kind):
        hints = _hints(kind)  # type: ignore[arg-type]  # a dataclass here is a type, never an instance
        return kind(**{name: _read(hints[name], each) for name, each in content.items()})  # type: ignore[operator]
    if issubclass(kind, Enum):
        return kind(content)
    if kind is datetime:
        return datetime.fromisoformat(content)
    if kind is float and isinstance(content, int):
        return float(content)
    if not isinstance(content, kind):
        raise TypeError(f"{kind.__name__} expected")
    return content
