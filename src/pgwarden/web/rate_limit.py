"""How often somebody may ask for something, in this process: so many at once, and then as many as time gives back."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from pgwarden.domain.errors import TooManyAttempts

MOST_KEYS = 10_000
"""Callers that are remembered; whoever was not seen for longest is forgotten first, and begins anew."""
MINUTE = 60.0


class RateLimit:
    """At most so many in so many seconds for each caller, which is kept as one moment: when all of it is back."""

    def __init__(
        self, most: int, what: str, *, seconds: float = MINUTE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``most`` 0: any number. ``what`` is what is counted, in the plural, e.g. ``requests of this account``."""
        self._most, self._what, self._seconds, self._clock = most, what, seconds, clock
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def take(self, caller: str) -> None:
        """Count one. TooManyAttempts, with the seconds to wait, where nothing is left; that one is not counted."""
        if not self._most:
            return
        now, one = self._clock(), self._seconds / self._most
        whole_at = max(self._whole_at.get(caller, now), now) + one
        wait = whole_at - now - self._seconds
        if wait > 1e-9:
            raise _too_many(self._what, self._most, self._seconds, wait)
        self._whole_at[caller] = whole_at
        self._whole_at.move_to_end(caller)
        while len(self._whole_at) > MOST_KEYS:
            self._whole_at.popitem(last=False)


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits of a door."""

    addresses: RateLimit
    """Requests of one address, whoever sends them."""
    accounts: RateLimit
    """Requests of one token, or of one person's logins together."""
    questions: RateLimit
    """Questions and reads among these: they cost a database."""

    @classmethod
    def of(cls, *, addresses: int, accounts: int, questions: int) -> RateLimits:
        """So many of each a minute; 0: any number."""
        return cls(
            RateLimit(addresses, "requests from this address"),
            RateLimit(accounts, "requests of this account"),
            RateLimit(questions, "questions of this account"),
        )


def _too_many(what: str, most: int, seconds: float, wait: float) -> TooManyAttempts:
    again = max(1, math.ceil(wait))
    error = TooManyAttempts(
        f"There were too many {what}.",
        why=f"{most:,} in {seconds:.0f} seconds are allowed.",
        not_done="Nothing was done.",
        next_step=f"Wait {again} second{'s' if again > 1 else ''}.",
    )
    error.retry_after = again
    return error
