"""HourlyBudgets: what each caller may use in an hour, counted over every process that shares the control database."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from dataclasses import dataclass
from math import inf

from pgwarden.domain.allowance import KEPT, KINDS, Allowance, Use
from pgwarden.domain.errors import BudgetSpent, ControlDatabaseUnavailable
from pgwarden.ports import UseLedger

log = logging.getLogger(__name__)
SAVED_EVERY = 2.0
"""Seconds between two exchanges with the ledger while calls are made: one write for all of them."""
FRESH = 5.0
"""Seconds after which what is known of a caller is read again before its next call. What other processes let it use
in so long, at most, is not known here."""


@dataclass(slots=True)
class _Account:
    """What one caller used in the last hour, as known here."""

    total: Use
    oldest: float = 0.0
    """Seconds since the first minute of it began, when it was read."""
    read_at: float = -inf


class HourlyBudgets:
    """A call is refused once the hour's share is used; the call that uses it up still ends, bounded by its own limits.

    While calls are made, and at the end, each process adds what they used to the ledger and reads what all of them did;
    a call waits for that only where nothing fresh is known of its caller. A process that is killed takes what it did
    not save yet with it.
    """

    def __init__(
        self,
        allowance: Allowance,
        ledger: UseLedger,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``clock``: seconds that never go back."""
        self._allowance, self._ledger, self._clock, self._sleep = allowance, ledger, clock, sleep
        self._accounts: dict[str, _Account] = {}
        self._unsaved: dict[str, Use] = {}
        self._exchanging = asyncio.Lock()
        self._saving: asyncio.Task[None] | None = None

    async def require(self, account: str) -> None:
        """Raises BudgetSpent when nothing is left, ControlDatabaseUnavailable when what was used cannot be known."""
        if not self._allowance.bounded:
            return
        known = self._accounts.get(account)
        if known is None or self._clock() - known.read_at > FRESH:
            await self._exchange(account)
            known = self._accounts[account]
        for kind in KINDS:
            most, used = getattr(self._allowance, kind), getattr(known.total, kind)
            if most and used >= most:
                wait = KEPT - known.oldest - (self._clock() - known.read_at)
                raise BudgetSpent(
                    f"This caller has used its {kind} of the hour.",
                    why=f"{used:,.0f} of {most:,.0f} {kind} in the last hour.",
                    not_done="Nothing was read or run.",
                    next_step=f"Wait about {wait / 60:.0f} minutes, or ask an administrator for a larger allowance.",
                )

    def spend(self, account: str, use: Use) -> None:
        """Count what a call used; it is saved a little later, with what others used."""
        if not self._allowance.bounded:
            return
        self._unsaved[account] = self._unsaved.get(account, Use()) + use
        known = self._accounts.setdefault(account, _Account(Use()))
        known.total += use
        if self._saving is None or self._saving.done():  # outside the context of the call, which ends before it does
            self._saving = asyncio.get_running_loop().create_task(self._save(), context=Context())

    async def spent(self) -> Mapping[str, Use]:
        """What each caller used in the last hour, as all processes told, with what this one has not saved yet.

        Nobody while nothing is limited: then nothing is counted. Raises ControlDatabaseUnavailable.
        """
        async with self._exchanging:
            found = {account: use for account, (use, _) in (await self._ledger.last_hour(None)).items()}
            for account, use in self._unsaved.items():
                found[account] = found.get(account, Use()) + use
        return dict(sorted(found.items()))

    async def close(self) -> None:
        """Save what is left. What cannot be saved is lost, which the log tells."""
        if self._saving is not None:
            self._saving.cancel()
            await asyncio.wait([self._saving])  # what it was about to save comes back
        if self._unsaved:
            await self._try_exchange()

    async def _save(self) -> None:
        while self._unsaved:
            await self._sleep(SAVED_EVERY)
            await self._try_exchange()

    async def _try_exchange(self) -> None:
        try:
            await self._exchange()
        except ControlDatabaseUnavailable as error:
            log.warning("What MCP callers used is not saved yet: %s", error.what)

    async def _exchange(self, *asked: str) -> None:
        """Tell the ledger what is new, and learn what all processes told it of these accounts and of ``asked``."""
        async with self._exchanging:
            used, self._unsaved = self._unsaved, {}
            try:
                if used:
                    await self._ledger.add(used)
            except (ControlDatabaseUnavailable, asyncio.CancelledError):  # counted twice, perhaps, and never not at all
                for account, use in used.items():
                    self._unsaved[account] = self._unsaved.get(account, Use()) + use
                raise
            found = await self._ledger.last_hour({*used, *asked})
            now = self._clock()
            self._accounts = {name: each for name, each in self._accounts.items() if now - each.read_at < KEPT}
            for account in {*used, *asked}:
                total, oldest = found.get(account, (Use(), 0.0))
                self._accounts[account] = _Account(total + self._unsaved.get(account, Use()), oldest, now)
