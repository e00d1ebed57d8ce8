"""One text for one value: the JSON that is hashed and signed, as RFC 8785 writes it.

Keys in the order of their UTF-16 code units, no spaces, numbers as ECMAScript prints them, text as UTF-8. Numbers
beyond what every reader holds exactly (±(2^53 - 1)) are refused rather than rounded: write those as text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

LARGEST = 2**53 - 1
"""The largest whole number that a reader with double precision holds exactly."""
DEEPEST = 50
"""Levels of objects and arrays."""

_text = json.encoder.encode_basestring  # escapes exactly what RFC 8785 escapes


def canonical_json(value: object) -> str:
    """The canonical text of JSON values. ValueError for what has none: NaN, huge numbers, half a surrogate pair."""
    text = _value(value, DEEPEST)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair is no text") from None
    return text


def _value(value: object, levels: int) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, float):
        return _number(value)
    if levels == 0:
        raise ValueError(f"more than {DEEPEST} levels")
    if isinstance(value, Mapping):
        return _object(value, levels - 1)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return f"[{','.join([_value(item, levels - 1) for item in value])}]"
    raise ValueError(f"a {type(value).__name__} is no JSON value")


def _object(value: Mapping[object, object], levels: int) -> str:
    keys = [key for key in value if isinstance(key, str)]
    if len(keys) != len(value):
        raise ValueError("the name of a member is text")
    ascii_only = "".join(keys).isascii()
    try:
        keys.sort(key=None if ascii_only else _utf16)
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair is no text") from None
    return f"{{{','.join([f'{_text(key)}:{_value(value[key], levels)}' for key in keys])}}}"


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _whole(value: int) -> str:
    if abs(value) > LARGEST:
        raise ValueError("a number beyond 2^53 - 1")
    return str(int(value))


def _number(value: float) -> str:
    """As ECMAScript's Number.prototype.toString: the shortest digits that read back as the same number."""
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise ValueError("a number beyond 2^53 - 1, or none")
    if value == int(value):
        return str(int(value))
    sign, numerals, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int), "the number is finite"
    digits = "".join(map(str, numerals))
    point = len(digits) + exponent
    minus = "-" if sign else ""
    if point > 0:
        return f"{minus}{digits[:point]}.{digits[point:]}"
    if point > -6:
        return f"{minus}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{rest}e-{1 - point}"
