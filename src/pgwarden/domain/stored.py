"""Values as JSON and back: frozen dataclasses of texts, numbers, moments, enumerations, tuples and each other.

The JSON form of a value is what is kept and what seals are made of, so it is the same for the same value always:
fields by name, moments as ISO 8601 with their offset, tuples as lists.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Reader: TypeAlias = Callable[[Any], Any]


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
    value: T = _reader(cast(Hashable, kind))(content)
    return value


def digest(value: Any) -> str:
    """SHA-256 (hex) of the value's JSON form."""
    text = json.dumps(to_stored(value), sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _reader(kind: Any) -> Reader:
    """What reads values of a type, made once for each: tickets are read far more often than types are looked at."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (inner,) = (each for each in arguments if each is not type(None))
        return _optional(_reader(inner))
    if origin in (tuple, frozenset):
        return _collection(origin, _reader(arguments[0]))
    if origin is not None or kind is Any:  # a mapping of JSON values
        return _unchanged
    if is_dataclass(kind):
        return _dataclass(kind)
    if issubclass(kind, Enum):
        return _enumeration(kind)
    if kind is datetime:
        return datetime.fromisoformat
    return _plain(kind)


def _unchanged(content: Any) -> Any:
    return content


def _optional(read: Reader) -> Reader:
    return lambda content: None if content is None else read(content)


def _collection(kind: Any, read: Reader) -> Reader:
    return lambda content: kind(map(read, content))


def _dataclass(kind: Any) -> Reader:
    hints = get_type_hints(kind)
    readers: dict[str, Reader] = {}

    def read(content: Any) -> Any:
        if not readers:  # not before: a type may hold itself
            readers.update({name: _reader(hint) for name, hint in hints.items()})
        return kind(**{name: readers[name](each) for name, each in content.items()})

    return read


def _enumeration(kind: type[Enum]) -> Reader:
    return kind


def _plain(kind: type) -> Reader:
    def read(content: Any) -> Any:
        if kind is float and isinstance(content, int):
            return float(content)
        if not isinstance(content, kind):
            raise TypeError(f"{kind.__name__} expected")
        return content

    return read
