"""How much a caller may use in an hour: calls, rows, bytes and seconds on the server."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from pgwarden.domain.errors import BudgetSpent

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Use:
    """What one call used."""

    calls: int = 1
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """The most that one caller may use in any hour; 0 means without a bound."""

    calls: int = 0
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Account:
    uses: deque[tuple[float, Use]] = field(default_factory=deque)
    calls: int = 0
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def add(self, at: float, use: Use, sign: int = 1) -> None:
        self.calls += sign * use.calls
        self.rows += sign * use.rows
        self.bytes += sign * use.bytes
        self.seconds += sign * use.seconds
        if sign > 0:
            self.uses.append((at, use))


class Budgets:
    """Counts what each caller used in the last hour, in this process. A call is refused once the hour's share is used;
    the call that uses it up still ends, bounded by its own limits."""

    def __init__(self, allowance: Allowance, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock``: seconds that never go back."""
        self._allowance, self._clock = allowance, clock
        self._accounts: dict[str, _Account] = {}

    def require(self, account: str) -> None:
        """Raises BudgetSpent when nothing is left."""
        now = self._clock()
        known = self._trimmed(account, now)
        for kind in ("calls", "rows", "bytes", "seconds"):
            most, used = getattr(self._allowance, kind), getattr(known, kind)
            if most and used >= most:
                wait = HOUR - (now - known.uses[0][0])
                raise BudgetSpent(
                    f"This caller has used its {kind} of the hour.",
                    why=f"{used:,.0f} of {most:,.0f} {kind} in the last hour.",
                    not_done="Nothing was read or run.",
                    next_step=f"Wait about {wait / 60:.0f} minutes, or ask an administrator for a larger allowance.",
                )

    def spend(self, account: str, use: Use) -> None:
        """Count a call that ended."""
        now = self._clock()
        self._trimmed(account, now).add(now, use)

    def _trimmed(self, account: str, now: float) -> _Account:
        known = self._accounts.setdefault(account, _Account())
        while known.uses and now - known.uses[0][0] >= HOUR:
            known.add(now, known.uses.popleft()[1], -1)
        return known
