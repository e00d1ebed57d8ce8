"""What callers used of their hour, in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from pgwarden.domain.allowance import KEPT, Use


class MemoryUseLedger:
    """``ports.UseLedger``. ``clock``: seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._minutes: dict[tuple[str, int], Use] = {}

    async def add(self, used: Mapping[str, Use]) -> None:
        minute = int(self._clock() // 60)
        for account, use in used.items():
            self._minutes[account, minute] = self._minutes.get((account, minute), Use()) + use

    async def last_hour(self, accounts: Collection[str] | None) -> Mapping[str, tuple[Use, float]]:
        found: dict[str, tuple[Use, float]] = {}
        for (account, minute), use in self._minutes.items():
            age = self._clock() - minute * 60
            if (accounts is None or account in accounts) and age < KEPT:
                total, oldest = found.get(account, (Use(), age))
                found[account] = total + use, max(oldest, age)
        return found
