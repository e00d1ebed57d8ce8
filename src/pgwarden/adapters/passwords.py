"""Slow hashing of passwords with Argon2id, in a thread: it takes a tenth of a second and 64 MiB on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$F29zu4zhKkr9NNVOJVQXlQ$OY2jEeRKJ+EDCqtHSydVXEL/8VxmYGXFKVu6Y/TGSOw"
"""The hash of random bytes that were thrown away. A name without a password is checked against it, for as long."""


@cache
def strong_hasher() -> PasswordHasher:
    """The library's own parameters, which follow RFC 9106."""
    from argon2 import PasswordHasher

    return PasswordHasher()


class ArgonPasswords:
    """``ports.Passwords``. At most two at once, so that a burst of logins cannot take all memory."""

    def __init__(self, hasher: Callable[[], PasswordHasher] = strong_hasher, *, at_once: int = 2) -> None:
        self._hasher, self._slots = hasher, asyncio.Semaphore(at_once)

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(self._hasher().hash, password)

    async def matches(self, password_hash: str, password: str) -> bool:
        async with self._slots:
            return await asyncio.to_thread(self._matches, password_hash, password)

    def _matches(self, password_hash: str, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            found = self._hasher().verify(password_hash or NOBODYS, password)
        except (VerificationError, InvalidHashError):
            return False
        return found and bool(password_hash)
