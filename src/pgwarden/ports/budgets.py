"""What callers used lately, shared by every process."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from pgwarden.domain.allowance import Use


class UseLedger(Protocol):
    """Adds up what callers use, minute by minute, by the store's own clock."""

    async def add(self, used: Mapping[str, Use]) -> None:
        """Count, for each account, what its calls used just now."""
        ...

    async def last_hour(self, accounts: Collection[str] | None) -> Mapping[str, tuple[Use, float]]:
        """What accounts (None: all of them) used in the last 61 minutes that have begun, and how many seconds ago the
        first of those that it used anything in began. Those that used nothing are left out."""
        ...
