"""The requirements' intent object as JSON gives it, checked and bounded, with what may be said besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgwarden.domain.errors import InputInvalid

TYPES = ("SELECT", "INSERT", "UPDATE", "DELETE")
MOST_PARTS = 200
"""Entries of a list in an intent; more is no question that a person asked."""
KNOWN = frozenset(
    ["intent_type", "entities", "operations", "conditions", "complexity", "estimated_risk", "question", "columns",
     "aggregates", "group_by", "order_by", "limit", "values", "all_rows"]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GivenCondition:
    """``column operator value``; the value is a JSON value, a list for ``in`` and ``between``."""

    column: str
    operator: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class GivenIntent:
    """What a caller wants, in names that are still to be found in a schema."""

    intent_type: str
    entities: tuple[str, ...] = ()
    conditions: tuple[GivenCondition, ...] = ()
    columns: tuple[str, ...] = ()
    aggregates: tuple[tuple[str, str], ...] = ()
    """(function, column); the column is '' or * for a count of rows."""
    group_by: tuple[str, ...] = ()
    order_by: tuple[tuple[str, bool], ...] = ()
    """(column, descending)."""
    limit: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """New values by column, for INSERT and UPDATE."""
    all_rows: bool = False
    """Said on purpose: the change is meant for every row."""
    question: str = ""

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> GivenIntent:
        """Raises InputInvalid for a key that is unknown or a value of the wrong shape."""
        strangers = sorted(set(given) - KNOWN)
        if strangers:
            raise _wrong(f"it has no key {strangers[0]!r}", f"Its keys: {', '.join(sorted(KNOWN))}.")
        kind = str(given.get("intent_type", "SELECT")).upper()
        if kind not in TYPES:
            raise _wrong(f"intent_type is {kind!r}", f"It is one of {', '.join(TYPES)}.")
        operations = [str(operation) for operation in _list(given, "operations")]
        return cls(
            kind,
            tuple(_text(entity, "entities") for entity in _list(given, "entities")),
            tuple(_condition(condition) for condition in _list(given, "conditions")),
            tuple(_text(column, "columns") for column in _list(given, "columns")),
            (*(_aggregate(a) for a in _list(given, "aggregates")), *_counted(operations, given)),
            tuple(_text(column, "group_by") for column in _list(given, "group_by")),
            tuple(_order(order) for order in _list(given, "order_by")),
            _limit(given.get("limit")),
            _values(given.get("values")),
            given.get("all_rows") is True,
            str(given.get("question") or ""),
        )


def _counted(operations: list[str], given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """``aggregate:count`` among the operations, as the engines write it, counts rows when nothing says more."""
    wanted = any(operation.lower() in ("count", "aggregate:count") for operation in operations)
    return [("count", "")] if wanted and not given.get("aggregates") else []


def _list(given: Mapping[str, Any], key: str) -> list[Any]:
    value = given.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MOST_PARTS:
        raise _wrong(f"{key} is no list of at most {MOST_PARTS} entries", f"Give {key} as a list.")
    return value


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 200:
        raise _wrong(f"{key} holds something that is no name", f"Give {key} as names, e.g. customers or orders.status.")
    return value.strip()


def _condition(value: Any) -> GivenCondition:
    if not isinstance(value, dict) or "column" not in value:
        raise _wrong("a condition has no column", 'Give {"column": "state", "operator": "=", "value": "California"}.')
    return GivenCondition(_text(value["column"], "conditions"), str(value.get("operator", "=")), value.get("value"))


def _aggregate(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        return value.lower(), ""
    if not isinstance(value, dict) or "function" not in value:
        raise _wrong("an aggregate has no function", 'Give {"function": "sum", "column": "amount"}.')
    return str(value["function"]).lower(), str(value.get("column") or "")


def _order(value: Any) -> tuple[str, bool]:
    if isinstance(value, str):
        return value, False
    if not isinstance(value, dict) or "column" not in value:
        raise _wrong("an entry of order_by has no column", 'Give {"column": "created_at", "direction": "desc"}.')
    return _text(value["column"], "order_by"), str(value.get("direction", "asc")).lower().startswith("desc")


def _limit(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 1_000_000:
        raise _wrong("limit is no number from 1 to 1,000,000", "Leave it out, or give such a number.")
    return value


def _values(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MOST_PARTS:
        raise _wrong("values is no object", 'Give {"price": 99.99}.')
    return {_text(key, "values"): item for key, item in value.items()}


def _wrong(why: str, mend: str) -> InputInvalid:
    return InputInvalid(
        "The intent object cannot be used.", why=f"In it, {why}.", not_done="Nothing was generated.", next_step=mend
    )
