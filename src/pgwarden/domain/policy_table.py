"""Reading one table of the policy file strictly: every key is taken once with its type, and what is left is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from difflib import get_close_matches
from typing import Any

from pgwarden.domain.errors import PolicyInvalid


@dataclass(frozen=True, slots=True)
class PolicySource:
    """Where a policy was read, so that a refusal can name the line."""

    name: str = "the built-in policy"
    lines: Mapping[str, int] = field(default_factory=dict)
    """Line by dotted key; entries of arrays of tables are counted from 1: ``tables[2].owner``."""

    def place(self, key: str) -> str:
        """``FILE, line N``, for the nearest key around that is written on a line of its own."""
        around = key
        while around:
            if around in self.lines:
                return f"{self.name}, line {self.lines[around]}"
            around = around[: max(around.rfind("."), around.rfind("["), 0)]
        return self.name


class PolicyTable:
    """One table of the file. Each method takes one key; ``done`` refuses the keys that nobody took."""

    def __init__(self, values: Mapping[str, Any], source: PolicySource, path: str = "") -> None:
        self._values, self._source, self._path = values, source, path
        self._taken: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def keys(self) -> tuple[str, ...]:
        """The keys as written, for tables whose keys are names."""
        return tuple(self._values)

    def integer(self, key: str, default: int, *, low: int = 0, high: int = 2**62) -> int:
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refuse(key, "a whole number is expected")
        if not low <= value <= high:
            raise self.refuse(key, f"a number from {low:,} to {high:,} is expected")
        return value

    def number(self, key: str, default: float, *, low: float = 0.0, high: float = 1e15) -> float:
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse(key, "a number is expected")
        if not low <= value <= high:  # false for nan too
            raise self.refuse(key, f"a number from {low:g} to {high:g} is expected")
        return float(value)

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self.refuse(key, "true or false is expected")
        return value

    def text(self, key: str, default: str | None = None, *, choices: Collection[str] = ()) -> str:
        """A text that is not empty; without a default the key must be there."""
        value = self._take(key, default)
        if value is None:
            raise self.refuse(key, "it is missing")
        if not isinstance(value, str) or (not value.strip() and value != default):
            raise self.refuse(key, "a text is expected")
        return self._chosen(key, value, choices) if value != default else value

    def texts(self, key: str, *, choices: Collection[str] = ()) -> tuple[str, ...]:
        """A list of texts, empty where the key is absent."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            raise self.refuse(key, "a list of texts is expected")
        return tuple(self._chosen(key, each, choices) for each in value)

    def integers(self, key: str, *, low: int = 0, high: int = 2**62) -> tuple[int, ...]:
        """A list of whole numbers, not an empty one."""
        value = self._take(key, [])
        numbers = value if isinstance(value, list) else []
        if not numbers or not all(type(each) is int and low <= each <= high for each in numbers):
            raise self.refuse(key, f"a list of numbers from {low:,} to {high:,} is expected")
        return tuple(numbers)

    def clock(self, key: str) -> time:
        """A time of day, ``"22:00"`` or TOML's own ``22:00:00``."""
        value = self._take(key, None)
        if isinstance(value, str):
            try:
                value = time.fromisoformat(value)
            except ValueError:
                value = None
        if not isinstance(value, time) or value.tzinfo is not None:
            raise self.refuse(key, 'a time of day such as "22:00" is expected')
        return value

    def days(self, key: str) -> tuple[date, ...]:
        """A list of days, TOML's own ``2026-12-25``, empty where the key is absent."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(type(each) is date for each in value):  # a datetime is a date, too
            raise self.refuse(key, "a list of days such as 2026-12-25 is expected, without quotes")
        return tuple(value)

    def table(self, key: str) -> PolicyTable:
        """The table below, an empty one where the key is absent."""
        value = self._take(key, {})
        if not isinstance(value, dict):
            raise self.refuse(key, f"a table is expected: [{self._under(key)}]")
        return PolicyTable(value, self._source, self._under(key))

    def tables(self, key: str) -> tuple[PolicyTable, ...]:
        """The array of tables below, empty where the key is absent."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.refuse(key, f"tables are expected, each under [[{self._under(key)}]]")
        paths = (f"{self._under(key)}[{number}]" for number in range(1, len(value) + 1))
        return tuple(PolicyTable(each, self._source, path) for each, path in zip(value, paths, strict=True))

    def done(self) -> None:
        """Raises PolicyInvalid when a key was not taken: a misspelt rule would silently not apply."""
        for key in self._values:
            if key not in self._taken:
                close = get_close_matches(key, sorted(self._taken), n=1)
                raise self.refuse(key, "there is no such key" + (f" (did you mean {close[0]}?)" if close else ""))

    def refuse(self, key: str, reason: str) -> PolicyInvalid:
        """The error that names the file, the line and the key."""
        full = self._under(key)
        return PolicyInvalid(
            f"The policy says something that pgwarden cannot follow: {full}.",
            why=f"{self._source.place(full)}: {full}: {reason}.",
            not_done="Nothing that depends on the policy was done.",
            next_step="Correct that line; docs/policy.md says what each key takes.",
        )

    def _chosen(self, key: str, value: str, choices: Collection[str]) -> str:
        if choices and value not in choices:
            raise self.refuse(key, f"one of {', '.join(choices)} is expected")
        return value

    def _take(self, key: str, default: Any) -> Any:
        self._taken.add(key)
        return self._values.get(key, default)

    def _under(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key
