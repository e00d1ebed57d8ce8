"""How much a caller may use in an hour: calls, rows, bytes and seconds on the server."""

from __future__ import annotations

from dataclasses import dataclass

KEPT = 3660.0
"""Seconds that a minute counts from its beginning: until it is wholly an hour ago."""


@dataclass(frozen=True, slots=True)
class Use:
    """What calls used."""

    calls: int = 0
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def __add__(self, other: Use) -> Use:
        return Use(
            self.calls + other.calls,
            self.rows + other.rows,
            self.bytes + other.bytes,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True)
class Allowance:
    """The most that one caller may use in any hour; 0 means without a bound."""

    calls: int = 0
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def bounded(self) -> bool:
        """Whether anything is limited at all."""
        return self != Allowance()


KINDS = ("calls", "rows", "bytes", "seconds")
"""The fields of both, in the order in which they are looked at."""
