"""How often one address may try something, in this process. Accounts have their own lock, in the database."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from pgwarden.domain.errors import TooManyAttempts

MOST_ADDRESSES = 10_000


class AddressLimit:
    """So many attempts in so many seconds, each address by itself."""

    def __init__(self, *, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def require(self, address: str) -> None:
        """Raises TooManyAttempts when the address has used up its attempts."""
        if len(self._recent(address)) >= self._most:
            raise TooManyAttempts(
                "Too many attempts came from this address.",
                why=f"{self._most} in {self._seconds:.0f} seconds are allowed.",
                not_done="Nothing was looked at.",
                next_step="Wait a minute.",
            )

    def count(self, address: str) -> None:
        """An attempt was made."""
        tries = self._recent(address)
        tries.append(self._clock())
        self._tries[address] = tries
        self._tries.move_to_end(address)
        while len(self._tries) > MOST_ADDRESSES:
            self._tries.popitem(last=False)

    def _recent(self, address: str) -> deque[float]:
        tries = self._tries.get(address) or deque(maxlen=self._most)
        while tries and self._clock() - tries[0] >= self._seconds:
            tries.popleft()
        return tries
