"""What an answer can do without: a collaborator that fails costs a warning, and not the answer."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from pgwarden.domain.errors import (
    ControlDatabaseOutdated,
    ControlDatabaseUnavailable,
    ExecutionFailed,
    ExecutionTimeout,
    LocksBusy,
    PoolExhausted,
    TableUnreadable,
)

T = TypeVar("T")

LOSSES = (
    ControlDatabaseOutdated,
    ControlDatabaseUnavailable,
    ExecutionFailed,
    ExecutionTimeout,
    LocksBusy,
    PoolExhausted,
    TableUnreadable,
)
"""That something is not there or does not work. A missing right, a refusal or a cancelled question is no loss: it ends
the question."""


class Spare:
    """Gathers, for one question, what was done without."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    async def get(self, work: Awaitable[T], otherwise: T, lost: str) -> T:
        """What the work gives; ``otherwise``, with a warning that begins with ``lost``, where it fails."""
        try:
            return await work
        except LOSSES as error:
            warning = f"{lost} {error.what}"
            if warning not in self.warnings:
                self.warnings.append(warning)
            return otherwise
